/** An indexer in memory, whose documents and failures the test decides. */
import { Effect, Layer } from "effect"
import { type Indexed, Indexer, IndexerError, type IndexerErrorReason } from "../../src/indexer/Indexer.ts"

type Kind = "count" | "copies" | "tally" | "ofBatches" | "between" | "places" | "shards"

/** One shard of one index, so that any later event is evidence; `ModelChain` has several. */
export class FakeIndexer {
  readonly documents = new Map<string, number>()
  readonly searches: Array<{ readonly kind: Kind; readonly ids: number; readonly since: number }> = []
  failing: IndexerErrorReason | undefined
  /** When an event arrived, where that matters: a search that begins later does not find it. */
  readonly arrivedAt = new Map<string, number>()
  /** What was written in which batch, whether it is indexed or not. */
  readonly batches = new Map<string, Set<string>>()

  index(...ids: ReadonlyArray<string>): void {
    for (const id of ids) this.documents.set(id, (this.documents.get(id) ?? 0) + 1)
  }

  #ask<A>(kind: Kind, query: Indexed, answer: (found: ReadonlyArray<[string, number]>) => A) {
    return Effect.suspend(() => {
      this.searches.push({ kind, ids: query.ids.length, since: query.since })
      if (this.failing !== undefined)
        return new IndexerError({ reason: this.failing, message: "the indexer is away" })
      return Effect.succeed(
        answer(
          query.ids.flatMap((id): Array<[string, number]> => {
            const copies = this.documents.get(id)
            const isEarlier = (this.arrivedAt.get(id) ?? Number.POSITIVE_INFINITY) < query.since
            return copies === undefined || isEarlier ? [] : [[id, copies]]
          }),
        ),
      )
    })
  }

  readonly layer = Layer.sync(Indexer, () =>
    Indexer.of({
      count: (query) =>
        this.#ask("count", query, (found) => found.reduce((sum, [, copies]) => sum + copies, 0)),
      copies: (query) => this.#ask("copies", query, (found) => new Map(found)),
      tally: ({ batches, since }) =>
        this.#ask(
          "tally",
          { ids: batches, since },
          () =>
            new Map(
              batches.flatMap((batch) => {
                const documents = [...(this.batches.get(batch) ?? [])].reduce(
                  (sum, id) => sum + (this.documents.get(id) ?? 0),
                  0,
                )
                return documents === 0 ? [] : [[batch, documents] as const]
              }),
            ),
        ),
      ofBatches: ({ batches, since }) =>
        this.#ask(
          "ofBatches",
          { ids: batches.flatMap((batch) => [...(this.batches.get(batch) ?? [])]), since },
          (found) => ({ copies: new Map(found), index: "one" }),
        ),
      // Documents here have no time, so any may lie in between.
      between: ({ since }) =>
        this.#ask("between", { ids: [...this.documents.keys()], since }, (found) => found.length),
      places: (query) =>
        this.#ask("places", query, (found) =>
          found.flatMap(([id, copies]) =>
            Array.from({ length: copies }, () => ({ id, index: "one", shard: 0 })),
          ),
        ),
      shards: () => this.#ask("shards", { ids: [], since: 0 }, () => 1),
    }),
  )
}
