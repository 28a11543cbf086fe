/**
 * What the events of all three feeds share.
 *
 * Decided once for everything under `firewalla`: names are snake_case (`mac_vendor`, `alarm_type`), times ISO 8601,
 * numbers plain decimals in the vendor's units (bytes, seconds), booleans "true" and "false". A path has one type for
 * ever: a text, but for `ports` and `changed`, which are arrays of texts. What was not read (unknown fields, unexpected
 * types) is one JSON text in `firewalla.extra`: as fields of their own they would fight over types in the index, and a
 * single such fight costs a whole event. It is found by a wildcard search; where it is long it is an array of such texts,
 * one for each name, so that none is longer than it must be.
 */
import { isIP } from "node:net"
import { byteLength, wellFormed } from "../cutting.ts"
import type { Fields } from "../Normalizer.ts"
import type { Device, Host, Named, Remote, Rest } from "./reading.ts"

/**
 * `source` of every envelope and every event, whatever the source is called in the config, and the first part of the
 * feeds' names. A contract: people search by it.
 */
export const SOURCE = "firewalla-msp"
/** Up to here one text is the easiest to read. */
const EXTRA_BYTES = 8_192

/** The object, or nothing if nothing in it has a value: an empty object vanishes in Wazuh anyway. */
export const unlessEmpty = (fields: Fields): Fields | undefined => {
  for (const key in fields) if (fields[key] !== undefined) return fields
  return undefined
}

export const isoOf = (millis: number | undefined): string | undefined =>
  millis === undefined ? undefined : new Date(millis).toISOString()

/** The address, if it is one: rules and geoip read the root keys as addresses. */
export const address = (ip: string | undefined): string | undefined =>
  ip !== undefined && isIP(ip) !== 0 ? ip : undefined

/**
 * A host's name or id where that is a domain; of a remote host it may also be its address. In small letters and without
 * a last dot: a list of domains in Wazuh knows a name only as it is written there.
 */
export const domainOf = (text: string | undefined): string | undefined =>
  text?.includes(".") && isIP(text) === 0 ? text.toLowerCase().replace(/\.$/, "") || undefined : undefined

export const namedFields = (named: Named | undefined): Fields | undefined =>
  named === undefined ? undefined : unlessEmpty({ id: named.id, name: named.name })

const MAC = /^(?:mac:)?([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5})$/

/**
 * A MAC comes with and without `mac:`: here always without and in capitals, so that one device has one id. Other
 * prefixes (`ovpn:`, `wg_peer:`, `if:`) say what it is and stay.
 */
export const deviceId = (id: string | undefined): string | undefined =>
  id === undefined ? undefined : (MAC.exec(id)?.[1]?.toUpperCase() ?? id)

/** All ports that are told of one end, in the order in which they stand. */
const portsOf = (of: Device | Host | Remote): ReadonlyArray<string> => {
  const told = of.portInfo?.port
  const all = of.port ?? []
  return told === undefined || all.includes(told) ? all : [...all, told]
}

export const firstPort = (of: Device | Host | Remote | undefined): string | undefined =>
  of?.port?.[0] ?? of?.portInfo?.port

/** The first port, which rules can match, all of them where there are several, and a protocol unlike the event's. */
const portFields = (of: Device | Host | Remote, protocol: string | undefined): Fields => {
  const all = portsOf(of)
  const own = of.portInfo?.protocol?.toLowerCase()
  return {
    port: all[0],
    ports: all.length > 1 ? all : undefined,
    protocol: own === protocol ? undefined : own,
    service: of.portInfo?.name,
    service_description: of.portInfo?.description,
  }
}

export const deviceFields = (device: Device | undefined, protocol?: string): Fields | undefined =>
  device === undefined
    ? undefined
    : unlessEmpty({
        id: deviceId(device.id),
        gid: device.gid,
        ip: device.ip,
        name: device.name,
        mac_vendor: device.macVendor,
        type: device.deviceType,
        network: namedFields(device.network),
        group: namedFields(device.group),
        ...portFields(device, protocol),
        online: device.online,
        ip_reserved: device.ipReserved,
        last_seen: isoOf(device.lastSeen),
        total_download: device.totalDownload,
        total_upload: device.totalUpload,
      })

export const hostFields = (host: Host | undefined, protocol: string | undefined): Fields | undefined =>
  host === undefined
    ? undefined
    : unlessEmpty({
        id: deviceId(host.id),
        name: host.name,
        ip: host.ip,
        ...portFields(host, protocol),
      })

export const remoteFields = (remote: Remote | undefined, protocol: string | undefined): Fields | undefined =>
  remote === undefined
    ? undefined
    : unlessEmpty({
        ip: remote.ip,
        domain: remote.domain,
        root_domain: remote.rootDomain,
        region: remote.region,
        country: remote.country,
        category: remote.category?.name,
        latitude: remote.latitude,
        longitude: remote.longitude,
        ...portFields(remote, protocol),
      })

/** Which box: alarms and most flows say `gid`, some only `box`. */
export const boxFields = (gid: string | undefined, box: Named | undefined): Fields => ({
  gid: gid ?? box?.id,
  box: namedFields(box),
})

/** JSON with sorted keys and without what is empty, so that the order of the input's keys doesn't matter. */
export const canonical = (value: unknown): string | undefined => {
  if (value === null || value === undefined || value === "") return undefined
  if (Array.isArray(value)) {
    const items = value.map(canonical)
    return items.some((item) => item !== undefined)
      ? `[${items.map((item) => item ?? "null").join()}]`
      : undefined
  }
  if (value instanceof Map) return canonicalMembers([...value])
  if (typeof value === "object") return canonicalMembers(Object.entries(value))
  if (typeof value === "string") return JSON.stringify(wellFormed(value))
  return JSON.stringify(typeof value === "number" && !Number.isFinite(value) ? String(value) : value)
}

const canonicalMembers = (entries: ReadonlyArray<readonly [string, unknown]>): string | undefined => {
  const members = entries
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap(([key, value]) => {
      const json = canonical(value)
      return json === undefined ? [] : [`${JSON.stringify(wellFormed(key))}:${json}`]
    })
  return members.length > 0 ? `{${members.join()}}` : undefined
}

/** What has no place of its own: one JSON text, or where that would be long, one for each name. */
export const extraOf = (rest: Rest | undefined): string | ReadonlyArray<string> | undefined => {
  if (rest === undefined) return undefined
  const json = canonical(rest)
  if (json === undefined || byteLength(json) <= EXTRA_BYTES) return json
  return [...rest]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => canonical(new Map([[name, value]])) ?? [])
}
