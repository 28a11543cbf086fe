import { createServer } from "node:net"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { LATE_BY } from "../e2e/runLog.ts"
import { command, filesIn, lastJson, startCommand, startRun, until } from "../reconcile/command.ts"
import { folderOf, idOf, letterAt, letterWorld } from "./letterWorld.ts"

const provided = Effect.provide(NodeServices.layer)
/** A port that nobody listens on just now: a command has to know where the run is. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() =>
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)),
    )
  })
})

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n)

describe("waybill dlq", () => {
  it.live("list, mend, replay: what can be delivered is, once; what can't stays with one attempt more", () =>
    Effect.gen(function* () {
      const bad = numbers(3, 12)
      const { configFile, files, indexed, world } = yield* letterWorld([
        ...numbers(12).map((n) => letterAt(n)),
        ...bad.map((n) => letterAt(n, "yesterday")),
      ])
      const listed = lastJson(yield* command(configFile, "dlq", "list", "--limit", "10", "--json"))
      assert.deepInclude(listed, { command: "dlq list", pending: 15, count: 10, base_path: folderOf(world) })
      assert.match(listed.events[9].key, /^failed_\d{10}_9$/)
      assert.strictEqual(listed.next, listed.events[9].key)
      const rest = lastJson(yield* command(configFile, "dlq", "list", "--cursor", listed.next, "--json"))
      assert.deepStrictEqual(
        rest.events.map(({ envelope }: { envelope: { id: string } }) => envelope.id),
        numbers(5, 10).map(idOf),
      )
      assert.isNull(rest.next)

      const look = yield* command(configFile, "dlq", "replay", "--dry-run", "--json")
      assert.strictEqual(look.exitCode, 2, look.stderr)
      assert.deepInclude(lastJson(look), { dry_run: true, taken: 15, deliverable: 12, failing: 3 })
      assert.strictEqual((yield* files).length, 15)

      const first = yield* command(configFile, "dlq", "replay", "--json")
      assert.strictEqual(first.exitCode, 2, first.stderr)
      const { failures, ...counts } = lastJson(first)
      assert.deepStrictEqual(counts, {
        command: "dlq replay",
        dry_run: false,
        complete: true,
        error: null,
        taken: 15,
        delivered: 12,
        known: 0,
        failed: 3,
        left: 0,
      })
      assert.deepInclude(failures[0], { event_id: idOf(12), reason: "normalization_failed" })
      const kept = yield* files
      assert.deepStrictEqual(
        kept.map(({ content }) => [content.envelope.id, content.attempts]),
        bad.map((n) => [idOf(n), 2]),
      )

      const fs = yield* FileSystem.FileSystem
      for (const { content, path } of kept) {
        const payload = JSON.stringify({ ...JSON.parse(content.envelope.payload), ts: Date.now() / 1000 })
        const mended = { ...content, envelope: { ...content.envelope, payload } }
        yield* fs.writeFileString(path, JSON.stringify(mended))
      }
      const second = yield* command(configFile, "dlq", "replay")
      assert.strictEqual(second.exitCode, 0, second.stderr)
      assert.match(second.stdout, /delivered and removed +3\n/)
      assert.deepStrictEqual(yield* files, [])
      assert.deepStrictEqual(yield* indexed, new Map(numbers(15).map((n) => [idOf(n), 1])))

      const nothing = yield* command(configFile, "dlq", "replay", "--json")
      assert.strictEqual(nothing.exitCode, 0)
      assert.deepInclude(lastJson(nothing), { taken: 0, complete: true })
    }).pipe(Effect.scoped, provided),
  )

  it.live("a replay that is killed in the middle is made up for by the next, and nothing comes twice", () =>
    Effect.gen(function* () {
      const { configFile, files, indexed, world } = yield* letterWorld(
        numbers(400).map((n) => letterAt(n)),
        { manager: { serviceRate: 60 } },
      )
      const replaying = yield* startCommand(["dlq", "replay", "--config", configFile])
      yield* Effect.sleep("20 millis").pipe(
        Effect.andThen(filesIn(world, "dlq")),
        Effect.repeat({ until: (left) => left.length < 350 }),
        Effect.timeout("30 seconds"),
        Effect.andThen(Effect.sleep(LATE_BY)),
      )
      yield* replaying.kill
      yield* world.manager.setServiceRate(4000)
      assert.isUndefined((yield* Fiber.join(replaying.finished)).exitCode)
      assert.isAbove((yield* files).length, 0)

      const next = yield* command(configFile, "dlq", "replay", "--json")
      assert.strictEqual(next.exitCode, 0, next.stderr)
      const { delivered, known, taken } = lastJson(next)
      assert.strictEqual(taken, delivered + known)
      assert.isAbove(known, 0)
      assert.deepStrictEqual(yield* files, [])
      const copies = yield* indexed
      assert.deepStrictEqual([copies.size, [...copies.values()].filter((count) => count > 1)], [400, []])
    }).pipe(Effect.scoped, provided),
  )

  it.live("beside a running waybill it works through that one's admin API", () =>
    Effect.gen(function* () {
      const { configFile, files, indexed, world } = yield* letterWorld(
        [...numbers(6).map((n) => letterAt(n)), letterAt(6, "yesterday")],
        {},
        { "admin.port": yield* freePort, "admin.token": "a token of the test" },
      )
      const running = yield* startRun(world, configFile)
      yield* until(world, ({ lost }) => lost === 0)
      const look = yield* command(configFile, "dlq", "replay", "--dry-run", "--json")
      assert.deepInclude(lastJson(look), { taken: 7, deliverable: 6, failing: 1 })
      assert.strictEqual(lastJson(yield* command(configFile, "dlq", "list", "--json")).pending, 7)

      const one = yield* command(configFile, "dlq", "replay", "--id", idOf(1), "--json")
      assert.strictEqual(one.exitCode, 0, one.stderr)
      assert.deepInclude(lastJson(one), { taken: 1, delivered: 1, complete: true })
      const all = yield* command(configFile, "dlq", "replay", "--json")
      assert.strictEqual(all.exitCode, 2, all.stderr)
      assert.deepInclude(lastJson(all), { taken: 6, delivered: 5, failed: 1 })
      assert.deepStrictEqual(
        (yield* files).map(({ content }) => [content.envelope.id, content.attempts]),
        [[idOf(6), 2]],
      )
      assert.deepStrictEqual(yield* indexed, new Map(numbers(6).map((n) => [idOf(n), 1])))

      const other = yield* command(configFile, "dlq", "purge", "--id", "nobody", "--yes", "--json")
      assert.deepInclude(lastJson(other), { purged: 0, pending: 1 })
      const purged = yield* command(configFile, "dlq", "purge", "--id", idOf(6), "--yes", "--json")
      assert.deepInclude(lastJson(purged), { purged: 1, pending: 0 })
      assert.deepStrictEqual(yield* files, [])
      yield* running.stop
      assert.strictEqual(yield* running.exitCode, 0)
      assert.deepInclude(yield* world.truth, { searchable: 20, lost: 0, duplicated: 0 })
    }).pipe(Effect.scoped, provided),
  )

  it.live("says what to do where the running waybill can't be asked", () =>
    Effect.gen(function* () {
      const { configFile, files, world } = yield* letterWorld([letterAt(0)], {}, { "admin.enabled": false })
      const running = yield* startRun(world, configFile)
      yield* until(world, ({ lost }) => lost === 0)
      for (const args of [["replay"], ["purge", "--yes"]]) {
        const { exitCode, stderr } = yield* command(configFile, "dlq", ...args)
        assert.strictEqual(exitCode, 1)
        assert.include(stderr, "admin.enabled is false")
      }
      assert.strictEqual((yield* files).length, 1)
      yield* running.kill
    }).pipe(Effect.scoped, provided),
  )

  it.live("purges what fits, asks before, and shows hostile text harmlessly in 80 columns", () =>
    Effect.gen(function* () {
      const hostile = letterAt(7)
      const hostileId = "../../etc/\u001b[2Jpasswd"
      const { configFile, files } = yield* letterWorld([
        ...numbers(4).map((n) => letterAt(n)),
        letterAt(4, "yesterday"),
        {
          ...hostile,
          envelope: { ...hostile.envelope, id: hostileId, source_type: "x".repeat(200) },
          error: "e".repeat(300),
        },
      ])
      const shown = yield* command(configFile, "dlq", "list")
      assert.include(shown.stdout, "eeeeee…\n")
      const full = yield* command(configFile, "dlq", "show", hostileId)
      assert.include(full.stdout, "../../etc/\\u001b[2Jpasswd")
      assert.notInclude(`${shown.stdout}${full.stdout}`, "\u001b")
      for (const line of shown.stdout.split("\n")) {
        if (!line.includes("wait in")) assert.isAtMost(line.length, 80, line)
      }

      const asked = yield* command(configFile, "dlq", "purge")
      assert.strictEqual(asked.exitCode, 1)
      assert.include(asked.stderr, "--yes")
      assert.strictEqual((yield* files).length, 6)

      const reason = yield* command(
        configFile,
        "dlq",
        "purge",
        "--reason",
        "normalization_failed",
        "--yes",
        "--json",
      )
      assert.deepInclude(lastJson(reason), { command: "dlq purge", purged: 1, pending: 5 })
      const source = yield* command(
        configFile,
        "dlq",
        "purge",
        "--source",
        "firewalla-msp",
        "--yes",
        "--json",
      )
      assert.deepInclude(lastJson(source), { purged: 2, pending: 3 })
      const other = yield* command(
        configFile,
        "dlq",
        "purge",
        "--id",
        idOf(1),
        "--source",
        "nobody",
        "--yes",
        "--json",
      )
      assert.deepInclude(lastJson(other), { purged: 0, pending: 3 })
      const one = yield* command(
        configFile,
        "dlq",
        "purge",
        "--id",
        "../../etc/\u001b[2Jpasswd",
        "--yes",
        "--json",
      )
      assert.deepInclude(lastJson(one), { purged: 1, pending: 2 })
      const all = yield* command(configFile, "dlq", "purge", "--yes")
      assert.match(all.stdout, /^2 removed; 0 wait in /)
      assert.deepStrictEqual(yield* files, [])
    }).pipe(Effect.scoped, provided),
  )

  it.live("shows one letter by its name or its event, and says what it was given wrong", () =>
    Effect.gen(function* () {
      const { configFile, files } = yield* letterWorld([letterAt(0, "yesterday")])
      const { content, path } = (yield* files)[0] ?? assert.fail("there is no letter")
      const shown = yield* command(configFile, "dlq", "show", idOf(0))
      assert.strictEqual(shown.exitCode, 0, shown.stderr)
      assert.include(shown.stdout, "ts: expected a number")
      assert.include(shown.stdout, '"ts": "yesterday"')
      const key = path.slice(path.lastIndexOf("/") + 1, -".json".length)
      assert.deepStrictEqual(lastJson(yield* command(configFile, "dlq", "show", key, "--json")), {
        command: "dlq show",
        path,
        key,
        ...content,
      })
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["show", "../waybill"], "No dead letter in "],
        [["list", "--cursor", "nonsense"], "--cursor: expected"],
        [["list", "--limit", "0"], "--limit: expected"],
        [["replay", "--rate", "0"], "--rate: expected"],
        [["list", "--reason", "bad_luck"], "bad_luck"],
      ]
      for (const [args, expected] of cases) {
        const { exitCode, stderr, stdout } = yield* command(configFile, "dlq", ...args)
        assert.strictEqual(exitCode, 1, args.join(" "))
        assert.include(`${stdout}${stderr}`, expected)
      }
    }).pipe(Effect.scoped, provided),
  )
})
