/**
 * The manager's own `queue/sockets/logtest`: what its decoders and rules, as they lie on disk, make of an event. Whether
 * it has been restarted since they lie there, only an event that is sent can tell.
 *
 * `log_processing` answers the alert that would be written, and in `alert` whether its level reaches `log_alert_level`
 * (w_logtest_process_log in src/analysisd/logtest.c). A session loads the whole ruleset, so all samples share one; it is
 * removed afterwards.
 */
import { Data, Effect, Option, Schema } from "effect"
import { ask, ManagerSocketError } from "../writers/pacing/managerSocket.ts"
import type { Kind, Sample } from "./samples.ts"

export interface Judged {
  readonly kind: Kind
  readonly decoder: string | undefined
  /** undefined: no rule matches. */
  readonly rule:
    | { readonly id: string; readonly level: number; readonly groups: ReadonlyArray<string> }
    | undefined
  /** Whether it would become an alert. */
  readonly alerts: boolean
}

/** The manager can make nothing of its own files: it would not start with them again either. */
export class RulesetBroken extends Data.TaggedError("RulesetBroken")<{
  /** In the manager's own words. */
  readonly message: string
}> {}

/** The ruleset is loaded within it: some seconds on a small machine. */
const TIMEOUT = "30 seconds"
const MAX_ANSWER_BYTES = 1024 * 1024

const Answer = Schema.fromJsonString(
  Schema.Struct({
    error: Schema.optionalKey(Schema.Number),
    message: Schema.optionalKey(Schema.String),
    data: Schema.optionalKey(
      Schema.Struct({
        messages: Schema.optionalKey(Schema.Array(Schema.String)),
        token: Schema.optionalKey(Schema.String),
        alert: Schema.optionalKey(Schema.Boolean),
        output: Schema.optionalKey(
          Schema.Struct({
            decoder: Schema.optionalKey(Schema.Struct({ name: Schema.optionalKey(Schema.String) })),
            rule: Schema.optionalKey(
              Schema.Struct({
                id: Schema.String,
                level: Schema.Number,
                groups: Schema.optionalKey(Schema.Array(Schema.String)),
              }),
            ),
          }),
        ),
      }),
    ),
  }),
)
const decode = Schema.decodeUnknownOption(Answer)

const request = (command: string, parameters: Readonly<Record<string, string>>) => ({
  version: 1,
  origin: { name: "waybill", module: "waybill" },
  command,
  parameters,
})

/** The errors among the messages, or all of them where none is called one. */
const wordsOf = (messages: ReadonlyArray<string>): string => {
  const errors = messages.filter((message) => message.startsWith("ERROR"))
  return (errors.length > 0 ? errors : messages).join(" ").slice(0, 400)
}

/** Asks about each sample, one after the other. @param path of the socket @param location as the writer gives it */
export const judge = Effect.fnUntraced(function* (
  path: string,
  location: string,
  samples: ReadonlyArray<Sample>,
): Effect.fn.Return<ReadonlyArray<Judged>, ManagerSocketError | RulesetBroken> {
  const send = (body: unknown) => ask({ path, body, timeout: TIMEOUT, maxBytes: MAX_ANSWER_BYTES })
  const judged: Array<Judged> = []
  let token: string | undefined
  const remove = Effect.suspend(() =>
    token === undefined ? Effect.void : Effect.ignore(send(request("remove_session", { token }))),
  )
  return yield* Effect.gen(function* () {
    for (const { kind, message } of samples) {
      const parameters = {
        event: message,
        log_format: "syslog",
        location,
        ...(token === undefined ? {} : { token }),
      }
      const answer = Option.getOrUndefined(decode(yield* send(request("log_processing", parameters))))
      const data = answer?.data
      token = data?.token ?? token
      if (data?.output === undefined) {
        const said = wordsOf([
          ...(data?.messages ?? []),
          ...(answer?.message === undefined ? [] : [answer.message]),
        ])
        return yield* said === ""
          ? new ManagerSocketError({ reason: "invalid", message: `${path}: it answered without a result` })
          : new RulesetBroken({ message: said })
      }
      judged.push({
        kind,
        decoder: data.output.decoder?.name,
        rule: data.output.rule === undefined ? undefined : { groups: [], ...data.output.rule },
        alerts: data.alert === true,
      })
    }
    return judged
  }).pipe(Effect.ensuring(remove))
})
