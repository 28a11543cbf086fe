/** A real OpenSearch in the simulated indexer's place: bulk requests, an index template, and counting by serials. */
import { Data, Duration, Effect, Redacted, Schedule, type Scope } from "effect"
import { Agent, request } from "undici"
import { indexName, isoTimestamp, valueAt } from "../indexer/document.ts"
import { type PackedSerial, serialIn } from "../serials.ts"
import type { IndexTarget } from "./IndexTarget.ts"

export interface OpenSearchAccess {
  readonly url: string
  /** A user that may write the indices and templates. Absent on a node without the security plugin. */
  readonly username?: string
  readonly password?: Redacted.Redacted
  /** The CA that signed its certificate, as PEM. */
  readonly ca?: string
  /** Wazuh's own ingest pipeline, when it is installed there; else its work is done here. */
  readonly pipeline?: string
}

export class OpenSearchFailed extends Data.TaggedError("OpenSearchFailed")<{ readonly message: string }> {}

export interface OpenSearch extends IndexTarget {
  /** Calls `each` with the serial of every searchable document that arrived at or after `since` (epoch ms). */
  readonly eachSerial: (
    since: number,
    each: (serial: PackedSerial) => void,
  ) => Effect.Effect<void, OpenSearchFailed>
}

const PATTERN = "wazuh-alerts-4.x-*"
const PAGE = 2_000
const RETRY = Duration.millis(250)

/** What the stock template does that searches depend on; weaker than it, so that it wins where it is installed. */
const template = (refreshSeconds: number) => ({
  order: -1,
  index_patterns: [PATTERN],
  settings: {
    "index.refresh_interval": `${refreshSeconds}s`,
    "index.number_of_shards": 3,
    "index.number_of_replicas": 0,
    "index.mapping.total_fields.limit": 10_000,
  },
  mappings: {
    date_detection: false,
    dynamic_templates: [{ strings: { match_mapping_type: "string", mapping: { type: "keyword" } } }],
    properties: { "@timestamp": { type: "date" }, timestamp: { type: "date" } },
  },
})

const TIMESTAMP = /"timestamp":"([^"]+)"/

/** The two lines of a bulk request for one alert; Filebeat sets no `_id`. */
const bulkLines = (line: string, pipeline: string | undefined): string => {
  const timestamp = TIMESTAMP.exec(line)?.[1] ?? ""
  const action = JSON.stringify({ index: { _index: indexName(timestamp) } })
  const document =
    pipeline === undefined
      ? `{"@timestamp":"${isoTimestamp(timestamp)}",${line.slice(1)}`
      : JSON.stringify({ message: line, fields: { index_prefix: "wazuh-alerts-4.x-" } })
  return `${action}\n${document}\n`
}

/** Only what is pushed back comes again, as in Filebeat; what a mapping or the pipeline refuses does not. */
const pushedBack = (lines: ReadonlyArray<string>, reply: unknown): ReadonlyArray<string> => {
  const items = valueAt(reply, ["items"])
  if (!Array.isArray(items)) return []
  return lines.filter((_, i) => valueAt(items[i], ["index", "status"]) === 429)
}

export const makeOpenSearch = Effect.fnUntraced(function* (
  access: OpenSearchAccess,
  refreshSeconds: number,
): Effect.fn.Return<OpenSearch, OpenSearchFailed, Scope.Scope> {
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent(access.ca === undefined ? {} : { connect: { ca: access.ca } })),
    (open) => Effect.promise(() => open.close()),
  )
  const authorization =
    access.username === undefined || access.password === undefined
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${access.username}:${Redacted.value(access.password)}`).toString("base64")}`,
        }

  const call = (
    method: "GET" | "PUT" | "POST" | "DELETE",
    path: string,
    body?: string,
    type = "application/json",
  ) =>
    Effect.tryPromise({
      try: async (): Promise<{ readonly status: number; readonly body: unknown }> => {
        const reply = await request(`${access.url.replace(/\/$/, "")}${path}`, {
          method,
          dispatcher: agent,
          headers: { ...authorization, "content-type": type },
          ...(body === undefined ? {} : { body }),
        })
        const text = await reply.body.text()
        return { status: reply.statusCode, body: text.startsWith("{") ? JSON.parse(text) : text }
      },
      catch: (cause) => new OpenSearchFailed({ message: `${method} ${access.url}${path} failed: ${cause}` }),
    })
  const expect = (method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: unknown) =>
    call(method, path, body === undefined ? undefined : JSON.stringify(body)).pipe(
      Effect.filterOrFail(
        ({ status }) => status < 300,
        ({ status, body: said }) =>
          new OpenSearchFailed({
            message: `${method} ${access.url}${path} answered ${status}: ${JSON.stringify(said).slice(0, 300)}`,
          }),
      ),
      Effect.map((reply) => reply.body),
    )

  yield* expect("PUT", "/_template/waybill-demo", template(refreshSeconds))
  const pipeline = access.pipeline === undefined ? "" : `?pipeline=${access.pipeline}`

  const eachSerial = Effect.fnUntraced(function* (since: number, each: (serial: PackedSerial) => void) {
    const first = {
      size: PAGE,
      sort: ["_doc"],
      query: { range: { "@timestamp": { gte: since, format: "epoch_millis" } } },
    }
    // An index that has just been made answers 503 until its shards have started.
    let page = yield* expect("POST", `/${PATTERN}/_search?scroll=1m`, first).pipe(
      Effect.retry({ times: 20, schedule: Schedule.spaced(RETRY) }),
    )
    while (true) {
      const hits = valueAt(page, ["hits", "hits"])
      if (!Array.isArray(hits) || hits.length === 0) break
      for (const hit of hits) each(serialIn(JSON.stringify(hit)))
      page = yield* expect("POST", "/_search/scroll", {
        scroll: "1m",
        scroll_id: valueAt(page, ["_scroll_id"]),
      })
    }
    const scroll = valueAt(page, ["_scroll_id"])
    // It goes by itself, later; and while no index matches there is none, or one that is not found.
    yield* Effect.ignore(call("DELETE", "/_search/scroll", JSON.stringify({ scroll_id: scroll })))
  })

  /** Answers the lines that the node pushed back, or `undefined` when it took none of them. */
  const bulk = (lines: ReadonlyArray<string>) => {
    const body = lines.map((line) => bulkLines(line, access.pipeline)).join("")
    return call("POST", `/_bulk${pipeline}`, body, "application/x-ndjson").pipe(
      Effect.map((reply) => (reply.status === 200 ? pushedBack(lines, reply.body) : undefined)),
      Effect.orElseSucceed(() => undefined),
    )
  }

  return {
    index: Effect.fnUntraced(function* (lines) {
      let rest = yield* bulk(lines)
      if (rest === undefined) return false
      while (rest.length > 0) {
        yield* Effect.sleep(RETRY)
        rest = (yield* bulk(rest)) ?? rest
      }
      return true
    }),
    eachSerial,
  }
})
