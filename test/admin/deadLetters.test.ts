import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { DeadLetterError, DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import { ReplayRefused, type ReplayRequest } from "../../src/replay/Replay.ts"
import type { Answer } from "./http.ts"
import { keyOf, letter, waiting } from "./letters.ts"
import { makeStage, NOTHING_REPLAYED } from "./stage.ts"

const DLQ = "/api/v1/dlq"

const List = Schema.Struct({
  events: Schema.Array(Schema.Struct({ envelope: Schema.Struct({ id: Schema.String }) })),
  count: Schema.Int,
  next_cursor: Schema.optionalKey(Schema.String),
})
const listOf = ({ json }: Answer) => Schema.decodeUnknownSync(List)(json)
const ids = (answer: Answer) => listOf(answer).events.map(({ envelope }) => envelope.id)
const idsTo = (count: number) => Array.from({ length: count }, (_, n) => `evt-${n}`)

const assertProblem = (answer: Answer, status: number, context = "") => {
  assert.strictEqual(answer.status, status, `${context} ${answer.text}`)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json", context)
}

describe("the list of dead letters", () => {
  it.live("has the shape that scripts know", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage({ letters: waiting(1) })
      assert.deepStrictEqual((yield* ask(DLQ)).json, { events: [letter(0)], count: 1 })
    }).pipe(Effect.scoped),
  )

  it.live("is empty where none waits", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage()
      for (const query of ["", "?limit=5"])
        assert.deepStrictEqual((yield* ask(DLQ + query)).json, { events: [], count: 0 })
    }).pipe(Effect.scoped),
  )

  it.live("gives all that wait unless a page is asked for, as a script that purges afterwards expects", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage({ letters: waiting(1234) })
      const all = listOf(yield* ask(DLQ))
      assert.strictEqual(all.count, 1234)
      assert.deepStrictEqual(
        all.events.map(({ envelope }) => envelope.id),
        idsTo(1234),
      )
      assert.isUndefined(all.next_cursor)
    }).pipe(Effect.scoped),
  )

  for (const limit of [1, 99, 100, 101, 250, 1000])
    it.live(`gives each letter once in pages of ${limit}`, () =>
      Effect.gen(function* () {
        const total = limit === 1 ? 7 : 501
        const { ask } = yield* makeStage({ letters: waiting(total) })
        const seen: Array<string> = []
        let cursor: string | undefined
        do {
          const answer = yield* ask(`${DLQ}?limit=${limit}${cursor === undefined ? "" : `&cursor=${cursor}`}`)
          const page = listOf(answer)
          assert.strictEqual(page.count, page.events.length)
          assert.isAtMost(page.count, limit)
          seen.push(...ids(answer))
          cursor = page.next_cursor
        } while (cursor !== undefined)
        assert.deepStrictEqual(seen, idsTo(total))
      }).pipe(Effect.scoped),
    )

  it.live("is restricted by reason and source", () =>
    Effect.gen(function* () {
      const letters = waiting(6, (n) =>
        letter(n, n % 2 === 0 ? "storage_failed" : "validation_failed", n < 3 ? "hec/web" : "firewalla-msp"),
      )
      const { ask } = yield* makeStage({ letters })
      assert.deepStrictEqual(ids(yield* ask(`${DLQ}?reason=storage_failed`)), ["evt-0", "evt-2", "evt-4"])
      assert.deepStrictEqual(ids(yield* ask(`${DLQ}?source=hec%2Fweb&reason=storage_failed`)), [
        "evt-0",
        "evt-2",
      ])
      assert.deepStrictEqual(ids(yield* ask(`${DLQ}?source=other`)), [])
    }).pipe(Effect.scoped),
  )
})

describe("one dead letter", () => {
  it.live("is found by its event's id and by its file's name, and removed once", () =>
    Effect.gen(function* () {
      const { ask, letters } = yield* makeStage({ letters: waiting(2) })
      assert.deepStrictEqual((yield* ask(`${DLQ}/evt-1`)).json, letter(1))
      assert.deepStrictEqual((yield* ask(`${DLQ}/${keyOf(1)}`)).json, letter(1))
      assert.deepStrictEqual((yield* ask(`${DLQ}/evt-1`, { method: "DELETE" })).json, { status: "removed" })
      assertProblem(yield* ask(`${DLQ}/evt-1`, { method: "DELETE" }), 404)
      assertProblem(yield* ask(`${DLQ}/${keyOf(1)}`), 404)
      assert.deepStrictEqual([letters.has("evt-0"), letters.has("evt-1")], [true, false])
    }).pipe(Effect.scoped),
  )

  it.live("may have an id with any characters in it", () =>
    Effect.gen(function* () {
      const odd = ["a/b c", "..%2f..", "purge", "replay", "ü€😀", "x".repeat(300)]
      const letters = waiting(odd.length, (n) => ({
        ...letter(n),
        envelope: { ...letter(n).envelope, id: odd[n] ?? "" },
      }))
      const { ask } = yield* makeStage({ letters })
      for (const id of odd) {
        const { json, text } = yield* ask(`${DLQ}/${encodeURIComponent(id)}`)
        assert.deepNestedInclude(json, { "envelope.id": id }, text)
      }
    }).pipe(Effect.scoped),
  )
})

describe("a purge", () => {
  it.live("removes all, says just that, and leaves an audit line", () =>
    Effect.gen(function* () {
      const { ask, letters, logs } = yield* makeStage({ letters: waiting(7) })
      const answer = yield* ask(`${DLQ}/purge`, { method: "DELETE" })
      assert.deepStrictEqual([answer.status, answer.json], [200, { status: "purged" }])
      assert.strictEqual((yield* letters.stats).pending, 0)
      const audit = logs.filter(({ event }) => event === "admin.changed")
      assert.lengthOf(audit, 1)
      assert.deepInclude(audit[0]?.fields, {
        method: "DELETE",
        path: `${DLQ}/purge`,
        status: 200,
        who: "admin.token",
        from: "127.0.0.1",
        removed: 7,
      })
    }).pipe(Effect.scoped),
  )

  it.live("removes only what fits, and nothing where the filter is not understood", () =>
    Effect.gen(function* () {
      const letters = waiting(4, (n) => letter(n, n === 0 ? "storage_failed" : "normalization_failed"))
      const stage = yield* makeStage({ letters })
      for (const query of [
        "?reason=storage",
        "?reson=storage_failed",
        "?reason=storage_failed&reason=validation_failed",
        "?reason=",
        "?limit=1",
        `?source=${"x".repeat(2000)}`,
      ])
        assertProblem(yield* stage.ask(`${DLQ}/purge${query}`, { method: "DELETE" }), 400, query)
      assert.strictEqual((yield* stage.letters.stats).pending, 4)
      yield* stage.ask(`${DLQ}/purge?reason=storage_failed`, { method: "DELETE" })
      assert.deepStrictEqual(ids(yield* stage.ask(DLQ)), ["evt-1", "evt-2", "evt-3"])
    }).pipe(Effect.scoped),
  )
})

const json = (body: unknown) => ({ method: "POST", body: JSON.stringify(body) })

describe("a replay", () => {
  it.live("passes on what was chosen, and tells what came of it", () =>
    Effect.gen(function* () {
      const asked: Array<ReplayRequest> = []
      const report = {
        counts: { taken: 3, delivered: 1, known: 1, failed: 1, left: 0 },
        failures: [{ key: keyOf(1), event_id: "evt-1", reason: "normalization_failed", error: "no" }],
        complete: true,
        error: undefined,
      }
      const { ask, logs } = yield* makeStage({
        replay: (request) =>
          Effect.sync(() => {
            asked.push(request)
            return report
          }),
      })
      const chosen = { reason: "validation_failed", source: "hec/web", limit: 10 } as const
      const answer = yield* ask(`${DLQ}/replay`, json({ ...chosen, keys: [keyOf(1)], rate: 2.5 }))
      assert.deepStrictEqual(asked, [{ ...chosen, keys: [keyOf(1)], perSecond: 2.5 }])
      assert.deepStrictEqual(answer.json, {
        ...report.counts,
        complete: true,
        failures: report.failures,
        error: null,
      })
      assert.deepInclude(logs.find(({ event }) => event === "admin.changed")?.fields, {
        ...chosen,
        keys: 1,
        rate: 2.5,
        delivered: 1,
        failed: 1,
      })
    }).pipe(Effect.scoped),
  )

  it.live("is refused with the reason while it can't be done", () =>
    Effect.gen(function* () {
      for (const [reason, status] of [
        ["starting", 503],
        ["stopping", 503],
        ["busy", 409],
        ["disabled", 409],
        ["cannot-prove", 409],
      ] as const) {
        const message = `because of ${reason}`
        const { ask } = yield* makeStage({ replay: () => new ReplayRefused({ reason, message }) })
        const answer = yield* ask(`${DLQ}/replay`, json({}))
        assertProblem(answer, status, reason)
        assert.deepInclude(answer.json, { detail: message })
      }
    }).pipe(Effect.scoped),
  )

  it.live("may take longer than a question; who goes away before its end leaves an audit line, too", () =>
    Effect.gen(function* () {
      const { ask, logs } = yield* makeStage({
        admin: { timeout_seconds: 0.3 },
        replay: ({ limit }) =>
          limit === 1 ? Effect.never : Effect.delay(Effect.succeed(NOTHING_REPLAYED), "600 millis"),
      })
      assert.strictEqual((yield* ask(`${DLQ}/replay`, json({}))).status, 200)
      yield* ask(`${DLQ}/replay`, json({ limit: 1 })).pipe(Effect.timeoutOption("200 millis"))
      yield* Effect.sleep("100 millis")
      assert.deepStrictEqual(
        logs.filter(({ event }) => event === "admin.changed").map(({ fields }) => fields.status),
        [200, 499],
      )
    }).pipe(Effect.scoped),
  )

  it.live("takes nothing but a JSON object that says what it knows", () =>
    Effect.gen(function* () {
      let replays = 0
      const { ask } = yield* makeStage({
        replay: () =>
          Effect.sync(() => {
            replays += 1
            return NOTHING_REPLAYED
          }),
      })
      for (const body of [
        "",
        "null",
        "[]",
        "{",
        '"x"',
        '{"rate":0}',
        '{"rate":-1}',
        '{"rate":1e999}',
        '{"limit":0}',
        '{"limit":1.5}',
        '{"limit":"5"}',
        '{"reason":"all"}',
        '{"keys":"failed_1_1"}',
        '{"keys":["../../etc/passwd"]}',
        '{"keys":["failed_1_1.json"]}',
        '{"reson":"storage_failed"}',
        '{"id":""}',
        '{"__proto__":{"limit":1}}',
      ])
        assertProblem(yield* ask(`${DLQ}/replay`, { method: "POST", body }), 400, body)
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
        assertProblem(
          yield* ask(`${DLQ}/replay`, { ...json({}), headers: { "content-type": type } }),
          415,
          type,
        )
      assert.strictEqual(replays, 0)
    }).pipe(Effect.scoped),
  )

  it.live("refuses a body that is too large, whether it says so or not", () =>
    Effect.gen(function* () {
      const { ask, logs } = yield* makeStage({ admin: { max_body_bytes: 1024 } })
      const body = JSON.stringify({ source: "x".repeat(5000) })
      assertProblem(yield* ask(`${DLQ}/replay`, { method: "POST", body }), 413)
      const headers = { "transfer-encoding": "chunked" }
      assertProblem(yield* ask(`${DLQ}/replay`, { method: "POST", body, headers }), 413)
      assert.notInclude(
        logs.map(({ event }) => event),
        "admin.failed",
      )
    }).pipe(Effect.scoped),
  )
})

/** Letters of which one call goes wrong. */
const broken = (
  count: number,
  breaking: (below: DeadLetters["Service"]) => Partial<DeadLetters["Service"]>,
) =>
  Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (below) => DeadLetters.of({ ...below, ...breaking(below) })),
  ).pipe(Layer.provide(waiting(count)))

describe("what goes wrong inside", () => {
  it.live("is told to the log, and to the client no more than that", () =>
    Effect.gen(function* () {
      const letters = broken(1, () => ({ get: () => Effect.die(new Error("secret-of-the-inside")) }))
      const { ask, logs } = yield* makeStage({ letters })
      const answer = yield* ask(`${DLQ}/evt-0`)
      assertProblem(answer, 500)
      assert.notInclude(answer.text, "secret-of-the-inside")
      assert.notInclude(answer.text, " at ")
      assert.lengthOf(
        logs.filter(({ event }) => event === "admin.failed"),
        1,
      )
      assert.strictEqual((yield* ask("/healthz")).status, 200)
    }).pipe(Effect.scoped),
  )

  it.live("is a 503 with what to do when the folder can't be read, and when an answer takes too long", () =>
    Effect.gen(function* () {
      const message = "The folder cannot be read. Check its permissions."
      const unreadable = broken(1, () => ({ list: () => new DeadLetterError({ message }) }))
      const failed = yield* (yield* makeStage({ letters: unreadable })).ask(DLQ)
      assertProblem(failed, 503)
      assert.deepInclude(failed.json, { detail: message })
      const hanging = broken(1, () => ({ list: () => Effect.never }))
      const slow = yield* makeStage({ letters: hanging, admin: { timeout_seconds: 0.3 } })
      assertProblem(yield* slow.ask(DLQ), 503)
    }).pipe(Effect.scoped),
  )

  it.live("never makes half a list look like a whole one", () =>
    Effect.gen(function* () {
      const letters = broken(500, ({ list }) => ({
        list: (request) =>
          request.cursor === undefined ? list(request) : new DeadLetterError({ message: "Gone." }),
      }))
      const { ask } = yield* makeStage({ letters })
      assert.strictEqual((yield* Effect.exit(ask(DLQ)))._tag, "Failure")
      assert.strictEqual((yield* ask(`${DLQ}?limit=100`)).status, 200)
    }).pipe(Effect.scoped),
  )
})
