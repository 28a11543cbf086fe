import { execFile, spawnSync } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { promisify } from "node:util"
import { assert, describe, it } from "@effect/vitest"

const UNIT = "config/waybill.service"
const have = spawnSync("systemd-analyze", ["--version"]).status === 0
const analyze = (...args: ReadonlyArray<string>) => promisify(execFile)("systemd-analyze", [...args])

describe("the systemd unit", () => {
  it.skipIf(!have)("is one that systemd takes, and leaves little open", async () => {
    const folder = await mkdtemp(join(tmpdir(), "waybill-unit-"))
    try {
      const unit = join(folder, "waybill.service")
      // Verified with a program that is there.
      const text = await readFile(UNIT, "utf8")
      await writeFile(unit, text.replace("/opt/waybill/node ", `${process.execPath} `))
      assert.strictEqual((await analyze("verify", unit)).stderr, "")
      // From 0 to 100; without any hardening it is 96.
      await analyze("security", "--offline=yes", "--threshold=20", unit)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it("gives more time to stop than Waybill needs by default", async () => {
    const unit = await readFile(UNIT, "utf8")
    const config = await readFile("config/waybill.yaml", "utf8")
    const drain = Number(/#drain_timeout: (\d+) seconds/.exec(config)?.[1])
    assert.isAbove(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]), drain + 10)
  })
})
