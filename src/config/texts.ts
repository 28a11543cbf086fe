/** The kinds of values that are text: in an event, in a header, in a search, and the paths of files. */
import { Schema } from "effect"
import { isPrintableAscii, isQuoted, isSeen, isTrimmed } from "./characters.ts"
import { kindOf } from "./settings.ts"

/** Neither a header nor a line of a log could carry another. */
const oneLine = Schema.makeFilter(isSeen)

const Text = Schema.NonEmptyString.check(oneLine, Schema.makeFilter(isTrimmed))

export const text = kindOf(Text, { kind: "text", expected: "a text on one line, not empty" })
export const textOrEmpty = kindOf(Schema.String.check(oneLine), {
  kind: "text",
  expected: "a text on one line",
})

/** The two lengths that Linux has for paths (PATH_MAX, NAME_MAX), with the NUL at the end of the first. */
const MOST_PATH_BYTES = 4095
const MOST_NAME_BYTES = 255
const Path = Text.check(
  Schema.makeFilter(
    (path) =>
      Buffer.byteLength(path) <= MOST_PATH_BYTES &&
      path.split("/").every((name) => Buffer.byteLength(name) <= MOST_NAME_BYTES),
  ),
)
export const path = kindOf(Path, { kind: "path", expected: "the path of a file or folder" })

/** `sun_path` of Linux (unix(7)) has 108 bytes, with a NUL at the end. A longer path would be cut off. */
const MOST_SOCKET_BYTES = 107
export const socketPath = kindOf(
  Path.check(Schema.makeFilter((path) => Buffer.byteLength(path) <= MOST_SOCKET_BYTES)),
  { kind: "path", expected: `the path of a socket, at most ${MOST_SOCKET_BYTES} bytes` },
)

/** A user's name and password go into one header with a colon between them (RFC 7617), as UTF-8 in Base64. */
export const username = kindOf(Text.check(Schema.makeFilter((name) => !name.includes(":"))), {
  kind: "text",
  expected: "a user's name on one line, without a colon",
})

/** No password is known to stand in quotes; one that does was copied with those of its file. */
const Secret = Text.check(Schema.makeFilter((secret) => !isQuoted(secret)))
export const secret = (label: string) =>
  kindOf(Schema.RedactedFromValue(Secret, { label }), {
    kind: "secret",
    expected: "a secret on one line, not empty, without blanks or quotes around it",
  })

/** A secret that stands in a header by itself. Blanks within it are carried, too, and some have a token of words. */
export const token = (label: string) =>
  kindOf(Schema.RedactedFromValue(Secret.check(Schema.makeFilter(isPrintableAscii)), { label }), {
    kind: "secret",
    expected: "a token of ASCII letters, digits, signs and blanks, without blanks or quotes around it",
  })

const HEADER = /^[!#$%&'*+.^_`|~0-9a-z-]+=[\x20-\x7e]+$/i
/** A value may be percent-encoded; decoded, it must not end its header. */
const ENCODED_CONTROL = /%(?:[01][0-9a-f]|7f)/i
/** Headers of HTTP in one text, as OTEL_EXPORTER_OTLP_HEADERS has them. */
export const secretHeaders = (label: string) =>
  kindOf(
    Schema.RedactedFromValue(
      Secret.check(
        Schema.makeFilter((text) =>
          text.split(",").every((one) => HEADER.test(one.trim()) && !ENCODED_CONTROL.test(one)),
        ),
      ),
      { label },
    ),
    { kind: "secret", expected: "headers in ASCII as name=value, separated by commas" },
  )

/** What OpenSearch takes for a name (lower-case, not beginning with `-`, `_` or `+`), with `*`; a `-` before it excludes. */
const INDEX = /^(?:[A-Za-z0-9*_-]+:)?(?:_all|-?[a-z0-9*.][a-z0-9*._+-]*)$/
export const indexPattern = kindOf(
  Text.check(Schema.makeFilter((pattern) => pattern.split(",").every((one) => INDEX.test(one)))),
  {
    kind: "text",
    expected: "names of indices in lower-case letters, digits, `*`, `.`, `_` and `-`, separated by commas",
  },
)
