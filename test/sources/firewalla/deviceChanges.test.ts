import { assert, describe, it } from "@effect/vitest"
import { changesBetween, inventoryOf } from "../../../src/sources/firewalla/deviceChanges.ts"

const device = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id: `mac:AA:BB:CC:DD:EE:${id}`,
  gid: "G",
  name: `device ${id}`,
  ip: "192.168.1.2",
  macVendor: "Apple",
  network: { id: "n", name: "Main" },
  online: true,
  ...more,
})

const changes = (before: ReadonlyArray<unknown>, after: ReadonlyArray<unknown>, generation = 0) =>
  changesBetween(inventoryOf(before).devices, inventoryOf(after), generation)

describe("changesBetween", () => {
  const a = device("0A")
  const b = device("0B")
  type Row = readonly [ReadonlyArray<unknown>, ReadonlyArray<unknown>, ReadonlyArray<string>]
  const table: Record<string, Row> = {
    "nothing changed": [[a, b], [a, b], []],
    "another order": [[a, b], [b, a], []],
    "a device is new": [[a], [a, b], ["new_device AA:BB:CC:DD:EE:0B "]],
    "a device is gone": [[a, b], [a], ["device_removed AA:BB:CC:DD:EE:0B "]],
    "one gone, one new": [[a], [b], ["new_device AA:BB:CC:DD:EE:0B ", "device_removed AA:BB:CC:DD:EE:0A "]],
    "another name": [[a], [{ ...a, name: "x" }], ["device_changed AA:BB:CC:DD:EE:0A name"]],
    "another ip and network": [
      [a],
      [{ ...a, ip: "10.0.0.1", network: { id: "m", name: "IoT" } }],
      ["device_changed AA:BB:CC:DD:EE:0A ip,network"],
    ],
    "only offline": [[a], [{ ...a, online: false, lastSeen: 1 }], []],
    "only another vendor": [[a], [{ ...a, macVendor: "Apple, Inc." }], []],
    "the id without mac:": [[a], [{ ...a, id: "AA:BB:CC:DD:EE:0A" }], []],
    "the id in lower case": [[a], [{ ...a, id: "mac:aa:bb:cc:dd:ee:0a" }], []],
    "the same id at another box": [[a], [a, { ...a, gid: "H" }], ["new_device AA:BB:CC:DD:EE:0A "]],
    "listed twice": [[a], [a, a], []],
    "the network as text": [[a], [{ ...a, network: "Main" }], []],
  }
  for (const [name, [before, after, expected]] of Object.entries(table)) {
    it(name, () =>
      assert.deepStrictEqual(
        changes(before, after).map((change) => {
          const id = String(change.device.id).replace("mac:", "")
          return `${change.change_type} ${id} ${change.changed.join(",")}`
        }),
        expected,
      ),
    )
  }

  it("tells what was before, and gives the record as the API has it", () => {
    const now = { ...a, name: "new name" }
    const [change] = changes([a], [now])
    assert.strictEqual(change?.device, now)
    assert.deepStrictEqual(change?.previous, { name: "device 0A", ip: "192.168.1.2", network: "Main" })
    assert.isNull(changes([], [a])[0]?.previous)
  })

  it("gives a removed device as the baseline knew it", () => {
    assert.deepStrictEqual(changes([a], [])[0]?.device, {
      id: "AA:BB:CC:DD:EE:0A",
      gid: "G",
      name: "device 0A",
      ip: "192.168.1.2",
      macVendor: "Apple",
      network: { name: "Main" },
    })
  })

  it("gives a change the same id when it is found again, and another once the baseline has moved", () => {
    const idOf = (generation: number) => changes([a], [{ ...a, name: "x" }], generation)[0]?.id
    assert.strictEqual(idOf(3), idOf(3))
    assert.notStrictEqual(idOf(3), idOf(4))
    assert.notStrictEqual(
      changes([a], [{ ...a, name: "x" }])[0]?.id,
      changes([a], [{ ...a, name: "y" }])[0]?.id,
    )
  })
})

describe("inventoryOf", () => {
  it("is sorted, and sets apart what is no device", () => {
    const inventory = inventoryOf([device("0B"), null, device("0A"), { name: "no id" }])
    assert.deepStrictEqual(
      inventory.devices.map(({ id }) => id),
      ["AA:BB:CC:DD:EE:0A", "AA:BB:CC:DD:EE:0B"],
    )
    assert.deepStrictEqual(inventory.unreadable, [null, { name: "no id" }])
  })
})
