import { assert, describe, it } from "@effect/vitest"
import { sliceAt, windowBetween, windowOf } from "../../../src/sources/firewalla/window.ts"

const settings = { overlap: 60, firstRun: 3600, retention: 86_400 }
const now = 1_000_000

describe("windowOf", () => {
  it("begins the first run at its look-back", () => {
    assert.deepStrictEqual(windowOf(undefined, now, settings), {
      from: now - 3600,
      to: now,
      settled: now - 3600,
      lost: undefined,
    })
  })

  it("never begins a first run before the retention", () => {
    const from = now - 86_400
    const window = windowOf(undefined, now, { ...settings, firstRun: 999_999 })
    assert.deepStrictEqual(window, { from, to: now, settled: from, lost: undefined })
  })

  it("goes back by the overlap, while the checkpoint stays", () => {
    assert.deepStrictEqual(windowOf(now - 300.5, now, settings), {
      from: now - 361,
      to: now,
      settled: now - 301,
      lost: undefined,
    })
  })

  it("says what is older than the API keeps", () => {
    assert.deepStrictEqual(windowOf(now - 100_000, now, settings), {
      from: now - 86_400,
      to: now,
      settled: now - 100_000,
      lost: { from: now - 100_000, to: now - 86_400 },
    })
  })

  it("loses nothing where only the overlap reaches beyond the retention", () => {
    assert.isUndefined(windowOf(now - 86_390, now, settings).lost)
  })

  it("believes a checkpoint of the future only up to now", () => {
    assert.deepStrictEqual(windowOf(now + 600, now, settings), {
      from: now - 60,
      to: now,
      settled: now,
      lost: undefined,
    })
  })
})

describe("windowBetween", () => {
  const table: ReadonlyArray<
    readonly [string, { from: number; to: number }, ReturnType<typeof windowBetween>]
  > = [
    [
      "widens to whole seconds",
      { from: now - 100.7, to: now - 50.2 },
      { from: now - 101, to: now - 50, settled: now - 101, lost: undefined, again: true },
    ],
    [
      "leaves the future out",
      { from: now - 100, to: now + 100 },
      { from: now - 100, to: now, settled: now - 100, lost: undefined, again: true },
    ],
    [
      "says what is older than the API keeps",
      { from: now - 90_000, to: now },
      {
        from: now - 86_400,
        to: now,
        settled: now - 86_400,
        lost: { from: now - 90_000, to: now - 86_400 },
        again: true,
      },
    ],
    [
      "is empty where all of it is too old",
      { from: now - 90_000, to: now - 88_000 },
      {
        from: now - 86_400,
        to: now - 88_000,
        settled: now - 86_400,
        lost: { from: now - 90_000, to: now - 88_000 },
        again: true,
      },
    ],
  ]
  for (const [name, wanted, window] of table) {
    it(name, () => assert.deepStrictEqual(windowBetween(wanted, now, settings), window))
  }
})

describe("sliceAt", () => {
  const table: ReadonlyArray<readonly [Parameters<typeof sliceAt>, ReturnType<typeof sliceAt>]> = [
    [[0, 100, 30, 0], { from: 0, to: 30, maybeSent: false }],
    [[90, 100, 30, 0], { from: 90, to: 100, maybeSent: false }],
    [[0, 100, 30, 100], { from: 0, to: 30, maybeSent: true }],
    [[0, 100, 30, 10], { from: 0, to: 10, maybeSent: true }],
    [[10, 100, 30, 10], { from: 10, to: 40, maybeSent: false }],
    [[0, 100, 0, 0], { from: 0, to: 1, maybeSent: false }],
  ]
  for (const [args, expected] of table) {
    it(`from ${args[0]} to ${args[1]}, ${args[2]} long, asked up to ${args[3]}`, () =>
      assert.deepStrictEqual(sliceAt(...args), expected))
  }
})
