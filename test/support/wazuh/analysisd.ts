/**
 * What analysisd would make of a message, with the shipped decoder and rules alone. It is NOT Wazuh: it knows only what
 * the shipped rules use, written after the sources named below. That stock rules do not take Waybill's events away was
 * tried on a real analysisd, and is not shown by this.
 *
 * Order: among siblings the highest level first, level 0 before all, ties in load order (_OS_AddRule,
 * src/analysisd/rules_list.c); the first that matches is asked for its children, and the deepest match wins
 * (OS_CheckIfRuleMatch, src/analysisd/analysisd.c).
 */
import type { Rule } from "./ruleset.ts"

export interface Decoder {
  readonly name: string
  readonly prematch: RegExp
}

export interface Outcome {
  readonly decoder: string | undefined
  readonly rule: Rule | undefined
  /** With its fields filled in. */
  readonly description: string | undefined
}

/** By the path that a rule names, its keys as they stand in the file. */
export type Lists = ReadonlyMap<string, ReadonlySet<string>>

/** JSON_Decoder: nested keys are joined by dots, every value becomes a text (decoders/plugins/json_decoder.c). */
const fieldsOf = (
  value: unknown,
  path = "",
  into = new Map<string, string>(),
): ReadonlyMap<string, string> => {
  if (Array.isArray(value)) into.set(path, JSON.stringify(value))
  else if (typeof value === "object" && value !== null)
    for (const [key, inner] of Object.entries(value))
      fieldsOf(inner, path === "" ? key : `${path}.${key}`, into)
  else if (value !== "") into.set(path, String(value))
  return into
}

/** An address is found by itself and by each beginning of it that ends in a dot (OS_DBSeachKeyAddress, lists_list.c). */
const addressKeys = (address: string): ReadonlyArray<string> => [
  address,
  ...Array.from(address.matchAll(/\./g), ({ index }) => address.slice(0, index + 1)),
]

interface Seen {
  readonly at: number
  /** The level of the counting rule that it was used up by. */
  matched: number
}

/** A session: frequencies count over all that it was given. Rules whose parent or list is missing are left out. */
export const makeAnalysisd = (
  decoders: ReadonlyArray<Decoder>,
  ordered: ReadonlyArray<Rule>,
  lists: Lists,
) => {
  const rank = ({ level }: Rule) => (level === 0 ? 9900 : level)
  const loaded = new Map<string, Rule>()
  const children = new Map<string, Array<Rule>>()
  const ignored: Array<string> = []
  const roots: Array<Rule> = []
  for (const rule of ordered) {
    const parents = rule.parents.filter((id) => loaded.has(id))
    const missing = rule.lists.some(({ list }) => !lists.has(list))
    if (missing || loaded.has(rule.id) || (rule.parents.length > 0 && parents.length === 0)) {
      ignored.push(rule.id)
      continue
    }
    loaded.set(rule.id, rule)
    if (rule.parents.length === 0) roots.push(rule)
    for (const id of parents) {
      const siblings = [...(children.get(id) ?? []), rule].sort((a, b) => rank(b) - rank(a))
      children.set(id, siblings)
    }
  }
  const seen = new Map<string, Array<Seen>>()

  /** Search_LastSids, eventinfo.c: `times` - 1 earlier ones, none of them used up by an alert of this level. */
  const reached = ({ frequency, level }: Rule, now: number): boolean => {
    if (frequency === undefined) return true
    const found: Array<Seen> = []
    for (const one of (seen.get(frequency.of) ?? []).toReversed()) {
      if (now - one.at > frequency.seconds || one.matched >= level) return false
      found.push(one)
      if (found.length === frequency.times - 1) {
        for (const used of [found[0], one]) if (used !== undefined) used.matched = level
        return true
      }
    }
    return false
  }

  return {
    ignored: ignored as ReadonlyArray<string>,
    /** @param now seconds */
    process: (message: string, now = 0): Outcome => {
      const decoder = decoders.find(({ prematch }) => prematch.test(message))
      if (decoder === undefined) return { decoder: undefined, rule: undefined, description: undefined }
      const fields = fieldsOf(JSON.parse(message.replace(decoder.prematch, "")))
      const inList = ({ field, lookup, list }: Rule["lists"][number]): boolean => {
        const value = fields.get(field)
        if (value === undefined) return false
        const keys = lookup === "address_match_key" ? addressKeys(value) : [value]
        return keys.some((key) => lists.get(list)?.has(key))
      }
      const matches = (rule: Rule): boolean =>
        (rule.decodedAs === undefined || rule.decodedAs === decoder.name) &&
        rule.fields.every(({ name, pattern }) => {
          const value = fields.get(name)
          return value !== undefined && pattern.regex.test(value)
        }) &&
        rule.regexes.every(({ regex }) => regex.test(message)) &&
        rule.lists.every(inList) &&
        reached(rule, now)
      const firstOf = (rules: ReadonlyArray<Rule>): Rule | undefined => {
        const rule = rules.find(matches)
        return rule === undefined ? undefined : (firstOf(children.get(rule.id) ?? []) ?? rule)
      }
      const rule = firstOf(roots)
      if (rule !== undefined) seen.set(rule.id, [...(seen.get(rule.id) ?? []), { at: now, matched: 0 }])
      const description = rule?.description.replaceAll(
        /\$\(([^)]+)\)/g,
        (_all, name: string) => fields.get(name) ?? "",
      )
      return { decoder: decoder.name, rule, description }
    },
  }
}
