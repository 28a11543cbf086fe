/** `wazuh/README.md` against what it tells of. */
import { assert, describe, it } from "@effect/vitest"
import { roleOf } from "../../src/setup/access.ts"
import { contentText, rulesOf } from "../support/wazuh/shipped.ts"

describe("wazuh/README.md", () => {
  it("names every rule with its level and technique, and no other", () => {
    const rows = Array.from(
      contentText("README.md").matchAll(/^\| (100\d{3}) \| (\d+) \| .+? \| (.*) \|$/gm),
      ([, id, level, mitre]) => [id, Number(level), mitre?.trim()],
    )
    const rules = [...rulesOf("waybill_rules.xml"), ...rulesOf("waybill_threat_rules.xml")]
      .filter(({ level }) => level > 0)
      .map(({ id, level, mitre }) => [id, level, mitre.join(" ")])
    assert.sameDeepMembers(rows, rules)
  })

  it("gives the role that `waybill setup` gives", () => {
    assert.deepStrictEqual<object>(JSON.parse(contentText("indexer/role.json")), roleOf("wazuh-alerts-4.x-*"))
  })
})
