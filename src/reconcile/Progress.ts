/**
 * How far the work on one window has come, kept so that a second start of the same window goes on there.
 *
 * `<state>/reconcile/<feed>-<from>-<to>.json`, written when everything before `up_to` is settled, removed when all of
 * the window is. It is no checkpoint: a damaged one costs reading the window again, and nothing is sent twice for it.
 */
import { Effect, FileSystem, Option, Path, Schema } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"
import { FOLDER_MODE, writeDurably } from "../durable-files/durableFile.ts"
import { Counts } from "./Counts.ts"
import type { TimeWindow } from "./comparing.ts"

export const Progress = Schema.Struct({
  version: Schema.Literal(1),
  feed: Schema.String,
  /** The window as it was asked for, and up to where it is settled. Epoch milliseconds. */
  from: Schema.Finite,
  to: Schema.Finite,
  up_to: Schema.Finite,
  counts: Counts,
  /** Records at or after `up_to` that are settled and counted, and will be read again. */
  reread: Schema.Int,
})
export type Progress = typeof Progress.Type

const ProgressJson = Schema.fromJsonString(Progress)
const decode = Schema.decodeUnknownOption(ProgressJson)
const encode = Schema.encodeEffect(ProgressJson)

export const RECONCILE_FOLDER = "reconcile"

/** Keeps the progress of one feed's window. */
export interface ProgressFile {
  readonly load: Effect.Effect<Option.Option<Progress>>
  /** A failure only costs the resuming, so it is not one of the work. */
  readonly save: (progress: Progress) => Effect.Effect<void>
  readonly remove: Effect.Effect<void>
}

/** Where nothing is to be resumed. */
export const noProgress: ProgressFile = {
  load: Effect.succeed(Option.none()),
  save: () => Effect.void,
  remove: Effect.void,
}

/** `20260222T191304Z`: sorts, and needs no escaping in a file's name. */
const compact = (millis: number): string => new Date(millis).toISOString().replace(/[-:]|\.\d+/g, "")

export const fileNameOf = (feed: FeedName, { from, to }: TimeWindow): string =>
  `${feed.replaceAll("/", ".")}-${compact(from)}-${compact(to)}.json`

/**
 * @param state `state.path` of the config.
 * @param asked the window as it was asked for, by which it is found again: what the source still has of it moves on.
 */
export const progressFile = Effect.fnUntraced(function* (state: string, feed: FeedName, asked: TimeWindow) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const folder = path.join(state, RECONCILE_FOLDER)
  const file = path.join(folder, fileNameOf(feed, asked))
  const isOurs = (progress: Progress) =>
    progress.feed === feed && progress.from === asked.from && progress.to === asked.to

  return {
    load: fs.readFileString(file).pipe(
      Effect.option,
      Effect.map((text) => Option.filter(Option.flatMap(text, decode), isOurs)),
    ),
    save: (progress) =>
      encode({ ...progress, from: asked.from, to: asked.to }).pipe(
        Effect.tap(() => fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })),
        Effect.flatMap((text) => writeDurably(file, `${text}\n`)),
        Effect.provide(services),
        Effect.ignore,
      ),
    remove: Effect.ignore(fs.remove(file, { force: true })),
  } satisfies ProgressFile
})
