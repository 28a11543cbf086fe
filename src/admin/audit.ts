/** One log line for each change that was asked for, and one now and then for requests that were refused. */
import { Clock, Context, Effect, Ref } from "effect"
import * as Log from "../telemetry/log.ts"

/** What a handler adds to the line of its request: filters, and what came of it. */
export type ChangeNote = Record<string, string | number | boolean>

/** Of the current request. */
export const CurrentNote = Context.Reference<ChangeNote>("waybill/admin/CurrentNote", {
  defaultValue: () => ({}),
})

/** Adds to the audit line of the current request. What is undefined is left out. */
export const noteChange = (fields: Readonly<Record<string, string | number | boolean | undefined>>) =>
  Effect.map(CurrentNote, (note) => {
    for (const [key, value] of Object.entries(fields)) if (value !== undefined) note[key] = value
  })

export interface Asked {
  readonly method: string
  /** Without the query, which may hold anything. */
  readonly path: string
  readonly status: number
  /** The peer's address. */
  readonly from: string
  readonly who: string
  readonly note: ChangeNote
}

/** Whether a request changes nothing. */
export const isReading = (method: string): boolean => method === "GET" || method === "HEAD"

const SHOWN = 300
/** Somebody who guesses must not fill the log. */
const SAY_AGAIN_MILLIS = 60_000

export const makeAudit = Effect.gen(function* () {
  const refused = yield* Ref.make({ saidAt: Number.NEGATIVE_INFINITY, since: 0 })

  const tellRefused = Effect.fnUntraced(function* ({ from, method, path, status }: Asked) {
    const now = yield* Clock.currentTimeMillis
    const { saidAt, since } = yield* Ref.get(refused)
    const requests = since + 1
    if (now - saidAt < SAY_AGAIN_MILLIS) return yield* Ref.set(refused, { saidAt, since: requests })
    yield* Ref.set(refused, { saidAt: now, since: 0 })
    yield* Log.warning("admin.refused", "The admin API refused a request", {
      method,
      path: path.slice(0, SHOWN),
      status,
      from,
      requests,
    })
  })

  const tell = Effect.fnUntraced(function* (asked: Asked) {
    const { from, method, note, path, status, who } = asked
    if (status === 401 || status === 403) return yield* tellRefused(asked)
    if (isReading(method) || status === 404 || status === 405) return
    yield* Log.info("admin.changed", `${method} ${path.slice(0, SHOWN)} was answered with ${status}`, {
      method,
      path: path.slice(0, SHOWN),
      status,
      who,
      from,
      ...note,
    })
  })
  return { note: CurrentNote, tell }
})
