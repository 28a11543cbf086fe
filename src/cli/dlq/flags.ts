/** What the `dlq` commands have in common. */
import { Option } from "effect"
import { Flag } from "effect/cli"
import { DeadLetterReason } from "../../dead-letters/DeadLetters.ts"

export const reason = Flag.Literals("reason", DeadLetterReason.literals).pipe(
  Flag.optional,
  Flag.withDescription("Only letters with this reason"),
)
export const source = Flag.String("source").pipe(
  Flag.optional,
  Flag.withDescription("Only letters of this source, such as firewalla-msp"),
)
export const key = Flag.String("key").pipe(
  Flag.optional,
  Flag.withDescription("Only this letter, such as failed_1699040123_0"),
)
export const id = Flag.String("id").pipe(
  Flag.optional,
  Flag.withDescription("Only the letter of the event with this event_id"),
)
export interface FilterFlags {
  readonly reason: Option.Option<DeadLetterReason>
  readonly source: Option.Option<string>
}

export const filterOf = (flags: FilterFlags) => ({
  reason: Option.getOrUndefined(flags.reason),
  source: Option.getOrUndefined(flags.source),
})
