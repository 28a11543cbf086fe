/** The Firewalla source: its configured feeds over one client, which they share with its connections and rate limit. */
import { Duration, Effect, Layer } from "effect"
import type { EventType } from "../../domain/Event.ts"
import { SOURCE } from "../../normalizers/firewalla/parts.ts"
import { type Feed, Feeds } from "../Source.ts"
import { makeDevicesFeed } from "./devicesFeed.ts"
import { layerHttp } from "./httpMspApi.ts"
import { alarmId, flowId } from "./identity.ts"
import type { MspApi } from "./MspApi.ts"
import type { FirewallaOptions, InvalidFirewallaOptions, TimeFeedOptions } from "./options.ts"
import { isNotable } from "./query.ts"
import type { RecordKind } from "./sliceProgress.ts"
import { makeTimeFeed } from "./timeFeed.ts"

/** Device changes a page; they come from one reply, so this only bounds a batch. */
const DEVICE_CHANGES_A_PAGE = 500

export const alarms: RecordKind = { feed: "alarms", idOf: alarmId, hasTwins: false }
export const flows: RecordKind = { feed: "flows", idOf: flowId, hasTwins: true }

/**
 * Provides `Feeds`, with connections of its own to the portal. Fails where the token would go over plain http.
 *
 * @param current asked at each use; `options.ts` says which options may change
 */
export const firewallaFeeds = (
  current: () => FirewallaOptions,
): Layer.Layer<Feeds, InvalidFirewallaOptions> =>
  firewallaFeedsNoDeps(current).pipe(Layer.provide(layerHttp(current)))

/** The same over any `MspApi`. */
export const firewallaFeedsNoDeps = (current: () => FirewallaOptions): Layer.Layer<Feeds, never, MspApi> =>
  Layer.effect(Feeds, makeFeeds(current))

const makeFeeds = Effect.fnUntraced(function* (current: () => FirewallaOptions) {
  const options = current()
  const filter = { box: options.box, group: options.group }
  const feeds: Array<Feed> = []
  const timeFeed = (
    kind: RecordKind,
    eventType: EventType,
    chosenNow: () => TimeFeedOptions,
    wanted: () => (record: unknown) => boolean,
  ) =>
    makeTimeFeed(() => {
      const chosen = chosenNow()
      return {
        name: `${SOURCE}/${kind.feed}`,
        source: SOURCE,
        sourceType: `firewalla:${eventType}`,
        eventType,
        path: `/${kind.feed}`,
        kind,
        interval: chosen.interval,
        pageSize: chosen.pageSize,
        overlap: wholeSeconds(chosen.overlap),
        firstRun: wholeSeconds(chosen.firstRun),
        retention: wholeSeconds(options.retention),
        sliceLength: wholeSeconds(chosen.slice),
        filter,
        query: chosen.query,
        wanted: wanted(),
      }
    })
  const { alarms: alarmsOptions, flows: flowsOptions, devices } = options.feeds
  if (alarmsOptions !== undefined) {
    feeds.push(
      yield* timeFeed(
        alarms,
        "alarm",
        () => current().feeds.alarms ?? alarmsOptions,
        () => () => true,
      ),
    )
  }
  if (flowsOptions !== undefined) {
    const chosen = () => current().feeds.flows ?? flowsOptions
    const wanted = () => (chosen().only === "notable" ? isNotable : () => true)
    feeds.push(yield* timeFeed(flows, "flow", chosen, wanted))
  }
  if (devices !== undefined) {
    feeds.push(
      yield* makeDevicesFeed({
        name: `${SOURCE}/devices`,
        source: SOURCE,
        sourceType: "firewalla:device_change",
        interval: () => (current().feeds.devices ?? devices).interval,
        pageSize: DEVICE_CHANGES_A_PAGE,
        filter,
      }),
    )
  }
  return feeds
})

const wholeSeconds = (duration: Duration.Duration): number => Math.ceil(Duration.toSeconds(duration))
