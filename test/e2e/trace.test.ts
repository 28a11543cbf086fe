/** Where one event is: of a running Waybill by its API and by the command beside it, and by the command alone. */
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Schema } from "effect"
import { Receipt, Traced } from "../../src/trace/shown.ts"
import { send } from "../admin/http.ts"
import { command, lastJson } from "../reconcile/command.ts"
import { onStage, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const COUNT = 250
const NO_PROBLEMS = { index: null, receipts: null, letters: null }

const decodeTraced = Schema.decodeUnknownSync(Traced, { onExcessProperty: "error" })
const decodeReceipts = Schema.decodeUnknownSync(
  Schema.Struct({
    receipts: Schema.Array(Receipt),
    count: Schema.Int,
    next_cursor: Schema.optionalKey(Schema.Int),
  }),
)
const decodeIds = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Array(Schema.Tuple([Schema.String, Schema.Number, Schema.Number]))),
)

/** The events of the newest batch of which there is a receipt. */
const newestIds = ({ stateFolder }: Stage) =>
  Effect.sync(() => {
    const db = new DatabaseSync(`${stateFolder}/receipts.db`, { readOnly: true })
    const list = db.prepare("SELECT list FROM events ORDER BY number DESC LIMIT 1").get()?.list
    db.close()
    return decodeIds(list).map(([id]) => id)
  })

describe("where an event is", () => {
  it.live(
    "confirmed, dead, on its way, unknown; the same from the API, beside a run, and without one",
    () =>
      onStage({ flows: { count: COUNT, span: "30 hours" } }, (stage) =>
        Effect.gen(function* () {
          yield* stage.world.msp.inject({ endpoint: "flows", fault: { kind: "bad-record" }, times: 1 })
          const waybill = yield* stage.start
          yield* stage.hasLine("poll.finished")
          yield* stage.hasLine("admin.listening")
          const line = (yield* stage.lines).find(({ event }) => event === "admin.listening")
          const port = Number(new URL(String(line?.address)).port)
          const ask = (path: string) => Effect.map(send(port, path), ({ json }) => json)
          const traced = (id: string) => Effect.map(ask(`/api/v1/events/${id}`), decodeTraced)
          const told = (id: string) => command(stage.configFile, "trace", id, "--json")

          const [id = ""] = yield* newestIds(stage)
          const before = decodeReceipts(yield* ask("/api/v1/receipts")).receipts
          const confirmed = yield* traced(id)
          assert.deepInclude(confirmed, {
            event_id: id,
            state: "searchable",
            advice: [],
            problems: NO_PROBLEMS,
          })
          const [write] = confirmed.writes
          assert.deepInclude(write, { feed: "firewalla-msp/flows", state: "confirmed", attempts: 1 })
          assert.isBelow(Date.parse(confirmed.received_at ?? ""), Date.parse(write?.written_at ?? ""))
          assert.isBelow(Date.parse(write?.written_at ?? ""), Date.parse(write?.confirmed_at ?? ""))
          const place = confirmed.index.places[0]?.index ?? ""
          assert.match(place, /^wazuh-alerts-4\.x-/)
          // The search that confirmed a batch has told already; after a trace it is known in any case.
          assert.isTrue(before.some(({ index }) => index === place))
          const noted = decodeReceipts(yield* ask("/api/v1/receipts")).receipts
          assert.strictEqual(noted.find(({ batch }) => batch === write?.batch)?.index, place)

          const { events } = Schema.decodeUnknownSync(
            Schema.Struct({
              events: Schema.Array(Schema.Struct({ envelope: Schema.Struct({ id: Schema.String }) })),
            }),
          )(yield* ask("/api/v1/dlq"))
          const deadId = events[0]?.envelope.id ?? assert.fail("there is no dead letter")
          const dead = yield* traced(deadId)
          assert.deepNestedInclude(dead, { state: "dead", "dead_letter.reason": "normalization_failed" })

          yield* stage.world.shipper.pause
          const now = yield* Clock.currentTimeMillis
          for (let n = 0; n < 5; n++) stage.world.msp.flows.append(now)
          const receipts = Effect.map(ask("/api/v1/receipts?limit=2"), decodeReceipts)
          yield* stage.until(
            "a batch is outstanding",
            Effect.map(receipts, ({ receipts: [newest] }) => newest?.state === "outstanding"),
          )
          const page = yield* receipts
          assert.lengthOf(page.receipts, 2)
          assert.isDefined(page.next_cursor)
          const ways = yield* newestIds(stage)
          const wayId = ways[0] ?? assert.fail("the batch has no events")
          assert.deepNestedInclude(yield* traced(wayId), { state: "on_its_way", "index.asked": true })
          const unknown = yield* traced("nobody-knows-it")
          assert.strictEqual(unknown.state, "unknown")
          assert.isAbove(unknown.advice.length, 2)

          const beside = yield* told(wayId)
          assert.strictEqual(beside.exitCode, 2, beside.stderr)
          assert.strictEqual(beside.stderr, "")
          assert.deepInclude(lastJson(beside), { command: "trace", state: "on_its_way" })

          yield* stage.world.shipper.resume
          assert.strictEqual(yield* stopped(waybill), 0)
          const after = yield* told(id)
          assert.strictEqual(after.exitCode, 0, after.stderr)
          const { command: name, ...rest } = lastJson(after)
          assert.strictEqual(name, "trace")
          assert.deepStrictEqual(decodeTraced(rest), confirmed)
          assert.deepInclude(lastJson(yield* told(wayId)), { state: "searchable" })
          assert.deepInclude(lastJson(yield* told(deadId)), { state: "dead", dead_letter: dead.dead_letter })

          yield* stage.indexer.goDown
          const without = lastJson(yield* told(id))
          assert.deepNestedInclude(without, { state: "confirmed", "index.asked": false })
          assert.isNotEmpty(without.problems.index)

          const listed = yield* command(stage.configFile, "receipts", "--limit", "2")
          assert.strictEqual(listed.exitCode, 0, listed.stderr)
          for (const text of listed.stdout.split("\n")) assert.isAtMost(text.length, 80)
          assert.match(listed.stdout, /confirmed +\d+ +0 +0 +1 +[\d.]+ s/)
          const ofFlows = ["receipts", "--json", "--limit", "1", "--feed", "flows"]
          const json = lastJson(yield* command(stage.configFile, ...ofFlows))
          assert.hasAllKeys(json, ["command", "count", "next", "receipts"])
          assert.lengthOf(json.receipts, 1)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "is told to be left by a run that was killed, until the next one has seen to it",
    () =>
      onStage({ flows: { count: 150, span: "30 hours" } }, (stage) =>
        Effect.gen(function* () {
          const killed = yield* stage.start
          yield* stage.hasLine("poll.finished")
          yield* stage.world.shipper.pause
          stage.world.msp.flows.append(yield* Clock.currentTimeMillis)
          yield* stage.nextLine("batch.written")
          yield* Effect.sleep("700 millis")
          yield* killed.kill
          yield* killed.exitCode
          const [id = ""] = yield* newestIds(stage)
          const told = yield* command(stage.configFile, "trace", id, "--json")
          assert.deepInclude(lastJson(told), { state: "on_its_way" })

          // The next run takes note of what the one before has left, before it may send anything.
          yield* stage.start
          yield* stage.until(
            "it is known as left",
            Effect.map(
              command(stage.configFile, "trace", id, "--json"),
              (answer) => lastJson(answer).state === "left",
            ),
          )
          yield* stage.world.shipper.resume
          yield* stage.until(
            "it is searchable",
            Effect.map(
              command(stage.configFile, "trace", id, "--json"),
              (answer) => lastJson(answer).state === "searchable",
            ),
          )
          yield* stage.arrived
          yield* stage.assertEquation
        }),
      ),
    TEST_TIMEOUT,
  )
})
