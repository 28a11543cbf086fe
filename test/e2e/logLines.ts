/** What `waybill run` has written to its log. */
import { Option, Schema } from "effect"

const Line = Schema.fromJsonString(
  Schema.StructWithRest(
    Schema.Struct({ ts: Schema.String, level: Schema.String, event: Schema.String, message: Schema.String }),
    [Schema.Record(Schema.String, Schema.Unknown)],
  ),
)
export type LogLine = typeof Line.Type
const decode = Schema.decodeUnknownOption(Line)

/** A line that a kill has cut is left out. */
export const logLines = (text: string): ReadonlyArray<LogLine> =>
  text.split("\n").flatMap((line) => Option.toArray(decode(line)))
