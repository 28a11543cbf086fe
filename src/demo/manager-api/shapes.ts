/** The bodies that the manager's API takes and answers. */
import { Predicate } from "effect"
import { json, type Reply } from "../http/FaultyHttpServer.ts"

/** An error as api/api/error_handler.py writes it. */
export const problem = (status: number, detail: string, code?: number): Reply =>
  json(
    status,
    { title: "Error", detail, ...(code === undefined ? {} : { error: code }) },
    { "content-type": "application/problem+json" },
  )

export const isLogin = (authorization: string | undefined, username: string, password: string): boolean =>
  authorization === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`

/** The events of a request, or `undefined` when it is none. */
export const eventsIn = (body: string): ReadonlyArray<string> | undefined => {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  if (!Predicate.hasProperty(parsed, "events") || !Array.isArray(parsed.events)) return undefined
  const events: ReadonlyArray<unknown> = parsed.events
  return events.every(Predicate.isString) ? events : undefined
}

const MESSAGES: Readonly<Record<number, string>> = {
  1012: "Invalid message to queue",
  1014: "Error communicating with socket",
}

/** The result of `POST /events`: failed events are named by their whole text, grouped by error. */
export const failedItems = (
  total: number,
  failed: ReadonlyArray<readonly [event: string, code: number]>,
) => ({
  data: {
    affected_items: [],
    total_affected_items: total - failed.length,
    total_failed_items: failed.length,
    failed_items: [...Map.groupBy(failed, ([, code]) => code)].map(([code, items]) => ({
      error: { code, message: MESSAGES[code] ?? "Error" },
      id: items.map(([event]) => event),
    })),
  },
  message:
    failed.length === 0
      ? "All events were forwarded to analisysd"
      : failed.length < total
        ? "Some events were forwarded to analisysd"
        : "No events were forwarded to analisysd",
  error: failed.length === 0 ? 0 : failed.length < total ? 2 : 1,
})
