/**
 * The indexer itself fails: a real node, of this file alone, that hangs, dies and comes back, refuses to answer,
 * refuses documents, and shows late what it has taken.
 */
import { afterAll, assert, beforeAll, it } from "@effect/vitest"
import { Effect } from "effect"
import { json, type Reply, text } from "../../src/demo/http/FaultyHttpServer.ts"
import { type RunningNode, startNode } from "../support/opensearch/startNode.ts"
import { makeFaultyProxy } from "./faultyProxy.ts"
import { ALERTS, asAdmin, onOwnNode, type RealNode } from "./realNode.ts"
import { onRealStage, REAL_TIMEOUT, type RealStage, SLOW } from "./realStage.ts"

const RETRY_AFTER_SECONDS = 2

const FORBIDDEN = {
  error: { type: "security_exception", reason: "no permissions for [indices:data/read/search]" },
  status: 403,
}
const BUSY = { error: { type: "circuit_breaking_exception", reason: "[parent] Data too large" }, status: 429 }
const ANSWERS: ReadonlyArray<readonly [name: string, reply: Reply]> = [
  ["401", text(401, "Unauthorized")],
  ["403", json(403, FORBIDDEN)],
  ["429", json(429, BUSY, { "retry-after": String(RETRY_AFTER_SECONDS) })],
  ["503", text(503, "no healthy upstream")],
  ["a hang-up", { _tag: "HangUp" }],
]

/** Nothing is committed until `until`. What was answered before the fault may still be. */
const holds = <E>(stage: RealStage, name: string, until: Effect.Effect<void, E>) =>
  Effect.gen(function* () {
    yield* Effect.sleep("400 millis")
    const commits = yield* stage.countLines("checkpoint.committed")
    yield* until
    assert.strictEqual(yield* stage.countLines("checkpoint.committed"), commits, name)
  })

const isAtOnceOrLater = (millis: number) => millis < 300 || millis >= RETRY_AFTER_SECONDS * 1000 - 20

/** A second after Waybill has said so. */
const noticed = (stage: RealStage, reason: string) =>
  Effect.andThen(
    stage.hasLine("indexer.unavailable", (line) => line.reason === reason),
    Effect.sleep("1 second"),
  )

onOwnNode("a real OpenSearch that fails", () => {
  let running: RunningNode | undefined
  beforeAll(async () => {
    running = await startNode({ secure: false })
  }, 120_000)
  afterAll(() => running?.stop())
  const withNode = <E>(story: (node: RealNode, running: RunningNode) => Effect.Effect<void, E>) =>
    Effect.suspend(() =>
      running === undefined
        ? Effect.die("the node has not started")
        : story({ url: running.url, caFile: undefined, admin: undefined, users: undefined }, running),
    )

  it.live(
    "hanging, and dying: no checkpoint moves meanwhile, and all is there after a start on the same data",
    () =>
      withNode((node, { crash, resume, startAgain, suspend }) =>
        onRealStage(
          node,
          {
            seed: 41,
            flows: { count: 1500, span: "30 hours" },
            manager: { serviceRate: SLOW },
            set: { "verify.max_unconfirmed_events": 300, "indexer.timeout_seconds": 1 },
          },
          (stage) =>
            Effect.gen(function* () {
              yield* stage.searchable(50)
              yield* Effect.acquireUseRelease(
                Effect.promise(suspend),
                () => holds(stage, "hanging", noticed(stage, "timed-out")),
                () => Effect.promise(resume),
              )
              yield* stage.nextLine("checkpoint.committed")
              yield* Effect.acquireUseRelease(
                Effect.promise(crash),
                () => holds(stage, "dead", noticed(stage, "unreachable")),
                () => Effect.promise(startAgain),
              )
              yield* stage.endsWell
              assert.strictEqual(yield* stage.lostEvents, 0)
            }),
        ),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    `answering ${ANSWERS.map(([name]) => name).join(", ")}: held, asked in the time it wants, and nothing sent twice`,
    () =>
      withNode((node) =>
        Effect.gen(function* () {
          const proxy = yield* makeFaultyProxy(node.url)
          yield* onRealStage(
            node,
            {
              seed: 42,
              flows: { count: 2000, span: "30 hours" },
              manager: { serviceRate: SLOW },
              searchUrl: proxy.url,
              set: { "verify.max_unconfirmed_events": 200, "batch.max_events": 50 },
            },
            (stage) =>
              Effect.gen(function* () {
                yield* stage.searchable(50)
                for (const [name, reply] of ANSWERS) {
                  yield* proxy.answer(reply)
                  yield* holds(
                    stage,
                    name,
                    Effect.sleep(name === "429" ? `${4 * RETRY_AFTER_SECONDS + 2} seconds` : "1500 millis"),
                  )
                  const asked = yield* proxy.asked
                  assert.isAtLeast(asked.length, 2, name)
                  if (name === "429")
                    // Searches that are made at once may come at once.
                    for (const [n, at] of asked.slice(1).entries())
                      assert.isTrue(isAtOnceOrLater(at - (asked[n] ?? 0)), `${at - (asked[n] ?? 0)} ms`)
                  // A refused login at most every `verify.max_interval`: more would lock the account.
                  if (name === "401") assert.isAtMost(asked.length, 8)
                  yield* proxy.answer(undefined)
                  yield* stage.nextLine("checkpoint.committed")
                }
                assert.isAtLeast(yield* stage.countLines("indexer.unavailable"), ANSWERS.length)
                const { documents } = yield* stage.endsWell
                assert.strictEqual(documents, 2000)
                assert.strictEqual(yield* stage.lostEvents, 0)
              }),
          )
        }).pipe(Effect.scoped),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    "refusing a third of the documents by mapping: they leave no trace, end as dead letters, and the feed goes on",
    () =>
      withNode((node) =>
        onRealStage(
          node,
          {
            seed: 43,
            alarms: { count: 160, span: "8 hours" },
            set: {
              "source.firewalla.feeds.alarms.enabled": true,
              "source.firewalla.feeds.flows.enabled": false,
              "verify.max_attempts": 2,
            },
            // Only some alarms have a remote; Waybill sends it as an object.
            mappings: {
              properties: {
                data: { properties: { firewalla: { properties: { remote: { type: "keyword" } } } } },
              },
            },
          },
          (stage) =>
            Effect.gen(function* () {
              const { dead, searchable } = yield* stage.endsWell
              // Six of the sixteen types.
              assert.deepStrictEqual({ dead, searchable }, { dead: 60, searchable: 100 })
              const reasons = new Set((yield* stage.letters).map(({ reason }) => reason))
              assert.deepStrictEqual([...reasons], ["verification_failed"])
            }),
        ),
      ),
    REAL_TIMEOUT,
  )

  it.live(
    "refreshing so late that Waybill would long have given up: late is not lost",
    () =>
      withNode((node) =>
        onRealStage(
          node,
          { seed: 44, flows: { count: 1000, span: "8 hours" }, manager: { serviceRate: SLOW } },
          (stage) =>
            Effect.gen(function* () {
              const refresh = (interval: string) =>
                asAdmin(node, "PUT", `/${ALERTS}/_settings`, { index: { refresh_interval: interval } })
              yield* stage.searchable(100)
              // It stands for 60 s: nothing new is seen, ten times as long as the proof's grace.
              yield* refresh("-1")
              // By then what was seen before is committed.
              yield* stage.nextLine("batch.unconfirmed")
              yield* Effect.sleep("2 seconds")
              yield* holds(stage, "no refresh", Effect.sleep("8 seconds"))
              yield* asAdmin(node, "POST", `/${ALERTS}/_refresh`)
              yield* stage.nextLine("checkpoint.committed")
              yield* refresh("500ms")
              const { documents } = yield* stage.endsWell
              assert.strictEqual(documents, 1000)
              assert.strictEqual(yield* stage.lostEvents, 0)
            }),
        ),
      ),
    REAL_TIMEOUT,
  )
})
