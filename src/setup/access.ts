/**
 * The role, the user and what joins them: `read` on the index pattern, and nothing else.
 *
 * The user is Waybill's own: one who was made for something else, or may do more, is refused and not changed.
 */
import { Effect, Redacted, Schema } from "effect"
import { type Login, type Peer, SetupError } from "./Peer.ts"
import { type Done, lookUp, put, type Step, sameJson } from "./Step.ts"

export const ROLE = "waybill"
const API = "/_plugins/_security/api"
const Texts = Schema.Array(Schema.String)
const kept = { reserved: Schema.Boolean, hidden: Schema.Boolean, static: Schema.optionalKey(Schema.Boolean) }

const Role = Schema.Struct({
  ...kept,
  cluster_permissions: Texts,
  index_permissions: Schema.Array(
    Schema.Struct({
      index_patterns: Texts,
      allowed_actions: Texts,
      dls: Schema.optionalKey(Schema.NullOr(Schema.String)),
      fls: Schema.optionalKey(Texts),
      masked_fields: Schema.optionalKey(Texts),
    }),
  ),
  tenant_permissions: Schema.Array(Schema.Unknown),
})

const User = Schema.Struct({
  ...kept,
  backend_roles: Texts,
  attributes: Schema.Record(Schema.String, Schema.Unknown),
  opendistro_security_roles: Schema.optionalKey(Texts),
})

const Mapping = Schema.Struct({
  reserved: Schema.Boolean,
  hidden: Schema.Boolean,
  backend_roles: Texts,
  hosts: Texts,
  users: Texts,
  and_backend_roles: Schema.optionalKey(Texts),
})

const DESCRIPTION = "Waybill: searches for the events it has written"

/** Least privilege: searching the pattern is all that Waybill does. */
export const roleOf = (indexPattern: string) => ({
  description: DESCRIPTION,
  cluster_permissions: [],
  index_permissions: [{ index_patterns: [indexPattern], allowed_actions: ["read"] }],
  tenant_permissions: [],
})

type Run = Effect.fn.Return<Done, SetupError>

export const roleStep = (indexer: Peer, indexPattern: string): Step => ({
  name: `role ${ROLE}`,
  run: Effect.fnUntraced(function* (change): Run {
    const path = `${API}/roles/${ROLE}`
    const wanted = roleOf(indexPattern)
    const there = yield* lookUp(indexer, path, ROLE, Role)
    const [only, ...more] = there?.index_permissions ?? []
    const same =
      there !== undefined &&
      more.length === 0 &&
      there.cluster_permissions.length === 0 &&
      there.tenant_permissions.length === 0 &&
      sameJson(only?.index_patterns, [indexPattern]) &&
      sameJson(only?.allowed_actions, ["read"]) &&
      !only?.dls &&
      [...(only?.fls ?? []), ...(only?.masked_fields ?? [])].length === 0
    if (same) return { outcome: "unchanged", detail: "" }
    if (change) yield* put(indexer, path, wanted)
    return { outcome: there === undefined ? "created" : "updated", detail: `read on ${indexPattern}` }
  }),
})

/** Says whether somebody still lacked the role; whoever had it before keeps it. */
const giveRole = Effect.fnUntraced(function* (indexer: Peer, username: string, change: boolean) {
  const path = `${API}/rolesmapping/${ROLE}`
  const there = yield* lookUp(indexer, path, ROLE, Mapping)
  if (there?.users.includes(username)) return false
  if (change)
    yield* put(indexer, path, {
      backend_roles: there?.backend_roles ?? [],
      and_backend_roles: there?.and_backend_roles ?? [],
      hosts: there?.hosts ?? [],
      users: [...(there?.users ?? []), username],
    })
  return true
})

/** @param login `indexer.username` and `indexer.password` */
export const userStep = (indexer: Peer, login: Login): Step => ({
  name: `user ${login.username}`,
  run: Effect.fnUntraced(function* (change): Run {
    const { username } = login
    const path = `${API}/internalusers/${encodeURIComponent(username)}`
    const there = yield* lookUp(indexer, path, username, User)
    if (there !== undefined) yield* checkOurs(username, there)
    const known = there !== undefined && (yield* indexer.accepts(login))
    if (!known && change)
      yield* put(indexer, path, {
        password: Redacted.value(login.password),
        backend_roles: [],
        attributes: there?.attributes ?? {},
        description: DESCRIPTION,
      })
    const given = yield* giveRole(indexer, username, change)
    if (there === undefined)
      return { outcome: "created", detail: `with the role ${ROLE} and the password of indexer.password` }
    if (known && !given) return { outcome: "unchanged", detail: "" }
    const what = [
      ...(known ? [] : ["the password of indexer.password"]),
      ...(given ? [`the role ${ROLE}`] : []),
    ]
    return { outcome: "updated", detail: `it gets ${what.join(" and ")}` }
  }),
})

const checkOurs = (username: string, there: typeof User.Type): Effect.Effect<void, SetupError> => {
  const roles = there.opendistro_security_roles ?? []
  const rights = [...there.backend_roles, ...roles.filter((role) => role !== ROLE)]
  if (!(there.reserved || there.hidden || there.static === true || rights.length > 0)) return Effect.void
  const why = rights.length > 0 ? `it has ${rights.join(", ")}` : "it is reserved"
  return Effect.fail(
    new SetupError({
      message: `The user ${username} is not Waybill's own (${why}), and is left as it is. Set indexer.username to a name of its own, such as waybill.`,
      fatal: false,
    }),
  )
}
