import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Duration, Effect, Fiber, Option, Redactable, Redacted } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import { layer, wantsColour } from "../../src/telemetry/Logger.ts"
import { LogLevel } from "../../src/telemetry/LogLevel.ts"
import * as Log from "../../src/telemetry/log.ts"

class Boom extends Data.TaggedError("Boom")<{ readonly message: string; readonly cause?: unknown }> {}

/** The lines an effect writes, as text. */
const linesOf = (
  format: "json" | "logfmt" | "pretty",
  effect: Effect.Effect<unknown, never, LogLevel>,
  level: "debug" | "info" = "info",
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 1, 22, 19, 13, 4, 123))
    yield* Effect.provide(effect, layer({ format, level, repeat_every: Duration.minutes(1) }))
    return (yield* TestConsole.logLines).map(String)
  })
const objectOf = (effect: Effect.Effect<unknown>) =>
  Effect.map(linesOf("json", effect), ([line]): unknown => JSON.parse(line ?? "null"))

const circle: { name: string; self?: unknown } = { name: "a" }
circle.self = circle
const hostile = {
  get secretly(): never {
    throw new Error("no")
  },
}

describe("the json logger", () => {
  it.effect("writes one object a line, fields in the promised order", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        "json",
        Log.warning("poll.failed", "It failed.", { feed: "a/b", events: 3 }),
      )
      assert.deepStrictEqual(lines, [
        '{"ts":"2026-02-22T19:13:04.123Z","level":"warn","event":"poll.failed","message":"It failed.","feed":"a/b","events":3}',
      ])
    }),
  )
  it.effect("puts the error last, with tag, message and causes, and not its other fields", () =>
    Effect.gen(function* () {
      const failure = new Boom({ message: "no way", cause: new Error("inner", { cause: "deepest" }) })
      const line = yield* linesOf(
        "json",
        Effect.logError("failed", Cause.fail(failure)).pipe(Effect.annotateLogs("feed", "f")),
      )
      assert.strictEqual(
        line[0]?.slice(line[0].indexOf('"feed"')),
        '"feed":"f","error":{"tag":"Boom","message":"no way","cause":{"message":"inner","cause":{"message":"deepest"}}}}',
      )
    }),
  )
  it.effect("shows the stack of a defect, and what else failed beside it", () =>
    Effect.gen(function* () {
      const cause = Cause.combine(Cause.die(new TypeError("bug")), Cause.fail("second"))
      const entry = yield* objectOf(Effect.logFatal("died", cause))
      assert.nestedPropertyVal(entry, "level", "fatal")
      assert.nestedPropertyVal(entry, "error.tag", "TypeError")
      assert.nestedPropertyVal(entry, "error.message", "bug")
      assert.nestedProperty(entry, "error.stack")
      assert.nestedPropertyVal(entry, "error.others[0].message", "second")
    }),
  )
  it.effect("leaves an interruption out beside a failure, and shows it alone", () =>
    Effect.gen(function* () {
      const beside = yield* objectOf(
        Effect.logError("x", Cause.combine(Cause.interrupt(1), Cause.fail("real"))),
      )
      assert.deepNestedPropertyVal(beside, "error", { message: "real" })
    }),
  )
  for (const [what, value, shown] of [
    ["a secret", Redacted.make("hunter2", { label: "token" }), "<redacted:token>"],
    ["a secret deep inside", { a: [{ b: Redacted.make("hunter2") }] }, { a: [{ b: "<redacted>" }] }],
    [
      "a secret in an error's message field",
      new Error("e", { cause: Redacted.make("hunter2") }),
      { message: "e", cause: { message: "<redacted>" } },
    ],
    ["what redacts itself", { token: "hunter2", [Redactable.symbolRedactable]: () => "<mine>" }, "<mine>"],
    ["a bigint", 10n, "10"],
    ["a circle", circle, { name: "a", self: "[circular]" }],
    ["a getter that throws", hostile, { secretly: "[getter threw]" }],
    ["undefined inside", { a: undefined, b: [undefined] }, { b: [null] }],
    ["not a number", Number.NaN, "NaN"],
    ["a date that is none", new Date(Number.NaN), "[invalid date]"],
    ["an option", Option.some(1), 1],
    ["a duration", Duration.minutes(5), "5m"],
    ["bytes", new Uint8Array(3), "[3 bytes]"],
    ["a map", new Map([["a", 1n]]), [["a", "1"]]],
  ] as const) {
    it.effect(`writes ${what}`, () =>
      Effect.gen(function* () {
        const entry = yield* objectOf(Effect.annotateLogs(Effect.logInfo("m"), { value }))
        assert.deepNestedPropertyVal(entry, "value", shown)
      }),
    )
  }
  it.effect("leaves out a field that is undefined, and never lets one take a name of its own", () =>
    Effect.gen(function* () {
      const entry = yield* objectOf(
        Log.info("run.started", "m", { none: undefined, level: "x", ts: 1, message: "mine" }),
      )
      assert.deepEqual(entry, {
        ts: "2026-02-22T19:13:04.123Z",
        level: "info",
        event: "run.started",
        message: "m",
        level_: "x",
        ts_: 1,
        message_: "mine",
      })
    }),
  )
  it.effect(
    "calls a line of a library `log`, with its object's keys as fields and its error as the error",
    () =>
      Effect.gen(function* () {
        const entry = yield* objectOf(Effect.logInfo("text", { items: 3 }, new Error("ECONNREFUSED")))
        assert.deepInclude(entry, {
          event: "log",
          message: "text",
          items: 3,
          error: { message: "ECONNREFUSED" },
        })
      }),
  )
  it.effect("drops what is below the level", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* linesOf("json", Log.debug("poll.started", "m")), [])
      assert.lengthOf(yield* linesOf("json", Log.debug("poll.started", "m"), "debug"), 1)
    }),
  )
})

const INJECTION = 'a\nb\u2028c\u001b[31m "q" = \u202ed'

describe.each(["json", "logfmt", "pretty"] as const)("a stranger's text in %s", (format) => {
  it.effect("stays on its line and can't steer a terminal", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(format, Log.info("run.started", INJECTION, { feed: INJECTION }))
      assert.lengthOf(lines, 1)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
      assert.notMatch(lines[0] ?? "", /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
    }),
  )
})

describe("the logfmt logger", () => {
  it.effect("quotes where it must and flattens what is nested", () =>
    Effect.gen(function* () {
      const [line] = yield* linesOf(
        "logfmt",
        Effect.andThen(
          Log.info("run.started", "two words", {
            feed: "a/b",
            "odd key": 1,
            nested: { x: 'say "x"' },
            list: [1, 2],
            empty: "",
          }),
          Effect.void,
        ),
      )
      assert.strictEqual(
        line,
        'ts=2026-02-22T19:13:04.123Z level=info event=run.started message="two words" feed=a/b odd_key=1 nested.x="say \\"x\\"" list="[1,2]" empty=""',
      )
    }),
  )
  it.effect("writes the error with dots", () =>
    Effect.gen(function* () {
      const [line] = yield* linesOf(
        "logfmt",
        Effect.logError("m", Cause.fail(new Boom({ message: "no way" }))),
      )
      assert.match(line ?? "", / message=m error\.tag=Boom error\.message="no way"$/)
    }),
  )
})

describe("the pretty logger", () => {
  it.effect("has no colour where standard output is no terminal, and shows the message as it is", () =>
    Effect.gen(function* () {
      const [line] = yield* linesOf("pretty", Log.info("run.started", 'path C:\\x "y"', { feed: "f" }))
      assert.strictEqual(line, '19:13:04.123Z INFO  path C:\\x "y" event=run.started feed=f')
    }),
  )
  it("wants colour on a terminal only, and not where NO_COLOR says so", () => {
    assert.deepStrictEqual(
      [
        wantsColour(true, undefined),
        wantsColour(true, ""),
        wantsColour(true, "1"),
        wantsColour(false, undefined),
      ],
      [true, true, false, false],
    )
  })
})

describe("the level", () => {
  it.effect("can be changed while it runs, for everything that logs", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        "json",
        Effect.gen(function* () {
          const level = yield* LogLevel
          const beside = yield* Effect.forkChild(
            Effect.andThen(
              Effect.sleep("1 second"),
              Log.debug("batch.written", "from a fiber that began before"),
            ),
          )
          yield* Log.debug("batch.written", "hidden")
          yield* level.set("debug")
          yield* Log.debug("batch.written", "shown")
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(beside)
          yield* level.set("error")
          yield* Log.warning("poll.failed", "hidden")
          yield* Log.error("dead_letter.failed", `at ${yield* level.get}`)
        }),
      )
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line).message),
        ["shown", "from a fiber that began before", "at error"],
      )
    }),
  )
})

describe("a warning that comes again", () => {
  it.effect("is written once, and its number when the log ends", () =>
    Effect.gen(function* () {
      const lines = yield* linesOf(
        "json",
        Effect.repeat(Log.warning("source.retrying", "asking again", { retry: 1 }), { times: 4 }),
      )
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line).repeated),
        [undefined, 4],
      )
    }),
  )
})
