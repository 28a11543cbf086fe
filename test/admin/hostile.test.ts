/** Whatever is sent, the answer is a clear status: nothing crashes, nothing is opened that is no letter. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { ROUTES } from "../../src/admin/routes.ts"
import { DeadLetters } from "../../src/dead-letters/DeadLetters.ts"
import { isKey } from "../../src/dead-letters/keys.ts"
import { type Answer, sendText } from "./http.ts"
import { waiting } from "./letters.ts"
import { makeStage, TOKEN } from "./stage.ts"

const RUNS = 25
const WAITING = 3

/** An answer that says what it is, and nothing of the inside. */
const assertClear = (answer: Answer, context: string) => {
  const { headers, json, status, text } = answer
  assert.oneOf(status, [200, 400, 404, 405, 413, 414, 415, 431], `${context}: ${text}`)
  assert.notMatch(text, /\bat \S+ \(|node_modules|\.ts:\d+/, context)
  assert.notInclude(text, TOKEN, context)
  if (status >= 400 && headers["content-type"] !== undefined) {
    assert.strictEqual(headers["content-type"], "application/problem+json", context)
    assert.deepInclude(json, { type: "about:blank", status }, context)
  }
}

const Text = Schema.String
const TRICKS = [
  "../../../../etc/passwd",
  "..\\..\\etc\\passwd",
  "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
  "/etc/passwd",
  "failed_1_1.json",
  "failed_1_1/../failed_1699040123_0",
  "failed_1699040123_0\u0000.txt",
  "failed_99999999999999999999_0",
  "failed_01_0",
  "failed_-1_0",
  "failed_1e3_0",
  "FAILED_1699040123_0",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  ".",
  "..",
  "",
  " ",
  "💥".repeat(100),
  "x".repeat(5000),
]

const noted = (keys: Array<string>, key: string) => Effect.sync(() => void keys.push(key))

/** Letters that tell which keys somebody wanted to open. */
const recording = (opened: Array<string>) =>
  Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (below) =>
      DeadLetters.of({
        ...below,
        get: (key) => Effect.andThen(noted(opened, key), below.get(key)),
        remove: (key) => Effect.andThen(noted(opened, key), below.remove(key)),
      }),
    ),
  ).pipe(Layer.provide(waiting(WAITING)))

/** As a client would escape it; what can't be escaped is left out. */
const escaped = (text: string) => encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed())

describe("hostile input", () => {
  it.live("ids and cursors: only letters are ever opened", () =>
    Effect.gen(function* () {
      const opened: Array<string> = []
      const { ask, letters } = yield* makeStage({ letters: recording(opened) })
      for (const trick of TRICKS) {
        const id = escaped(trick)
        for (const method of ["GET", "DELETE"]) {
          const answer = yield* ask(`/api/v1/dlq/${id}`, { method })
          assertClear(answer, `${method} ${id}`)
          assert.isAtLeast(answer.status, 400, `${method} ${id} ${answer.text}`)
        }
        const page = yield* ask(`/api/v1/dlq?limit=1&cursor=${id}`)
        assertClear(page, `cursor ${id}`)
        assert.strictEqual(page.status, 400, `cursor ${id}`)
      }
      assert.deepStrictEqual(
        opened.filter((key) => !isKey(key)),
        [],
      )
      assert.strictEqual((yield* letters.stats).pending, WAITING)
    }).pipe(Effect.scoped),
  )

  it.live("numbers", () =>
    Effect.gen(function* () {
      const { ask } = yield* makeStage({ letters: waiting(WAITING) })
      for (const limit of [
        "0",
        "-1",
        "1001",
        "1.5",
        "1e9",
        "9".repeat(400),
        "NaN",
        "Infinity",
        "",
        "0x",
        "1 ",
        "١",
      ])
        assert.strictEqual((yield* ask(`/api/v1/dlq?limit=${escaped(limit)}`)).status, 400, limit)
      assert.strictEqual((yield* ask("/api/v1/dlq?limit=1&limit=2")).status, 400)
    }).pipe(Effect.scoped),
  )

  it.live("paths that a URL can't have", () =>
    Effect.gen(function* () {
      const { port } = yield* makeStage({ token: null })
      for (const target of [
        "/%",
        "/%zz",
        "/api/v1/dlq/%ff",
        "/api/v1/dlq/%c0%ae",
        "*",
        "http://evil.example/healthz",
      ]) {
        const reply = yield* sendText(
          port,
          `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
        )
        assert.match(reply, /^HTTP\/1\.1 (200|400|403|404) /, target)
        assert.notMatch(reply, /^HTTP\/1\.1 5/, target)
      }
    }).pipe(Effect.scoped),
  )

  it.effect.prop(
    "any text as id, cursor, filter and body of any endpoint",
    { text: Text, body: Schema.Json },
    ({ body, text }) =>
      Effect.gen(function* () {
        const { ask, logs, status } = yield* makeStage({ letters: waiting(WAITING) })
        yield* status.pollingBegan
        const value = escaped(text)
        for (const { method, path } of ROUTES) {
          const target = `${path.replace(/:\w+/g, value)}?cursor=${value}&source=${value}&${value}=1`
          assertClear(yield* ask(target, { method }), `${method} ${target}`)
          assertClear(
            yield* ask(path.replace(/:\w+/g, value), { method, body: JSON.stringify(body) }),
            `${method} ${path} with ${JSON.stringify(body)}`,
          )
        }
        assert.notInclude(
          logs.map(({ event }) => event),
          "admin.failed",
        )
      }).pipe(Effect.scoped),
    { arbitrary: { runs: RUNS } },
  )
})
