/**
 * A defect of Waybill's own ends the part that it is in and no other: what is held is tried again, ever more seldom.
 */
import { Cause, Duration, Effect } from "effect"
import * as Log from "../telemetry/log.ts"
import { count } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"

const FIRST_PAUSE = Duration.seconds(5)
/** A defect does not go by itself as an outage does; but what it came of may, such as a record that has left a window. */
export const LONGEST_PAUSE = Duration.minutes(5)

/** After the nth defect in a row; 1 is the first. */
export const pauseAfterDefect = (defects: number): Duration.Duration =>
  Duration.min(LONGEST_PAUSE, Duration.times(FIRST_PAUSE, 2 ** Math.min(defects - 1, 16)))

const MOST_SHOWN = 200

/** Its first line, for people; the log has all of it. */
export const defectText = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  const [line = ""] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split("\n")
  return line.slice(0, MOST_SHOWN)
}

/** Whether it is anything else than that somebody has stopped it. */
export const isDefect = (cause: Cause.Cause<unknown>): boolean => !Cause.hasInterruptsOnly(cause)

/** Logs it whole, and counts it. `part`: a feed, or what runs beside them. */
export const tellDefect = (
  event: "feed.defect" | "run.part_defect",
  part: string,
  cause: Cause.Cause<unknown>,
  fields: Log.LogFields,
) =>
  Effect.andThen(
    Log.error(
      event,
      `A defect of Waybill's own in ${part}: ${defectText(cause)}. It is tried again. Please report it, with this line.`,
      {
        ...fields,
        cause: Cause.pretty(cause),
      },
    ),
    count(METRICS.defects, { part }),
  )

/** Runs it for ever, through its defects. */
export const throughDefects = <R>(
  part: string,
  work: Effect.Effect<never, never, R>,
): Effect.Effect<never, never, R> =>
  Effect.suspend(() => {
    let defects = 0
    const again = Effect.catchCause(work, (cause) => {
      if (!isDefect(cause)) return Effect.failCause(cause)
      defects += 1
      return Effect.andThen(
        tellDefect("run.part_defect", part, cause, { part }),
        Effect.sleep(pauseAfterDefect(defects)),
      )
    })
    return Effect.forever(again)
  })
