/**
 * Gives memory back to the system that the C library keeps for nothing.
 *
 * What V8 takes for compiling at the start goes back to the C library's allocator, which keeps it: 19 MB of some 55, in
 * a process that is then idle for most of its life (measured). glibc has a call that lets go of it; where there is none,
 * or no koffi, nothing happens.
 */

import { Duration, Effect, Schedule } from "effect"
import koffi from "koffi"

/** By then everything is loaded and the first polls have begun. */
const FIRST = Duration.seconds(10)
/** What a poll has left behind is little, and a trim takes a few milliseconds. */
const AGAIN = Duration.minutes(5)

const trim = Effect.try(() => koffi.load(null).func("int malloc_trim(size_t keep)"))

/** Never ends; runs beside the work. */
export const givingMemoryBack: Effect.Effect<never> = trim.pipe(
  Effect.flatMap((call) =>
    Effect.sync(() => {
      call(0)
    }).pipe(Effect.repeat(Schedule.spaced(AGAIN)), Effect.delay(FIRST)),
  ),
  Effect.ignore,
  Effect.andThen(Effect.never),
)
