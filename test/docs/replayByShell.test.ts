/** The way of docs/hec.md to send dead letters again with curl and jq, typed into a shell beside a running Waybill. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Schedule } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { valueAt } from "../../src/demo/indexer/document.ts"
import { makePushStage, type PushStage, TOKEN } from "../e2e/pushing.ts"
import { TEST_TIMEOUT } from "../e2e/world.ts"
import { textOf } from "./pages.ts"

const ADMIN = "an admin's token"

/** The fenced block that holds this text. */
const blockWith = (page: string, text: string): string =>
  Array.from(textOf(page).matchAll(/^```\w*\n([\s\S]*?)^```$/gm), ([, block = ""]) => block).find((block) =>
    block.includes(text),
  ) ?? assert.fail(`${page} has no block with ${text}`)

const SEND = blockWith("docs/hec.md", "jq -c '.events[].envelope'")

/** What a shell prints; fails where a command does. */
const shell = (command: string, env: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(ChildProcessSpawner.ChildProcessSpawner, (spawner) =>
    spawner.string(ChildProcess.make("bash", ["-euo", "pipefail", "-c", command], { env, extendEnv: true })),
  )

const hasTools = shell("command -v jq && command -v curl").pipe(Effect.map((out) => /jq\n.*curl/.test(out)))

const until = <E, R>(what: string, condition: Effect.Effect<boolean, E, R>) =>
  condition.pipe(
    Effect.repeat({ until: (holds) => holds, schedule: Schedule.spaced("100 millis") }),
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.sync(() => assert.fail(`waited in vain until ${what}`)),
    }),
  )

/** How often each pushed event is searchable, by its id. */
const copies = ({ world }: PushStage) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const found = new Map<string, number>()
    const { eventId = [], source = [], visibleAt = [] } = world.indexer?.store.columns ?? {}
    for (const [row, id] of eventId.entries())
      if ((visibleAt[row] ?? Infinity) <= now && valueAt(source[row], ["data", "source"]) === "hec")
        found.set(id, (found.get(id) ?? 0) + 1)
    return found
  })

describe("dead letters by shell", () => {
  it.live(
    "are listed, sent again as they are documented, searchable once each, and purged",
    (context) =>
      Effect.gen(function* () {
        if (!(yield* hasTools)) return context.skip("needs jq and curl")
        const set = {
          "verify.grace": "800 millis",
          "verify.min_interval": "50 millis",
          "admin.enabled": true,
          "admin.port": 0,
          "admin.token": ADMIN,
        }
        const stage = yield* makePushStage({
          indexer: { refreshInterval: "300 millis", keepDocuments: true },
          set: { ...set, "source.hec.tokens.main.source_types": "nginx" },
        })
        let begun = 0
        /** Starts it, and waits for the API of this start: the log has those of earlier ones, too. */
        const start = Effect.gen(function* () {
          const waybill = yield* stage.start
          begun += 1
          const admin = yield* stage.log.pipe(
            Effect.map((log) => log.match(/"address":"http:[^"]+"/g) ?? []),
            Effect.repeat({ until: ({ length }) => length >= begun, schedule: Schedule.spaced("50 millis") }),
            Effect.timeout("60 seconds"),
            Effect.map((found) => found.at(-1)?.slice(11, -1) ?? ""),
          )
          return { ...waybill, admin }
        })
        /** As a person types it, at the addresses of this run. */
        const typed = (
          command: string,
          { admin, origin }: { readonly admin: string; readonly origin: string },
        ) =>
          shell(
            command.replaceAll("http://127.0.0.1:8088", origin).replaceAll("http://127.0.0.1:8089", admin),
            { ADMIN, TOKEN },
          )
        const LIST = 'curl -s http://127.0.0.1:8089/api/v1/dlq -H "Authorization: Bearer $ADMIN"'

        const waybill = yield* start
        for (const n of [1, 2, 3])
          yield* typed(
            `curl -s http://127.0.0.1:8088/services/collector/event -H "Authorization: Splunk $TOKEN" -d '{"event":{"text":"two words, and a \\\\n, ${n}"},"sourcetype":"cisco_asa"}'`,
            waybill,
          )
        yield* until(
          "three letters wait",
          Effect.map(typed(`${LIST} | jq .count`, waybill), (count) => count.trim() === "3"),
        )
        const ids = (yield* typed(`${LIST} | jq -r '.events[].envelope.id'`, waybill)).trim().split("\n")
        // Why it is `jq -c`: with `-r` an envelope is many lines, and the loop would send each of them.
        const lines = yield* typed(`${LIST} | jq -r '.events[].envelope' | wc -l`, waybill)
        assert.isAbove(Number(lines), 3)
        // The questions that the scripts from before ask.
        const file = `${stage.folder}/failed_events.json`
        yield* typed(`${LIST} > ${file}`, waybill)
        const shown = yield* shell(`jq -c '.events[] | {timestamp, reason, error}' ${file}`)
        const told =
          '"normalization_failed","error":"no normalizer registered for format=json source_type=cisco_asa"'
        assert.strictEqual(shown.split(told).length, 4, shown)
        const chosen = yield* shell(
          `jq -r '.events[] | select(.reason == "normalization_failed") | .envelope.id' ${file}`,
        )
        assert.deepStrictEqual(chosen.trim().split("\n"), ids)
        yield* waybill.stop
        yield* waybill.exitCode

        yield* stage.configure({ ...set, "source.hec.tokens.main.source_types": "nginx,cisco_asa" })
        const mended = yield* start
        const replies = yield* typed(SEND, mended)
        assert.strictEqual(replies, '{"text":"Success","code":0}'.repeat(3))
        yield* until(
          "each is searchable",
          Effect.map(copies(stage), (found) => ids.every((id) => found.get(id) === 1)),
        )
        yield* typed(
          `curl -s -X POST http://127.0.0.1:8088/services/collector/event -H "Authorization: Telhawk $TOKEN" -d '{"event": "test"}'`,
          mended,
        )
        yield* until(
          "an event of one word is searchable, too",
          Effect.map(copies(stage), (found) => found.size === 4),
        )
        const purged = yield* typed(
          'curl -s -X DELETE http://127.0.0.1:8089/api/v1/dlq/purge -H "Authorization: Bearer $ADMIN"',
          mended,
        )
        assert.strictEqual(purged, '{"status":"purged"}')
        const health = JSON.parse(yield* typed("curl -s http://127.0.0.1:8089/healthz", mended))
        assert.strictEqual(health.dlq_stats.pending_files, 0)
        assert.deepStrictEqual([...(yield* copies(stage)).values()], [1, 1, 1, 1])
        yield* mended.stop
        assert.strictEqual(yield* mended.exitCode, 0)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    TEST_TIMEOUT,
  )
})
