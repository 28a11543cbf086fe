/** The feed of one sender: what it has pushed, in the order of acceptance, as it comes. */
import { Duration, Effect, Option, Stream } from "effect"
import type { Checkpoint } from "../../domain/Checkpoint.ts"
import { type Feed, type Page, SourceError } from "../Source.ts"
import { envelopesOf } from "./envelopes.ts"
import { Spool, type SpoolFailed, type StoredChunk } from "./Spool.ts"
import { feedOf, upToOf } from "./sqliteSpool.ts"

export interface HecFeedOptions {
  readonly sender: string
  readonly allows: (sourceType: string) => boolean
  /** `batch.max_events`: as many are taken at once where so many wait. */
  readonly batchEvents: number
}

/** Fewer than a batch wait so long for others, so that a sender of single events does not make a batch of each. */
const GATHER = Duration.millis(250)
/** After a poll that failed. A poll that does not fail never ends. */
const INTERVAL = Duration.seconds(30)

/** Neighbours that are treated alike make a page. What has an id of its own may be known from elsewhere. */
const pagesOf = (
  { sender, allows }: HecFeedOptions,
  chunks: ReadonlyArray<StoredChunk>,
  sentUpTo: number,
): ReadonlyArray<Page> => {
  const pages: Array<Page> = []
  let run: Array<StoredChunk> = []
  const close = () => {
    const last = run.at(-1)
    if (last === undefined) return
    pages.push({
      fetched: run.reduce((sum, { count }) => sum + count, 0),
      envelopes: run.flatMap((chunk) => envelopesOf(sender, chunk, allows)),
      position: Option.some({ kind: "sequence", up_to: last.last }),
      // What an earlier run had accepted, or an earlier poll had, can have been sent before; and what others may send.
      maybeSent: last.last <= sentUpTo || last.ownId !== undefined,
      replayed: last.replayed,
    })
    run = []
  }
  for (const chunk of chunks) {
    const before = run.at(-1)
    const isAlike =
      before === undefined ||
      (before.replayed === chunk.replayed &&
        (before.ownId === undefined) === (chunk.ownId === undefined) &&
        before.last <= sentUpTo === chunk.last <= sentUpTo)
    if (!isAlike) close()
    run.push(chunk)
  }
  close()
  return pages
}

export const makeHecFeed = Effect.fnUntraced(function* (options: HecFeedOptions) {
  const { batchEvents, sender } = options
  const spool = yield* Spool
  const name = feedOf(sender)
  const failed = ({ message }: SpoolFailed) =>
    new SourceError({
      feed: name,
      request: "the spool",
      reason: { _tag: "Refused", status: 0, detail: message },
      message,
    })

  const gather = Effect.fnUntraced(function* (after: number) {
    yield* spool.arrived(sender, after)
    const chunks = yield* spool.read(sender, after, batchEvents)
    if (chunks.reduce((sum, { count }) => sum + count, 0) >= batchEvents) return chunks
    yield* Effect.sleep(GATHER)
    return yield* spool.read(sender, after, batchEvents)
  }, Effect.mapError(failed))

  /** Up to where records were handed on, by all polls of this run. One that was cut off may have sent them. */
  let handedOn = spool.openedAt

  const poll = (checkpoint: Option.Option<Checkpoint>) =>
    Stream.suspend(() => {
      const sentUpTo = handedOn
      return Stream.paginate(upToOf(Option.getOrUndefined(checkpoint)), (after) =>
        Effect.map(gather(after), (chunks) => {
          const next = chunks.at(-1)?.last ?? after
          handedOn = Math.max(handedOn, next)
          return [pagesOf(options, chunks, sentUpTo), Option.some(next)] as const
        }),
      )
    })

  return {
    name,
    eventType: "event",
    interval: () => INTERVAL,
    poll,
    waitingSince: (checkpoint) =>
      spool
        .read(sender, upToOf(Option.getOrUndefined(checkpoint)), 1)
        .pipe(Effect.mapBoth({ onFailure: failed, onSuccess: ([oldest]) => oldest?.receivedAt })),
    committed: (position) =>
      position.kind === "sequence" ? spool.settled(sender, position.up_to) : Effect.void,
  } satisfies Feed
})
