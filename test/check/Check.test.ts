import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  type Check,
  exitCodeOf,
  type Finding,
  fail,
  inTwo,
  ok,
  type Report,
  runChecks,
  skipped,
  warn,
} from "../../src/check/Check.ts"
import { rows, summary } from "../../src/cli/checkTable.ts"
import { lineText, plain } from "../../src/cli/terminal/line.ts"

const check = (hop: Check["hop"], found: Finding, ...needs: Check["needs"]): Check => ({
  hop,
  needs,
  run: Effect.succeed(found),
})
const ran = (...checks: ReadonlyArray<Check>) => runChecks(checks, () => Effect.void)

describe("runChecks", () => {
  it.effect("skips what needs a hop that failed, and what needs that; a warning holds nobody up", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const reports = yield* runChecks(
        [
          check("socket", fail("gone")),
          check("manager", ok("never looked at"), "socket"),
          check("alert_level", ok("never looked at"), "manager"),
          check("indexer", warn("slow")),
          // Not among these checks, so it can't hold anything up.
          check("role", ok("yes"), "indexer", "login"),
        ],
        ({ hop }) => Effect.sync(() => told.push(hop)),
      )
      assert.deepStrictEqual(
        reports.map(({ hop, status }) => [hop, status]),
        [
          ["socket", "fail"],
          ["manager", "skipped"],
          ["alert_level", "skipped"],
          ["indexer", "warn"],
          ["role", "ok"],
        ],
      )
      assert.deepStrictEqual(told, ["socket", "manager", "alert_level", "indexer", "role"])
      assert.strictEqual(reports[1]?.message, "It needs socket.")
    }),
  )

  it.effect("a check that breaks fails its own hop, and the others are looked at", () =>
    Effect.gen(function* () {
      const broken: Check = { hop: "dlq", needs: [], run: Effect.die(new Error("a bug")) }
      const [first, second] = yield* ran(broken, check("msp", ok("fine")))
      assert.deepInclude(first, { status: "fail", message: "The check itself broke: a bug" })
      assert.strictEqual(second?.status, "ok")
    }),
  )
})

describe("what comes of the findings", () => {
  it("is an exit code: a failure before a warning, and skipped is nothing", () => {
    assert.strictEqual(exitCodeOf([ok(""), skipped("")]), 0)
    assert.strictEqual(exitCodeOf([ok(""), warn(""), skipped("")]), 2)
    assert.strictEqual(exitCodeOf([warn(""), fail("")]), 1)
  })

  it("an error's text is taken apart after what happened", () => {
    assert.deepStrictEqual(inTwo("There is no socket at /a/b.sock (ENOENT). Check this. Then that."), [
      "There is no socket at /a/b.sock (ENOENT).",
      "Check this. Then that.",
    ])
    assert.deepStrictEqual(inTwo("one sentence, of v1.2.3"), ["one sentence, of v1.2.3", ""])
  })
})

describe("the table", () => {
  const shown = (report: Report) => rows(report).map((line) => lineText(line, plain))

  it("fits 80 columns, loses no character of a long path, and shows control characters harmlessly", () => {
    const path = `/very/${"long/".repeat(30)}path`
    const lines = shown({
      hop: "alert_level",
      status: "fail",
      message: `At ${path}\u001b[2J now`,
      advice: `Look at ${path}.`,
    })
    for (const line of lines) assert.isAtMost(line.length, 80, line)
    assert.match(lines[0] ?? "", /^alert_level {2}FAIL {2}At$/)
    const all = lines.map((line) => line.slice(19).replace(/^-> | {3}/, "")).join("")
    assert.include(all, `${path}\\u001b[2J`)
    assert.include(all, `Look at${path}.`)
  })

  it("ends with how many there are of each", () => {
    const report = (status: Report["status"]): Report => ({ hop: "msp", status, message: "", advice: "" })
    assert.match(
      summary([report("ok"), report("ok"), report("warn")]),
      /^2 ok, 1 warn, 0 fail, 0 skipped\.\nEvents arrive/,
    )
    assert.match(summary([report("ok"), report("skipped")]), /All is well\.$/)
    assert.match(summary([report("fail"), report("warn")]), /Mend the first FAIL/)
  })
})
