import { assert, describe, it } from "@effect/vitest"
import type { LogEntry } from "../../src/telemetry/logEntry.ts"
import { Repeats } from "../../src/telemetry/repeats.ts"

const entry = (
  message: string,
  fields: LogEntry["fields"] = {},
  level: LogEntry["level"] = "warn",
): LogEntry => ({
  ts: "",
  level,
  event: "source.retrying",
  message,
  fields,
  error: undefined,
})
const shown = (entries: ReadonlyArray<LogEntry>) =>
  entries.map(({ fields, message }) =>
    fields.repeated === undefined ? message : `${message} ×${fields.repeated}`,
  )

describe("Repeats", () => {
  it("writes the first of many, and then once in each interval how many more came", () => {
    const repeats = new Repeats(60_000)
    const written: Array<string> = []
    for (let second = 0; second < 200; second++)
      written.push(...shown(repeats.take(entry("down", { retry: second }), second * 1000)))
    assert.deepStrictEqual(written, ["down", "down ×59", "down ×60", "down ×60"])
    const [last] = repeats.rest(200_000)
    assert.deepInclude(last?.fields, { repeated: 20, retry: 199 })
    assert.deepStrictEqual(repeats.rest(200_000), [])
  })

  it("tells of the last ones with the next line of any kind", () => {
    const repeats = new Repeats(60_000)
    repeats.take(entry("down"), 0)
    repeats.take(entry("down"), 1000)
    assert.deepStrictEqual(shown(repeats.take(entry("else"), 59_999)), ["else"])
    assert.deepStrictEqual(shown(repeats.take(entry("poll", {}, "info"), 60_000)), ["down ×1", "poll"])
  })

  it("writes it anew after an interval without it", () => {
    const repeats = new Repeats(60_000)
    repeats.take(entry("down"), 0)
    assert.deepStrictEqual(shown(repeats.take(entry("down"), 60_000)), ["down"])
  })

  it("takes lines of another feed, batch, level or wording for others, and leaves info alone", () => {
    const repeats = new Repeats(60_000)
    const lines = [
      entry("down", { feed: "a" }),
      entry("down", { feed: "b" }),
      entry("down", { feed: "a", batch: "1" }),
      entry("up", { feed: "a" }),
      entry("down", { feed: "a" }, "error"),
      entry("down", { feed: "a" }, "info"),
      entry("down", { feed: "a" }, "info"),
    ]
    assert.strictEqual(lines.flatMap((one) => repeats.take(one, 0)).length, lines.length)
  })

  it("remembers no more than so many, and loses no line over it", () => {
    const repeats = new Repeats(60_000)
    for (let n = 0; n < 1000; n++) repeats.take(entry(`warning ${n}`), 0)
    assert.strictEqual(repeats.take(entry("one more"), 0).length, 1)
    assert.strictEqual(repeats.take(entry("one more"), 0).length, 1)
    assert.strictEqual(repeats.take(entry("warning 7"), 0).length, 0)
  })

  it("lets everything through at an interval of 0", () => {
    const repeats = new Repeats(0)
    assert.strictEqual([0, 0, 0].flatMap((at) => repeats.take(entry("down"), at)).length, 3)
  })
})
