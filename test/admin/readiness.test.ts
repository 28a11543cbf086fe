import { assert, describe, it } from "@effect/vitest"
import { type ReadinessFacts, readiness } from "../../src/admin/readiness.ts"
import { type Part, untold } from "../../src/status/RunStatus.ts"

const FEED = "firewalla-msp/flows"
const held = (part: Part) => new Map([[part, { message: "secret/path is full", since: 0 }]])
const counts = {
  fetched: 5,
  written: 5,
  outstanding: 5,
  confirmed: 0,
  known: 0,
  repeated: 0,
  filtered: 0,
  dead: 0,
  unaccounted: 0,
}

interface Change {
  readonly run?: Partial<ReadinessFacts["run"]>
  readonly rest?: Partial<Omit<ReadinessFacts, "run">>
}

const facts = ({ rest, run }: Change): ReadinessFacts => ({
  run: { startedAt: 0, polling: true, feeds: new Map([[FEED, untold(FEED)]]), holds: new Map(), ...run },
  stopping: false,
  searches: true,
  reading: false,
  verifier: { indexer: "available", stalled: undefined },
  feeds: [FEED],
  ...rest,
})

const notReady = (change: Change) =>
  readiness(facts(change))
    .filter(({ ready }) => !ready)
    .map(({ feed, part }) => feed ?? part)

const stalled = (stage: "indexer" | "writer" | "chain") => ({
  indexer: "available" as const,
  stalled: { since: 0, stage },
})

describe("readiness", () => {
  const table: ReadonlyArray<readonly [string, Change, ReadonlyArray<string>]> = [
    ["everything works", {}, []],
    ["the start-up sync is not over", { run: { polling: false } }, ["run"]],
    ["it stops", { rest: { stopping: true } }, ["run"]],
    [
      "the indexer was never asked",
      { rest: { verifier: { indexer: "unknown", stalled: undefined } } },
      ["indexer"],
    ],
    [
      "the indexer is away",
      { rest: { verifier: { indexer: "unavailable", stalled: undefined } } },
      ["indexer"],
    ],
    [
      "the indexer is not asked while it runs",
      { rest: { searches: false, verifier: { indexer: "unknown", stalled: undefined } } },
      [],
    ],
    ["the writer holds", { run: { holds: held("writer") } }, ["writer"]],
    ["a checkpoint can't be written", { run: { holds: held("checkpoints") } }, ["checkpoints"]],
    ["the dead letters are being read", { rest: { reading: true } }, ["dlq"]],
    ["pushed events can't be kept", { run: { holds: held("spool") } }, ["spool"]],
    ["a dead letter can't be written", { run: { holds: held("dlq") } }, ["dlq"]],
    ["nothing arrives, and no feed waits for it", { rest: { verifier: stalled("chain") } }, ["chain"]],
    [
      "nothing arrives, and a feed waits",
      {
        run: { feeds: new Map([[FEED, { ...untold(FEED), counts }]]) },
        rest: { verifier: stalled("writer") },
      },
      ["writer", FEED],
    ],
    [
      "a feed's source fails",
      {
        run: {
          feeds: new Map([
            [FEED, { ...untold(FEED), failure: { reason: "Unauthorized", message: "host x" } }],
          ]),
        },
      },
      [FEED],
    ],
  ]
  for (const [what, change, expected] of table)
    it(`${what}: ${expected.length === 0 ? "ready" : expected.join(", ")}`, () => {
      assert.deepStrictEqual(notReady(change), expected)
    })

  it("says why without a path or a name, since anybody may ask", () => {
    const said = JSON.stringify(
      readiness(
        facts({
          run: {
            holds: held("dlq"),
            feeds: new Map([[FEED, { ...untold(FEED), failure: { reason: "Refused", message: "host x" } }]]),
          },
        }),
      ),
    )
    assert.notInclude(said, "secret/path")
    assert.notInclude(said, "host x")
    assert.include(said, "Refused")
  })
})
