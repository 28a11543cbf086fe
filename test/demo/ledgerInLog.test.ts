import { assert, describe, it } from "@effect/vitest"
import { unaccountedIn } from "../../src/demo/ledgerInLog.ts"

const poll = (more: object) =>
  JSON.stringify({
    event: "poll.finished",
    feed: "f",
    fetched: 10,
    written: 5,
    known: 2,
    repeated: 1,
    filtered: 1,
    dead: 1,
    outstanding: 0,
    ...more,
  })
const recordsIn = (...lines: ReadonlyArray<string>) =>
  unaccountedIn(lines.join("\n")).map(({ records }) => records)

describe("the ledger in a log", () => {
  it("balances", () =>
    assert.deepStrictEqual(recordsIn("no JSON", poll({}), '{"event":"other"}', poll({})), []))

  it("shows what is lost, and what is there twice, in a poll that failed too", () =>
    assert.deepStrictEqual(recordsIn(poll({ written: 3 }), poll({ event: "poll.failed", known: 5 })), [2, 3]))

  it("takes Waybill's own word for a loss", () =>
    assert.deepStrictEqual(
      recordsIn(JSON.stringify({ event: "ledger.unbalanced", unaccounted: -4, message: "m" })),
      [4],
    ))

  it("lets records be outstanding only after a stop", () => {
    const open = poll({ written: 3, outstanding: 2 })
    assert.deepStrictEqual(recordsIn('{"event":"run.started"}', open), [2])
    assert.deepStrictEqual(recordsIn('{"event":"run.draining"}', open), [])
    assert.deepStrictEqual(recordsIn('{"event":"run.draining"}', '{"event":"run.started"}', open), [2])
  })
})
