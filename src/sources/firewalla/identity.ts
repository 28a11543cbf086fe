/**
 * The id of a record: it depends on the record alone, so that the same record has the same id in every run.
 *
 * 32 hex characters: the first 128 bits of a SHA-256 over a tag, the feed and the parts of the key, as a JSON array,
 * in which no two different keys read the same.
 */
import { hash } from "node:crypto"
import {
  canonicalJson,
  deviceIdOf,
  gidOf,
  isRecord,
  numberOf,
  type RawRecord,
  textOf,
  tsOf,
  within,
} from "./records.ts"

export type FirewallaFeed = "alarms" | "flows" | "devices"

/** Bound into every id; it changes only if the making of ids does, because then no id is found again. */
const TAG = "waybill:firewalla:1"

export const idOf = (feed: FirewallaFeed, parts: ReadonlyArray<string>): string =>
  hash("sha256", JSON.stringify([TAG, feed, ...parts]), "hex").slice(0, 32)

/** Alarms: (gid, aid). Status and message can change between two reads and are no part of it. */
export const alarmId = (record: unknown): string | undefined => {
  if (!isRecord(record) || tsOf(record) === undefined) return undefined
  const gid = gidOf(record)
  const aid = textOf(record.aid)
  return gid === "" || aid === "" ? undefined : idOf("alarms", [gid, aid])
}

/** Flows have no id of their own: a hash over the fields that do not change between two reads. */
export const flowId = (record: unknown): string | undefined => {
  if (!isRecord(record)) return undefined
  const ts = tsOf(record)
  return ts === undefined ? undefined : idOf("flows", flowKey(record, ts))
}

/** Any record that has none of the above: all that it says, whatever the order of its keys. */
export const unreadableId = (feed: FirewallaFeed, record: unknown): string =>
  idOf(feed, ["unreadable", canonicalJson(record)])

/** The id of the nth record (from 0) among records that are equal in every field of the key. */
export const twinId = (feed: FirewallaFeed, id: string, nth: number): string =>
  nth === 0 ? id : idOf(feed, ["twin", id, String(nth)])

const flowKey = (flow: RawRecord, ts: number): ReadonlyArray<string> => {
  const source = flow.source
  const destination = flow.destination
  const destinationId = deviceIdOf(within(destination, "id"))
  const destinationIp = textOf(within(destination, "ip"))
  return [
    gidOf(flow),
    String(ts),
    textOf(flow.protocol),
    textOf(flow.direction),
    flagOf(flow.block),
    deviceIdOf(within(source, "id")),
    textOf(within(source, "ip")),
    portOf(flow.sport, source),
    destinationId,
    destinationIp,
    portOf(flow.dport, destination),
    deviceIdOf(within(flow.device, "id")),
    amountOf(flow.download),
    amountOf(flow.upload),
    amountOf(flow.duration),
    amountOf(flow.count),
    // The name alone can tell two such flows apart; where an address does, a name resolved later must not change the id.
    destinationId === "" && destinationIp === "" ? textOf(flow.domain) : "",
  ]
}

const amountOf = (value: unknown): string => {
  const number = numberOf(value)
  return number === undefined ? textOf(value) : String(number)
}

const portOf = (own: unknown, end: unknown): string =>
  amountOf(own ?? within(within(end, "portInfo"), "port") ?? within(end, "port"))

const flagOf = (value: unknown): string => {
  if (value === true || value === 1 || value === "true" || value === "1") return "1"
  return value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === "false" ||
    value === "0"
    ? ""
    : textOf(value)
}
