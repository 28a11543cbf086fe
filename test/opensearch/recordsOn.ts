/** The records that a node's searches return now, counted over the serials of the simulated source. */
import { Effect, Schedule, Schema } from "effect"
import { serialIn } from "../../src/demo/serials.ts"
import { type Arrivals, nameOf } from "../e2e/equation.ts"
import { ask } from "../support/opensearch/request.ts"
import { ALERTS, loginOf, type RealNode } from "./realNode.ts"

const Reply = Schema.Struct({
  _shards: Schema.Struct({ total: Schema.Int, successful: Schema.Int }),
  hits: Schema.optionalKey(
    Schema.Struct({
      hits: Schema.Array(
        Schema.Struct({ _source: Schema.Struct({ id: Schema.String, data: Schema.Unknown }) }),
      ),
    }),
  ),
})
const decode = Schema.decodeUnknownEffect(Reply)

const SEARCH = {
  size: 10_000,
  _source: ["id", "data.url", "data.firewalla.message"],
  query: { terms: { "data.event_type": ["flow", "alarm"] } },
}

export interface Records {
  /** Those that a shipper has sent twice are two. */
  readonly documents: number
  /** One entry for each alert of a record, so for each time that it was sent and came out of the manager. */
  readonly arrivals: Arrivals
}

/** Asks until every shard answers: they do not just after an index was made, nor while the node is away. */
export const recordsOn = (node: RealNode): Effect.Effect<Records> =>
  Effect.tryPromise(() =>
    ask(
      loginOf(node, node.admin),
      "POST",
      `/${ALERTS}/_search?filter_path=_shards,hits.hits._source`,
      SEARCH,
    ),
  ).pipe(
    Effect.flatMap(({ body }) => decode(body)),
    Effect.filterOrFail(({ _shards: shards }) => shards.successful === shards.total),
    Effect.retry(Schedule.spaced("100 millis")),
    Effect.orDie,
    Effect.map(({ hits }) => {
      const alerts = new Map<string, Set<string>>()
      for (const { _source: source } of hits?.hits ?? []) {
        const name = nameOf(serialIn(JSON.stringify(source.data))) ?? "a record without a serial"
        alerts.set(name, (alerts.get(name) ?? new Set()).add(source.id))
      }
      // They are searchable already: when they became so is not known.
      return {
        documents: hits?.hits.length ?? 0,
        arrivals: new Map([...alerts].map(([name, ids]) => [name, [...ids].map(() => 0)])),
      }
    }),
  )
