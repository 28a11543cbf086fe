/** The index template: numeric types and times for Waybill's own fields, above Wazuh's template. */
import { Effect, Schema } from "effect"
import type { Peer, SetupError } from "./Peer.ts"
import { type Done, lookUp, parsed, put, type Step, sameJson } from "./Step.ts"

const Template = Schema.Struct({
  order: Schema.Number,
  index_patterns: Schema.Array(Schema.String),
  mappings: Schema.Unknown,
  settings: Schema.optionalKey(Schema.Unknown),
  aliases: Schema.optionalKey(Schema.Unknown),
  version: Schema.optionalKey(Schema.Number),
})

const PATH = "/_template/waybill"

/** @param text the file `template/waybill-template.json` */
export const templateStep = (indexer: Peer, text: string): Step => ({
  name: "index template waybill",
  run: Effect.fnUntraced(function* (change): Effect.fn.Return<Done, SetupError> {
    const wanted = yield* parsed(Template, text, "template/waybill-template.json")
    const there = yield* lookUp(indexer, PATH, "waybill", Template)
    const same =
      there !== undefined &&
      there.order === wanted.order &&
      sameJson(there.index_patterns, wanted.index_patterns) &&
      sameJson(there.mappings, wanted.mappings)
    if (same) return { outcome: "unchanged", detail: "" }
    if (change) yield* put(indexer, PATH, wanted)
    return {
      outcome: there === undefined ? "created" : "updated",
      detail: "It holds for the indices that begin from now on, one a day",
    }
  }),
})
