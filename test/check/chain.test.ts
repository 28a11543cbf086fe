/** The writers beside the socket, and the canary. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, FileSystem, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { judgeCanary, sight } from "../../src/check/canary.ts"
import { apiCheck, fileCheck, mayNotSend, wazuh5Check } from "../../src/check/otherWriters.ts"
import { configFrom } from "../../src/config/loadConfig.ts"
import { makeSimulatedApi } from "../../src/demo/manager-api/SimulatedApi.ts"
import { makeSimulatedManager5 } from "../../src/demo/manager5/SimulatedManager5.ts"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { Writer } from "../../src/writers/Writer.ts"

const provided = Effect.provide(NodeServices.layer)
const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
const PASSWORD = "correct-horse"
const configOf = (writer: Readonly<Record<string, string | Readonly<Record<string, string | number>>>>) =>
  Result.getOrThrow(
    configFrom({
      writer,
      indexer: { username: "waybill", password: "x", fields: { id: "a.id" } },
      source: { firewalla: { domain: "example.firewalla.net", token: "t" } },
    }),
  )

describe("the manager's API", () => {
  it.live("lets in, refuses, or is not there; the password is tried once and never told", () =>
    Effect.gen(function* () {
      const server = yield* makeSimulatedApi({
        username: "waybill",
        password: PASSWORD,
        socketPath: "/nowhere",
      })
      const looked = (password: string) =>
        apiCheck(
          configOf({
            kind: "api",
            api: { url: server.url, username: "waybill", password, timeout_seconds: 2 },
          }),
        ).run
      assert.strictEqual((yield* looked(PASSWORD)).status, "ok")
      const refused = yield* looked("wrong-password")
      assert.strictEqual(refused.status, "fail")
      assert.include(refused.message, "refuses the login (401)")
      assert.include(refused.advice, "writer.api.password")
      assert.notInclude(refused.message + refused.advice, "wrong-password")
      assert.strictEqual((yield* server.counts).get("login-401"), 1)
      yield* server.goDown
      const away = yield* looked(PASSWORD)
      assert.include(away.message, "can't be reached (ECONNREFUSED")
    }).pipe(Effect.scoped),
  )

  it("whether the user may send is known where its policies say so", () => {
    const policies = (data: object) => JSON.stringify({ data, error: 0 })
    assert.isTrue(mayNotSend(policies({ rbac_mode: "white", "agent:read": {} })))
    assert.isFalse(mayNotSend(policies({ rbac_mode: "white", "event:ingest": { "*:*:*": "allow" } })))
    assert.isFalse(mayNotSend(policies({ rbac_mode: "black" })))
    assert.isFalse(mayNotSend("not JSON"))
  })
})

describe("the file and the socket of Wazuh 5", () => {
  it.live("need a folder that can be written to, and somebody who answers", () =>
    Effect.gen(function* () {
      const folder = yield* temporary
      const file = yield* fileCheck(configOf({ kind: "file", file: { path: `${folder}/waybill.log` } })).run
      assert.strictEqual(file.status, "ok")
      assert.include(file.message, "logcollector")
      const proc = yield* fileCheck(configOf({ kind: "file", file: { path: "/proc/x/waybill.log" } })).run
      assert.strictEqual(proc.status, "fail")

      const socket = `${folder}/http.sock`
      const wazuh5 = wazuh5Check(configOf({ kind: "wazuh5", wazuh5: { socket } }))
      const missing = yield* wazuh5.run
      assert.strictEqual(missing.status, "fail")
      assert.include(missing.message, "ENOENT")
      yield* makeSimulatedManager5({ socketPath: socket, target: { index: () => Effect.succeed(true) } })
      assert.strictEqual((yield* wazuh5.run).status, "ok")
    }).pipe(Effect.scoped, provided),
  )
})

describe("the canary", () => {
  /** Finds `found[n]` documents at the nth look; the last for ever. */
  const chain = (found: ReadonlyArray<number>) => {
    let looks = 0
    const asked: Array<ReadonlyArray<string>> = []
    const written: Array<string> = []
    const count = ({ ids }: { readonly ids: ReadonlyArray<string> }) =>
      Effect.sync(() => {
        asked.push(ids)
        return found[Math.min(looks++, found.length - 1)] ?? 0
      })
    const unused = () => Effect.die("not asked")
    const layer = Layer.merge(
      Layer.succeed(Writer, {
        kind: "socket",
        maxBytes: 65_000,
        write: (events) => Effect.sync(() => void written.push(...events)),
      }),
      Layer.succeed(Indexer, {
        ...{
          copies: unused,
          tally: unused,
          ofBatches: unused,
          between: unused,
          places: unused,
          shards: unused,
        },
        count,
      }),
    )
    return { layer, asked, written }
  }
  const seen = Effect.fnUntraced(function* (found: ReadonlyArray<number>) {
    const { asked, layer, written } = chain(found)
    const looking = yield* Effect.forkChild(
      sight(Duration.seconds(60), Duration.hours(1)).pipe(Effect.provide(layer)),
    )
    yield* TestClock.adjust("2 minutes")
    const sighting = yield* Fiber.join(looking)
    assert.deepStrictEqual(
      written.map((event) => JSON.parse(event).event_id),
      [...(asked[0] ?? [])],
    )
    return sighting
  })

  it.effect("is looked for until all are there", () =>
    Effect.gen(function* () {
      const sighting = yield* seen([0, 0, 0, 0, 1, 3])
      assert.deepStrictEqual(sighting, { found: 3, lagMillis: 2000, waitedMillis: 2500 })
      const found = judgeCanary(sighting)
      assert.deepStrictEqual(found, {
        status: "ok",
        message: "3 canaries are searchable 2.0 s after the write.",
        advice: "",
      })
    }),
  )

  it.effect("that never comes fails; some that stay away for a while after the first are lost", () =>
    Effect.gen(function* () {
      const none = yield* seen([0])
      assert.deepStrictEqual(none, { found: 0, lagMillis: undefined, waitedMillis: 60_000 })
      assert.strictEqual(judgeCanary(none).status, "fail")
      const some = yield* seen([0, 2])
      assert.deepStrictEqual(some, { found: 2, lagMillis: 500, waitedMillis: 15_500 })
      assert.strictEqual(judgeCanary(some).status, "warn")
      assert.include(judgeCanary(some).message, "2 of 3 canaries")
    }),
  )

  it("that comes late, or more than once, is warned of", () => {
    assert.include(judgeCanary({ found: 3, lagMillis: 45_000, waitedMillis: 45_000 }).message, "slow")
    const twice = judgeCanary({ found: 6, lagMillis: 2000, waitedMillis: 2000 })
    assert.strictEqual(twice.status, "warn")
    assert.include(twice.message, "6 documents")
  })
})
