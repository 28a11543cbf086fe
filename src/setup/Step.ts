/** One thing that an installation needs, looked at first and changed only where it differs. */
import { Effect, type Schema as S, Schema } from "effect"
import { type Answer, excerpt, type Peer, SetupError } from "./Peer.ts"

export type Outcome = "created" | "updated" | "unchanged" | "skipped" | "failed"

export interface Done {
  /** In a dry run: what it would be. */
  readonly outcome: Outcome
  readonly detail: string
}

export interface Step {
  readonly name: string
  /** @param change false: look only */
  readonly run: (change: boolean) => Effect.Effect<Done, SetupError>
}

/** The answer's body as `schema`; an answer that is none is an error that quotes it. */
export const decoded = <A>(
  schema: S.Decoder<A>,
  { body }: Answer,
  what: string,
): Effect.Effect<A, SetupError> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(schema)(body),
    () =>
      new SetupError({
        message: `${what} was answered in a form that is not known: ${excerpt(body)}`,
        fatal: false,
      }),
  )

/** A file of `wazuh/`, or one given in its place, read as JSON. */
export const parsed = <A>(schema: S.Decoder<A>, text: string, name: string): Effect.Effect<A, SetupError> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(text),
    (error) =>
      new SetupError({
        message: `${name} is not what Waybill ships: ${excerpt(error.message)}`,
        fatal: false,
      }),
  )

/** What lies under `key`, or undefined where the peer answers 404. */
export const lookUp = Effect.fnUntraced(function* <A>(
  peer: Peer,
  path: string,
  key: string,
  schema: S.Decoder<A>,
) {
  const answer = yield* peer.ask("GET", path)
  if (answer.status === 404) return undefined
  const all = yield* decoded(Schema.Record(Schema.String, schema), answer, `GET ${path}`)
  return all[key]
})

/** A change that must be taken. */
export const put = Effect.fnUntraced(function* (
  peer: Peer,
  path: string,
  body: Readonly<Record<string, unknown>>,
) {
  const { status, body: said } = yield* peer.ask("PUT", path, body)
  if (status >= 300)
    return yield* new SetupError({
      message: `The ${peer.name} refuses PUT ${path} (${status}): ${excerpt(said)}`,
      fatal: false,
    })
})

/** The same JSON, in whatever order its keys stand and whether its scalars are texts: the indexer returns some as texts. */
export const sameJson = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other)

const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
      .join()}}`
  return JSON.stringify(String(value))
}
