/** The dashboard's file: what the code makes, whole, and drawn only from fields that events have. */
import { assert, describe, it } from "@effect/vitest"
import { OBJECTS } from "../../src/dashboard/panels.ts"
import { ndjson } from "../../src/dashboard/savedObjects.ts"
import { readObjects } from "../support/dashboard.ts"
import { contentText } from "../support/wazuh/shipped.ts"

const text = contentText("dashboard/waybill.ndjson")
const objects = readObjects(text)

describe("wazuh/dashboard/waybill.ndjson", () => {
  it("is what the code makes", () => {
    assert.strictEqual(text, ndjson(OBJECTS), "run npm run generate")
  })

  it("refers to Wazuh's index pattern, which it does not bring, and to its own objects, which it does", () => {
    const ids = new Set(objects.map(({ type, id }) => `${type} ${id}`))
    assert.strictEqual(ids.size, objects.length)
    for (const { id, references } of objects) {
      for (const reference of references) {
        if (reference.type === "index-pattern") assert.strictEqual(reference.id, "wazuh-alerts-*")
        else assert.isTrue(ids.has(`${reference.type} ${reference.id}`), `${id} -> ${reference.id}`)
      }
    }
    for (const object of objects)
      if (object.type !== "dashboard")
        assert.deepStrictEqual(
          object.references.map(({ name }) => name),
          // The chart of delays names its index pattern itself.
          object.id === "waybill-delays"
            ? []
            : [object.attributes.kibanaSavedObjectMeta.searchSourceJSON.indexRefName ?? ""],
        )
  })

  it("places every panel once, inside the grid and over no other", () => {
    const [board, ...others] = objects.filter((object) => object.type === "dashboard")
    assert.deepStrictEqual(others, [])
    const panels = board?.attributes.panelsJSON ?? []
    assert.deepStrictEqual(
      panels.map(({ panelRefName }) => panelRefName),
      (board?.references ?? []).map(({ name }) => name),
    )
    assert.strictEqual(panels.length, objects.length - 1)
    const cells = panels.flatMap(({ gridData: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    )
    assert.strictEqual(new Set(cells).size, cells.length)
    for (const { gridData } of panels) assert.isAtMost(gridData.x + gridData.w, 48)
  })
})
