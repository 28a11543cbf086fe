/**
 * The words the configuration Schema is written in: what kinds of values there are, and whether a key may be left
 * out or has a default. What must be given depends on other keys: see `crossChecks.ts`.
 *
 * Each key carries a `Setting` as an annotation. The messages, the commented YAML file, the JSON Schema and the table
 * of all keys are made from it, so that none of them can say anything else than the Schema does.
 */
import { isIP } from "node:net"
import { Duration, Effect, Schema, SchemaTransformation } from "effect"

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
const kindOf = <S extends Value>(schema: S, facts: Facts): KindOf<S> => ({ schema, facts })

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

/** What a wire header or a log line could not carry. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const oneLine = Schema.makeFilter((text: string) => !/[\u0000-\u001f\u007f]/.test(text))

const Text = Schema.NonEmptyString.check(oneLine)

export const text = kindOf(Text, { kind: "text", expected: "a text on one line, not empty" })
export const textOrEmpty = kindOf(Schema.String.check(oneLine), {
  kind: "text",
  expected: "a text on one line",
})
export const path = kindOf(Text, { kind: "path", expected: "the path of a file or folder" })
export const secret = (label: string) =>
  kindOf(Schema.RedactedFromValue(Text, { label }), {
    kind: "secret",
    expected: "a secret on one line, not empty",
  })
export const flag = kindOf(Schema.Boolean, { kind: "flag", expected: "true or false" })

export const hostName = kindOf(
  Schema.String.check(
    Schema.makeFilter((name) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$/i.test(name)),
  ),
  { kind: "text", expected: "a host name without https:// and without a path" },
)

/** What a server may listen on: an address and no name, since who can reach it must be plain. */
export const bindAddress = kindOf(
  Schema.String.check(Schema.makeFilter((address) => address === "localhost" || isIP(address) !== 0)),
  { kind: "text", expected: "an IP address such as 127.0.0.1, ::1 or 0.0.0.0, or localhost" },
)

/** Whether only this machine (or this container) can reach what listens there. */
export const isLoopback = (address: string): boolean =>
  address === "localhost" || address === "::1" || (isIP(address) === 4 && address.startsWith("127."))

/** The name of a URL's host that never leaves this machine. */
export const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** Whether nothing that is sent to this URL can be read on a network. */
export const isEncryptedOrLoopback = (address: string): boolean => {
  const url = URL.parse(address)
  return (
    url !== null && (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname)))
  )
}
const isPlainUrl = (address: string): boolean => {
  const url = URL.parse(address)
  return url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === ""
}
/** Decoded as text without a slash at the end. User and password in it are refused: a URL gets into logs. */
export const url = kindOf(
  Schema.String.check(
    Schema.makeFilter((address) => isEncryptedOrLoopback(address) && isPlainUrl(address)),
  ).pipe(
    Schema.decodeTo(
      Schema.String,
      SchemaTransformation.transform({
        decode: (address) => address.replace(/\/+$/, ""),
        encode: (address) => address,
      }),
    ),
  ),
  {
    kind: "url",
    expected:
      "an https:// URL (http:// only to localhost, 127.0.0.0/8 or [::1]) without user, password or query",
  },
)

/** Also `http` to another machine: for what is sent without a password, or where it is warned of. */
export const anyUrl = kindOf(
  Schema.String.check(Schema.makeFilter((address) => /^https?:/i.test(address) && isPlainUrl(address))),
  { kind: "url", expected: "an http:// or https:// URL without user, password or query" },
)

const HEADER = /^[!#$%&'*+.^_`|~0-9a-z-]+=[^,]+$/i
/** Headers of HTTP in one text, as OTEL_EXPORTER_OTLP_HEADERS has them. */
export const secretHeaders = (label: string) =>
  kindOf(
    Schema.RedactedFromValue(
      Text.check(Schema.makeFilter((text) => text.split(",").every((one) => HEADER.test(one.trim())))),
      { label },
    ),
    { kind: "secret", expected: "headers as name=value, separated by commas" },
  )

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
