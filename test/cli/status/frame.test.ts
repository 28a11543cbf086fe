import { assert, describe, it } from "vitest"
import { feedLines } from "../../../src/cli/feeds.ts"
import { frame, lagPlot } from "../../../src/cli/status/frame.ts"
import type { Gathered } from "../../../src/cli/status/gather.ts"
import { keep, rateOf, type Sample, sampleOf } from "../../../src/cli/status/rates.ts"
import { ageOf, type FeedReport, type StatusReport } from "../../../src/cli/status/report.ts"
import { type Line, lineText, plain, WIDTH } from "../../../src/cli/terminal/line.ts"
import { iso } from "../../../src/domain/isoTime.ts"

const NOW = Date.parse("2026-02-22T20:00:00.000Z")
const ago = (millis: number) => iso(NOW - millis)

const FLOWS: FeedReport = {
  feed: "firewalla-msp/flows",
  interval_seconds: 900,
  checkpoint: { kind: "time", up_to: ago(180_000) },
  committed_at: ago(1000),
  checkpoint_age_seconds: 180,
  counts: {
    fetched: 49_000_000,
    written: 49_000_000,
    outstanding: 20_000,
    confirmed: 48_979_999,
    known: 1,
    repeated: 0,
    filtered: 0,
    dead: 1,
    unaccounted: 0,
  },
  lag_ms: 1200,
  stalled: true,
  last_poll: { began_at: ago(60_000), ended_at: ago(5000) },
  next_poll: iso(NOW + 120_000),
  last_error: {
    reason: "RateLimited",
    message: `The API wants a pause\u001b[2J. ${"It says so at length. ".repeat(9)}`,
  },
}
const REPORT: StatusReport = {
  running: true,
  why: null,
  url: "http://127.0.0.1:8089",
  uptime_seconds: 11_520,
  ready: false,
  not_ready: [{ part: "chain", feed: null, why: "what the manager takes does not become searchable" }],
  manager_queue_usage: 0.85,
  dead_letters: 3,
  totals: { processed: 1, stored: 1, failed: 0 },
  feeds: [
    FLOWS,
    {
      ...FLOWS,
      feed: `hec/${"s".repeat(32)}`,
      last_error: null,
      checkpoint: { kind: "sequence", up_to: 17 },
    },
  ],
}
const gathered = (report: Partial<StatusReport>): Gathered => ({
  report: { ...REPORT, ...report },
  lags: new Map(),
  at: NOW,
})
const textOf = (lines: ReadonlyArray<Line>) =>
  lines.map((line) => lineText(line, plain, Number.POSITIVE_INFINITY))

describe("the frame of a status", () => {
  it("fits 80 columns with the largest numbers and the longest names, and cuts no number", () => {
    for (const lines of [textOf(frame(gathered({}), [])), textOf(feedLines(REPORT, NOW))]) {
      for (const line of lines) assert.isAtMost(line.length, WIDTH, line)
    }
    const text = textOf(frame(gathered({}), [])).join("\n")
    for (const number of ["49,000,000", "48,979,999", "20,000"]) assert.include(text, number)
  })

  it("says what is not ready, how full the queue is, and what waits", () => {
    const text = textOf(frame(gathered({}), [])).join("\n")
    assert.include(text, "not ready (1), up 3 h 12 min")
    assert.include(text, "! chain: what the manager takes does not become searchable")
    assert.include(text, "`waybill check`")
    assert.match(text, /manager's queue: █+░+ 85 % {3}dead letters: 3 waiting/)
    assert.match(text, /flows +3 min old +- +1\.2 s/)
    assert.include(text, "entry 17")
  })

  it("names a feed once in the error of its poll, whether the error does or not", () => {
    const failed = (message: string) => {
      const last_error = { reason: "Unreachable", message }
      return textOf(feedLines({ why: null, feeds: [{ ...FLOWS, last_error }] }, NOW)).at(-1)
    }
    assert.strictEqual(failed("no connection"), `! ${FLOWS.feed}: no connection`)
    assert.strictEqual(failed(`${FLOWS.feed}: no connection`), `! ${FLOWS.feed}: no connection`)
  })

  it("lets no control character of an error through", () => {
    for (const line of textOf(frame(gathered({}), []))) assert.notInclude(line, "\u001b")
  })

  it("has no bar where the writer can't see the manager's queue", () => {
    assert.notInclude(textOf(frame(gathered({ manager_queue_usage: null }), [])).join("\n"), "queue")
  })
})

describe("the plot of the lag", () => {
  it("has the present at its right end, the longest of each stretch, and gaps", () => {
    const sample = (minutes: number, lag_ms: number) => ({ at: ago(minutes * 60_000), lag_ms })
    assert.strictEqual(
      lagPlot([sample(59, 400), sample(1, 100), sample(2, 800), sample(80, 9999)], NOW, 6),
      "▅    █",
    )
  })
})

describe("a rate", () => {
  const sample = (at: number, confirmed: number): Sample => ({ at, confirmed: new Map([["f", confirmed]]) })

  it("is what was confirmed over the last ten seconds", () => {
    const samples = [sample(0, 0), sample(4000, 1000), sample(12_000, 3000), sample(14_000, 3500)].reduce(
      keep,
      [],
    )
    assert.deepStrictEqual(
      samples.map(({ at }) => at),
      [4000, 12_000, 14_000],
    )
    assert.strictEqual(rateOf(samples, "f"), 250)
  })

  it("is unknown with one sample, for another feed, and over a restart", () => {
    assert.isUndefined(rateOf([sample(0, 1)], "f"))
    assert.isUndefined(rateOf([sample(0, 1), sample(1000, 2)], "g"))
    assert.isUndefined(rateOf([sample(0, 100), sample(1000, 2)], "f"))
    assert.strictEqual(sampleOf({ ...REPORT, feeds: [FLOWS] }, 0).confirmed.get(FLOWS.feed), 48_979_999)
  })
})

describe("the age of a checkpoint", () => {
  it("is that of its time, of an inventory's comparison, and unknown of a queue", () => {
    assert.strictEqual(ageOf({ kind: "time", up_to: ago(90_000) }, ago(1), NOW), 90)
    assert.strictEqual(ageOf({ kind: "time", up_to: iso(NOW + 5000) }, ago(1), NOW), 0)
    assert.strictEqual(ageOf({ kind: "inventory", generation: 1, devices: 2 }, ago(3000), NOW), 3)
    assert.isNull(ageOf({ kind: "sequence", up_to: 1 }, ago(1), NOW))
    assert.isNull(ageOf(null, null, NOW))
  })
})
