import { assert, describe, it } from "@effect/vitest"
import { DEVICE_CHANGE } from "../../../src/normalizers/firewalla/registrations.ts"
import { changesBetween, inventoryOf } from "../../../src/sources/firewalla/deviceChanges.ts"
import { fieldsOf, rejectionOf } from "../envelopes.ts"

const observed_at = "2026-02-22T19:13:04.123Z"
const phone = {
  id: "mac:AA:BB:CC:DD:EE:FF",
  gid: "G1",
  name: "Phone",
  ip: "192.168.1.42",
  macVendor: "Apple, Inc.",
  online: true,
  lastSeen: 1_714_867_200,
  network: { id: "main", name: "Main" },
  totalDownload: 3_000_000_000,
}

/** What the devices feed sends on when the inventory goes from one to the other. */
const changes = (before: ReadonlyArray<object>, now: ReadonlyArray<object>) =>
  changesBetween(inventoryOf(before).devices, inventoryOf(now), 1).map(({ id: _, ...change }) =>
    fieldsOf(DEVICE_CHANGE, { ...change, observed_at }),
  )

const known = {
  id: "AA:BB:CC:DD:EE:FF",
  gid: "G1",
  ip: "192.168.1.42",
  name: "Phone",
  mac_vendor: "Apple, Inc.",
}

describe("normalizeDeviceChange", () => {
  it("normalizes a new device as the feed finds it", () => {
    assert.deepStrictEqual(changes([], [phone]), [
      {
        source: "firewalla-msp",
        event_type: "device_change",
        event_id: "0123456789abcdef",
        event_time: observed_at,
        srcip: "192.168.1.42",
        srcuser: "Phone",
        firewalla: {
          gid: "G1",
          change_type: "new_device",
          device: {
            ...known,
            network: { id: "main", name: "Main" },
            online: "true",
            last_seen: "2024-05-05T00:00:00.000Z",
            total_download: "3000000000",
          },
        },
      },
    ])
  })

  it("says of a changed device what it was before, and what differs", () => {
    const [change] = changes([phone], [{ ...phone, name: "Tablet", network: "Guest" }])
    const { change_type, changed, previous } = Object(change?.firewalla)
    assert.deepStrictEqual(
      { change_type, changed, previous },
      {
        change_type: "device_changed",
        changed: ["name", "network"],
        previous: { ip: "192.168.1.42", name: "Phone", network: { name: "Main" } },
      },
    )
  })

  it("keeps what was known of a device that is gone", () => {
    const [change] = changes([phone], [])
    assert.deepStrictEqual(Object(change?.firewalla).device, { ...known, network: { name: "Main" } })
  })

  it("refuses what has no time or no known kind of change, naming both", () => {
    const { message } = rejectionOf(DEVICE_CHANGE, { observed_at: "yesterday", change_type: "renamed" })
    assert.match(message, /ISO 8601 in UTC with milliseconds at \["observed_at"\]/)
    assert.match(message, /"new_device".* at \["change_type"\]/)
  })
})
