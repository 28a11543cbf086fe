/** Collects the log lines of a test: their `event` names, levels, messages and fields. */
import { Effect, Layer, Logger, References } from "effect"

export interface LogLine {
  readonly event: unknown
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export const recordLogs = (lines: Array<LogLine>): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([
      Logger.make(({ fiber, logLevel, message }) => {
        const fields = fiber.getRef(References.CurrentLogAnnotations)
        lines.push({ event: fields.event, level: logLevel, message: String(message), fields })
      }),
    ]),
    Layer.succeed(References.MinimumLogLevel, "Debug"),
  )

export const eventsOf = (lines: ReadonlyArray<LogLine>): ReadonlyArray<unknown> =>
  lines.map((line) => line.event)

export const quiet: Layer.Layer<never> = recordLogs([])

export const withoutLogs = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, quiet)
