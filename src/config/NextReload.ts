/** Waiting for as long as a setting says, also when the setting changes meanwhile. */
import { Context, Duration, Effect } from "effect"
import { monotonicMillis } from "../domain/monotonicTime.ts"

/**
 * Called at a moment, it gives what succeeds when the settings change after that moment. Where nothing reloads them,
 * they never do.
 */
export const NextReload = Context.Reference<() => Effect.Effect<void>>("waybill/config/NextReload", {
  defaultValue: () => () => Effect.never,
})

/** Sleeps until so much time has passed since it began, by whatever `length` says at that time. */
export const sleepAsSet = Effect.fnUntraced(function* (length: () => Duration.Duration) {
  const nextReload = yield* NextReload
  const startedAt = yield* monotonicMillis
  while (true) {
    const changed = nextReload()
    const rest = Duration.toMillis(length()) - ((yield* monotonicMillis) - startedAt)
    if (rest <= 0) return
    const asleep = rest === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(rest)
    const isOver = yield* Effect.raceFirst(Effect.as(asleep, true), Effect.as(changed, false))
    if (isOver) return
  }
})

/** For settings of which zero means that it is never time. */
export const neverIfZero = (duration: Duration.Duration): Duration.Duration =>
  Duration.isZero(duration) ? Duration.infinity : duration
