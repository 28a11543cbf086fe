/** The feeds that a run with this configuration has, by their names. Pure. */
import type { Duration } from "effect"
import type { Config } from "../config/Config.ts"
import type { FeedName } from "../domain/Checkpoint.ts"
import { SOURCE } from "../normalizers/firewalla/parts.ts"
import { feedOf } from "../sources/hec/sqliteSpool.ts"

export interface ConfiguredFeed {
  readonly feed: FeedName
  /** Between two polls; `undefined` where others push. */
  readonly interval: Duration.Duration | undefined
}

export const configuredFeeds = ({ source }: Config): ReadonlyArray<ConfiguredFeed> => {
  const { alarms, devices, flows } = source.firewalla.feeds
  const polled = Object.entries({ alarms, flows, devices }).flatMap(([name, { enabled, interval }]) =>
    enabled ? [{ feed: `${SOURCE}/${name}`, interval }] : [],
  )
  const pushed = source.hec.enabled
    ? Object.keys(source.hec.tokens).map((sender) => ({ feed: feedOf(sender), interval: undefined }))
    : []
  return [...polled, ...pushed]
}
