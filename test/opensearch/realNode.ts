/** What the files of the tier share: the node, indices of their own on it, and skipping with a reason. */
import { readFileSync } from "node:fs"
import { describe, inject, it } from "@effect/vitest"
import { Effect, Redacted, type Scope } from "effect"
import type { OpenSearchOptions } from "../../src/indexer/OpenSearchIndexer.ts"
import { defaultRetrySettings } from "../../src/retry/decide.ts"
import { type Answer, ask, type Login } from "../support/opensearch/request.ts"
import type { User, Users } from "../support/opensearch/settings.ts"
import type { SharedNode } from "./globalSetup.ts"

export type RealNode = Exclude<SharedNode, { readonly missing: string }>

const shared: SharedNode | undefined = inject("opensearch")

const skip = (name: string, why: string) =>
  describe.skip(`${name} (skipped: ${why})`, () => {
    it("needs a real OpenSearch", () => undefined)
  })

/** Tests against a real node; skipped with the reason where there is none. */
export const onRealNode = (name: string, tests: (node: RealNode) => void): void => {
  if (shared === undefined) skip(name, "runs with npm run test:opensearch")
  else if ("missing" in shared) skip(name, shared.missing)
  else describe(name, () => tests(shared))
}

/** Tests that need users of their own, so a node of our own. */
export const onOwnNode = (name: string, tests: (node: RealNode, users: Users) => void): void =>
  onRealNode(name, (node) => {
    if (node.users === undefined) skip(name, "the node of OPENSEARCH_URL has not the users that this needs")
    else tests(node, node.users)
  })

/** A file of Wazuh's, which lies beside a checkout where it can; undefined where it does not. */
export const wazuhFile = (name: "wazuh-template.json" | "pipeline.json"): string | undefined => {
  try {
    return readFileSync(new URL(`../../../shared/data/wazuh/${name}`, import.meta.url), "utf8")
  } catch {
    return undefined
  }
}

export const loginOf = (node: RealNode, user: User | undefined): Login => ({
  url: node.url,
  ca: node.caFile === undefined ? undefined : readFileSync(node.caFile, "utf8"),
  user,
})

/** A request as the admin of the node; a status of 400 or more is a defect of the test. */
export const asAdmin = (
  node: RealNode,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: object | string,
): Effect.Effect<Answer> =>
  Effect.promise(() => ask(loginOf(node, node.admin), method, path, body)).pipe(
    Effect.tap((answer) =>
      answer.status < 400
        ? Effect.void
        : Effect.die(new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)),
    ),
  )

/** Puts something on the node for as long as the scope is open: the next test has the node too. */
export const lent = (node: RealNode, path: string, body: object): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.asVoid(asAdmin(node, "PUT", path, body)), () => asAdmin(node, "DELETE", path))

/** What Waybill searches, and where a simulated shipper writes. */
export const ALERTS = "wazuh-alerts-4.x-*"

/**
 * For a simulated world, which writes to the real index of the day: it finds none, and leaves neither index nor
 * template behind. On a node of our own only.
 */
export const dayOfItsOwn = (node: RealNode): Effect.Effect<void, never, Scope.Scope> => {
  const clear = Effect.asVoid(asAdmin(node, "DELETE", `/${ALERTS}`))
  return Effect.acquireRelease(clear, () =>
    Effect.andThen(clear, asAdmin(node, "DELETE", "/_template/waybill-demo")),
  )
}

const chunksOf = (indices: ReadonlyArray<string>, size: number): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(indices.length / size) }, (_, n) => indices.slice(n * size, (n + 1) * size))

/**
 * The beginning of the names of a test's own indices, inside the pattern that the role may read; the indices go when
 * the scope closes.
 */
export const ownIndices = (node: RealNode, test: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => `wazuh-alerts-4.x-${test}-${process.pid}-${Date.now().toString(36)}-`),
    (prefix) =>
      asAdmin(node, "GET", `/_cat/indices/${prefix}*?h=index&format=json`).pipe(
        Effect.map(({ body }) =>
          Array.isArray(body) ? body.map(({ index }: { readonly index: string }) => index) : [],
        ),
        // By name, as many nodes forbid to delete by a pattern; a few at a time, as a node takes 4 KB of URL.
        Effect.flatMap((indices) =>
          Effect.forEach(chunksOf(indices, 50), (some) => asAdmin(node, "DELETE", `/${some.join(",")}`)),
        ),
      ),
  )

/** How the code under test is told of the node; as the read-only user where the node has one. */
export const clientOptions = (
  node: RealNode,
  more: Partial<OpenSearchOptions> & { readonly user?: User } = {},
): OpenSearchOptions => {
  const { user = node.users?.waybill ?? node.admin, ...rest } = more
  return {
    url: node.url,
    username: user?.username,
    password: user === undefined ? undefined : Redacted.make(user.password),
    caFile: node.caFile,
    retry: { ...defaultRetrySettings, maxRetries: 0 },
    ...rest,
  }
}
