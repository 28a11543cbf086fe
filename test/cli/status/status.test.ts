/** `status` and `feeds` against an admin API on a real port, and against folders where nobody listens. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { FLOWS, makeStage, TOKEN } from "../../admin/stage.ts"
import { settlement } from "../../status/settlement.ts"
import { runIn } from "../inProcess.ts"

const CHECKPOINT = {
  version: 1,
  feed: FLOWS,
  position: { kind: "time", up_to: Date.parse("2026-02-22T19:00:00.000Z") },
  newest: null,
  confirmed: 17,
  committed_at: "2026-02-22T19:13:04.123Z",
} as const

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "waybill-"))
  for (const [name, value] of Object.entries({
    MSP_DOMAIN: "a.example",
    MSP_TOKEN: "t",
    INDEXER_USERNAME: "u",
    INDEXER_PASSWORD: "p",
    WAYBILL_SOURCE__FIREWALLA__FEEDS__DEVICES__ENABLED: "false",
    WAYBILL_STATE__PATH: folder,
    WAYBILL_DLQ__BASE_PATH: path.join(folder, "dlq"),
    WAYBILL_ADMIN__TOKEN: TOKEN,
    WAYBILL_ADMIN__PORT: "1",
  }))
    vi.stubEnv(name, value)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const running = Effect.fnUntraced(function* () {
  const stage = yield* makeStage()
  vi.stubEnv("WAYBILL_ADMIN__PORT", String(stage.port))
  yield* stage.status.checkpointed(CHECKPOINT)
  yield* stage.status.written(FLOWS, 10)
  yield* stage.status.settled(FLOWS, settlement({ taken: 6, written: 5, known: 2, dead: 1, lagMillis: 900 }))
  return stage
})

describe("waybill status", () => {
  it.live("ends with 0 where every part of a run can do its work, with 2 where not", () =>
    Effect.gen(function* () {
      const { status, verifier } = yield* running()
      assert.strictEqual((yield* runIn(["status"])).code, 2)
      yield* status.pollingBegan
      const well = yield* runIn(["status"])
      assert.strictEqual(well.code, 0, well.errors)
      assert.include(well.output, ": ready, up ")
      yield* verifier({ indexer: "unavailable" })
      const { code, output } = yield* runIn(["status"])
      assert.strictEqual(code, 2)
      assert.include(output, "! indexer: it does not answer searches")
    }).pipe(Effect.scoped),
  )

  it.live("gives as JSON what the API knows and how old each checkpoint is", () =>
    Effect.gen(function* () {
      yield* running()
      const { output } = yield* runIn(["status", "--json"])
      const { feeds, ...rest } = JSON.parse(output)
      assert.deepInclude(rest, {
        command: "status",
        running: true,
        why: null,
        manager_queue_usage: null,
        dead_letters: 0,
        not_ready: [{ part: "run", feed: null, why: "starting: no feed is polled yet" }],
      })
      assert.deepInclude(feeds[0], {
        feed: FLOWS,
        interval_seconds: 900,
        checkpoint: { kind: "time", up_to: "2026-02-22T19:00:00.000Z" },
        lag_ms: 900,
        counts: {
          fetched: 0,
          written: 10,
          outstanding: 4,
          confirmed: 5,
          known: 2,
          repeated: 0,
          filtered: 0,
          dead: 1,
          unaccounted: 0,
        },
      })
      assert.approximately(
        feeds[0].checkpoint_age_seconds,
        (Date.now() - CHECKPOINT.position.up_to) / 1000,
        60,
      )
    }).pipe(Effect.scoped),
  )

  it.live("fails with 1 where it may not ask, and does not call that a Waybill that is away", () =>
    Effect.gen(function* () {
      yield* running()
      vi.stubEnv("WAYBILL_ADMIN__TOKEN", "a-token-that-nobody-knows-at-all")
      const { code, errors, output } = yield* runIn(["status", "--json"])
      assert.strictEqual(code, 1)
      assert.strictEqual(output, "")
      assert.include(errors, "admin.token")
      assert.notInclude(errors, "nobody-knows")
    }).pipe(Effect.scoped),
  )

  it.live("says that none runs, shows what lies in the folders, and touches nothing there", () =>
    Effect.gen(function* () {
      writeFileSync(path.join(folder, "firewalla-msp.flows.json"), "cut o")
      writeFileSync(path.join(folder, "firewalla-msp.flows.json.previous"), JSON.stringify(CHECKPOINT))
      const holder = { command: "waybill run", pid: 17, host: "a-host", since: "2026-02-22T19:13:04.123Z" }
      writeFileSync(path.join(folder, "waybill.lock"), JSON.stringify(holder))
      const before = readdirSync(folder)
      const { code, output } = yield* runIn(["status", "--json"])
      assert.strictEqual(code, 2)
      const report = JSON.parse(output)
      assert.isFalse(report.running)
      assert.include(report.why, "Nobody answers at http://127.0.0.1:1.")
      assert.include(report.why, "process 17 on a-host")
      assert.deepEqual(
        report.feeds.map(({ checkpoint, counts, feed }: Record<string, unknown>) => ({
          checkpoint,
          counts,
          feed,
        })),
        [
          { feed: "firewalla-msp/alarms", checkpoint: null, counts: null },
          { feed: FLOWS, checkpoint: { kind: "time", up_to: "2026-02-22T19:00:00.000Z" }, counts: null },
        ],
      )
      assert.deepEqual(readdirSync(folder), before)
    }),
  )

  it.live("refuses an interval that would ask without end", () =>
    Effect.gen(function* () {
      const { code, errors } = yield* runIn(["status", "--watch", "--interval", "0"])
      assert.strictEqual(code, 1)
      assert.include(errors, "--interval")
    }),
  )
})

describe("waybill feeds", () => {
  it.live("shows each feed of a run, and ends with 0 also where none runs", () =>
    Effect.gen(function* () {
      const stage = yield* running()
      yield* stage.status.pollBegan(FLOWS)
      yield* stage.status.pollEnded(
        FLOWS,
        { reason: "Unauthorized", message: "The token is refused." },
        60_000,
      )
      const { code, output } = yield* runIn(["feeds"])
      assert.strictEqual(code, 0)
      assert.match(output, /^firewalla-msp\/flows +15 min .* in \d+ s +Unauthorized$/m)
      assert.include(output, "! firewalla-msp/flows: The token is refused.")
      vi.stubEnv("WAYBILL_ADMIN__PORT", "1")
      const away = yield* runIn(["feeds", "--json"])
      assert.strictEqual(away.code, 0)
      assert.deepInclude(JSON.parse(away.output), { command: "feeds", running: false })
    }).pipe(Effect.scoped),
  )
})
