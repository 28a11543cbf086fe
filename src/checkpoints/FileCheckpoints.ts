/**
 * Checkpoints as one JSON file per feed, with the version before it kept beside.
 *
 * An older checkpoint is always safe: what lies after it is fetched again and, as the indexer already has it, not
 * sent again. So a damaged file falls back to the version before. A missing one means a first run; two damaged ones
 * are an error, because "start afresh" could skip what was never delivered.
 */
import { Effect, FileSystem, Layer, Option, Path, type PlatformError, Schema } from "effect"
import { Checkpoint, type FeedName } from "../domain/Checkpoint.ts"
import { FOLDER_MODE, writeDurably } from "../durable-files/durableFile.ts"
import * as Log from "../telemetry/log.ts"
import { CheckpointError, Checkpoints } from "./Checkpoints.ts"

const CheckpointJson = Schema.fromJsonString(Checkpoint)
const decode = Schema.decodeUnknownEffect(CheckpointJson)
const encode = Schema.encodeEffect(CheckpointJson)

/** `firewalla-msp/flows` → `firewalla-msp.flows.json` */
const fileName = (feed: FeedName): string => `${feed.replaceAll("/", ".")}.json`

type Read =
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Damaged"; readonly why: string }
  | { readonly _tag: "Good"; readonly checkpoint: Checkpoint }

const loadError = (feed: FeedName, message: string) =>
  new CheckpointError({ operation: "load", feed, message })

const readFrom =
  (fs: FileSystem.FileSystem) =>
  (file: string): Effect.Effect<Read, PlatformError.PlatformError> =>
    fs.readFileString(file).pipe(
      Effect.flatMap((text) =>
        decode(text).pipe(
          Effect.map((checkpoint): Read => ({ _tag: "Good", checkpoint })),
          Effect.catch((problem) => Effect.succeed<Read>({ _tag: "Damaged", why: problem.message })),
        ),
      ),
      Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed<Read>({ _tag: "Missing" })),
    )

/** For whoever only looks: it makes, moves and locks nothing. None: there is none that can be read. */
export const lookAt = Effect.fnUntraced(function* (folder: string, feed: FeedName) {
  const read = readFrom(yield* FileSystem.FileSystem)
  const current = (yield* Path.Path).join(folder, fileName(feed))
  const found = yield* Effect.forEach([current, `${current}.previous`], (file) =>
    Effect.orElseSucceed(read(file), (): Read => ({ _tag: "Missing" })),
  )
  return Option.fromUndefinedOr(found.flatMap((one) => (one._tag === "Good" ? [one.checkpoint] : [])).at(0))
})

/** Whether any feed has had something confirmed, by this run or an earlier one. Touches nothing. */
export const everConfirmed = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const read = readFrom(fs)
  const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), (): Array<string> => [])
  const files = names
    .filter((name) => /\.json(\.previous)?$/.test(name))
    .map((name) => path.join(folder, name))
  const found = yield* Effect.forEach(files, (file) =>
    Effect.orElseSucceed(read(file), (): Read => ({ _tag: "Missing" })),
  )
  return found.some((one) => one._tag === "Good" && one.checkpoint.confirmed > 0)
})

const make = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const write = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const read = readFrom(fs)

  const load = Effect.fnUntraced(
    function* (feed: FeedName) {
      const current = path.join(folder, fileName(feed))
      const previous = `${current}.previous`
      const now = yield* read(current)
      if (now._tag === "Good") return Option.some(now.checkpoint)
      const before = yield* read(previous)
      if (before._tag === "Good") {
        const why = now._tag === "Damaged" ? `is damaged (${now.why})` : "is missing"
        // Out of the way, or the next commit would put the damaged one where the good one is.
        if (now._tag === "Damaged") yield* fs.rename(current, `${current}.damaged`)
        yield* Log.warning(
          "checkpoint.recovered",
          `${current} ${why}; going on from the checkpoint before it`,
          {
            feed,
            committed_at: before.checkpoint.committed_at,
          },
        )
        return Option.some(before.checkpoint)
      }
      if (now._tag === "Missing" && before._tag === "Missing") return Option.none()
      return yield* loadError(
        feed,
        `The checkpoint of ${feed} cannot be read: ${current} and ${previous} are damaged or missing. ` +
          "Restore one of them from a backup, or remove both to start this feed as on its first run.",
      )
    },
    (effect, feed) =>
      Effect.catchTag(effect, "PlatformError", (cause) =>
        loadError(feed, `The checkpoint of ${feed} cannot be read in ${folder}: ${cause.message}`),
      ),
  )

  const commit = Effect.fnUntraced(
    function* (checkpoint: Checkpoint) {
      const current = path.join(folder, fileName(checkpoint.feed))
      const keepPrevious = fs
        .rename(current, `${current}.previous`)
        .pipe(Effect.catchReason("PlatformError", "NotFound", () => Effect.void))
      const text = yield* encode(checkpoint)
      yield* writeDurably(current, `${text}\n`, keepPrevious)
    },
    Effect.provide(write),
    (effect, checkpoint) =>
      Effect.mapError(
        effect,
        (cause) =>
          new CheckpointError({
            operation: "commit",
            feed: checkpoint.feed,
            message: `The checkpoint of ${checkpoint.feed} cannot be written to ${folder}: ${cause.message}. Check the free space and the permissions of state.path.`,
          }),
      ),
  )

  yield* fs.makeDirectory(folder, { recursive: true, mode: FOLDER_MODE })
  return Checkpoints.of({ load, commit })
})

/** @param folder `state.path` of the config; made when it is missing. */
export const layer = (folder: string) => Layer.effect(Checkpoints, make(folder))
