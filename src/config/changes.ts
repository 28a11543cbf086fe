/** What differs between two configurations. Pure. */
import { Duration, Equal, Redacted } from "effect"
import type { Config } from "./Config.ts"
import { type Key, keysIn } from "./catalogue.ts"
import { isLive } from "./liveKeys.ts"
import { read } from "./tree.ts"

export interface Change {
  /** Dotted: `source.firewalla.feeds.flows.interval`. */
  readonly key: string
  /** As a log line may show it: never a secret. */
  readonly from: string | number | boolean | null
  readonly to: string | number | boolean | null
  /** Whether it needs no restart. */
  readonly live: boolean
}

const HIDDEN = "(hidden)"

/** A value as a line may show it; `null` where the key is not set. */
const shown = (value: unknown): Change["from"] => {
  if (value === undefined) return null
  if (Redacted.isRedacted(value)) return HIDDEN
  if (Duration.isDuration(value)) return Duration.format(value)
  return typeof value === "number" || typeof value === "boolean" ? value : String(value)
}

/** A sender that comes or goes brings or takes a feed, which only a start does. */
const isOfBoth = (from: Config, to: Config, { path }: Key): boolean => {
  const around = path.slice(0, -1)
  return read(from, around) !== undefined && read(to, around) !== undefined
}

/** Every key whose value differs, in the order of the Schema. */
export const changesBetween = (from: Config, to: Config): ReadonlyArray<Change> => {
  const all = new Map([...keysIn(from), ...keysIn(to)].map((key) => [key.name, key]))
  return [...all.values()].flatMap((key) => {
    const [before, after] = [read(from, key.path), read(to, key.path)]
    if (Equal.equals(before, after)) return []
    const live = isLive(key.name) && isOfBoth(from, to, key)
    return [{ key: key.name, from: shown(before), to: shown(after), live }]
  })
}
