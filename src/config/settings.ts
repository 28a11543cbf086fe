/**
 * The words the configuration Schema is written in: what kinds of values there are, and whether a key may be left
 * out or has a default. What must be given depends on other keys: see `crossChecks.ts`.
 *
 * Here are numbers, durations and choices; `texts.ts` has what is text, `addresses.ts` where something is.
 *
 * Each key carries a `Setting` as an annotation. The messages, the commented YAML file, the JSON Schema and the table
 * of all keys are made from it, so that none of them can say anything else than the Schema does.
 */
import { Duration, Effect, Schema } from "effect"

const Scalar = Schema.Union([Schema.String, Schema.Number, Schema.Boolean])
type Scalar = typeof Scalar.Type

export const Kind = Schema.Literals([
  "text",
  "secret",
  "url",
  "path",
  "integer",
  "number",
  "flag",
  "choice",
  "duration",
])
export type Kind = typeof Kind.Type

const facts = {
  kind: Kind,
  /** Ends the sentence "expected …". */
  expected: Schema.String,
  least: Schema.optionalKey(Schema.Number),
  most: Schema.optionalKey(Schema.Number),
  choices: Schema.optionalKey(Schema.Array(Schema.String)),
}
const Facts = Schema.Struct(facts)
type Facts = typeof Facts.Type

/** What a key says about itself. */
export const Setting = Schema.Struct({
  ...facts,
  description: Schema.String,
  presence: Schema.Literals(["optional", "default"]),
  default: Schema.optionalKey(Scalar),
  /** Shown where there is no default. */
  example: Schema.optionalKey(Scalar),
})
export type Setting = typeof Setting.Type

/** The annotation under which a key's `Setting` is found. */
export const SETTING = "waybill/config/Setting"

type Value = Schema.Top & { readonly Encoded: Scalar }
interface KindOf<S extends Value> {
  readonly schema: S
  readonly facts: Facts
}
/** A kind of values: what they must be, and what is said of it. */
export const kindOf = <S extends Value>(schema: S, facts: Facts): KindOf<S> => ({ schema, facts })

const annotations = (setting: Setting) => ({ description: setting.description, [SETTING]: setting })

/** Keys that belong together; sections nest. */
export const section = <const Fields extends Schema.Struct.Fields>(description: string, fields: Fields) =>
  Schema.Struct(fields).annotate({ description })

/** What the name of a named section looks like: it can be told in the name of an environment variable. */
export const SECTION_NAME = /^[a-z0-9]+(?:[_-][a-z0-9]+)*$/

/** The annotation that names a section for the documents, where the names are chosen by whoever configures. */
export const EXAMPLE_NAME = "waybill/config/exampleName"

/** Any number of sections of one kind, each under a name of its own. */
export const named = <S extends Schema.Top>(description: string, exampleName: string, each: S) =>
  Schema.Record(Schema.String.check(Schema.isPattern(SECTION_NAME), Schema.isMaxLength(32)), each).annotate({
    description,
    [EXAMPLE_NAME]: exampleName,
  })

/** A key that takes `value` when it is not given. `value` is written as in the YAML file. */
export const withDefault = <S extends Value>(
  { schema, facts }: KindOf<S>,
  value: S["Encoded"],
  description: string,
) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema).annotateKey(
    annotations({ ...facts, description, presence: "default", default: value }),
  )

/** A key that may be left out; there is nothing in its place then. */
export const optional = <S extends Value>(
  { schema, facts }: KindOf<S>,
  example: Scalar,
  description: string,
) =>
  Schema.optionalKey(schema).annotateKey(
    annotations({ ...facts, description, presence: "optional", example }),
  )

export const flag = kindOf(Schema.Boolean, { kind: "flag", expected: "true or false" })

export const integer = (least: number, most: number) =>
  kindOf(Schema.Int.check(Schema.isBetween({ minimum: least, maximum: most })), {
    kind: "integer",
    expected: `a whole number from ${least} to ${most}`,
    least,
    most,
  })
export const number = (least: number, most: number) =>
  kindOf(Schema.Finite.check(Schema.isBetween({ minimum: least, maximum: most })), {
    kind: "number",
    expected: `a number from ${least} to ${most}`,
    least,
    most,
  })

export const choice = <const Choices extends ReadonlyArray<string>>(choices: Choices) =>
  kindOf(Schema.Literals(choices), { kind: "choice", expected: `one of ${choices.join(", ")}`, choices })

const durationFrom = (isAllowed: (duration: Duration.Duration) => boolean, expected: string) =>
  kindOf(
    Schema.DurationFromString.check(
      Schema.makeFilter((duration) => Duration.isFinite(duration) && isAllowed(duration)),
    ),
    { kind: "duration", expected },
  )
export const duration = durationFrom(
  (duration) => Duration.isPositive(duration),
  'a duration such as "250 millis" or "5 minutes", more than zero',
)
export const durationOrZero = durationFrom(
  (duration) => !Duration.isNegative(duration),
  'a duration such as "0 seconds" or "1 hour"',
)
