import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import type { Config } from "../../src/config/Config.ts"
import type { ConfigInvalid } from "../../src/config/ConfigInvalid.ts"
import * as Configuration from "../../src/config/Configuration.ts"
import * as Live from "../../src/config/LiveConfiguration.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { sleepAsSet } from "../../src/config/NextReload.ts"
import { put, type Tree } from "../../src/config/tree.ts"
import { LogLevel } from "../../src/telemetry/LogLevel.ts"
import { eventsOf, type LogLine, recordLogs } from "../support/logRecorder.ts"
import { shownLevel } from "../support/shownLevel.ts"

const BASE: Tree = {
  source: { firewalla: { domain: "a.example", token: "msp-secret-1" } },
  indexer: { username: "u", password: "indexer-secret" },
}
const FLOWS = "source.firewalla.feeds.flows.interval"
const from = (set: Readonly<Record<string, unknown>>): Result.Result<Config, ConfigInvalid> =>
  configFrom(Object.entries(set).reduce((tree, [key, value]) => put(tree, key.split("."), value), BASE))

/** What the file says is what `edit` has said last. */
const scene = <E>(
  play: (stage: {
    readonly live: Live.LiveConfiguration["Service"]
    readonly edit: (set: Readonly<Record<string, unknown>>) => void
    readonly lines: ReadonlyArray<LogLine>
  }) => Effect.Effect<void, E, LogLevel>,
) => {
  let file = from({})
  const lines: Array<LogLine> = []
  const configured = Layer.merge(Configuration.layerOf(Result.getOrThrow(file)), shownLevel())
  return Effect.gen(function* () {
    const live = yield* Live.LiveConfiguration
    yield* play({
      live,
      lines,
      edit: (set) => {
        file = from(set)
      },
    })
  }).pipe(
    Effect.provide(
      Live.layer(Effect.suspend(() => Effect.fromResult(file))).pipe(Layer.provideMerge(configured)),
    ),
    Effect.provide([NodeServices.layer, recordLogs(lines)]),
  )
}

describe("a reload", () => {
  it.effect("takes all that has changed, and says what without a secret", () =>
    scene(({ edit, lines, live }) =>
      Effect.gen(function* () {
        edit({ [FLOWS]: "1 minute", "source.firewalla.token": "msp-secret-2", "log.level": "debug" })
        const changes = yield* live.reload("SIGHUP")
        assert.strictEqual(changes.length, 3)
        assert.strictEqual(Duration.toMinutes(live.current().source.firewalla.feeds.flows.interval), 1)
        assert.strictEqual(yield* (yield* LogLevel).get, "debug")
        assert.deepStrictEqual(lines[0]?.fields, {
          event: "config.reloaded",
          who: "SIGHUP",
          changes: [
            { key: "source.firewalla.token", from: "(hidden)", to: "(hidden)" },
            { key: FLOWS, from: "15m", to: "1m" },
            { key: "log.level", from: "info", to: "debug" },
          ],
        })
        assert.notInclude(JSON.stringify(lines), "msp-secret")
      }),
    ),
  )

  it.effect("with a key that needs a restart is refused whole: what it came with does not hold either", () =>
    scene(({ edit, lines, live }) =>
      Effect.gen(function* () {
        const before = live.current()
        edit({ [FLOWS]: "1 minute", "state.path": "/elsewhere", "batch.max_events": 7, "log.level": "debug" })
        const { problems } = yield* Effect.flip(live.reload("SIGHUP"))
        assert.deepStrictEqual(
          problems.map(({ where }) => where),
          ["batch.max_events", "state.path"],
        )
        for (const { what } of problems) assert.include(what, "restart needed")
        assert.strictEqual(live.current(), before)
        assert.strictEqual(yield* (yield* LogLevel).get, "info")
        assert.deepStrictEqual(eventsOf(lines), ["config.reload_refused"])

        edit({ [FLOWS]: "1 minute" })
        assert.strictEqual((yield* live.reload("SIGHUP")).length, 1)
      }),
    ),
  )

  it.effect("of a file that is not valid is refused with all that is wrong in it", () =>
    scene(({ edit, lines, live }) =>
      Effect.gen(function* () {
        const before = live.current()
        edit({ [FLOWS]: "soon", "canary.volly": 3 })
        const { problems } = yield* Effect.flip(live.reload("SIGHUP"))
        assert.deepStrictEqual(
          problems.map(({ where }) => where),
          [FLOWS, "canary.volly"],
        )
        assert.strictEqual(live.current(), before)
        assert.include(lines[0]?.message, "canary.volley")
      }),
    ),
  )

  it.effect("leaves a level that was set by hand, unless the file has changed it", () =>
    scene(({ edit, live }) =>
      Effect.gen(function* () {
        const level = yield* LogLevel
        yield* level.set("debug")
        edit({ [FLOWS]: "1 minute" })
        yield* live.reload("SIGHUP")
        assert.strictEqual(yield* level.get, "debug")
        edit({ [FLOWS]: "1 minute", "log.level": "warn" })
        yield* live.reload("SIGHUP")
        assert.strictEqual(yield* level.get, "warn")
      }),
    ),
  )

  it.effect("wakes who sleeps for as long as a setting says; the time slept counts", () =>
    scene(({ edit, live }) =>
      Effect.gen(function* () {
        const sleeping = yield* Effect.forkChild(
          sleepAsSet(() => live.current().source.firewalla.feeds.flows.interval),
        )
        yield* TestClock.adjust("4 minutes")
        edit({ [FLOWS]: "5 minutes" })
        yield* live.reload("SIGHUP")
        yield* TestClock.adjust("59 seconds")
        assert.isUndefined(sleeping.pollUnsafe())
        edit({ [FLOWS]: "6 minutes" })
        yield* live.reload("SIGHUP")
        yield* TestClock.adjust("60 seconds")
        assert.isUndefined(sleeping.pollUnsafe())
        edit({ [FLOWS]: "1 minute" })
        yield* live.reload("SIGHUP")
        yield* Fiber.join(sleeping)
      }),
    ),
  )
})
