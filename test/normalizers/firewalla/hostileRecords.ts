/** Arbitrary records with the field names of the API, and with values that no field is safe from. */
import { Arbitrary, Schema } from "effect"

const KEYS = Schema.Literals([
  ..."ts gid aid type _type status message direction protocol count activeTs cloudaction box group network".split(
    " ",
  ),
  ..."device remote transfer upload download total duration id ip name macVendor deviceType port portInfo".split(
    " ",
  ),
  ..."domain rootDomain region category latitude longitude source destination block blockType sport dport".split(
    " ",
  ),
  ..."change_type observed_at previous changed rest unknown a.b A.B Device toString __proto__".split(" "),
])

const TEXTS: ReadonlyArray<string> = [
  ...[
    "",
    "[1]",
    '["a"] and more',
    "[Guest] phone",
    "mac:aa:bb:cc:dd:ee:ff",
    "ovpn:work",
    "443",
    "70000",
    "1e5",
  ],
  ...["x\0y", "lone \ud800", "inbound", "outbound", "local", "true", "blocked", "203.0.113.7", "2001:db8::1"],
  ...["1714867200.5", "2026-02-22T19:13:04.123Z", "9999-99-99T99:99:99.999Z", "new_device", "ünïcödé 🛰"],
  ...[
    "é".repeat(40_000),
    "\u0001".repeat(12_000),
    '"'.repeat(30_000),
    "plain",
    "-0",
    "123456789012345678901",
  ],
]
const NUMBERS: ReadonlyArray<number> = [
  ...[0, -0, -1, 443, 1_714_867_200.123, 3_000_000_000, 1e21, 1e-9, 12.619999885559082, 253_402_300_800],
]

const leaf: Arbitrary.Arbitrary<unknown> = Arbitrary.schema(
  Schema.Union([
    Schema.Literals(TEXTS),
    Schema.Literals(NUMBERS),
    Schema.Literals([true, false]),
    Schema.Null,
    Schema.Finite,
    Schema.String,
  ]),
)

const recordOf = (value: Arbitrary.Arbitrary<unknown>): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.array(Arbitrary.all([Arbitrary.schema(KEYS), value])).pipe(Arbitrary.map(Object.fromEntries))

const deeper = (value: Arbitrary.Arbitrary<unknown>): Arbitrary.Arbitrary<unknown> =>
  Arbitrary.schema(Schema.Literals([0, 1, 2, 3])).pipe(
    Arbitrary.flatMap((kind) => (kind === 0 ? Arbitrary.array(value) : kind === 1 ? recordOf(value) : value)),
  )

/** A record that mostly has what is essential, so that what else is wrong with it comes to light. */
export const hostileRecord: Arbitrary.Arbitrary<Readonly<Record<string, unknown>>> = Arbitrary.all([
  recordOf(deeper(deeper(leaf))),
  Arbitrary.schema(Schema.Literals([0, 1, 2, 3])),
]).pipe(
  Arbitrary.map(([record, kind]) => ({
    ...Object(record),
    ...(kind === 0
      ? {}
      : { ts: 1_714_867_200.5, observed_at: "2026-02-22T19:13:04.123Z", change_type: "new_device" }),
  })),
)
