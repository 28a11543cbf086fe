/** Moves a feed's checkpoint over settled batches, in feed order. Called by one stage at a time. */
import { Clock, Effect, Option, Ref } from "effect"
import { commitHolding } from "../checkpoints/commitHolding.ts"
import type { Checkpoint, Position } from "../domain/Checkpoint.ts"
import { iso } from "../domain/isoTime.ts"
import type { Feed } from "../sources/Source.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import type { Settled } from "./confirm.ts"

/**
 * The overlap is fetched again, but the checkpoint never goes back because of it. Only one that lies in the future,
 * from a clock that was ahead, does: the source goes on from the present then.
 */
const isForward = (from: Position | undefined, to: Position, now: number): boolean => {
  if (from === undefined || from.kind !== to.kind) return true
  if (from.kind === "time" && to.kind === "time") return to.up_to > from.up_to || from.up_to > now
  if (from.kind === "sequence" && to.kind === "sequence") return to.up_to > from.up_to
  return from !== to
}

/** As a log line says it: a time, or the number of the baseline or of the entry. */
const placeOf = (position: Position): string | number => {
  switch (position.kind) {
    case "time":
      return iso(position.up_to)
    case "inventory":
      return position.generation
    case "sequence":
      return position.up_to
  }
}

const newer = (a: Checkpoint["newest"], b: Checkpoint["newest"]): Checkpoint["newest"] =>
  a === null || (b !== null && b.time >= a.time) ? b : a

export const commit = Effect.fnUntraced(function* (
  { committed, name: feed }: Pick<Feed, "name" | "committed">,
  loaded: Option.Option<Checkpoint>,
) {
  const current = yield* Ref.make<
    Pick<Checkpoint, "newest" | "confirmed"> & { readonly position?: Position }
  >(Option.getOrElse(loaded, () => ({ newest: null, confirmed: 0 })))

  return Effect.fnUntraced(function* (settled: Settled) {
    const before = yield* Ref.get(current)
    const after = {
      ...before,
      newest: newer(before.newest, settled.newest),
      confirmed: before.confirmed + settled.written,
    }
    const { position } = settled
    if (
      Option.isNone(position) ||
      !isForward(before.position, position.value, yield* Clock.currentTimeMillis)
    ) {
      yield* Ref.set(current, after)
      return settled
    }
    const checkpoint: Checkpoint = {
      version: 1,
      feed,
      position: position.value,
      newest: after.newest,
      confirmed: after.confirmed,
      committed_at: new Date(yield* Clock.currentTimeMillis).toISOString(),
    }
    yield* commitHolding(checkpoint, { context: { batch: settled.batch } })
    yield* Ref.set(current, checkpoint)
    yield* (yield* RunStatus).checkpointed(checkpoint)
    if (committed !== undefined) yield* committed(position.value)
    yield* Log.debug("checkpoint.committed", `The checkpoint of ${feed} moved`, {
      feed,
      batch: settled.batch,
      position: placeOf(position.value),
    })
    return settled
  })
})
