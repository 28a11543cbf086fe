/**
 * Continuity for people who come from the poller before Waybill: it kept the time up to which it had fetched alarms and
 * flows in `last_alarm_ts.txt` and `last_flow_ts.txt`. A feed that has no checkpoint yet begins there.
 *
 * What that poller fetched, and the manager lost, is not known from these files: `docs/operations.md` says what to do.
 */
import { Clock, Effect, FileSystem, Option, Path } from "effect"
import { Checkpoints } from "../checkpoints/Checkpoints.ts"
import { commitHolding } from "../checkpoints/commitHolding.ts"
import type { EventType } from "../domain/Event.ts"
import type { Feed } from "../sources/Source.ts"
import * as Log from "../telemetry/log.ts"

const FILES: Partial<Record<EventType, string>> = { alarm: "last_alarm_ts.txt", flow: "last_flow_ts.txt" }

const NUMBER = /^\d+(\.\d*)?$/
/** A date with a time; without an offset it is UTC, as in containers. */
const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/
/** Before anybody had a Firewalla: the file says something else. */
const EARLIEST = Date.UTC(2015, 0, 1)

/** The time that the file says, in epoch milliseconds; undefined if it is damaged, or not in the past. */
export const parsePlace = (text: string, now: number): number | undefined => {
  const content = text.trim()
  const [, day, time, zone = "Z"] = ISO.exec(content) ?? []
  const millis = NUMBER.test(content) ? Number(content) * 1000 : Date.parse(`${day}T${time}${zone}`)
  return millis >= EARLIEST && millis <= now ? Math.floor(millis) : undefined
}

const takeOverFeed = Effect.fnUntraced(function* (feed: Feed, folder: string) {
  const fileName = FILES[feed.eventType]
  if (fileName === undefined) return
  const checkpoints = yield* Checkpoints
  const fs = yield* FileSystem.FileSystem
  const file = (yield* Path.Path).join(folder, fileName)
  // One that can't be read is there all the same; the feed itself speaks of it.
  const isFirstRun = yield* checkpoints.load(feed.name).pipe(
    Effect.map(Option.isNone),
    Effect.orElseSucceed(() => false),
  )
  if (!isFirstRun) return
  if (!(yield* fs.exists(file))) return

  const now = yield* Clock.currentTimeMillis
  const place = parsePlace(yield* fs.readFileString(file), now)
  if (place === undefined) {
    yield* Log.warning(
      "state.ignored",
      `${file} holds no time in the past, so ${feed.name} begins as on any first run. ` +
        "Write the time up to which everything was fetched into it, as Unix seconds, and start again without a checkpoint.",
      { feed: feed.name, file },
    )
    return
  }
  yield* commitHolding({
    version: 1,
    feed: feed.name,
    position: { kind: "time", up_to: place },
    newest: null,
    confirmed: 0,
    committed_at: new Date(now).toISOString(),
  })
  const from = new Date(place).toISOString()
  yield* Log.info(
    "state.taken_over",
    `${feed.name} begins at ${from}, where the earlier poller had come to`,
    {
      feed: feed.name,
      file,
      from,
    },
  )
})

/** A file that can't be read is warned of and leaves the feed as it is. */
export const takeOver = (feeds: ReadonlyArray<Feed>, folder: string) =>
  Effect.forEach(
    feeds,
    (feed) =>
      takeOverFeed(feed, folder).pipe(
        Effect.catch((error) =>
          Log.warning(
            "state.ignored",
            `The place of the earlier poller can't be read, so ${feed.name} begins as on any first run: ${error.message}`,
            { feed: feed.name },
          ),
        ),
      ),
    { discard: true },
  )
