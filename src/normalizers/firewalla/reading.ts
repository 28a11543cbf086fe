/**
 * Reads Firewalla records by hand, to the same result as the Schemas of `records.ts`, and remembers in `rest` what was
 * not read: unknown fields, and known ones of a type that nobody has seen yet.
 */
import { Result, Schema } from "effect"
import { Rejected } from "../Normalizer.ts"
import * as Records from "./records.ts"
import { instant, port, ports, quantity, seconds, text } from "./scalars.ts"

/** What a record held beyond what was read, by key. No object: a key may be `__proto__`, and JSON holds no Map. */
export type Rest = ReadonlyMap<string, unknown>

type Reader<V> = (value: unknown) => V | undefined
/** What a reader of `T`'s fields gives: each of them if it was there and could be read, and what was left. */
export type Read<T> = { readonly [K in keyof T]?: T[K] | undefined } & { readonly rest?: Rest }

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const restOf = (read: unknown): unknown =>
  isRecord(read) && read.rest instanceof Map ? read.rest : undefined

/** Reads an object field by field. What is there and is not read, here or further down, is its `rest`. */
const struct = <T extends object>(readers: { readonly [K in keyof T]: Reader<T[K]> }): Reader<Read<T>> => {
  const known = new Set(Object.keys(readers))
  return (value) => {
    if (!isRecord(value)) return undefined
    const read: { -readonly [K in keyof T]?: T[K] | undefined } = {}
    let rest: Map<string, unknown> | undefined
    for (const key in readers) {
      const given = value[key]
      if (given === undefined || given === null || given === "") continue
      const result = readers[key](given)
      read[key] = result
      const left = result === undefined ? given : restOf(result)
      if (left === undefined) continue
      rest ??= new Map()
      rest.set(key, left)
    }
    for (const key in value) {
      if (known.has(key)) continue
      rest ??= new Map()
      rest.set(key, value[key])
    }
    return rest === undefined ? read : { ...read, rest }
  }
}

const namedObject = struct({ id: text, name: text })
/** A string where others have `{id, name}`: the name. */
const named: Reader<Read<{ id: string; name: string }>> = (value) => {
  const name = text(value)
  return name === undefined ? namedObject(value) : { name }
}

const categoryObject = struct({ name: text })
const category: Reader<Read<{ name: string }>> = (value) => {
  const name = text(value)
  return name === undefined ? categoryObject(value) : { name }
}

const portInfo = struct({ protocol: text, port, name: text, description: text })

const device = struct({
  id: text,
  gid: text,
  ip: text,
  name: text,
  macVendor: text,
  deviceType: text,
  port: ports,
  portInfo,
  network: named,
  group: named,
  online: text,
  ipReserved: text,
  lastSeen: seconds,
  totalDownload: quantity,
  totalUpload: quantity,
})

const host = struct({ id: text, name: text, ip: text, port: ports, portInfo })

const remote = struct({
  ip: text,
  domain: text,
  rootDomain: text,
  region: text,
  country: text,
  category,
  latitude: quantity,
  longitude: quantity,
  port: ports,
  portInfo,
})

const transfer = struct({ upload: quantity, download: quantity, total: quantity, duration: quantity })

const alarm = struct({
  ts: seconds,
  gid: text,
  aid: text,
  type: text,
  _type: text,
  status: text,
  message: text,
  direction: text,
  protocol: text,
  count: quantity,
  activeTs: seconds,
  cloudaction: text,
  box: named,
  group: named,
  network: named,
  device,
  remote,
  transfer,
})

const flow = struct({
  ts: seconds,
  gid: text,
  protocol: text,
  direction: text,
  status: text,
  block: text,
  blockType: text,
  blockedby: text,
  download: quantity,
  upload: quantity,
  total: quantity,
  duration: quantity,
  count: quantity,
  sport: port,
  dport: port,
  domain: text,
  region: text,
  country: text,
  category,
  box: named,
  group: named,
  network: named,
  device,
  source: host,
  destination: host,
})

const changeType: Reader<Records.ChangeType> = (value) =>
  value === "new_device" || value === "device_removed" || value === "device_changed" ? value : undefined

const texts: Reader<ReadonlyArray<string>> = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "") ? value : undefined

const deviceChange = struct({
  observed_at: instant,
  change_type: changeType,
  gid: text,
  box: named,
  device,
  previous: device,
  changed: texts,
})

type Given<R> = R extends Reader<infer V> ? V : never
export type Device = Given<typeof device>
export type Host = Given<typeof host>
export type Remote = Given<typeof remote>
export type Named = Given<typeof named>
export type Timed<V> = V & { readonly ts: number }

/** The Schema says why: the path, and what it expected there. Schema messages never hold the value itself. */
const refused = (kind: string, schema: Schema.ConstraintDecoder<unknown>, payload: unknown): Rejected => {
  const decoded = Schema.decodeUnknownResult(schema, { errors: "all" })(payload)
  const why = Result.isFailure(decoded)
    ? decoded.failure.message
    : "it was refused without a reason; please report this record"
  return new Rejected({
    reason: "normalization_failed",
    message: `this ${kind} record can't be read: ${why.replace(/\s*\n\s*/g, " ")}`,
  })
}

export const readAlarm = (payload: unknown): Result.Result<Timed<Given<typeof alarm>>, Rejected> => {
  const read = alarm(payload)
  return read?.ts === undefined
    ? Result.fail(refused("Firewalla alarm", Records.Alarm, payload))
    : Result.succeed({ ...read, ts: read.ts })
}

export const readFlow = (payload: unknown): Result.Result<Timed<Given<typeof flow>>, Rejected> => {
  const read = flow(payload)
  return read?.ts === undefined
    ? Result.fail(refused("Firewalla flow", Records.Flow, payload))
    : Result.succeed({ ...read, ts: read.ts })
}

interface Placed {
  readonly observed_at: number
  readonly change_type: Records.ChangeType
}
export const readDeviceChange = (
  payload: unknown,
): Result.Result<Given<typeof deviceChange> & Placed, Rejected> => {
  const read = deviceChange(payload)
  return read?.observed_at === undefined || read.change_type === undefined
    ? Result.fail(refused("device change", Records.DeviceChange, payload))
    : Result.succeed({ ...read, observed_at: read.observed_at, change_type: read.change_type })
}
