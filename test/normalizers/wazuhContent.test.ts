import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ALARM_TYPE_NAMES } from "../../src/normalizers/firewalla/alarm.ts"
import { STATUS_KINDS } from "../../src/status/statusJson.ts"

const read = (path: string) => readFileSync(new URL(`../../wazuh/${path}`, import.meta.url), "utf8")
const decoders = read("decoders/waybill.xml")
const rules = read("rules/waybill_rules.xml")

/** What is wrong with the nesting of the tags. Wazuh's files may have several roots and no declaration. */
const nestingProblem = (xml: string): string | undefined => {
  const open: Array<string> = []
  for (const comment of xml.matchAll(/<!--([\s\S]*?)-->/g))
    if (comment[1]?.includes("--")) return "-- in a comment"
  const rest = xml
    .replaceAll(/<!--[\s\S]*?-->/g, "")
    .replaceAll(/<(\/?)([a-z_]+)((?: [a-z_]+="[^"<&]*")*)>/g, (_tag, close, name) => {
      if (close === "") open.push(name)
      else if (open.pop() !== name) open.push(`wrongly closed ${name}`)
      return ""
    })
  if (open.length > 0) return `open: ${open.join()}`
  return /[<>&]/.exec(rest) === null ? undefined : "a bare <, > or &"
}

/** Static fields have tags of their own; `<field>` on one keeps the whole ruleset from loading. */
const STATIC = new Set(
  "srcip dstip srcport dstport protocol action srcuser dstuser user id status url data extra_data systemname".split(
    " ",
  ),
)

const all = Array.from(
  rules.matchAll(/<rule id="(\d+)" level="(\d+)">([\s\S]*?)<\/rule>/g),
  ([, id = "", level, body = ""]) => ({
    id,
    level: Number(level),
    parent: /<if_sid>(\d+)</.exec(body)?.[1],
    field: /<field name="([^"]+)">([^<]+)</.exec(body)?.slice(1),
    body,
  }),
)
const children = all.filter(({ level }) => level > 0)

describe("wazuh/", () => {
  it("is well-formed", () => {
    assert.isUndefined(nestingProblem(decoders))
    assert.isUndefined(nestingProblem(rules))
  })

  it("decodes what the writers prefix with `waybill: `", () => {
    assert.include(decoders, '<decoder name="waybill">')
    assert.include(decoders, "<prematch>^waybill: </prematch>")
    assert.include(decoders, '<plugin_decoder offset="after_prematch">JSON_Decoder</plugin_decoder>')
  })

  it("has one base rule of level 0, which all others come from", () => {
    assert.deepStrictEqual(
      all.filter(({ level }) => level === 0).map(({ id }) => id),
      ["100190"],
    )
    assert.include(all[0]?.body ?? "", "<decoded_as>waybill</decoded_as>")
    const before = new Set<string | undefined>()
    for (const { id, parent } of all) {
      assert.isTrue(id === "100190" || before.has(parent), `${id} stands before its parent`)
      assert.isFalse(before.has(id), `${id} is there twice`)
      before.add(id)
    }
  })

  it("alerts on every kind of event, without a copy of the message", () => {
    for (const { id, level, body } of children) {
      assert.isAtLeast(level, 3, id)
      assert.include(body, "<options>no_full_log</options>", id)
    }
    const kinds = children.flatMap(({ field }) => (field?.[0] === "event_type" ? [field[1]] : []))
    assert.sameMembers(kinds, ["^alarm$", "^flow$", "^device_change$", "^canary$", "^sidecar_status$"])
  })

  it("tests no static field as a dynamic one", () => {
    for (const { id, field } of children) assert.isFalse(STATIC.has(field?.[0] ?? ""), id)
  })

  it("has a rule for every kind of status, and the highest for what needs somebody", () => {
    const ofStatus = children.filter(({ field }) => field?.[0] === "waybill_status.kind")
    assert.sameMembers(
      ofStatus.map(({ field }) => field?.[1]),
      STATUS_KINDS.map((kind) => `^${kind}$`),
    )
    for (const { parent, body } of ofStatus) {
      assert.strictEqual(parent, "100500")
      assert.include(body, "<group>waybill_status,</group>")
    }
    const levelOf = (value: string) => children.find(({ field }) => field?.[1] === `^${value}$`)?.level ?? 0
    assert.isAtLeast(Math.min(levelOf("stalled"), levelOf("lost")), 10)
    assert.strictEqual(Math.max(levelOf("heartbeat"), levelOf("recovered")), 3)
  })

  it("has a rule for every type of alarm, with the id of its number", () => {
    for (const [type, name] of ALARM_TYPE_NAMES) {
      const rule = all.find(({ id }) => id === String(100_200 + Number(type)))
      assert.deepStrictEqual(rule?.field, ["firewalla.alarm_type", `^${type}$`])
      assert.include(rule?.body ?? "", name)
    }
  })
})
