import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import type { World } from "../../src/demo/World.ts"
import { LATE_BY } from "../e2e/runLog.ts"
import { command, filesIn, lastJson, quickWorld, startCommand, startRun, until } from "./command.ts"

const provided = Effect.provide(NodeServices.layer)
const iso = (millis: number) => new Date(millis).toISOString()

/** Work of many seconds, of which little is on its way at any time. */
const LONG_WORK = [
  { flows: { count: 3_000, span: "24 hours" }, manager: { serviceRate: 250 } },
  { "verify.max_unconfirmed_events": 500, "batch.max_events": 100 },
] as const

/** Waits until the work on a window is known to have come past the flow of this number. */
const hasSettled = Effect.fnUntraced(function* (world: World, flow: number) {
  const fs = yield* FileSystem.FileSystem
  yield* filesIn(world, "state/reconcile").pipe(
    Effect.map((names) => names.find((name) => name.endsWith(".json"))),
    Effect.flatMap((name) => fs.readFileString(`${world.folder}/state/reconcile/${name}`)),
    Effect.map((text): number => JSON.parse(text).up_to),
    Effect.orElseSucceed(() => 0),
    Effect.delay("50 millis"),
    Effect.repeat({ until: (upTo) => upTo > world.msp.flows.timeOf(flow) }),
    Effect.timeout("40 seconds"),
    Effect.andThen(Effect.sleep(LATE_BY)),
  )
})

describe("waybill reconcile and backfill", () => {
  it.live("a dry run says what is missing and changes nothing; a real one delivers exactly that", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld({ flows: { count: 400, span: "6 hours" } })
      const begin = iso(world.msp.flows.timeOf(0) - 1000)
      const middle = iso(world.msp.flows.timeOf(300))
      const whole = ["--from", begin, "--to", iso(Date.now())]

      const half = yield* command(configFile, "backfill", "--from", begin, "--to", middle, "--json")
      assert.strictEqual(half.exitCode, 0, half.stderr)
      assert.match(half.stdout, /^\{"command":"backfill",.*\}\n$/)
      assert.include(half.stderr, "canary.confirmed")
      const { searchable } = yield* world.truth
      assert.strictEqual(lastJson(half).feeds[0].confirmed, searchable)
      assert.isAtLeast(searchable, 297)

      const stateBefore = yield* filesIn(world, "state")
      const look = yield* command(configFile, "reconcile", ...whole, "--dry-run", "--json", "--limit", "3")
      assert.strictEqual(look.exitCode, 2, look.stderr)
      assert.include(look.stderr, `${400 - searchable} events are missing`)
      const [found] = lastJson(look).feeds
      assert.deepInclude(found, {
        feed: "firewalla-msp/flows",
        at_source: 400,
        indexed: searchable,
        duplicated: 0,
        missing: 400 - searchable,
        written: 0,
        complete: true,
      })
      assert.strictEqual(found.first_missing.length, 3)
      assert.isAtLeast(Date.parse(found.first_missing[0].event_time), Date.parse(middle))
      assert.strictEqual((yield* world.truth).searchable, searchable)
      assert.deepStrictEqual(yield* filesIn(world, "state"), stateBefore)

      const real = yield* command(configFile, "reconcile", ...whole)
      assert.strictEqual(real.exitCode, 0, real.stderr)
      assert.match(real.stdout, new RegExp(`confirmed +${400 - searchable}\n`))
      assert.deepInclude(yield* world.truth, { searchable: 400, lost: 0, duplicated: 0 })

      const again = yield* command(configFile, "reconcile", ...whole, "--json")
      assert.strictEqual(again.exitCode, 0, again.stderr)
      assert.deepInclude(lastJson(again).feeds[0], { indexed: 400, missing: 0, written: 0 })
      assert.deepStrictEqual(yield* filesIn(world, "state/reconcile"), [])
    }).pipe(Effect.scoped, provided),
  )

  it.live("a dry run needs neither the manager nor a state folder", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld({ flows: { count: 40, span: "3 hours" } })
      yield* world.manager.stopGracefully
      const look = yield* command(configFile, "reconcile", "--dry-run")
      assert.strictEqual(look.exitCode, 2, look.stderr)
      assert.match(look.stdout, /missing +40\n/)
      assert.match(look.stdout, /the first 20 that were missing:\n {4}\d{4}-/)
      assert.deepStrictEqual(yield* filesIn(world, "state"), [])
      assert.deepStrictEqual(yield* filesIn(world, "dlq"), [])
    }).pipe(Effect.scoped, provided),
  )

  it.live("killed in the middle, a second start of the same window goes on, and the equation holds", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld(...LONG_WORK)
      const window = ["--from", iso(world.msp.flows.timeOf(0) - 5000), "--to", iso(Date.now())]
      const first = yield* startCommand(["backfill", ...window, "--config", configFile])
      yield* hasSettled(world, 100)
      yield* first.kill
      assert.isUndefined((yield* Fiber.join(first.finished)).exitCode)
      yield* world.manager.setServiceRate(4000)
      // Killed within a write, it leaves that beside.
      const kept = (yield* filesIn(world, "state/reconcile")).filter((name) => !name.endsWith(".tmp"))
      assert.strictEqual(kept.length, 1)

      const second = yield* command(configFile, "backfill", ...window, "--json")
      assert.strictEqual(second.exitCode, 0, second.stderr)
      const [feed] = lastJson(second).feeds
      assert.isAbove(Date.parse(feed.resumed_from), world.msp.flows.timeOf(100))
      assert.strictEqual(feed.at_source, 3_000)
      assert.strictEqual(feed.indexed + feed.confirmed + feed.dead_lettered + feed.dead_letters, 3_000)
      assert.deepInclude(yield* world.truth, { searchable: 3_000, lost: 0, duplicated: 0 })
      assert.deepStrictEqual(yield* filesIn(world, "state/reconcile"), [])
    }).pipe(Effect.scoped, provided),
  )

  it.live("interrupted, it settles what is on its way, keeps its place, and does not call it a success", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld(...LONG_WORK)
      const first = yield* startCommand(["backfill", "--from", "25h", "--config", configFile])
      yield* hasSettled(world, 100)
      yield* first.interrupt
      const { exitCode, stderr } = yield* Fiber.join(first.finished)
      yield* world.manager.setServiceRate(4000)
      assert.strictEqual(exitCode, 130)
      assert.strictEqual((yield* filesIn(world, "state/reconcile")).length, 1)
      const [, from = "", to = ""] =
        /To go on there: waybill backfill --from (\S+) --to (\S+)\n/.exec(stderr) ?? []
      const second = yield* command(configFile, "backfill", "--from", from, "--to", to, "--json")
      assert.strictEqual(second.exitCode, 0, second.stderr)
      assert.isNotNull(lastJson(second).feeds[0].resumed_from)
      assert.strictEqual(lastJson(second).feeds[0].at_source, 3_000)
      assert.deepInclude(yield* world.truth, { searchable: 3_000, lost: 0, duplicated: 0 })
    }).pipe(Effect.scoped, provided),
  )

  it.live("what a lossy manager drops is proven lost and written again, the last batch's events too", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld({ flows: { count: 600, span: "6 hours" } })
      yield* world.manager.dropRandomly(0.1)
      const done = yield* command(configFile, "backfill", "--from", "7h", "--json")
      assert.strictEqual(done.exitCode, 0, done.stderr)
      assert.include(done.stderr, "batch.lost")
      const [feed] = lastJson(done).feeds
      assert.deepInclude(feed, { at_source: 600, missing: 600 })
      assert.strictEqual(feed.confirmed + feed.dead_lettered, 600)
      assert.deepInclude(yield* world.truth, { searchable: feed.confirmed, duplicated: 0 })
    }).pipe(Effect.scoped, provided),
  )

  it.live("beside a running waybill it says who has the lock and what to do; freed by its death", () =>
    Effect.gen(function* () {
      const { world, configFile } = yield* quickWorld({ flows: { count: 200, span: "6 hours" } })
      const running = yield* startRun(world, configFile)
      yield* until(world, ({ lost }) => lost === 0)

      const refused = yield* command(configFile, "reconcile")
      assert.strictEqual(refused.exitCode, 1)
      assert.include(refused.stderr, `\`waybill run\` (process ${running.pid} on `)
      assert.include(refused.stderr, "--dry-run")
      const other = yield* command(configFile, "run")
      assert.strictEqual(other.exitCode, 1)
      assert.include(`${other.stdout}${other.stderr}`, "Stop that one first")

      const look = yield* command(configFile, "reconcile", "--dry-run", "--json")
      assert.strictEqual(look.exitCode, 0, look.stderr)
      assert.deepInclude(lastJson(look).feeds[0], { at_source: 200, indexed: 200, missing: 0 })

      yield* running.kill
      yield* running.exitCode
      const free = yield* command(configFile, "reconcile", "--json")
      assert.strictEqual(free.exitCode, 0, free.stderr)
      assert.deepInclude(yield* world.truth, { searchable: 200, lost: 0, duplicated: 0 })
    }).pipe(Effect.scoped, provided),
  )

  it.live("says what it was given wrong", () =>
    Effect.gen(function* () {
      const { configFile } = yield* quickWorld({})
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["reconcile", "--from", "yesterday"], "--from: expected an ISO 8601 time"],
        [["reconcile", "--dry-run", "--feed", "devices"], "there is no enabled feed devices"],
        [["reconcile", "--dry-run", "--from", "1h", "--to", "2h"], "--from must lie before --to"],
        [["backfill", "--from", "90d", "--to", "60d"], "older than the source keeps records"],
        [["backfill"], "--from"],
      ]
      yield* Effect.forEach(
        cases,
        Effect.fnUntraced(function* ([args, expected]) {
          const { exitCode, stderr } = yield* command(configFile, ...args)
          assert.strictEqual(exitCode, 1, args.join(" "))
          assert.include(stderr, expected)
        }),
        { concurrency: 3 },
      )
    }).pipe(Effect.scoped, provided),
  )
})
