/** The dashboard, through the dashboards server: it knows which index of its own saved objects lie in. */
import { Effect, Schema } from "effect"
import { excerpt, type Peer, SetupError } from "./Peer.ts"
import { type Done, decoded, parsed, type Step, sameJson } from "./Step.ts"

const Ours = Schema.Struct({
  type: Schema.String,
  id: Schema.String,
  attributes: Schema.Record(Schema.String, Schema.Unknown),
  references: Schema.Array(Schema.Struct({ name: Schema.String, type: Schema.String, id: Schema.String })),
})

const Found = Schema.Struct({
  saved_objects: Schema.Array(
    Schema.Struct({
      type: Schema.String,
      id: Schema.String,
      attributes: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
      error: Schema.optionalKey(Schema.Struct({ statusCode: Schema.Number })),
    }),
  ),
})

const Imported = Schema.Struct({
  success: Schema.Boolean,
  successCount: Schema.Number,
  errors: Schema.optionalKey(Schema.Unknown),
})

const nameOf = ({ type, id }: { readonly type: string; readonly id: string }) => `${type} ${id}`

/** @param text the file `dashboard/waybill.ndjson` */
export const dashboardStep = (server: Peer, text: string): Step => ({
  name: "dashboard Waybill",
  run: Effect.fnUntraced(function* (change): Effect.fn.Return<Done, SetupError> {
    const wanted = yield* Effect.forEach(
      text.split("\n").filter((line) => line !== ""),
      (line) => parsed(Ours, line, "dashboard/waybill.ndjson"),
    )
    const foreign = wanted
      .flatMap(({ references }) => references.filter(({ type }) => type === "index-pattern"))
      .map(({ type, id }) => ({ type, id }))
    const pattern = foreign[0]
    const asked = [
      ...(pattern === undefined ? [] : [pattern]),
      ...wanted.map(({ type, id }) => ({ type, id })),
    ]
    const answer = yield* server.ask("POST", "/api/saved_objects/_bulk_get", asked)
    const { saved_objects } = yield* decoded(Found, answer, "The question which objects are there")
    const there = new Map(
      saved_objects.flatMap((object) =>
        object.error === undefined ? [[nameOf(object), object.attributes]] : [],
      ),
    )
    if (pattern !== undefined && !there.has(nameOf(pattern)))
      return yield* new SetupError({
        message: `The dashboards server at ${server.url} has no index pattern ${pattern.id} yet. Log in to Wazuh's dashboard once, which makes it, and run this again.`,
        fatal: false,
      })
    const known = wanted.filter((object) => there.has(nameOf(object)))
    // What a newer version of the server adds to an object is no difference.
    const same = known.filter((object) => {
      const now = there.get(nameOf(object)) ?? {}
      return Object.entries(object.attributes).every(([key, value]) => sameJson(now[key], value))
    })
    if (same.length === wanted.length) return { outcome: "unchanged", detail: "" }
    if (change) yield* importAll(server, text, wanted.length)
    return {
      outcome: known.length === 0 ? "created" : "updated",
      detail: `${wanted.length} objects; find it under Dashboards as Waybill`,
    }
  }),
})

const importAll = Effect.fnUntraced(function* (server: Peer, text: string, count: number) {
  const form = new FormData()
  form.append("file", new Blob([text], { type: "application/ndjson" }), "waybill.ndjson")
  const answer = yield* server.ask("POST", "/api/saved_objects/_import?overwrite=true", form)
  const { success, successCount, errors } = yield* decoded(Imported, answer, "The import of the dashboard")
  if (!success || successCount !== count)
    return yield* new SetupError({
      message: `The dashboards server took ${successCount} of ${count} objects: ${excerpt(errors ?? "")}`,
      fatal: false,
    })
})
