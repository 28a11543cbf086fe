/**
 * What went wrong with a search, told apart as its consequences differ. Pure.
 *
 * The client (3.9.0) wraps a refused connection, a hang-up and an untrusted certificate in the same ConnectionError
 * without a code; only the message of Node's TLS tells them apart. A 401 of the security plugin is a plain string.
 */
import { errors } from "@opensearch-project/opensearch"
import { Option, Schema } from "effect"
import type { RequestFailure } from "../retry/decide.ts"
import { IndexerError, type IndexerErrorReason } from "./Indexer.ts"

/** Node's messages for a certificate it does not accept (OpenSSL's X509_verify_cert_error_string, and checkServerIdentity). */
const NOT_TRUSTED = /certificate|altnames|local issuer/i
/** Plain HTTP answered where TLS was expected. */
const NOT_TLS = /wrong version number|packet length too long|unknown protocol/i

const FailedSearch = Schema.Struct({
  error: Schema.Struct({
    type: Schema.optionalKey(Schema.String),
    reason: Schema.optionalKey(Schema.NullOr(Schema.String)),
    root_cause: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({ type: Schema.String, reason: Schema.optionalKey(Schema.NullOr(Schema.String)) }),
      ),
    ),
  }),
})
const decodeFailedSearch = Schema.decodeUnknownOption(FailedSearch)

/** The node's own words, if it is the node that answered. Cut: they may quote the whole query. */
const nodesReason = (body: unknown): string =>
  decodeFailedSearch(body).pipe(
    Option.map(({ error }) => error.root_cause?.[0]?.reason ?? error.reason ?? error.type ?? ""),
    Option.filter((reason) => reason !== ""),
    Option.match({ onNone: () => "", onSome: (reason) => ` (${reason.slice(0, 300)})` }),
  )

/** `no permissions for [indices:data/read/search] and User …` → `indices:data/read/search` */
const missingPermission = (reason: string): string =>
  /\[(\w+:[^\]]+)\]/.exec(reason)?.[1] ?? "indices:data/read/search"

const fail = (reason: IndexerErrorReason, message: string, retryAfter?: string): IndexerError =>
  new IndexerError({ reason, message, ...(retryAfter === undefined ? {} : { retryAfter }) })

const fromStatus = (
  where: string,
  pattern: string,
  { statusCode: status, body, headers }: errors.ResponseError,
): IndexerError => {
  const { "retry-after": header }: Readonly<Record<string, unknown>> = headers ?? {}
  const retryAfter = typeof header === "string" ? header : undefined
  const reason = nodesReason(body)
  if (status === 401) {
    return fail(
      "unauthorized",
      `The indexer at ${where} refuses the login (401). Check indexer.username and indexer.password; Waybill holds and does not try again quickly, so as not to lock the account.`,
    )
  }
  if (status === 403 && reason.includes("blocked by:")) {
    return fail(
      "incomplete",
      `The indexer at ${where} may not search an index of ${pattern}${reason}. Take the block away, or the index out of indexer.index_pattern; Waybill goes on asking.`,
    )
  }
  if (status === 403) {
    return fail(
      "forbidden",
      `The indexer at ${where} refuses to search ${pattern}: the user lacks ${missingPermission(reason)}. Give it a role with "read" on ${pattern}; nothing more is needed.`,
    )
  }
  if (status === 429) {
    return fail(
      "overloaded",
      `The indexer at ${where} has too much to do (429)${reason}. Waybill asks again later.`,
      retryAfter,
    )
  }
  if (status === 408)
    return fail("timed-out", `The indexer at ${where} gave up waiting for the search (408)${reason}.`)
  if (status >= 500) {
    return fail(
      "overloaded",
      `The indexer at ${where} cannot answer a search now (${status})${reason}. Look at its log and its health; Waybill asks again later.`,
      retryAfter,
    )
  }
  return fail(
    "bad-response",
    `The indexer at ${where} does not understand a search of ${pattern} (${status})${reason}. Check indexer.url, indexer.index_pattern and that Wazuh's index template is loaded.`,
  )
}

const fromConnection = (where: string, message: string): IndexerError => {
  if (NOT_TRUSTED.test(message)) {
    return fail(
      "untrusted",
      `The certificate of the indexer at ${where} is not trusted (${message}). Set indexer.ca_file to the CA that signed it (root-ca.pem of the Wazuh installation), and use a host name that the certificate has.`,
    )
  }
  if (NOT_TLS.test(message)) {
    return fail(
      "unreachable",
      `The indexer at ${where} does not speak TLS. Check whether indexer.url should begin with http://.`,
    )
  }
  return fail(
    "unreachable",
    `The indexer at ${where} cannot be reached (${message}). Check that it runs, indexer.url and the network between.`,
  )
}

/** A search that did not answer in time. */
export const timedOut = (where: string, milliseconds: number): IndexerError =>
  fail(
    "timed-out",
    `The indexer at ${where} did not answer a search within ${milliseconds} ms. Look at its load; raise indexer.timeout_seconds if it is always that slow.`,
  )

/** Whatever the client threw. `where` is host and port, and nothing of the URL besides: it may hold a password. */
export const fromClient = (
  where: string,
  pattern: string,
  timeoutMillis: number,
  cause: unknown,
): IndexerError => {
  if (cause instanceof errors.ResponseError) return fromStatus(where, pattern, cause)
  if (cause instanceof errors.TimeoutError) return timedOut(where, timeoutMillis)
  if (cause instanceof errors.ConnectionError) return fromConnection(where, cause.message)
  if (cause instanceof errors.DeserializationError) {
    return fail(
      "bad-response",
      `The indexer at ${where} answered with broken JSON. Check what stands between Waybill and it.`,
    )
  }
  const words = cause instanceof Error ? cause.message : "unknown error"
  return fail(
    "unreachable",
    `The search at the indexer ${where} failed (${words}). Check indexer.url and the log of the indexer.`,
  )
}

/** What the error means for the quick retries. */
export const failureOf = (error: IndexerError): RequestFailure => {
  switch (error.reason) {
    case "unreachable":
    // Part of an answer is an answer cut short: the rest may be there a moment later.
    case "incomplete":
      return { _tag: "Network" }
    case "timed-out":
      return { _tag: "TimedOut" }
    case "overloaded":
      return { _tag: "Status", status: 503, retryAfter: error.retryAfter }
    case "unauthorized":
      return { _tag: "Status", status: 401 }
    case "forbidden":
      return { _tag: "Status", status: 403 }
    case "untrusted":
    case "bad-response":
      return { _tag: "Unusable" }
  }
}
