/**
 * A canary of a feed: it has what rules and roles tell the events of a feed by, and neither an id nor a time of an event.
 *
 * It meets the same rule as the events do and lies in the same index, so it is an alert, since nothing else is indexed.
 * Its description and `waybill.canary` say what it is. Without `event_time` no search for the events of a time finds it.
 */
import { Predicate } from "effect"
import type { Attempt, Event } from "../domain/Event.ts"

type Tree = { readonly [key: PropertyKey]: unknown }

const MESSAGE = "Waybill's canary: shows that events like this one can be found"

/** What a pushed event says of where it comes from. */
const OF_SENDER = ["token", "sourcetype", "host", "source", "index"]

const treeOf = (value: unknown): Tree => (Predicate.isReadonlyObject(value) ? value : {})

const texts = (tree: Tree, keys: ReadonlyArray<string>): Tree =>
  Object.fromEntries(keys.flatMap((key) => (typeof tree[key] === "string" ? [[key, tree[key]]] : [])))

/** @param event one of those whose feed it is to show */
export const feedCanaryJson = (event: Event, id: string, { attempt, batch, sentAt }: Attempt): string => {
  const { event_type, firewalla, hec, source } = treeOf(JSON.parse(event.json))
  return JSON.stringify({
    source,
    event_type,
    event_id: id,
    ...(firewalla === undefined
      ? {}
      : { firewalla: { ...texts(treeOf(firewalla), ["gid"]), message: MESSAGE } }),
    ...(hec === undefined ? {} : { hec: { ...texts(treeOf(hec), OF_SENDER), message: MESSAGE } }),
    waybill: { batch, attempt: String(attempt), sent_at: sentAt, canary: "feed" },
  })
}
