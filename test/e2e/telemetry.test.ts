/** What a whole run tells of itself, with everything on: lines, metrics and spans that agree, and no secret in any. */
import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { LOG_EVENTS } from "../../src/telemetry/log.ts"
import { startCollector } from "../telemetry/collector.ts"
import { samplesOf } from "../telemetry/scraped.ts"
import { onStage, stopped, TEST_TIMEOUT } from "./world.ts"

const ADMIN_TOKEN = "an-admin-token-nobody-may-see"
const TRACE_HEADER = "a-collector-key-nobody-may-see"
const FLOWS = "firewalla-msp/flows"

const decodeFeeds = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      feeds: Schema.Array(
        Schema.Struct({
          counts: Schema.Struct({
            fetched: Schema.Int,
            written: Schema.Int,
            outstanding: Schema.Int,
            confirmed: Schema.Int,
            known: Schema.Int,
            dead: Schema.Int,
          }),
        }),
      ),
    }),
  ),
)

const get = (url: string, token: string) =>
  Effect.promise(async () => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    return { status: response.status, text: await response.text() }
  })

describe("telemetry of a run", () => {
  it.live(
    "lines, metrics and spans agree with what was delivered, and none of them shows a secret",
    () =>
      Effect.gen(function* () {
        const collector = yield* startCollector
        yield* onStage(
          {
            flows: { count: 700, span: "6 hours" },
            set: {
              "log.level": "debug",
              "admin.token": ADMIN_TOKEN,
              "traces.endpoint": collector.url,
              "traces.headers": `x-key=${TRACE_HEADER}`,
            },
          },
          (stage) =>
            Effect.gen(function* () {
              const { msp } = stage.world
              // Every way to go wrong that could put a request, and the token in it, into a line.
              for (const status of [500, 429, 401])
                yield* msp.inject({ fault: { kind: "status", status, body: "simulated-msp-token" } })
              yield* stage.indexer.goDown
              const waybill = yield* stage.start
              yield* stage.hasLine("admin.listening")
              yield* stage.hasLine("indexer.unavailable")
              yield* stage.indexer.comeBack
              yield* stage.arrived
              yield* stage.nextLine("poll.finished", () => true, 2)

              const listening = (yield* stage.lines).find(({ event }) => event === "admin.listening")
              const address = String(listening?.address)
              const refused = yield* get(`${address}/metrics`, "wrong")
              assert.strictEqual(refused.status, 401)
              const scrape = yield* get(`${address}/metrics`, ADMIN_TOKEN)
              assert.strictEqual(scrape.status, 200)
              const { feeds } = decodeFeeds((yield* get(`${address}/api/v1/feeds`, ADMIN_TOKEN)).text)
              yield* stopped(waybill)

              const samples = samplesOf(scrape.text)
              const events = (name: string) =>
                samples.get(`waybill_events_total{feed="${FLOWS}",stage="${name}"}`)
              // The two places that count, for Prometheus and for people, tell the same.
              const { fetched, outstanding, ...told } = feeds[0]?.counts ?? assert.fail("there is no feed")
              for (const [stage, count] of Object.entries(told)) {
                // With an overlap each poll finds the same events again, and one may lie between the two answers.
                if (stage !== "known") assert.strictEqual(events(stage), count, stage)
              }
              assert.isAtLeast(fetched, events("fetched") ?? Infinity)
              assert.strictEqual(samples.get("waybill_outstanding_events"), outstanding)
              assert.strictEqual(events("confirmed"), 700)
              assert.strictEqual(events("written"), 700)
              assert.strictEqual(events("dead"), 0)
              assert.isAtLeast(events("fetched") ?? 0, 700)
              assert.strictEqual(samples.get("waybill_outstanding_events"), 0)
              assert.isAbove(samples.get('waybill_request_retries_total{peer="msp"}') ?? 0, 0)
              assert.isAbove(samples.get('waybill_requests_total{peer="indexer",outcome="failed"}') ?? 0, 0)
              assert.isBelow(samples.get(`waybill_checkpoint_age_seconds{feed="${FLOWS}"}`) ?? Infinity, 60)
              assert.isAbove(samples.get("waybill_canary_lag_seconds") ?? 0, 0)

              const lines = yield* stage.lines
              const batches = lines.filter(({ event }) => event === "batch.written").map(({ batch }) => batch)
              const spans = yield* collector.spans
              assert.includeMembers(
                spans.filter(({ name }) => name === "verify").map(({ attributes }) => attributes.batch),
                batches,
              )
              assert.isTrue(collector.headers.every((headers) => headers["x-key"] === TRACE_HEADER))

              const names = new Set<string>([...LOG_EVENTS, "log"])
              assert.deepStrictEqual(
                lines.filter(({ event }) => !names.has(event)).map(({ event }) => event),
                [],
              )
              // All that it has put out, standard error included.
              const output = Fs.readFileSync(stage.logFile, "utf8")
              const secrets = {
                "the MSP token": Redacted.value(stage.world.mspToken),
                "the indexer's password": Redacted.value(stage.world.indexerAccess.password),
                "the admin token": ADMIN_TOKEN,
                "the collector's key": TRACE_HEADER,
                "the indexer's login": Buffer.from(
                  `${stage.world.indexerAccess.username}:${Redacted.value(stage.world.indexerAccess.password)}`,
                ).toString("base64"),
              }
              for (const [what, secret] of Object.entries(secrets)) {
                assert.isFalse(output.includes(secret), `${what} is in the log`)
                assert.isFalse(scrape.text.includes(secret), `${what} is in the metrics`)
                assert.isFalse(JSON.stringify(spans).includes(secret), `${what} is in a span`)
              }
            }),
        )
      }).pipe(Effect.scoped),
    TEST_TIMEOUT,
  )
})
