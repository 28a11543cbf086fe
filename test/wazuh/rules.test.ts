/** The decoder and the rules, as an evaluator of our own reads them; see analysisd.ts for what that shows and what not. */
import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ALARM_TYPE_NAMES } from "../../src/normalizers/firewalla/alarm.ts"
import { STATUS_KINDS } from "../../src/status/statusJson.ts"
import { makeAnalysisd } from "../support/wazuh/analysisd.ts"
import { THREATS } from "../support/wazuh/cases.ts"
import { parseIni } from "../support/wazuh/iniTests.ts"
import { compile } from "../support/wazuh/patterns.ts"
import { readRules, STATIC_FIELDS } from "../support/wazuh/ruleset.ts"
import { contentFile, contentText, decoders, RULE_FILES, rulesOf } from "../support/wazuh/shipped.ts"
import { iniFiles } from "../support/wazuh/writeIni.ts"
import { parseXml } from "../support/wazuh/xml.ts"

const main = rulesOf("waybill_rules.xml")
const threats = rulesOf("waybill_threat_rules.xml")
const all = [...main, ...threats]
const lists = new Map(Object.entries(THREATS).map(([path, keys]) => [path, new Set<string>(keys)]))

/** A manager with everything, in a session of its own. */
const session = () => makeAnalysisd(decoders(), all, lists)
const lastOf = (events: ReadonlyArray<string>) => {
  const { process } = session()
  return events.map((event) => process(event)).at(-1)
}

describe("wazuh/rules", () => {
  it("have one base rule of level 0, which all others come from, each after its parent and once", () => {
    assert.deepStrictEqual(
      all
        .filter(({ parents }) => parents.length === 0)
        .map(({ id, level, decodedAs }) => [id, level, decodedAs]),
      [["100190", 0, "waybill"]],
    )
    assert.deepStrictEqual(session().ignored, [])
    // The manager loads the files of its folder by name.
    assert.deepStrictEqual(readdirSync(contentFile("rules/")).sort(), [...RULE_FILES])
    assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
  })

  it("alert, by level 3 or more, without a copy of the message, in few words and with groups of their own", () => {
    for (const { id, level, options, description, groups } of all.slice(1)) {
      assert.isAtLeast(level, 3, id)
      assert.isAtMost(level, 12, id)
      assert.include(options, "no_full_log", id)
      assert.isAtMost(description.replaceAll(/\$\([^)]*\)/g, "").length, 80, id)
      assert.isAbove(groups.length, 1, id)
      assert.include(groups, "waybill", id)
    }
  })

  it("test no static field as a dynamic one, and nothing that wazuh 4 does not have", () => {
    for (const { id, fields, lists, mitre } of all) {
      for (const { name } of fields) assert.isFalse(STATIC_FIELDS.has(name), `${id} ${name}`)
      for (const { field } of lists) assert.isTrue(STATIC_FIELDS.has(field), `${id} ${field}`)
      for (const technique of mitre) assert.match(technique, /^T\d{4}(\.\d{3})?$/, id)
    }
  })

  it("have one for every type of alarm, with the id of its number, and for every kind of status", () => {
    for (const [type, name] of ALARM_TYPE_NAMES) {
      const rule = all.find(({ id }) => id === String(100_200 + Number(type)))
      assert.deepStrictEqual(
        rule?.fields.map((field) => [field.name, field.pattern.source]),
        [["firewalla.alarm_type", `^${type}$`]],
      )
      assert.include(rule?.description, name)
    }
    const ofKind = all.flatMap(({ fields }) => fields.filter(({ name }) => name === "waybill_status.kind"))
    assert.sameMembers(
      ofKind.map(({ pattern }) => pattern.source),
      STATUS_KINDS.map((kind) => `^${kind}$`),
    )
  })

  it("are tested by the .ini files, each of them, and the logs are what the normalizers make", () => {
    const written = iniFiles()
    for (const [name, text] of Object.entries(written))
      assert.strictEqual(contentText(name), text, `${name}: run node test/support/wazuh/writeIni.ts`)
    const sections = Object.values(written).flatMap(parseIni)
    for (const { title, logs } of sections) {
      assert.isTrue(
        logs.some(({ pass }) => pass),
        title,
      )
      assert.isTrue(
        logs.some(({ pass }) => !pass),
        title,
      )
    }
    // No event ends in the base rule: 100191 catches it.
    assert.sameMembers(
      sections.map(({ rule }) => rule),
      all.map(({ id }) => id).filter((id) => id !== "100190"),
    )
  })

  it("leave the rules on threat lists out where there are no lists, and nothing else", () => {
    const without = makeAnalysisd(decoders(), all, new Map())
    assert.sameMembers(
      [...without.ignored],
      threats.map(({ id }) => id),
    )
    for (const { logs } of parseIni(contentText("tests/waybill_threats.ini")))
      for (const { events } of logs)
        for (const event of events) assert.match(without.process(event).rule?.id ?? "", /^10040[0-5]$/)
  })
})

describe("wazuh/tests", () => {
  for (const file of ["tests/waybill.ini", "tests/waybill_threats.ini"])
    for (const { title, rule, alert, decoder, logs } of parseIni(contentText(file)))
      it(`[${title}]`, () => {
        for (const { name, events, pass } of logs) {
          const outcome = lastOf(events)
          const got = [outcome?.rule?.id, String(outcome?.rule?.level), outcome?.decoder]
          if (pass) {
            assert.deepStrictEqual(got, [rule, alert, decoder], name)
            assert.isAtMost(outcome?.description?.length ?? 0, 300, name)
          } else assert.notDeepEqual(got, [rule, alert, decoder], name)
          // Whatever it is, it alerts.
          assert.isAtLeast(outcome?.rule?.level ?? 0, 3, name)
        }
      })
})

describe("the evaluator", () => {
  it("counts within the time, and not what an alert has used up", () => {
    const { process } = session()
    const section = parseIni(contentText("tests/waybill.ini")).find(({ rule }) => rule === "100501")
    const error = section?.logs[0]?.events[0] ?? assert.fail("no error")
    const at = (second: number) => process(error, second).rule?.id
    assert.deepStrictEqual([0, 1, 2, 3, 3601].map(at), Array(5).fill("100501"))
    // The first of them are too old by now.
    assert.deepStrictEqual([3602, 3602, 3603, 3603].map(at), ["100501", "100501", "100501", "100509"])
    assert.strictEqual(at(3604), "100501")
  })

  it("asks the highest level first, then the first loaded, and level 0 before all", () => {
    const rules = readRules(`<group name="t,">
      <rule id="1" level="0"><decoded_as>waybill</decoded_as></rule>
      <rule id="2" level="3"><if_sid>1</if_sid><field name="a">^x</field></rule>
      <rule id="3" level="5"><if_sid>1</if_sid><field name="a">^xy</field></rule>
      <rule id="4" level="5"><if_sid>1</if_sid><field name="a">^xyz</field></rule>
      <rule id="5" level="0"><if_sid>1</if_sid><field name="b">^1$</field></rule>
      <rule id="6" level="9"><if_sid>7</if_sid></rule>
      </group>`)
    const made = makeAnalysisd(decoders(), rules, new Map())
    const ruleOf = (json: string) => made.process(`waybill: ${json}`).rule?.id
    assert.deepStrictEqual(['{"a":"x"}', '{"a":"xyz"}', '{"a":"xy","b":"1"}', '{"c":"x"}'].map(ruleOf), [
      "2",
      "3",
      "5",
      "1",
    ])
    assert.deepStrictEqual(made.ignored, ["6"])
    assert.isUndefined(made.process('{"a":"x"}').decoder)
  })

  it("refuses what it does not know", () => {
    const rule = (body: string) => () =>
      readRules(`<group name="t,"><rule id="1" level="3">${body}</rule></group>`)
    assert.throws(rule("<srcip>1.2.3.4</srcip>"), /srcip/)
    assert.throws(rule('<field name="a" negate="yes">x</field>'), /negate/)
    assert.throws(rule('<field name="a">^[0-9]$</field>'), /plain character/)
    assert.throws(rule('<field name="a">^\\d{9}</field>'), /plain character/)
    assert.throws(() => compile("pcre2", "(?i)x"), /alike/)
  })

  it("reads only well-formed XML", () => {
    for (const broken of [
      "<a>",
      "</a>",
      "<a></b>",
      "<a>x & y</a>",
      "<!-- a -- b -->",
      "<a b=c></a>",
      "<a>1 < 2</a>",
    ])
      assert.throws(() => parseXml(broken), Error, undefined, broken)
    assert.deepStrictEqual(parseXml('<!-- c --><a b="1">x &lt; y<c></c></a><d>z</d>'), [
      {
        name: "a",
        attributes: { b: "1" },
        text: "x < y",
        children: [{ name: "c", attributes: {}, text: "", children: [] }],
      },
      { name: "d", attributes: {}, text: "z", children: [] },
    ])
  })
})
