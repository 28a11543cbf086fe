/** What every implementation of Indexer keeps; see src/indexer/Indexer.ts. */
import { assert, describe, layer as withLayer } from "@effect/vitest"
import { Context, Effect, type Layer } from "effect"
import { Indexer } from "../../src/indexer/Indexer.ts"

export interface TestDocument {
  /** `data.event_id` */
  readonly id: string
  /** `@timestamp`, epoch milliseconds. */
  readonly arrivedAt: number
  /** `data.waybill.batch` */
  readonly batch?: string
  /** `data.event_time`, epoch milliseconds; such a document is a flow. */
  readonly time?: number
}

/** What an alert has under `data`. */
export const dataOf = ({ batch, id, time }: TestDocument) => ({
  event_id: id,
  ...(batch === undefined ? {} : { waybill: { batch } }),
  ...(time === undefined ? {} : { event_type: "flow", event_time: new Date(time).toISOString() }),
})

/** How a test gets documents into the implementation's index. */
export class TestDocuments extends Context.Service<
  TestDocuments,
  {
    /** Returns when they are searchable. The same id twice is two documents. */
    readonly index: (documents: ReadonlyArray<TestDocument>) => Effect.Effect<void>
  }
>()("waybill/test/contracts/Indexer/TestDocuments") {}

/** The length of a query in the suite, if the implementation lets itself be told: so that 25 ids are three. */
export const MAX_IDS = 10

const NOW = Date.parse("2026-02-22T19:13:04.123Z")
const DAY = 86_400_000

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

/** `layer` starts with an index pattern that nothing matches, and is built once for the suite. */
export const suite = <E>(name: string, layer: Layer.Layer<Indexer | TestDocuments, E>) =>
  describe(`Indexer: ${name}`, () => {
    withLayer(layer, { excludeTestServices: true })((it) => {
      it.effect("finds nothing while no index matches the pattern", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          assert.strictEqual(yield* indexer.count({ ids: ["none"], since: 0 }), 0)
          assert.deepStrictEqual(yield* indexer.copies({ ids: ["none"], since: 0 }), new Map())
        }),
      )

      it.effect("counts and names what is there, and not what is missing", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          yield* documents.index(["a", "b"].map((id) => ({ id, arrivedAt: NOW })))
          const query = { ids: ["a", "b", "missing"], since: NOW - 1 }
          assert.strictEqual(yield* indexer.count(query), 2)
          assert.deepStrictEqual(yield* indexer.copies(query), new Map([["a", 1], ["b", 1]])) // biome-ignore format: short
        }),
      )

      it.effect("counts every copy of an event that was indexed twice, over two days too", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          yield* documents.index([
            { id: "double", arrivedAt: NOW },
            { id: "double", arrivedAt: NOW - DAY },
            { id: "double", arrivedAt: NOW },
            { id: "single", arrivedAt: NOW },
          ])
          const query = { ids: ["single", "double"], since: NOW - 2 * DAY }
          assert.strictEqual(yield* indexer.count(query), 4)
          const copies = yield* indexer.copies(query)
          assert.strictEqual(copies.get("double"), 3)
          assert.strictEqual(copies.get("single"), 1)
        }),
      )

      it.effect("leaves out what arrived before `since`, to the millisecond", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          yield* documents.index([
            { id: "before", arrivedAt: NOW - 1 },
            { id: "at", arrivedAt: NOW },
          ])
          const query = { ids: ["before", "at"], since: NOW }
          assert.strictEqual(yield* indexer.count(query), 1)
          assert.deepStrictEqual([...(yield* indexer.copies(query)).keys()], ["at"])
        }),
      )

      it.effect("takes more ids than fit into a query", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          const ids = numbered("many", MAX_IDS * 2 + 5)
          yield* documents.index(ids.map((id) => ({ id, arrivedAt: NOW })))
          assert.strictEqual(yield* indexer.count({ ids, since: 0 }), ids.length)
          const copies = yield* indexer.copies({ ids, since: 0 })
          assert.deepStrictEqual([...copies.keys()].sort(), ids.toSorted())
          assert.isTrue([...copies.values()].every((documents) => documents === 1))
        }),
      )

      it.effect("counts an event once when its id is asked for twice, however far apart", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          yield* documents.index([{ id: "asked-twice", arrivedAt: NOW }])
          const ids = ["asked-twice", ...numbered("absent", MAX_IDS * 2), "asked-twice"]
          assert.strictEqual(yield* indexer.count({ ids, since: 0 }), 1)
          assert.deepStrictEqual(yield* indexer.copies({ ids, since: 0 }), new Map([["asked-twice", 1]]))
        }),
      )

      it.effect("takes ids as they are, whatever characters they have", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          const ids = [
            "a/b c",
            'quo"te',
            "back\\slash",
            "star*",
            "que?ry",
            "{{mustache}}",
            "Télé ✓",
            "UPPER",
            "x:y|z",
          ]
          yield* documents.index(ids.map((id) => ({ id, arrivedAt: NOW })))
          const lookalikes = ["star-1", "upper", "que ry"]
          const copies = yield* indexer.copies({ ids: [...ids, ...lookalikes], since: NOW })
          assert.deepStrictEqual([...copies.keys()].sort(), ids.toSorted())
          assert.strictEqual(yield* indexer.count({ ids: lookalikes, since: NOW }), 0)
        }),
      )

      it.effect("names what was written in some batches, with its copies, and nothing of other batches", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          yield* documents.index([
            { id: "in-1", batch: "flows-1", arrivedAt: NOW },
            { id: "in-1", batch: "flows-1", arrivedAt: NOW + DAY },
            { id: "in-2", batch: "flows-2", arrivedAt: NOW },
            { id: "too-old", batch: "flows-2", arrivedAt: NOW - 1 },
            { id: "in-12", batch: "flows-12", arrivedAt: NOW },
            { id: "in-none", arrivedAt: NOW },
          ])
          const found = yield* indexer.ofBatches({ batches: ["flows-1", "flows-2", "flows-9"], since: NOW })
          assert.deepStrictEqual([...found.copies].sort(), [
            ["in-1", 2],
            ["in-2", 1],
          ])
          // One of them arrived a day later, and lies in the index of that day.
          assert.isUndefined(found.index)
          const [place] = yield* indexer.places({ ids: ["in-2"], since: 0 })
          const { index } = yield* indexer.ofBatches({ batches: ["flows-2"], since: NOW })
          assert.strictEqual(index, place?.index)
          const nothing = { copies: new Map(), index: undefined }
          assert.deepStrictEqual(yield* indexer.ofBatches({ batches: ["flows-9"], since: 0 }), nothing)
        }),
      )

      it.effect("counts the events of a kind in a slice of their own time, both ends in it", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          const slice = { eventType: "flow", from: NOW - 5000, to: NOW - 4000, since: NOW - 10_000 } as const
          assert.strictEqual(yield* indexer.between(slice), 0)
          yield* documents.index(
            [-5001, -5000, -4500, -4000, -3999].map((at) => ({
              id: `at${at}`,
              time: NOW + at,
              arrivedAt: NOW,
            })),
          )
          assert.strictEqual(yield* indexer.between(slice), 3)
          assert.strictEqual(yield* indexer.between({ ...slice, since: NOW + 1 }), 0)
          assert.strictEqual(yield* indexer.between({ ...slice, eventType: "alarm" }), 0)
        }),
      )

      it.effect("tells where each document lies, over two days, and how many shards there are", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const documents = yield* TestDocuments
          const ids = numbered("placed", 60)
          yield* documents.index([
            ...ids.map((id) => ({ id, arrivedAt: NOW })),
            { id: "placed-0", arrivedAt: NOW - DAY },
          ])
          const query = { ids: [...ids, "nowhere"], since: NOW - 2 * DAY }
          const places = yield* indexer.places(query)
          assert.deepStrictEqual(places.map(({ id }) => id).sort(), [...ids, "placed-0"].sort())
          const indices = new Set(places.map(({ index }) => index))
          assert.strictEqual(indices.size, 2)
          const [today = ""] = places.flatMap(({ id, index }) => (id === "placed-1" ? [index] : []))
          const shards = yield* indexer.shards(today)
          assert.isAtLeast(shards, 1)
          // Of 60 documents each shard has some.
          assert.deepStrictEqual(
            [...new Set(places.flatMap(({ index, shard }) => (index === today ? [shard] : [])))].sort(),
            Array.from({ length: shards }, (_, n) => n),
          )
          assert.deepStrictEqual(yield* indexer.places({ ids: ["nowhere"], since: 0 }), [])
        }),
      )

      it.effect("does not know the shards of an index that is not there", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          const error = yield* Effect.flip(indexer.shards("wazuh-alerts-4.x-1999.12.31"))
          assert.strictEqual(error.reason, "incomplete")
        }),
      )

      it.effect("answers zero to no ids", () =>
        Effect.gen(function* () {
          const indexer = yield* Indexer
          assert.strictEqual(yield* indexer.count({ ids: [], since: 0 }), 0)
          assert.deepStrictEqual(yield* indexer.copies({ ids: [], since: 0 }), new Map())
        }),
      )
    })
  })
