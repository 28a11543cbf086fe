/** What Waybill's user may do: search the pattern, and nothing more. */
import { Effect } from "effect"
import { type Finding, fail, ok, warn } from "../Check.ts"
import { type Answer, at, type IndexerAccess, reasonOf } from "./access.ts"

const SETUP =
  "Run `waybill setup`, which makes a role that may only search the pattern and its user, and put that user into indexer.username and password."

interface Probe {
  /** What the user may then do. */
  readonly may: string
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  /** Whether this answer says so. */
  readonly allowed: (answer: Answer) => boolean
}

const answered = ({ status }: Answer): boolean => status === 200

/**
 * Requests that a role with `read` on the pattern is refused, and that change nothing where they are not: an update of a
 * document that does not exist ends with 404. It is made only of an index that exists, or it would make that index.
 */
export const probesOf = (pattern: string, index: string | undefined): ReadonlyArray<Probe> => [
  { may: "see the cluster's state", method: "GET", path: "/_cluster/health", allowed: answered },
  {
    may: "search other indices",
    method: "POST",
    path: `/${encodeURIComponent(`*,-${pattern}`)}/_search`,
    body: { size: 0 },
    // Hidden from a user who may see none of them, rather than refused, under do_not_fail_on_forbidden.
    allowed: (answer) => answered(answer) && Number(at(answer.body, "_shards", "total") ?? 0) > 0,
  },
  ...(index === undefined
    ? []
    : [
        {
          may: "write into the alerts",
          method: "POST" as const,
          path: `/${encodeURIComponent(index)}/_update/waybill-check-of-a-document-that-is-not-there`,
          body: { doc: {} },
          allowed: ({ status }: Answer) => status === 404,
        },
      ]),
  {
    may: "read the indexer's users",
    method: "GET",
    path: "/_plugins/_security/api/internalusers",
    allowed: answered,
  },
]

/** @param allowed what the user may do beyond searching. Pure. */
export const judgeRole = (access: IndexerAccess, search: Answer, allowed: ReadonlyArray<string>): Finding => {
  const { pattern, username } = access
  if (search.status === 403)
    return fail(`${username} may not search ${pattern} (${reasonOf(search)}).`, SETUP)
  if (search.status !== 200)
    return fail(
      `A search of ${pattern} is answered with ${reasonOf(search)}.`,
      "Check indexer.index_pattern.",
    )
  return allowed.length === 0
    ? ok(`${username} may search ${pattern}, and nothing else that was tried.`)
    : warn(`${username} may search, and more: ${allowed.join(", ")}.`, SETUP)
}

/** @param index one that exists, if any is known */
export const checkRole = Effect.fnUntraced(function* (
  access: IndexerAccess,
  search: Answer,
  index: string | undefined,
) {
  if (search.status !== 200) return judgeRole(access, search, [])
  const allowed: Array<string> = []
  for (const probe of probesOf(access.pattern, index)) {
    const answer = yield* access.ask(probe.method, probe.path, probe.body)
    if (probe.allowed(answer)) allowed.push(probe.may)
  }
  return judgeRole(access, search, allowed)
})
