/** How `waybill run` ends when it can't begin. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import process from "node:process"
import { assert, describe, it } from "vitest"

const run = (environment: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(path.join(tmpdir(), "waybill-"))
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/main.ts", "run"], {
    encoding: "utf8",
    env: {
      PATH: process.env.PATH ?? "",
      MSP_DOMAIN: "example.invalid",
      MSP_TOKEN: "a-token",
      INDEXER_URL: "https://127.0.0.1:1",
      INDEXER_USERNAME: "waybill",
      INDEXER_PASSWORD: "a-password",
      WAYBILL_STATE__PATH: path.join(folder, "state"),
      WAYBILL_DLQ__BASE_PATH: path.join(folder, "dlq"),
      ...environment,
    },
  })
  rmSync(folder, { recursive: true })
  return { status, output: stdout + stderr }
}

describe("waybill run", () => {
  it("tells in the log why it can't go on, in one line, and ends with 1", () => {
    const { status, output } = run({ WAYBILL_INDEXER__CA_FILE: "/nowhere/root-ca.pem" })
    const lines = output.trim().split("\n")
    assert.strictEqual(lines.length, 1, output)
    const line = JSON.parse(lines[0] ?? "")
    assert.deepInclude(line, { level: "error", event: "run.failed" })
    assert.strictEqual(line.error.tag, "IndexerError")
    assert.include(line.error.message, "/nowhere/root-ca.pem")
    assert.strictEqual(status, 1)
  })

  it("names everything that is wrong in the configuration, shows no secret, and ends with 78", () => {
    const { status, output } = run({ WAYBILL_INDEXR__URL: "x", WAYBILL_BATCH__MAX_EVENTS: "many" })
    assert.include(output, "2 problems")
    assert.include(output, "WAYBILL_INDEXR__URL")
    assert.include(output, "batch.max_events")
    assert.notInclude(output, "a-token")
    assert.notInclude(output, "a-password")
    assert.strictEqual(status, 78)
  })
})
