/**
 * The records of the Firewalla MSP API as Schemas: what may come, in all its spellings, and what it is read as.
 *
 * Essential is what places an event in time (`ts`, of a device change `observed_at`) and the kind of a change: without it the record is refused
 * with the path and the expectation. Every other field is read where it can be and is otherwise left, unread, to
 * `firewalla.extra`: a vendor's change of type must not hide an alarm.
 *
 * These Schemas are the definition. `reading.ts` reads the same in a fraction of the time (see bench/normalize.ts), asks
 * these for the reason when it refuses, and a property test holds the two together.
 */
import { Effect, Schema, SchemaTransformation } from "effect"
import { INSTANT, LAST_SECOND, plainNumber } from "./scalars.ts"

const numberOrNumeric = (expected: string) =>
  Schema.Union([
    Schema.Finite,
    Schema.String.check(Schema.isPattern(/^-?\d{1,20}(?:\.\d{1,20})?$/, { expected })),
  ]).annotate({ expected })

/** `aid`, `type` and other keys come as number or string. */
const Text = Schema.Union([Schema.NonEmptyString, Schema.Finite, Schema.Boolean]).pipe(
  Schema.decodeTo(
    Schema.String,
    SchemaTransformation.transform<string, string | number | boolean>({
      decode: (value) => (typeof value === "number" ? plainNumber(value) : String(value)),
      encode: (value) => value,
    }),
  ),
)

const within = (minimum: number, maximum: number, what: string) => {
  const expected = `${what}: a number or numeric string from ${minimum} to ${maximum}`
  return numberOrNumeric(expected).check(
    Schema.makeFilter((value) => Number(value) >= minimum && Number(value) <= maximum, { expected }),
  )
}

const asPlainNumber = SchemaTransformation.transform<string, string | number>({
  decode: (value) => plainNumber(Number(value)),
  encode: (value) => value,
})
const Quantity = within(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "a quantity").pipe(
  Schema.decodeTo(Schema.String, asPlainNumber),
)
const Port = within(0, 65_535, "a port")
  .check(Schema.makeFilter((value) => Number.isInteger(Number(value)), { expected: "a whole number" }))
  .pipe(Schema.decodeTo(Schema.String, asPlainNumber))

/** `port` of a device or remote is a number, a string or an array of either. */
const Ports = Schema.Union([
  Schema.Array(Port),
  Port.pipe(
    Schema.decodeTo(
      Schema.Array(Schema.String),
      SchemaTransformation.transform<ReadonlyArray<string>, string>({
        decode: (value) => [value],
        encode: (value) => value.join(),
      }),
    ),
  ),
])

/** Seconds since 1970 with fractions; read as epoch milliseconds. */
const Seconds = within(0, LAST_SECOND, "seconds since 1970").pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transform<number, string | number>({
      decode: (value) => Math.round(Number(value) * 1000),
      encode: (value) => value / 1000,
    }),
  ),
)

/** Waybill's own times: ISO 8601 in UTC with milliseconds; read as epoch milliseconds. */
const Instant = Schema.String.check(
  Schema.isPattern(INSTANT, { expected: "ISO 8601 in UTC with milliseconds" }),
).pipe(
  Schema.decodeTo(
    Schema.Finite,
    SchemaTransformation.transform<number, string>({
      decode: (value) => Date.parse(value),
      encode: (value) => new Date(value).toISOString(),
    }),
  ),
)

/** Absent, null or of a type that nobody has seen yet: not read, and not a reason to refuse. */
const optional = <S extends Schema.Constraint>(schema: S) =>
  Schema.optionalKey(
    Schema.UndefinedOr(schema).pipe(Schema.catchDecoding(() => Effect.succeedSome(undefined))),
  )

/** A bare text where other replies have an object: its name. */
const BareName = Text.pipe(
  Schema.decodeTo(
    Schema.Struct({ name: Schema.String }),
    SchemaTransformation.transform<{ readonly name: string }, string>({
      decode: (name) => ({ name }),
      encode: ({ name }) => name,
    }),
  ),
)
/**
 * `group`, `network` and `box`. The object comes first: `catchDecoding` looks at what was decoded once more, and would
 * take a bare name's type for it, without the id.
 */
const Named = Schema.Union([Schema.Struct({ id: optional(Text), name: optional(Text) }), BareName])
const Category = Schema.Union([Schema.Struct({ name: optional(Text) }), BareName])

const PortInfo = Schema.Struct({
  protocol: optional(Text),
  port: optional(Port),
  name: optional(Text),
  description: optional(Text),
})

/** A device inside an alarm, a flow or a change, or as `GET /devices` returns it. */
const Device = Schema.Struct({
  id: optional(Text),
  gid: optional(Text),
  ip: optional(Text),
  name: optional(Text),
  macVendor: optional(Text),
  deviceType: optional(Text),
  port: optional(Ports),
  portInfo: optional(PortInfo),
  network: optional(Named),
  group: optional(Named),
  online: optional(Text),
  ipReserved: optional(Text),
  lastSeen: optional(Seconds),
  totalDownload: optional(Quantity),
  totalUpload: optional(Quantity),
})
export type Device = typeof Device.Type

/** One end of a flow: a local device, or a remote host whose `id` and `name` are its domain or address. */
const Host = Schema.Struct({
  id: optional(Text),
  name: optional(Text),
  ip: optional(Text),
  port: optional(Ports),
  portInfo: optional(PortInfo),
})
export type Host = typeof Host.Type

const Remote = Schema.Struct({
  ip: optional(Text),
  domain: optional(Text),
  rootDomain: optional(Text),
  region: optional(Text),
  country: optional(Text),
  category: optional(Category),
  latitude: optional(Quantity),
  longitude: optional(Quantity),
  port: optional(Ports),
  portInfo: optional(PortInfo),
})
export type Remote = typeof Remote.Type

const Transfer = Schema.Struct({
  upload: optional(Quantity),
  download: optional(Quantity),
  total: optional(Quantity),
  duration: optional(Quantity),
})

export const Alarm = Schema.Struct({
  ts: Seconds,
  gid: optional(Text),
  aid: optional(Text),
  type: optional(Text),
  _type: optional(Text),
  status: optional(Text),
  message: optional(Text),
  direction: optional(Text),
  protocol: optional(Text),
  count: optional(Quantity),
  activeTs: optional(Seconds),
  cloudaction: optional(Text),
  box: optional(Named),
  group: optional(Named),
  network: optional(Named),
  device: optional(Device),
  remote: optional(Remote),
  transfer: optional(Transfer),
})
export type Alarm = typeof Alarm.Type

export const Flow = Schema.Struct({
  ts: Seconds,
  gid: optional(Text),
  protocol: optional(Text),
  direction: optional(Text),
  status: optional(Text),
  block: optional(Text),
  blockType: optional(Text),
  blockedby: optional(Text),
  download: optional(Quantity),
  upload: optional(Quantity),
  total: optional(Quantity),
  duration: optional(Quantity),
  count: optional(Quantity),
  sport: optional(Port),
  dport: optional(Port),
  domain: optional(Text),
  region: optional(Text),
  country: optional(Text),
  category: optional(Category),
  box: optional(Named),
  group: optional(Named),
  network: optional(Named),
  device: optional(Device),
  source: optional(Host),
  destination: optional(Host),
})
export type Flow = typeof Flow.Type

export const ChangeType = Schema.Literals(["new_device", "device_removed", "device_changed"])
export type ChangeType = typeof ChangeType.Type

/**
 * A change of the inventory, made by the source and not by the vendor (sources/firewalla/devicesFeed.ts): `device` is
 * the device now (of a removed one: as last known), `previous` what the baseline had, `changed` the names of what
 * differs.
 */
export const DeviceChange = Schema.Struct({
  observed_at: Instant,
  change_type: ChangeType,
  gid: optional(Text),
  box: optional(Named),
  device: optional(Device),
  previous: optional(Device),
  changed: optional(Schema.Array(Schema.NonEmptyString)),
})
export type DeviceChange = typeof DeviceChange.Type
