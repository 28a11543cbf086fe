/**
 * What a search may answer, and when an answer counts. Pure.
 *
 * A partial answer is worse than none: an event on a shard that did not answer would look lost. So everything that is
 * not provably whole is an error.
 */
import { Option, Result, Schema } from "effect"
import type { Roll } from "./coverage.ts"
import { type InBatches, IndexerError, type Place } from "./Indexer.ts"
import type { NewestEvent } from "./IndexHistory.ts"
import { MOST_HITS, type SearchFields } from "./opensearchSearches.ts"

const Failure = Schema.Struct({
  reason: Schema.optionalKey(
    Schema.Struct({
      type: Schema.optionalKey(Schema.String),
      reason: Schema.optionalKey(Schema.NullOr(Schema.String)),
    }),
  ),
})

const Bucket = Schema.Struct({ key: Schema.String, doc_count: Schema.Int })

const Reply = Schema.Struct({
  timed_out: Schema.Boolean,
  terminated_early: Schema.optionalKey(Schema.Boolean),
  _shards: Schema.Struct({
    total: Schema.Int,
    successful: Schema.Int,
    failed: Schema.Int,
    failures: Schema.optionalKey(Schema.Array(Failure)),
  }),
  // Where the pattern names remote clusters. Those with `skip_unavailable` are left out without an error.
  _clusters: Schema.optionalKey(
    Schema.Struct({
      total: Schema.Int,
      successful: Schema.Int,
      skipped: Schema.Int,
      partial: Schema.optionalKey(Schema.Int),
      failed: Schema.optionalKey(Schema.Int),
    }),
  ),
  hits: Schema.Struct({
    total: Schema.Struct({ value: Schema.Int, relation: Schema.Literals(["eq", "gte"]) }),
    hits: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          _index: Schema.optionalKey(Schema.String),
          _shard: Schema.optionalKey(Schema.String),
          fields: Schema.Record(Schema.String, Schema.Array(Schema.Unknown)),
        }),
      ),
    ),
  }),
  // `filter_path` leaves out what is empty.
  aggregations: Schema.optionalKey(
    Schema.Struct({
      each: Schema.Struct({
        buckets: Schema.optionalKey(Schema.Array(Bucket)),
        sum_other_doc_count: Schema.optionalKey(Schema.Int),
      }),
    }),
  ),
})
export type Reply = typeof Reply.Type

const decodeReply = Schema.decodeUnknownResult(Reply)

const badResponse = (where: string, what: string) =>
  new IndexerError({
    reason: "bad-response",
    message: `The indexer at ${where} answered a search with ${what}. Check that indexer.url is an OpenSearch of Wazuh's, and what stands between.`,
  })

export const incomplete = (where: string, what: string) =>
  new IndexerError({
    reason: "incomplete",
    message: `The indexer at ${where} answered a search only in part: ${what}. Look at the health of its indices; Waybill goes on asking.`,
  })

/** The reply, if it is whole in itself: every cluster and every shard that was asked has answered, in time. */
export const wholeReply = (where: string, body: unknown): Result.Result<Reply, IndexerError> => {
  const decoded = decodeReply(body)
  if (Result.isFailure(decoded)) {
    const what =
      typeof body === "string"
        ? "something that is not JSON"
        : `an unknown shape (${decoded.failure.message})`
    return Result.fail(badResponse(where, what))
  }
  const reply = decoded.success
  if (reply.timed_out) return Result.fail(incomplete(where, "it ran out of time"))
  if (reply.terminated_early === true) return Result.fail(incomplete(where, "it ended early"))
  const { _clusters: clusters } = reply
  if (
    clusters !== undefined &&
    (clusters.successful < clusters.total ||
      clusters.skipped + (clusters.partial ?? 0) + (clusters.failed ?? 0) > 0)
  )
    return Result.fail(
      incomplete(
        where,
        `of ${clusters.total} clusters only ${clusters.successful} answered. A remote cluster of indexer.index_pattern is away`,
      ),
    )
  // A shard that is not assigned to any node is not counted as failed, it is only missing from the successful ones.
  const silent = reply._shards.total - reply._shards.successful
  if (silent > 0 || reply._shards.failed > 0) {
    const why =
      reply._shards.failures?.[0]?.reason?.reason ?? "no reason given; it may not be assigned to a node"
    return Result.fail(
      incomplete(
        where,
        `${Math.max(silent, reply._shards.failed)} of ${reply._shards.total} shards did not answer (${why})`,
      ),
    )
  }
  return Result.succeed(reply)
}

/** How many documents were found; exact or an error. */
export const countOf = (where: string, reply: Reply): Result.Result<number, IndexerError> =>
  reply.hits.total.relation === "eq"
    ? Result.succeed(reply.hits.total.value)
    : Result.fail(badResponse(where, "an estimate where the exact count was asked for"))

/** An answer that names documents, if it names every one that there is. */
const allNamed = <A>(where: string, reply: Reply, named: number, answer: A): Result.Result<A, IndexerError> =>
  Result.flatMap(countOf(where, reply), (total) =>
    named === total
      ? Result.succeed(answer)
      : Result.fail(badResponse(where, `${total} documents, of which only ${named} were named`)),
  )

/** How many documents each value has. The buckets must account for every document that was counted. */
export const copiesOf = (
  where: string,
  reply: Reply,
): Result.Result<ReadonlyMap<string, number>, IndexerError> => {
  const copies = new Map(
    (reply.aggregations?.each.buckets ?? []).map((bucket) => [bucket.key, bucket.doc_count]),
  )
  const named = [...copies.values()].reduce((sum, count) => sum + count, 0)
  const others = reply.aggregations?.each.sum_other_doc_count ?? 0
  return others > 0
    ? Result.fail(badResponse(where, `${others} documents beside those that it named`))
    : allNamed(where, reply, named, copies)
}

/** The same, read from hits; none if there are more documents than a search may have hits. */
export const copiesOfHits = (
  where: string,
  idField: string,
  reply: Reply,
): Result.Result<Option.Option<InBatches>, IndexerError> => {
  const hits = reply.hits.hits ?? []
  const { value: total } = reply.hits.total
  if (total > MOST_HITS) return Result.succeed(Option.none())
  const copies = new Map<string, number>()
  const index = hits[0]?._index
  let isOneIndex = true
  let named = 0
  for (const { _index, fields } of hits) {
    isOneIndex &&= _index === index
    const id = fields[idField]?.[0]
    if (typeof id !== "string") continue
    named += 1
    copies.set(id, (copies.get(id) ?? 0) + 1)
  }
  return allNamed(where, reply, named, Option.some({ copies, index: isOneIndex ? index : undefined }))
}

/** `[wazuh-alerts-4.x-2026.02.22][1]` */
const SHARD = /\[(\d+)\]$/

/** Where each document lies. Every document that was counted must be among them. */
export const placesOf = (
  where: string,
  idField: string,
  reply: Reply,
): Result.Result<ReadonlyArray<Place>, IndexerError> => {
  const hits = reply.hits.hits ?? []
  const places = hits.flatMap(({ _index: index, _shard: shard, fields }): ReadonlyArray<Place> => {
    const id = fields[idField]?.[0]
    const number = SHARD.exec(shard ?? "")?.[1]
    return typeof id === "string" && index !== undefined && number !== undefined
      ? [{ id, index, shard: Number(number) }]
      : []
  })
  return allNamed(where, reply, places.length, places)
}

/** How many shards were asked. An index that is not there has none, and then nothing may be concluded. */
export const shardsOf = (where: string, index: string, reply: Reply): Result.Result<number, IndexerError> =>
  reply._shards.total > 0
    ? Result.succeed(reply._shards.total)
    : Result.fail(incomplete(where, `the index ${index} cannot be searched`))

/** The one hit of the search for the newest event. */
export const newestOf = (
  where: string,
  { id: idField, eventTime }: Pick<SearchFields, "id" | "eventTime">,
  reply: Reply,
): Result.Result<Option.Option<NewestEvent>, IndexerError> => {
  const hit = reply.hits.hits?.[0]
  if (hit === undefined) {
    return reply.hits.total.value === 0
      ? Result.succeed(Option.none())
      : Result.fail(badResponse(where, "a hit that was not handed over"))
  }
  const id = hit.fields[idField]?.[0]
  const time = hit.fields[eventTime]?.[0]
  const timeMillis = typeof time === "string" ? Date.parse(time) : Number.NaN
  return typeof id === "string" && !Number.isNaN(timeMillis)
    ? Result.succeed(Option.some({ id, timeMillis }))
    : Result.fail(badResponse(where, `an event whose ${idField} or ${eventTime} cannot be read`))
}

const Names = Schema.Union([Schema.String, Schema.Array(Schema.String)])
const Listed = Schema.Struct({
  indices: Schema.Array(Schema.Struct({ name: Schema.String, attributes: Names })),
  aliases: Schema.Array(Schema.Struct({ name: Schema.String, indices: Names })),
  data_streams: Schema.Array(Schema.Struct({ name: Schema.String, backing_indices: Names })),
})
const decodeListed = Schema.decodeUnknownResult(Listed)
const each = (names: typeof Names.Type): ReadonlyArray<string> =>
  typeof names === "string" ? [names] : names

/** Which indices a pattern matches, by itself or by an alias or a data stream. */
export const rollOf = (where: string, body: unknown): Result.Result<Roll, IndexerError> =>
  Result.match(decodeListed(body), {
    onFailure: ({ message }) =>
      Result.fail(badResponse(where, `a list of indices of an unknown shape (${message})`)),
    onSuccess: ({ aliases, data_streams: streams, indices }) => {
      const closed = new Set(
        indices.flatMap(({ attributes, name }) => (each(attributes).includes("closed") ? [name] : [])),
      )
      const open = [
        ...indices.map(({ name }) => name),
        ...aliases.flatMap((alias) => each(alias.indices)),
        ...streams.flatMap((stream) => each(stream.backing_indices)),
      ]
      return Result.succeed({ closed, open: new Set(open.filter((name) => !closed.has(name))) })
    },
  })
