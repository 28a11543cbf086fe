/**
 * Gives memory back to the system that is kept for nothing.
 *
 * A start leaves much behind: what it compiled and read is called never again, but V8 collects only when more is
 * allocated, which in an idle run is hours later; 8 MB. And what V8 takes for compiling goes back to the C library's
 * allocator, which keeps it: 19 MB of some 55 (both measured). glibc has a call that lets go of it; where there is
 * none, or no koffi, nothing happens.
 */

import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Duration, Effect, Schedule } from "effect"
import koffi from "koffi"

/** By then everything is loaded and the first polls have begun. */
const FIRST = Duration.seconds(8)
/** Code is let go of when it was not called since the collection before. */
const COLLECTIONS = { times: 2, schedule: Schedule.spaced(Duration.seconds(1)) }
/** What a poll has left behind is little, and a trim takes a few milliseconds. */
const AGAIN = Duration.minutes(5)

/** Some 30 ms each, as nothing is in the heap yet but the program. */
const collecting = Effect.suspend(() => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  return Effect.sync(() => collect()).pipe(Effect.repeat(COLLECTIONS))
})

const trim = Effect.try(() => koffi.load(null).func("int malloc_trim(size_t keep)"))

const trimming = Effect.flatMap(trim, (call) =>
  Effect.sync(() => {
    call(0)
  }).pipe(Effect.repeat(Schedule.spaced(AGAIN))),
)

/** Never ends; runs beside the work. */
export const givingMemoryBack: Effect.Effect<never> = collecting.pipe(
  Effect.delay(FIRST),
  Effect.andThen(trimming),
  Effect.ignore,
  Effect.andThen(Effect.never),
)
