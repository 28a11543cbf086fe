/** What is looked up is what the index has, however few searches it takes to know. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { seededRandom } from "../../src/demo/seededRandom.ts"
import { Indexer } from "../../src/indexer/Indexer.ts"
import { makeLookUp } from "../../src/verify/lookUp.ts"

interface Flow {
  readonly id: string
  readonly time: number
}

/** An index whose events' ids hold their time, and this process, which writes into it. */
const setting = (indexed: ReadonlyArray<Flow> = []) => {
  const documents = new Map(indexed.map((flow) => [flow.id, flow]))
  const asked = { between: 0, copies: 0 }
  let writtenUpTo = Number.NEGATIVE_INFINITY
  const never = () => Effect.die(new Error("not a search of a look-up"))
  const indexer = Indexer.of({
    between: ({ from, to = Number.POSITIVE_INFINITY }) =>
      Effect.sync(() => {
        asked.between += 1
        return [...documents.values()].filter(({ time }) => time >= from && time <= to).length
      }),
    copies: ({ ids }) =>
      Effect.sync(() => {
        asked.copies += 1
        return new Map(ids.flatMap((id) => (documents.has(id) ? [[id, 1] as const] : [])))
      }),
    count: never,
    tally: never,
    ofBatches: never,
    places: never,
    shards: never,
  })
  const lookUp = makeLookUp({ indexer, answered: Effect.void, failed: () => Effect.void, again: () => 1000 })
  const known = (flows: ReadonlyArray<Flow>) => {
    const times = flows.map(({ time }) => time)
    const [from, to] = [Math.min(...times), Math.max(...times)]
    return lookUp({
      ids: flows.map(({ id }) => id),
      since: from,
      within: { eventType: "flow", from, to, writtenUpTo },
    })
  }
  const write = (flows: ReadonlyArray<Flow>) => {
    for (const flow of flows) {
      documents.set(flow.id, flow)
      writtenUpTo = Math.max(writtenUpTo, flow.time)
    }
  }
  return { asked, documents, known, write }
}

const flow = (time: number): Flow => ({ id: `flow-${time}`, time })
const flows = (...times: ReadonlyArray<number>) => times.map(flow)

describe("lookUp", () => {
  it.effect("asks once while a gap is filled, however many batches it takes", () =>
    Effect.gen(function* () {
      const { asked, known, write } = setting(flows(1, 2, 3))
      for (let time = 10; time < 1000; time += 10) {
        const batch = flows(time, time + 5)
        assert.strictEqual((yield* known(batch)).size, 0)
        write(batch)
      }
      assert.deepStrictEqual(asked, { between: 1, copies: 0 })
    }),
  )

  it.effect("finds a record that comes again, also at the border of the batch before", () =>
    Effect.gen(function* () {
      const { known, write } = setting()
      yield* known(flows(10, 20))
      write(flows(10, 20))
      assert.deepStrictEqual([...(yield* known(flows(20, 30))).keys()], ["flow-20"])
      write(flows(30))
      assert.deepStrictEqual([...(yield* known(flows(10))).keys()], ["flow-10"])
    }),
  )

  it.effect("finds what another feed of this process has written since", () =>
    Effect.gen(function* () {
      const { known, write } = setting()
      yield* known(flows(10))
      write(flows(10))
      write(flows(50))
      assert.deepStrictEqual([...(yield* known(flows(40, 50))).keys()], ["flow-50"])
    }),
  )

  it.effect("finds what lies behind a hole", () =>
    Effect.gen(function* () {
      const { known, write } = setting(flows(100))
      assert.strictEqual((yield* known(flows(10, 20))).size, 0)
      write(flows(10, 20))
      assert.deepStrictEqual([...(yield* known(flows(90, 100))).keys()], ["flow-100"])
    }),
  )

  it.effect("is what the index has, over random batches", () =>
    Effect.gen(function* () {
      for (let seed = 1; seed <= 200; seed++) {
        const { next } = seededRandom(seed)
        const some = (below: number) => Math.floor(next() * below)
        const { documents, known, write } = setting(Array.from({ length: some(30) }, () => flow(some(1000))))
        let at = some(300)
        for (let n = 0; n < 30; n++) {
          // Mostly forward, sometimes back, sometimes beside it by somebody else.
          at = next() < 0.15 ? some(1000) : at + some(20)
          const batch = [...new Set(Array.from({ length: 1 + some(5) }, () => at + some(15)))].map(flow)
          const found = yield* known(batch)
          assert.deepStrictEqual(
            [...found.keys()].sort(),
            batch.flatMap(({ id }) => (documents.has(id) ? [id] : [])).sort(),
            `seed ${seed}, batch ${n}`,
          )
          write(batch.filter(({ id }) => !found.has(id)))
          if (next() < 0.1) write([flow(some(1200))])
        }
      }
    }),
  )
})
