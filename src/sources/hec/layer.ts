/** The HEC source: one feed for each sender, over a spool that the listener fills. */
import { Effect, Layer } from "effect"
import { Checkpoints } from "../../checkpoints/Checkpoints.ts"
import * as Log from "../../telemetry/log.ts"
import { type Feed, Feeds } from "../Source.ts"
import { makeHecFeed } from "./feed.ts"
import { Spool, SpoolUnusable } from "./Spool.ts"
import { type CollectorOptions, collectorLayer } from "./server.ts"
import { feedOf, type SpoolOptions, layer as spoolLayer, upToOf } from "./sqliteSpool.ts"

export interface HecOptions extends CollectorOptions {
  readonly spool: Pick<SpoolOptions, "folder" | "maxBytes" | "maxEvents">
  readonly channelIdle: SpoolOptions["channelIdle"]
  /** `batch.max_events` */
  readonly batchEvents: number
}

/** Up to where a sender's feed is settled. Numbers that were settled must not come again, so not knowing is fatal. */
const settledUpTo = (checkpoints: Checkpoints["Service"]) => (sender: string) =>
  checkpoints.load(feedOf(sender)).pipe(
    Effect.map((checkpoint) => upToOf(checkpoint._tag === "Some" ? checkpoint.value : undefined)),
    Effect.mapError(({ message }) => new SpoolUnusable({ message })),
  )

const spool = ({ channelIdle, senders, spool }: HecOptions) =>
  Layer.unwrap(
    Effect.map(Checkpoints, (checkpoints) =>
      spoolLayer({
        ...spool,
        channelIdle,
        senders: senders().map(({ name }) => name),
        settledUpTo: settledUpTo(checkpoints),
      }),
    ),
  )

const makeFeeds = Effect.fnUntraced(function* ({ batchEvents, senders }: HecOptions) {
  const { orphans } = yield* Spool
  yield* Effect.forEach(orphans, (sender) =>
    Log.warning(
      "hec.sender_unknown",
      `source.hec.tokens has no ${sender} any more, and records of it still wait. They are delivered.`,
      { feed: feedOf(sender) },
    ),
  )
  const known = yield* Effect.forEach(senders(), ({ allows, name }) =>
    makeHecFeed({ sender: name, allows, batchEvents }),
  )
  const left = yield* Effect.forEach(orphans, (sender) =>
    makeHecFeed({ sender, allows: () => true, batchEvents }),
  )
  return [...known, ...left] satisfies ReadonlyArray<Feed>
})

/** The feeds there are already, and those of the senders; listens from then on. */
export const hecFeeds = (options: HecOptions) =>
  Layer.effect(
    Feeds,
    Effect.gen(function* () {
      const others = yield* Feeds
      return [...others, ...(yield* makeFeeds(options))]
    }),
  ).pipe(Layer.merge(collectorLayer(options)), Layer.provide(spool(options)))
