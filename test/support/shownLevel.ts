/** A level of the log that nothing goes by, to be set and read. */
import { Effect, Layer, Ref } from "effect"
import { LogLevel, type ShownLevel } from "../../src/telemetry/LogLevel.ts"

export const shownLevel = (first: ShownLevel = "info"): Layer.Layer<LogLevel> =>
  Layer.effect(
    LogLevel,
    Effect.map(Ref.make<ShownLevel>(first), (level) =>
      LogLevel.of({ get: Ref.get(level), set: (chosen) => Ref.set(level, chosen) }),
    ),
  )
