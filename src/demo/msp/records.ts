/**
 * The records of the simulated MSP API, made from their number alone; shapes as the API's public examples show them.
 *
 * Each carries a serial in a text that no normalizer touches (`host-0001234.example.net`,
 * `alarm-0000012.example.net`): what has arrived is counted over these serials, not over ids that Waybill makes.
 */
import { hash32 } from "../seededRandom.ts"

export const GID = "a05c15cb-95a0-48b1-8dc9-15b9e06cc971"

const serial = (index: number) => String(index).padStart(7, "0")
export const flowHost = (index: number) => `host-${serial(index)}.example.net`
export const alarmHost = (index: number) => `alarm-${serial(index)}.example.net`

const pick = <A>(items: ReadonlyArray<A>, random: number, otherwise: A): A =>
  items[random % items.length] ?? otherwise

const REGIONS = ["US", "DE", "NL", "GB", "SG", "BR", "JP"]
const CATEGORIES = ["", "social", "video", "games", "shopping", { name: "intel" }, "ad", "edu", "private"]
const NETWORKS = [
  { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" },
  { id: "0f0ab8c2-6c0c-4e62-8a07-7b6b3c1c8d55", name: "Guest" },
  { id: "d6f6c1aa-53de-4b0c-9f0e-6a4ef40f2b19", name: "IoT" },
]
const LAN = { id: "a84d54ee-9ca3-4b5c-a142-224254456b3d", name: "LAN 1" }

const mac = (number: number) => {
  const hex = (0xa0_0000_0000 + number * 0x01_0101).toString(16).padStart(12, "0").toUpperCase()
  return hex.match(/../g)?.join(":") ?? ""
}

export interface Device {
  readonly id: string
  readonly gid: string
  readonly name: string
  readonly ip: string
  readonly macVendor: string
  readonly online: boolean
  readonly lastSeen: number
  readonly ipReserved: boolean
  readonly network: { readonly id: string; readonly name: string }
  readonly totalDownload: number
  readonly totalUpload: number
}

/** @param seconds when it was last seen, epoch seconds. */
export const deviceAt = (index: number, seconds: number): Device => ({
  id: index % 3 === 0 ? `mac:${mac(index)}` : mac(index),
  gid: GID,
  name: `device-${serial(index)}`,
  ip: `192.168.${(index >> 8) & 255}.${index & 255}`,
  macVendor: pick(["Apple, Inc.", "InPro Comm", "Espressif", "Intel Corporate"], index, ""),
  online: true,
  lastSeen: seconds,
  ipReserved: index % 2 === 0,
  network: pick(NETWORKS, index, LAN),
  totalDownload: 12_345_678 + index,
  totalUpload: 234_567 + index,
})

export const BOX = {
  gid: GID,
  name: "Office Box",
  model: "gold-plus",
  mode: "router",
  online: true,
  version: "1.978",
  publicIP: "203.0.113.10",
  location: "US",
  group: { id: 1, name: "HQ" },
}

/** About 600 bytes of JSON. @param millis its `ts`, epoch milliseconds. */
export const flowAt = (seed: number, index: number, millis: number): Record<string, unknown> => {
  const random = hash32(seed ^ 0x51ed, index)
  const device = deviceAt(1 + (random % 40), 0)
  const download = random % 5_000_000
  const upload = (random >>> 3) % 400_000
  const sport = 32_768 + (random % 28_000)
  const dport = pick([443, 443, 443, 80, 53, 8883, 5000], random >>> 5, 443)
  const blocked = random % 17 === 0
  return {
    ts: millis / 1000,
    gid: GID,
    protocol: dport === 53 ? "udp" : "tcp",
    direction: random % 11 === 0 ? "inbound" : "outbound",
    block: blocked,
    ...(blocked ? { blockType: random % 2 === 0 ? "ip" : "dns" } : {}),
    download,
    upload,
    total: download + upload,
    duration: (random % 60_000) / 1000,
    count: 1 + (random % 4),
    device: { id: device.id, ip: device.ip, name: device.name, network: device.network },
    source: {
      id: device.id,
      name: device.name,
      ip: device.ip,
      portInfo: { protocol: "tcp", port: sport, name: "ephemeral" },
    },
    destination: {
      name: flowHost(index),
      ip: `198.51.${(index >> 8) & 127}.${index & 255}`,
      portInfo: { protocol: "tcp", port: dport, name: "https" },
    },
    domain: flowHost(index),
    region: pick(REGIONS, random >>> 7, "US"),
    category: pick(CATEGORIES, random >>> 9, ""),
    network: device.network,
    sport,
    dport,
  }
}

const TRANSFERS = new Set([2, 3, 4, 16])
const WITH_REMOTE = new Set([1, 2, 8, 9, 10, 16])
const NAMES = ["SECURITY", "LARGE_UPLOAD", "BANDWIDTH", "DATA_PLAN", "NEW_DEVICE", "BACK_ONLINE", "OFFLINE"]

/** @param millis its `ts`, epoch milliseconds. Types go round from 1 to 16; `aid` and `type` change their kind. */
export const alarmAt = (seed: number, index: number, millis: number): Record<string, unknown> => {
  const random = hash32(seed ^ 0xa1a2, index)
  const type = 1 + (index % 16)
  const device = deviceAt(1 + (random % 40), 0)
  const upload = random % 20_000_000
  return {
    ts: millis / 1000,
    gid: GID,
    aid: index % 3 === 0 ? String(index + 1) : index + 1,
    type: index % 5 === 0 ? String(type) : type,
    ...(index % 4 === 0 ? {} : { _type: `ALARM_${pick(NAMES, type - 1, "OTHER")}` }),
    status: 1,
    count: 1,
    activeTs: (millis - 179_000) / 1000,
    message: `Alarm ${index + 1} concerns ${alarmHost(index)}, seen from ${device.name}.`,
    direction: "outbound",
    ...(type === 4
      ? { dataPlan: { quota: 1_000_000_000, used: upload } }
      : {
          device: {
            ...{ id: device.id, ip: device.ip, name: device.name, macVendor: device.macVendor },
            ...{ network: device.network, deviceType: "desktop", port: [38_850, 38_846] },
            portInfo: { protocol: "tcp", port: 38_850 },
          },
        }),
    ...(WITH_REMOTE.has(type)
      ? {
          remote: {
            domain: alarmHost(index),
            ip: "198.51.100.7",
            rootDomain: "example.net",
            region: pick(REGIONS, random, "US"),
            latitude: 39.0437,
            longitude: -77.4875,
            port: [443],
            category: pick(CATEGORIES, random >>> 9, ""),
            portInfo: { protocol: "tcp", port: 443, name: "https" },
          },
          protocol: "tcp",
        }
      : {}),
    ...(TRANSFERS.has(type)
      ? { transfer: { upload, download: 61_950, total: upload + 61_950, duration: 12.619999885559082 } }
      : {}),
    ...(type >= 11 && type <= 13 ? { vpn: { strategy: "wireguard", protocol: "udp" } } : {}),
    ...(type === 14 ? { port: { port: 8080, protocol: "tcp" } } : {}),
    ...(type === 15 ? { wan: { name: "ISP 1", active: true } } : {}),
  }
}
