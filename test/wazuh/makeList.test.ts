/** `wazuh/lists/make-list.sh`, run by sh. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { contentFile, contentText } from "../support/wazuh/shipped.ts"

const SCRIPT = fileURLToPath(contentFile("lists/make-list.sh"))

const run = (kind: string, input: string) => {
  const { status, stdout, stderr } = spawnSync("sh", [SCRIPT, kind], { input, encoding: "utf8" })
  return { status, keys: stdout.split("\n").slice(0, -1), told: stderr }
}

describe("make-list.sh", () => {
  it("makes the examples into lists", () => {
    assert.deepStrictEqual(run("ips", contentText("lists/addresses.example.txt")), {
      status: 0,
      keys: [
        "203.0.113.66:",
        "198.51.100.:",
        ...Array.from({ length: 8 }, (_, n) => `192.0.2.${n}:`),
        '"2001:db8::bad":',
      ],
      told: "",
    })
    assert.deepStrictEqual(run("domains", contentText("lists/domains.example.txt")), {
      status: 0,
      keys: ["bad.example.net:", "tracker.example.net:"],
      told: "",
    })
  })

  it("writes ranges out, from /8 to /32", () => {
    assert.deepStrictEqual(run("ips", "10.9.8.7/8\n").keys, ["10.:"])
    assert.deepStrictEqual(run("ips", "10.21.8.7/15\n").keys, ["10.20.:", "10.21.:"])
    assert.deepStrictEqual(run("ips", "10.0.0.255/31\n10.0.0.254\n").keys, ["10.0.0.254:", "10.0.0.255:"])
    assert.strictEqual(run("ips", "10.0.0.0/17\n").keys.length, 128)
  })

  it("says what it leaves out, and fails when nothing is left", () => {
    const { status, keys, told } = run(
      "ips",
      "1.2.3\n300.1.1.1\n0.0.0.0/0\nfe80::/10\n$(reboot)\n1.2.3.4\r\n",
    )
    assert.strictEqual(status, 0)
    assert.deepStrictEqual(keys, ["1.2.3.4:"])
    assert.strictEqual(told.match(/line \d/g)?.length, 5)
    assert.deepStrictEqual(run("domains", "Bad.Example.NET.\n1.2.3.4\nno spaces\n*.x.com\n").keys, [
      "bad.example.net:",
    ])
    assert.strictEqual(run("ips", "# nothing\n").status, 1)
    assert.strictEqual(run("", "").status, 64)
  })
})
