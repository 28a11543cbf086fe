/** The part of a dashboards server that `waybill setup` speaks to, as OpenSearch Dashboards 2.x answers. */
import { Effect } from "effect"
import { json, listen, type Reply, type Request, text } from "../../src/demo/http/FaultyHttpServer.ts"

export interface SavedAttributes {
  readonly type: string
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const key = ({ type, id }: { readonly type: string; readonly id: string }) => `${type}:${id}`

/** The one file of a multipart body. */
const fileOf = ({ headers, body }: Request): string | undefined => {
  const boundary = /^multipart\/form-data; boundary="?([^";]+)/.exec(headers["content-type"] ?? "")?.[1]
  if (boundary === undefined) return undefined
  const part = body.split(`--${boundary}`)[1] ?? ""
  const [head = "", ...rest] = part.split("\r\n\r\n")
  return /name="file"; filename="[^"]+\.ndjson"/.test(head)
    ? rest.join("\r\n\r\n").replace(/\r\n$/, "")
    : undefined
}

export const dashboardsServer = Effect.fnUntraced(function* (login: {
  readonly username: string
  readonly password: string
}) {
  const objects = new Map<string, SavedAttributes>()
  const requests: Array<string> = []
  const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`

  const bulkGet = (asked: ReadonlyArray<{ readonly type: string; readonly id: string }>): Reply =>
    json(200, {
      saved_objects: asked.map(({ type, id }) => {
        const found = objects.get(key({ type, id }))
        return found === undefined
          ? { id, type, error: { statusCode: 404, error: "Not Found", message: "not found" } }
          : { ...found, version: "WzEsMV0=", updated_at: "2026-02-22T19:13:04.123Z", namespaces: ["default"] }
      }),
    })

  const imported = (request: Request): Reply => {
    const file = fileOf(request)
    if (file === undefined)
      return json(415, {
        statusCode: 415,
        error: "Unsupported Media Type",
        message: "Unsupported Media Type",
      })
    const given: ReadonlyArray<
      SavedAttributes & { readonly references: ReadonlyArray<{ readonly type: string; readonly id: string }> }
    > = file
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line))
    const own = new Set(given.map(key))
    const errors = given.flatMap(({ type, id, references }) => {
      const missing = references.filter(
        (reference) => !objects.has(key(reference)) && !own.has(key(reference)),
      )
      return missing.length === 0
        ? []
        : [{ type, id, error: { type: "missing_references", references: missing } }]
    })
    const bad = new Set(errors.map(key))
    for (const { type, id, attributes } of given)
      if (!bad.has(key({ type, id }))) objects.set(key({ type, id }), { type, id, attributes })
    return json(200, {
      success: errors.length === 0,
      successCount: given.length - errors.length,
      ...(errors.length === 0 ? {} : { errors }),
    })
  }

  const answer = (request: Request): Reply => {
    requests.push(`${request.method} ${request.path}?${request.query}`)
    if (request.headers.authorization !== basic) return text(401, "Unauthorized")
    if (request.method !== "GET" && request.headers["osd-xsrf"] === undefined)
      return json(400, {
        statusCode: 400,
        error: "Bad Request",
        message: "Request must contain a osd-xsrf header.",
      })
    switch (request.path) {
      case "/api/saved_objects/_bulk_get":
        return bulkGet(JSON.parse(request.body))
      case "/api/saved_objects/_import":
        return request.query.get("overwrite") === "true" ? imported(request) : json(409, {})
      default:
        return json(404, { statusCode: 404, error: "Not Found", message: "Not Found" })
    }
  }

  const { url } = yield* listen((request) => Effect.succeed(answer(request)))
  return {
    url,
    requests,
    objects,
    /** What Wazuh's dashboard makes at the first login. */
    firstLogin: () => {
      const id = "wazuh-alerts-*"
      objects.set(`index-pattern:${id}`, { type: "index-pattern", id, attributes: { title: id } })
    },
  }
})
