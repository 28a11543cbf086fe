/** The indices behind the pattern, and the types that their fields have: by `_field_caps`, which `read` allows. */
import { Option, Schema } from "effect"
import type { Config } from "../../config/Config.ts"
import { DAY_MILLIS } from "../../domain/Event.ts"
import { type Finding, fail, ok, warn } from "../Check.ts"
import type { Answer, IndexerAccess } from "./access.ts"

/** Has another type than Wazuh's own template gives, and is in the mapping from an index's first day on. */
export const OURS = "data.waybill.sent_at"

const Reply = Schema.Struct({
  indices: Schema.Union([Schema.String, Schema.Array(Schema.String)]),
  fields: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
})
const decode = Schema.decodeUnknownOption(Reply)

export interface FieldCaps {
  /** Ascending by day. */
  readonly indices: ReadonlyArray<string>
  /** The types that a field has in them; none where it is not mapped. */
  readonly typesOf: (field: string) => ReadonlyArray<string>
}

/** The day in an index's name, epoch milliseconds. */
const dayOf = (index: string | undefined): number | undefined => {
  const found = /(\d{4})\.(\d{2})\.(\d{2})$/.exec(index ?? "")
  const day = found === null ? Number.NaN : Date.parse(`${found[1]}-${found[2]}-${found[3]}T00:00:00Z`)
  return Number.isNaN(day) ? undefined : day
}

/** Those without a day come first: the sample data of Wazuh's dashboard matches the pattern, too. */
const byDay = (a: string, b: string): number => (dayOf(a) ?? 0) - (dayOf(b) ?? 0) || (a < b ? -1 : 1)

/** undefined where it is none. */
export const fieldCapsOf = ({ body, status }: Answer): FieldCaps | undefined => {
  const reply = status === 200 ? Option.getOrUndefined(decode(body)) : undefined
  if (reply === undefined) return undefined
  const { fields, indices } = reply
  return {
    indices: (typeof indices === "string" ? [indices] : [...indices]).toSorted(byDay),
    typesOf: (field) => Object.keys(fields[field] ?? {}).filter((type) => type !== "unmapped"),
  }
}

/** Of all indices of a pattern, or of one. */
export const askFieldCaps = ({ ask }: IndexerAccess, indices: string, fields: ReadonlyArray<string>) =>
  ask(
    "GET",
    `/${encodeURIComponent(indices)}/_field_caps?fields=${fields.map(encodeURIComponent).join(",")}&ignore_unavailable=true&allow_no_indices=true&expand_wildcards=open`,
  )

/** @param now epoch milliseconds. Pure. */
export const judgeIndices = (pattern: string, caps: FieldCaps | undefined, now: number): Finding => {
  if (caps === undefined)
    return warn(`Which indices ${pattern} matches can't be seen.`, "Check indexer.index_pattern.")
  const newest = caps.indices.at(-1)
  if (newest === undefined)
    return warn(
      `No index matches ${pattern} yet.`,
      "A fresh Wazuh makes the first one with its first alert. If yours has alerts, check indexer.index_pattern, and Filebeat (filebeat test output on the manager).",
    )
  const count = caps.indices.length === 1 ? "1 index" : `${caps.indices.length} indices`
  const day = dayOf(newest)
  const age = day === undefined ? 0 : Math.floor((now - day) / DAY_MILLIS)
  return age > 1
    ? warn(
        `${pattern} matches ${count}; the newest, ${newest}, is ${age} days old.`,
        "Nothing has arrived since: look at Filebeat on the manager, and at the indexer's shard limit and disk.",
      )
    : ok(`${pattern} matches ${count}; the newest is ${newest}.`)
}

/** @param newest of the newest index alone: the template holds from the index after its installation on. Pure. */
export const judgeTemplate = ({ indexer: { fields } }: Config, newest: FieldCaps | undefined): Finding => {
  if (newest === undefined)
    return warn("The types of the fields can't be seen.", "Check indexer.index_pattern.")
  const [index = "the newest index"] = newest.indices
  for (const [key, field] of [
    ["id", fields.id],
    ["batch", fields.batch],
  ] as const) {
    const odd = newest.typesOf(field).find((type) => type !== "keyword")
    if (odd !== undefined)
      return fail(
        `${field} is of type ${odd} in ${index}, and can't be searched for ids.`,
        `It must be a keyword, as Wazuh's template makes it: see which templates match the index, or correct indexer.fields.${key}.`,
      )
  }
  return newest.typesOf(OURS).includes("date")
    ? ok(`${index} has Waybill's template.`)
    : warn(
        `${index} has not Waybill's template; events arrive, but sums and delays can't be drawn.`,
        "Run `waybill setup`; if it has run already, the index of the next day will have it.",
      )
}
