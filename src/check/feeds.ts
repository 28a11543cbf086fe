/**
 * Whether the events of each kind that is to be delivered can be seen by Waybill's user, which no canary of Waybill's own
 * tells: a role may hide one source, a field or a mask may take its ids, and a rule may make no alert of one kind.
 *
 * An event of the kind in the index is the best proof, and costs nothing. Where none is found a canary in the feed's own
 * form (`verify/feedCanary.ts`) is sent and looked for by its id, as the verifier looks for events.
 */
import { randomUUID } from "node:crypto"
import { Clock, Duration, Effect, type FileSystem, Option, type Path } from "effect"
import type { Config } from "../config/Config.ts"
import type { Event } from "../domain/Event.ts"
import { Indexer } from "../indexer/Indexer.ts"
import { IndexHistory } from "../indexer/IndexHistory.ts"
import { SOURCE as FIREWALLA } from "../normalizers/firewalla/parts.ts"
import { SOURCE as HEC } from "../normalizers/hec/event.ts"
import { feedCanaryJson } from "../verify/feedCanary.ts"
import { Writer } from "../writers/Writer.ts"
import { type Check, type Finding, fail, inTwo, ok, skipped } from "./Check.ts"
import { type CanaryOptions, explained, LOOK_EVERY, WRITE_WITHIN } from "./canary.ts"
import { polledSamples, pushedSample } from "./samples.ts"

/** One source and type, as a person would name it. */
export interface KindSought {
  readonly name: string
  readonly source: string
  readonly sample: Event
}

const FEED_OF = { alarm: "alarms", flow: "flows", device_change: "devices" } as const

/** What is to be delivered as it is configured. @param at epoch milliseconds */
export const kindsOf = ({ source: { firewalla, hec } }: Config, at: number): ReadonlyArray<KindSought> => {
  const isPolled = firewalla.token !== undefined
  const polled = polledSamples(at).flatMap((sample) => {
    const { type } = sample
    if (!isPolled || (type !== "alarm" && type !== "flow" && type !== "device_change")) return []
    return firewalla.feeds[FEED_OF[type]].enabled
      ? [{ name: `${FIREWALLA} ${type}`, source: FIREWALLA, sample }]
      : []
  })
  if (!hec.enabled) return polled
  const pushed = Object.entries(hec.tokens).map(([token, { source_type }]) => ({
    name: `${HEC} ${source_type} of ${token}`,
    source: HEC,
    sample: pushedSample(at, token, source_type),
  }))
  return [...polled, ...pushed]
}

/** What became of each kind: an event of it is in the index, a canary of it arrived, or neither. */
export interface KindSeen {
  readonly name: string
  readonly by: "event" | "canary" | undefined
}

const listed = (kinds: ReadonlyArray<KindSeen>): string => kinds.map(({ name }) => name).join(", ")

/** Pure. @param waitedMillis how long was looked for the canaries */
export const judgeKinds = (kinds: ReadonlyArray<KindSeen>, waitedMillis: number): Finding => {
  const unseen = kinds.filter(({ by }) => by === undefined)
  const sent = kinds.filter(({ by }) => by === "canary")
  if (unseen.length > 0)
    return fail(
      `Waybill's canaries are searchable, and of these kinds of events nothing is, not even a canary of their own after ${Math.round(waitedMillis / 1000)} s: ${listed(unseen)}.`,
      "One of three: the indexer's user may not see them (look in its role for a document filter, a field filter or a masked field, and at indexer.index_pattern); they are not indexed (rules, log_alert_level, a read-only index; see rules and alert_level above); or they are lost on the way. An administrator's search for data.source tells the first from the others. Until it is mended `run` would hold these feeds.",
    )
  const how = sent.length === 0 ? "" : ` (by a canary, as no event is there yet: ${listed(sent)})`
  return ok(
    `Of each kind that is to be delivered something can be found: ${listed(kinds)}${how}. Whether a filter hides single events of a kind can't be seen from here.`,
  )
}

const newestOf = Effect.fnUntraced(function* ({ sample, source }: KindSought) {
  const history = yield* IndexHistory
  return Option.isSome(yield* history.newest({ source, eventType: sample.type }))
})

/** Looks for each kind, and sends a canary of those of which no event is found. */
const look = Effect.fnUntraced(function* (atMost: Duration.Duration, config: Config) {
  const startedAt = yield* Clock.currentTimeMillis
  const kinds = yield* Effect.forEach(kindsOf(config, startedAt), (kind) =>
    Effect.map(newestOf(kind), (isThere) => ({ ...kind, isThere })),
  )
  const batch = `check-${randomUUID()}`
  const attempt = { batch, attempt: 1, sentAt: new Date(startedAt).toISOString() }
  const idOf = (n: number) => `${batch}-${n}`
  const sought = kinds.flatMap(({ isThere }, n) => (isThere ? [] : [idOf(n)]))
  const texts = kinds.flatMap(({ isThere, sample }, n) =>
    isThere ? [] : [feedCanaryJson(sample, idOf(n), attempt)],
  )
  if (texts.length > 0) yield* (yield* Writer).write(texts)
  const indexer = yield* Indexer
  const since = startedAt - Duration.toMillis(config.verify.clock_skew)
  while (true) {
    const found =
      sought.length === 0 ? new Map<string, number>() : yield* indexer.copies({ ids: sought, since })
    const waited = (yield* Clock.currentTimeMillis) - startedAt
    if (found.size === sought.length || waited >= Duration.toMillis(atMost)) {
      const seen = kinds.map(({ isThere, name }, n): KindSeen => {
        if (isThere) return { name, by: "event" }
        return { name, by: found.has(idOf(n)) ? "canary" : undefined }
      })
      return judgeKinds(seen, waited)
    }
    yield* Effect.sleep(LOOK_EVERY)
  }
})

/** @param options undefined: nobody wants anything sent */
export const feedsCheck = (
  config: Config,
  options: CanaryOptions | undefined,
): Check<FileSystem.FileSystem | Path.Path> => {
  const needs = options?.needs ?? []
  const left = (why: string) => ({ hop: "feeds", needs, run: Effect.succeed(skipped(why)) }) as const
  if (options === undefined) return left("Left out by --no-canary.")
  if (config.verify.mode === "off") return left("verify.mode is off: nothing could be searched for.")
  return {
    hop: "feeds",
    needs,
    run: look(options.atMost, config).pipe(
      Effect.catch((error) => Effect.succeed(explained(error))),
      Effect.timeoutOrElse({
        duration: Duration.sum(options.atMost, WRITE_WITHIN),
        orElse: () =>
          Effect.succeed(
            fail(
              "The canaries of the feeds could not be handed over in time.",
              "The writer waits for the manager.",
            ),
          ),
      }),
      Effect.provide(options.chain),
      Effect.catch(({ message }) => Effect.succeed(fail(...inTwo(message)))),
    ),
  }
}
