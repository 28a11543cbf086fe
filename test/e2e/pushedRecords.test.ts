import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, FileSystem, Redacted, Schedule } from "effect"
import { valueAt } from "../../src/demo/indexer/document.ts"
import { makePushStage, type PushStage, TOKEN } from "./pushing.ts"
import { TEST_TIMEOUT } from "./world.ts"

const post = (origin: string, path: string, body: string) =>
  Effect.promise(async () => {
    const reply = await fetch(`${origin}/services/collector/${path}`, {
      method: "POST",
      headers: { authorization: `Telhawk ${TOKEN}` },
      body,
    })
    return { status: reply.status, text: await reply.text() }
  })

/** How often each event of this type is searchable now, by its id. */
const copiesOf = ({ world }: PushStage, eventType: string) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const found = new Map<string, number>()
    const { eventId = [], source = [], visibleAt = [] } = world.indexer?.store.columns ?? {}
    for (const [row, id] of eventId.entries())
      if ((visibleAt[row] ?? Infinity) <= now && valueAt(source[row], ["data", "event_type"]) === eventType)
        found.set(id, (found.get(id) ?? 0) + 1)
    return found
  })

const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.sync(() => assert.fail(`waited in vain until ${what}`)),
    }),
  )

const FAST = { "verify.grace": "800 millis", "verify.min_interval": "50 millis" }
const INDEX = { refreshInterval: "300 millis", keepDocuments: true } as const

describe("records that are pushed", () => {
  it.live(
    "are one event with the poll of the same alarm, whichever comes first",
    () =>
      Effect.gen(function* () {
        const stage = yield* makePushStage({
          alarms: { count: 40, span: "2 hours" },
          indexer: INDEX,
          set: {
            ...FAST,
            "source.firewalla.feeds.alarms.enabled": true,
            "source.firewalla.feeds.alarms.interval": "500 millis",
            "source.hec.tokens.main.source_types": "firewalla:alarm",
          },
        })
        const { msp, mspToken } = stage.world
        const alarms: ReadonlyArray<object> = yield* Effect.promise(async () => {
          const reply = await fetch(`${msp.url}/v2/alarms?limit=500&sortBy=ts:asc`, {
            headers: { authorization: `Token ${Redacted.value(mspToken)}` },
          })
          return JSON.parse(await reply.text()).results
        })
        assert.strictEqual(alarms.length, 40)
        const waybill = yield* stage.start
        const body = alarms.map((alarm) => JSON.stringify(alarm)).join("\n")
        const first = yield* post(waybill.origin, "raw?sourcetype=firewalla:alarm", body)
        assert.strictEqual(first.status, 200)
        yield* until(
          "all are searchable",
          Effect.map(copiesOf(stage, "alarm"), (copies) => copies.size >= 40),
        )
        // A webhook that comes again, once everything is in the index.
        assert.strictEqual((yield* post(waybill.origin, "raw?sourcetype=firewalla:alarm", body)).status, 200)
        yield* Effect.sleep("4 seconds")
        const copies = yield* copiesOf(stage, "alarm")
        assert.deepStrictEqual([copies.size, Math.max(...copies.values())], [40, 1])
        yield* waybill.stop
        assert.strictEqual(yield* waybill.exitCode, 0)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    TEST_TIMEOUT,
  )

  it.live(
    "without a normalizer become dead letters, whose envelopes can be sent once there is one",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const set = { ...FAST, "source.hec.tokens.main.source_types": "nginx" }
        const stage = yield* makePushStage({ indexer: INDEX, set })
        const dlq = `${stage.folder}/dlq`
        const files = fs
          .readDirectory(dlq)
          .pipe(Effect.map((names) => names.filter((name) => name.startsWith("failed_"))))
        const waybill = yield* stage.start
        yield* post(waybill.origin, "event", '{"event":{"acl":"deny"},"sourcetype":"cisco_asa"}')
        yield* until(
          "the letter is there",
          Effect.map(files, ({ length }) => length === 1),
        )
        const [name = ""] = yield* files
        const letter = JSON.parse(yield* fs.readFileString(`${dlq}/${name}`))
        assert.strictEqual(letter.error, "no normalizer registered for format=json source_type=cisco_asa")
        assert.strictEqual(letter.reason, "normalization_failed")
        yield* waybill.stop
        yield* waybill.exitCode

        yield* stage.configure({ ...set, "source.hec.tokens.main.source_types": "nginx,cisco_asa" })
        const mended = yield* stage.start
        const replay = yield* post(mended.origin, "event", JSON.stringify(letter.envelope))
        assert.deepStrictEqual(replay, { status: 200, text: '{"text":"Success","code":0}' })
        yield* until(
          "it is searchable under its own id",
          Effect.map(copiesOf(stage, "event"), (copies) => copies.get(letter.envelope.id) === 1),
        )
        yield* mended.stop
        yield* mended.exitCode
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    TEST_TIMEOUT,
  )
})
