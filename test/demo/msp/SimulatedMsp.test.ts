import { assert, describe, it } from "@effect/vitest"
import { Effect, Predicate } from "effect"
import { makeSimulatedMsp, type SimulatedMsp } from "../../../src/demo/msp/SimulatedMsp.ts"

const TOKEN = "test-token"
const END = 1_780_000_000_000

const withMsp = (flows = 1_234, alarms = 40) =>
  makeSimulatedMsp({
    token: TOKEN,
    seed: 3,
    flows: { count: flows, span: "30 hours", endsAt: END },
    alarms: { count: alarms, span: "3 days", endsAt: END },
    devices: 5,
  })

interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly results: ReadonlyArray<Record<string, unknown>>
  readonly next: unknown
  readonly keys: ReadonlyArray<string>
}

const get = (msp: SimulatedMsp, path: string, token = TOKEN) =>
  Effect.promise(async (): Promise<Page> => {
    const reply = await fetch(`${msp.url}/v2${path}`, { headers: { authorization: `Token ${token}` } })
    const text = await reply.text()
    const body: unknown = text.startsWith("{") ? JSON.parse(text) : {}
    const isPage = Predicate.isReadonlyObject(body)
    const results = isPage && Array.isArray(body.results) ? body.results : []
    return {
      status: reply.status,
      headers: reply.headers,
      text,
      results,
      next: isPage ? body.next_cursor : undefined,
      keys: isPage ? Object.keys(body) : [],
    }
  })

const WINDOW = `ts:${(END - 31 * 3_600_000) / 1000}-${END / 1000}`
const flowsPath = (query: string, limit: number, cursor?: string, sort = "ts:asc") =>
  `/flows?${new URLSearchParams({ query, sortBy: sort, limit: String(limit), ...(cursor ? { cursor } : {}) })}`

const allPages = Effect.fnUntraced(function* (
  msp: SimulatedMsp,
  query: string,
  limit: number,
  sort = "ts:asc",
) {
  const pages: Array<Page> = []
  let cursor: string | undefined
  do {
    const page: Page = yield* get(msp, flowsPath(query, limit, cursor, sort))
    pages.push(page)
    cursor = typeof page.next === "string" && page.next !== "" ? page.next : undefined
  } while (cursor !== undefined && pages.length < 50)
  return pages
})

const domains = (pages: ReadonlyArray<Page>) =>
  pages.flatMap((page) => page.results.map((flow) => flow.domain))

describe("the simulated MSP API", () => {
  it.live("wants its token", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      assert.strictEqual((yield* get(msp, "/boxes", "wrong")).status, 401)
      assert.strictEqual((yield* get(msp, "/boxes")).status, 200)
      assert.strictEqual((yield* msp.requests).unauthorized, 1)
    }).pipe(Effect.scoped),
  )

  it.live("pages through every flow once, ascending, several in one second", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      const pages = yield* allPages(msp, WINDOW, 500)
      assert.deepStrictEqual(
        pages.map((page) => page.results.length),
        [500, 500, 234],
      )
      assert.strictEqual(new Set(domains(pages)).size, 1_234)
      const times = pages.flatMap((page) => page.results.map((flow) => Number(flow.ts)))
      assert.deepStrictEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
      assert.isBelow(new Set(times.map(Math.floor)).size, 900)
      assert.isTrue(
        times.some((time, i) => time === times[i + 1]),
        "some in the same millisecond",
      )
      const bytes = JSON.stringify(pages[0]?.results[0]).length
      assert.isAbove(bytes, 500)
      assert.isBelow(bytes, 1_000)
    }).pipe(Effect.scoped),
  )

  it.live("is the same for the same seed, and descending by default", () =>
    Effect.gen(function* () {
      const one = yield* withMsp()
      const two = yield* withMsp()
      assert.deepStrictEqual((yield* get(one, "/flows")).results, (yield* get(two, "/flows")).results)
      const up = domains(yield* allPages(one, WINDOW, 500))
      const down = domains(yield* allPages(one, WINDOW, 333, "ts:desc"))
      assert.deepStrictEqual(down, up.toReversed())
    }).pipe(Effect.scoped),
  )

  it.live("includes both ends of a time range, to the millisecond", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      const first = msp.flows.timeOf(100) / 1000
      const last = msp.flows.timeOf(109) / 1000
      const [page] = yield* allPages(msp, `box.id:x ts:${first}-${last}`, 500)
      const times = page?.results.map((flow) => flow.ts) ?? []
      assert.strictEqual(times[0], first)
      assert.strictEqual(times.at(-1), last)
      assert.isAtLeast(times.length, 10)
      assert.isAtMost(times.length, 12)
    }).pipe(Effect.scoped),
  )

  it.live("gives 200 unless asked, at most 500, and tells the end in three ways", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      assert.strictEqual((yield* get(msp, `/flows?query=${WINDOW}`)).results.length, 200)
      assert.strictEqual((yield* get(msp, flowsPath(WINDOW, 9_999))).results.length, 500)
      const none = flowsPath("ts:1-2", 500)
      const ends = yield* Effect.forEach([1, 2, 3], () => get(msp, none))
      assert.deepStrictEqual(
        ends.map((page) => (page.keys.includes("next_cursor") ? page.next : "absent")),
        [null, "", "absent"],
      )
      assert.strictEqual((yield* get(msp, flowsPath(WINDOW, 5, "made-up"))).status, 400)
    }).pipe(Effect.scoped),
  )

  it.live("has alarms of all types, with the type traps", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      const { results } = yield* get(msp, "/alarms?limit=500")
      assert.strictEqual(new Set(results.map((alarm) => Number(alarm.type))).size, 16)
      for (const key of ["aid", "type"]) {
        assert.deepStrictEqual([...new Set(results.map((alarm) => typeof alarm[key]))].toSorted(), [
          "number",
          "string",
        ])
      }
      assert.isTrue(results.some((alarm) => alarm.device === undefined))
    }).pipe(Effect.scoped),
  )

  it.live("misbehaves as planned, once, then recovers", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      yield* msp.inject({ fault: { kind: "status", status: 429, retryAfter: "7" }, page: 2 })
      const first = yield* get(msp, flowsPath(WINDOW, 500))
      const next = String(first.next)
      const limited = yield* get(msp, flowsPath(WINDOW, 500, next))
      assert.strictEqual(limited.status, 429)
      assert.strictEqual(limited.headers.get("retry-after"), "7")
      assert.strictEqual((yield* get(msp, flowsPath(WINDOW, 500, next))).status, 200)

      yield* msp.inject({ fault: { kind: "html" } })
      assert.include((yield* get(msp, "/devices")).text, "<!doctype html>")

      yield* msp.inject({ fault: { kind: "repeat-cursor" }, page: 2 })
      assert.strictEqual((yield* get(msp, flowsPath(WINDOW, 500, next))).next, next)

      yield* msp.inject({ fault: { kind: "status", status: 502 }, page: "last" })
      assert.deepStrictEqual(
        (yield* allPages(msp, WINDOW, 500)).map((page) => page.status),
        [200, 200, 502],
      )

      yield* msp.inject({ fault: { kind: "duplicate-last" }, page: 1 })
      const seen = domains(yield* allPages(msp, WINDOW, 500))
      assert.strictEqual(seen.length, 1_235)
      assert.strictEqual(seen[499], seen[500])
    }).pipe(Effect.scoped),
  )

  it.live("cuts a body, hangs, goes away and comes back on the same port", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp()
      const attempt = (millis: number) =>
        Effect.promise(() =>
          fetch(`${msp.url}/v2/devices`, {
            headers: { authorization: `Token ${TOKEN}` },
            signal: AbortSignal.timeout(millis),
          })
            .then((reply) => reply.text())
            .then(() => "whole")
            .catch((cause: Error) => (cause.name === "TimeoutError" ? "timed out" : "broken")),
        )
      yield* msp.inject({ fault: { kind: "truncate" } })
      assert.strictEqual(yield* attempt(2_000), "broken")
      yield* msp.inject({ fault: { kind: "hang" } })
      assert.strictEqual(yield* attempt(200), "timed out")
      yield* msp.goDown
      assert.strictEqual(yield* attempt(2_000), "broken")
      yield* msp.comeBack
      assert.strictEqual(yield* attempt(2_000), "whole")
    }).pipe(Effect.scoped),
  )

  it.live("holds records back and releases them late, and goes on live", () =>
    Effect.gen(function* () {
      const msp = yield* withMsp(100)
      msp.flows.holdBack(msp.flows.timeOf(20), msp.flows.timeOf(40))
      const before = new Set(domains(yield* allPages(msp, WINDOW, 30)))
      assert.isAtLeast(before.size, 76)
      assert.isAtMost(before.size, 82)
      assert.isFalse(msp.flows.isAvailable(30))
      msp.flows.releaseAll()
      assert.strictEqual(domains(yield* allPages(msp, WINDOW, 30)).length, 100)
      yield* msp.goLive("flows", 200)
      yield* Effect.sleep("500 millis")
      const live = yield* get(msp, flowsPath(`ts:${END / 1000}-9999999999`, 500))
      assert.isAbove(live.results.length, 60)
      assert.isBelow(live.results.length, 110)
    }).pipe(Effect.scoped),
  )
})
