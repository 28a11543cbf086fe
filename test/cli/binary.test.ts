/** The real process: its exit codes, and what goes to which stream when neither is a terminal. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const ESCAPE = String.fromCharCode(27)
let folder = ""
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "waybill-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

const environmentOf = (environment: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH ?? "",
  MSP_DOMAIN: "a.example",
  MSP_TOKEN: "t",
  INDEXER_USERNAME: "u",
  INDEXER_PASSWORD: "p",
  WAYBILL_STATE__PATH: path.join(folder, "state"),
  WAYBILL_DLQ__BASE_PATH: path.join(folder, "dlq"),
  WAYBILL_ADMIN__PORT: "1",
  ...environment,
})

const waybill = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["src/main.ts", ...args], {
    encoding: "utf8",
    env: environmentOf(environment),
  })
  return { status, stdout, stderr }
}

describe("the process", () => {
  it("ends with 1 for a command line that makes no sense, and says so on standard error only", () => {
    const { status, stderr, stdout } = waybill(["stauts"])
    assert.strictEqual(status, 1)
    assert.strictEqual(stdout, "")
    assert.include(stderr, "stauts")
    assert.notInclude(stderr, ESCAPE)
  })

  it("ends with 2 where no Waybill runs, with nothing but its JSON on standard output", () => {
    const { status, stderr, stdout } = waybill(["status", "--json"])
    assert.strictEqual(status, 2)
    assert.strictEqual(stderr, "")
    assert.deepInclude(JSON.parse(stdout), { command: "status", running: false })
  })

  it("ends with 78 for a configuration with problems", () => {
    const { status, stderr, stdout } = waybill(["feeds"], { WAYBILL_LOG__LEVEL: "loud" })
    assert.strictEqual(status, 78)
    assert.strictEqual(stdout, "")
    assert.include(stderr, "log.level")
  })

  it("has no colour where there is no terminal, has it where it is asked for, and not where it is forbidden", () => {
    const coloured = { FORCE_COLOR: "1" }
    assert.notInclude(waybill(["status"]).stdout, ESCAPE)
    assert.include(waybill(["status"], coloured).stdout, ESCAPE)
    assert.notInclude(waybill(["status"], { ...coloured, NO_COLOR: "1" }).stdout, ESCAPE)
  })
})

describe("a view that stays", () => {
  it("writes an object a line while it is piped, outlives the Waybill that is away, and ends well by Ctrl-C", async () => {
    const child = spawn(
      process.execPath,
      ["src/main.ts", "status", "--watch", "--interval", "0.2", "--json"],
      {
        env: environmentOf({}),
        stdio: ["ignore", "pipe", "pipe"],
      },
    )
    let stdout = ""
    let asked = false
    child.stdout.on("data", (text) => {
      stdout += text
      // A second signal would end it at once.
      if (!asked && stdout.split("\n").length > 3) asked = child.kill("SIGINT")
    })
    const [code] = await once(child, "close")
    assert.strictEqual(code, 0)
    const lines = stdout.trim().split("\n")
    assert.isAtLeast(lines.length, 3)
    for (const line of lines) assert.deepInclude(JSON.parse(line), { command: "status", running: false })
  })
})

const isBash = spawnSync("bash", ["--version"]).status === 0

describe("completions", () => {
  it.skipIf(!isBash)("complete commands, flags and their values in a real bash", () => {
    const { status, stdout } = waybill(["--completions", "bash"])
    assert.strictEqual(status, 0)
    const script = path.join(folder, "waybill.bash")
    writeFileSync(script, stdout)
    const completed = (...words: ReadonlyArray<string>) =>
      spawnSync(
        "bash",
        [
          "-c",
          `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
           $(complete -p waybill | sed 's/.*-F \\([^ ]*\\).*/\\1/'); printf '%s\\n' "\${COMPREPLY[@]}"`,
          script,
          "waybill",
          ...words,
        ],
        { encoding: "utf8" },
      )
        .stdout.split("\n")
        .filter((line) => line !== "")
    assert.deepStrictEqual(completed("stat"), ["status"])
    assert.includeMembers(completed("config", ""), ["show", "validate", "schema"])
    assert.includeMembers(completed("status", "--"), ["--watch", "--json", "--config"])
    assert.includeMembers(completed("dlq", "list", "--reason", ""), ["validation_failed"])
  })
})
