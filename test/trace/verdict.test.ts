import { assert, describe, it } from "@effect/vitest"
import type { DeadLetterFile } from "../../src/dead-letters/DeadLetters.ts"
import type { ReceiptState, TracedWrite } from "../../src/receipts/Receipts.ts"
import { explain, receivedAt } from "../../src/trace/explain.ts"
import { shownTrace } from "../../src/trace/shown.ts"
import type { Trace } from "../../src/trace/trace.ts"
import { TRACE_STATES, type TraceState, verdictOf } from "../../src/trace/verdict.ts"

const EVENT_AT = Date.UTC(2026, 1, 22, 18, 59, 30)
const RECEIVED_AT = Date.UTC(2026, 1, 22, 19)

const write = (state: ReceiptState, isDead = false): TracedWrite => ({
  receipt: {
    batch: "flows-1",
    feed: "firewalla-msp/flows",
    state,
    events: 10,
    known: 0,
    dead: 0,
    duplicated: 0,
    firstEventAt: EVENT_AT,
    lastEventAt: EVENT_AT,
    begunAt: RECEIVED_AT + 1_000,
    writtenAt: state === "writing" ? undefined : RECEIVED_AT + 2_000,
    confirmedAt: state === "confirmed" ? RECEIVED_AT + 9_000 : undefined,
    attempts: 1,
    index: undefined,
  },
  receivedAt: RECEIVED_AT,
  eventAt: EVENT_AT,
  isDead,
})

const FILE: DeadLetterFile = {
  timestamp: "2026-02-22T19:00:05.000Z",
  envelope: {
    id: "e1",
    source: "firewalla-msp",
    source_type: "firewalla:flow",
    format: "json",
    payload: "{}",
    attributes: {},
    received_at: "2026-02-22T19:00:00.000Z",
  },
  error: "no",
  reason: "verification_failed",
  attempts: 8,
  last_attempt: "2026-02-22T19:00:05.000Z",
}

describe("where an event is", () => {
  const cases: ReadonlyArray<readonly [number | undefined, boolean, TracedWrite | undefined, TraceState]> = [
    [1, false, write("confirmed"), "searchable"],
    // What the index has is there, whatever anybody noted.
    [2, true, write("outstanding"), "searchable"],
    [1, false, undefined, "searchable"],
    [0, true, write("confirmed", true), "dead"],
    [undefined, true, undefined, "dead"],
    [0, false, write("writing"), "on_its_way"],
    [0, false, write("outstanding"), "on_its_way"],
    [undefined, false, write("outstanding"), "on_its_way"],
    [0, false, write("confirmed"), "gone"],
    [undefined, false, write("confirmed"), "confirmed"],
    [0, false, write("settled"), "settled"],
    [0, false, write("left"), "left"],
    [undefined, false, write("left"), "left"],
    [0, false, write("confirmed", true), "purged"],
    [0, false, undefined, "unknown"],
    [undefined, false, undefined, "unknown"],
  ]
  for (const [copies, hasLetter, one, expected] of cases) {
    const { state = "no receipt" } = one?.receipt ?? {}
    it(`${copies ?? "unasked"} in the index, ${hasLetter ? "a letter" : "no letter"}, ${state}: ${expected}`, () => {
      const seen = one && { state: one.receipt.state, isDead: one.isDead }
      assert.strictEqual(verdictOf({ copies, hasLetter, write: seen }), expected)
    })
  }

  it("is explained in every state, with what to do unless it is there", () => {
    assert.sameMembers(
      [...TRACE_STATES],
      cases.map(([, , , state]) => state).filter((state, n, all) => all.indexOf(state) === n),
    )
    for (const [copies, hasLetter, one, state] of cases) {
      const trace: Trace = {
        eventId: "e1",
        state,
        writes: one === undefined ? [] : [one],
        letter: hasLetter ? { key: "failed_1_0", file: FILE } : undefined,
        places:
          copies === undefined
            ? undefined
            : Array.from({ length: copies }, () => ({
                id: "e1",
                index: "wazuh-alerts-4.x-2026.02.22",
                shard: 1,
              })),
        receiptsSince: RECEIVED_AT,
        problems: copies === undefined ? { index: "it is away." } : {},
      }
      const { advice, summary } = explain(trace)
      assert.notMatch([summary, ...advice].join("\n"), /undefined|NaN|1970/)
      if (state !== "searchable") assert.isNotEmpty(advice, state)
      if (copies === undefined) assert.include(advice.join("\n"), "it is away.")
      assert.strictEqual(receivedAt(trace), one === undefined && !hasLetter ? undefined : RECEIVED_AT)
      const shown = shownTrace(trace)
      assert.strictEqual(shown.index.asked, copies !== undefined)
      assert.lengthOf(shown.index.places, copies ?? 0)
    }
  })

  it("names the minute to compare where the event's own time is known", () => {
    const { advice } = explain({
      eventId: "e1",
      state: "gone",
      writes: [write("confirmed")],
      letter: undefined,
      places: [],
      receiptsSince: undefined,
      problems: {},
    })
    assert.include(advice.join("\n"), "--from 2026-02-22T18:59:00.000Z --to 2026-02-22T19:00:00.000Z")
  })
})
