/** Reads every version of every checkpoint that a run writes, as soon as it is there. */
import { Duration, Effect, FileSystem, Option, Schedule, Schema } from "effect"
import { SERIAL_KINDS, type SerialKind } from "../../src/demo/serials.ts"
import { Checkpoint } from "../../src/domain/Checkpoint.ts"

const WATCH_EVERY = Duration.millis(4)
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Checkpoint))

/** Where a feed has its checkpoint, e.g. that of `flows`. */
export const checkpointFile = (stateFolder: string, feed: string): string =>
  `${stateFolder}/firewalla-msp.${feed}.json`

/** Calls `each` with one version after the other, until the scope closes. */
export const watchCheckpoints = Effect.fnUntraced(function* <R>(
  stateFolder: string,
  each: (checkpoint: Checkpoint) => Effect.Effect<void, never, R>,
) {
  const fs = yield* FileSystem.FileSystem
  const lastSeen = new Map<string, string>()
  const look = Effect.fnUntraced(function* (kind: SerialKind) {
    const text = yield* fs
      .readFileString(checkpointFile(stateFolder, kind))
      .pipe(Effect.orElseSucceed(() => ""))
    if (text === lastSeen.get(kind)) return
    lastSeen.set(kind, text)
    const checkpoint = Option.getOrUndefined(decode(text))
    if (checkpoint !== undefined) yield* each(checkpoint)
  })
  yield* Effect.forEach(SERIAL_KINDS, look, { discard: true }).pipe(
    Effect.repeat(Schedule.spaced(WATCH_EVERY)),
    Effect.forkScoped,
  )
})
