/**
 * The indexer as Waybill's user meets it, over plain REST: one try a request, and any status is an answer. The client
 * that `run` searches with makes no other request than a search, and here just the others are wanted.
 */
import { readFile } from "node:fs/promises"
import { Effect, Predicate, Redacted } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Config } from "../../config/Config.ts"
import { makeExchange, NotAnswered } from "../../writers/http/Exchange.ts"

export interface Answer {
  readonly status: number
  /** Parsed where it is JSON, otherwise its text. */
  readonly body: unknown
}

export interface IndexerAccess {
  readonly host: string
  readonly pattern: string
  readonly username: string
  readonly ask: (
    method: "GET" | "POST",
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ) => Effect.Effect<Answer, NotAnswered>
}

const MOST_SECONDS = 15

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A value deep in an answer. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((inner, key) => (Predicate.hasProperty(inner, key) ? inner[key] : undefined), value)

/** Why the node refuses, in its own words. */
export const reasonOf = ({ body, status }: Answer): string => {
  const reason = at(body, "error", "reason")
  return typeof reason === "string"
    ? `${status}: ${reason.replaceAll(/\s+/g, " ").slice(0, 200)}`
    : `${status}`
}

/** Connections live for one request each. */
export const makeAccess = ({ indexer, retry }: Config): IndexerAccess => {
  const url = indexer.url.replace(/\/+$/, "")
  const timeoutSeconds = Math.min(indexer.timeout_seconds ?? retry.timeout_seconds, MOST_SECONDS)
  const { ca_file: caFile, password, username } = indexer
  const ca = caFile === undefined ? Effect.succeed(undefined) : readCa(caFile)
  const ask: IndexerAccess["ask"] = Effect.fnUntraced(function* (method, path, body) {
    const trusted = yield* ca
    const exchange = yield* makeExchange({
      timeoutSeconds,
      tls: { rejectUnauthorized: indexer.verify_tls, ...(trusted === undefined ? {} : { ca: trusted }) },
    })
    const bare = HttpClientRequest.make(method)(`${url}${path}`).pipe(HttpClientRequest.acceptJson)
    const named =
      username === undefined || password === undefined
        ? bare
        : HttpClientRequest.basicAuth(bare, username, Redacted.value(password))
    const request =
      body === undefined ? named : HttpClientRequest.bodyText(named, JSON.stringify(body), "application/json")
    const answer = yield* exchange(request)
    return { status: answer.status, body: parse(answer.body) }
  }, Effect.scoped)
  return { host: new URL(url).host, pattern: indexer.index_pattern, username: username ?? "nobody", ask }
}

const readCa = (file: string) =>
  Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (cause) =>
      new NotAnswered({
        kind: "untrusted",
        isUnsent: true,
        detail: `indexer.ca_file can't be read: ${cause instanceof Error ? cause.message : file}`,
      }),
  })
