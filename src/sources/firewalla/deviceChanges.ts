/** What has changed between a baseline of devices and the inventory of now. Pure. */
import type { BaselineDevice } from "../../domain/Checkpoint.ts"
import { idOf } from "./identity.ts"
import { deviceIdOf, gidOf, isRecord, nameOf, type RawRecord, textOf } from "./records.ts"

export type ChangeType = "new_device" | "device_removed" | "device_changed"

/** The fields by which a device counts as changed. */
const TOLD_BY = ["name", "ip", "network"] as const
type ToldBy = (typeof TOLD_BY)[number]

/** The payload of a device's change; all but `observed_at`, which is added when it is sent. */
export interface DeviceChange {
  readonly id: string
  readonly change_type: ChangeType
  /** As the API gives it now; for a removed one what the baseline knows, in the same form. */
  readonly device: RawRecord
  readonly previous: Readonly<Record<ToldBy, string>> | null
  readonly changed: ReadonlyArray<ToldBy>
}

export interface Inventory {
  /** Sorted by box and id; the baseline to be. */
  readonly devices: ReadonlyArray<BaselineDevice>
  /** The records of `devices`, in the same order. */
  readonly records: ReadonlyArray<RawRecord>
  /** What has no id, or is no record at all. */
  readonly unreadable: ReadonlyArray<unknown>
  /** How many records are of a device that was listed before them. */
  readonly repeated: number
}

export const inventoryOf = (records: ReadonlyArray<unknown>): Inventory => {
  const known = new Map<string, { readonly device: BaselineDevice; readonly record: RawRecord }>()
  const unreadable: Array<unknown> = []
  let repeated = 0
  for (const record of records) {
    const id = isRecord(record) ? deviceIdOf(record.id ?? record.mac) : ""
    if (!isRecord(record) || id === "") {
      unreadable.push(record)
      continue
    }
    const device = baselineOf(record, id)
    if (known.has(keyOf(device))) repeated += 1
    else known.set(keyOf(device), { device, record })
  }
  const sorted = [...known.values()].sort((a, b) => compareText(keyOf(a.device), keyOf(b.device)))
  return {
    devices: sorted.map(({ device }) => device),
    records: sorted.map(({ record }) => record),
    unreadable,
    repeated,
  }
}

/** `generation` counts the baselines: the same change seen again after another baseline is another event. */
export const changesBetween = (
  baseline: ReadonlyArray<BaselineDevice>,
  inventory: Inventory,
  generation: number,
): ReadonlyArray<DeviceChange> => {
  const before = new Map(baseline.map((device) => [keyOf(device), device]))
  const changes: Array<DeviceChange> = []
  inventory.devices.forEach((device, index) => {
    const old = before.get(keyOf(device))
    before.delete(keyOf(device))
    const record = inventory.records[index] ?? {}
    if (old === undefined) {
      changes.push(changeOf("new_device", record, undefined, device, generation, []))
      return
    }
    const changed = TOLD_BY.filter((field) => old[field] !== device[field])
    if (changed.length > 0) changes.push(changeOf("device_changed", record, old, device, generation, changed))
  })
  for (const old of before.values()) {
    changes.push(changeOf("device_removed", lastKnown(old), old, undefined, generation, []))
  }
  return changes
}

const changeOf = (
  type: ChangeType,
  record: RawRecord,
  before: BaselineDevice | undefined,
  after: BaselineDevice | undefined,
  generation: number,
  changed: ReadonlyArray<ToldBy>,
): DeviceChange => {
  const device = after ?? before
  return {
    id: idOf("devices", [
      device?.gid ?? "",
      device?.id ?? "",
      type,
      toldBy(before),
      toldBy(after),
      String(generation),
    ]),
    change_type: type,
    device: record,
    previous: before === undefined ? null : { name: before.name, ip: before.ip, network: before.network },
    changed,
  }
}

const toldBy = (device: BaselineDevice | undefined): string =>
  device === undefined ? "" : JSON.stringify(TOLD_BY.map((field) => device[field]))

const baselineOf = (record: RawRecord, id: string): BaselineDevice => ({
  gid: gidOf(record),
  id,
  name: textOf(record.name),
  ip: textOf(record.ip),
  network: nameOf(record.network),
  mac_vendor: textOf(record.macVendor),
})

const lastKnown = (device: BaselineDevice): RawRecord => ({
  id: device.id,
  gid: device.gid,
  name: device.name,
  ip: device.ip,
  macVendor: device.mac_vendor,
  network: { name: device.network },
})

const keyOf = (device: BaselineDevice): string => JSON.stringify([device.gid, device.id])

/** By code unit, so that the order is the same on every machine. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
