/**
 * The shipped rules as the manager reads them. Strict: an element or attribute that the evaluator does not know is an
 * error, so that no condition is overlooked.
 */
import { compile, type Engine } from "./patterns.ts"
import { type Element, parseXml } from "./xml.ts"

/** `<field>` on one of them keeps the ruleset from loading (w_check_attr_field_name, src/analysisd/rules.c). */
export const STATIC_FIELDS: ReadonlySet<string> = new Set(
  "srcip dstip srcgeoip dstgeoip srcport dstport user srcuser dstuser url id data extra_data status protocol system_name action".split(
    " ",
  ),
)

export interface Pattern {
  readonly engine: Engine
  readonly source: string
  readonly regex: RegExp
}

export interface Rule {
  readonly id: string
  readonly level: number
  /** The rules that it is a child of; none of the base rule. */
  readonly parents: ReadonlyArray<string>
  readonly decodedAs: string | undefined
  readonly fields: ReadonlyArray<{ readonly name: string; readonly pattern: Pattern }>
  /** On the whole message. */
  readonly regexes: ReadonlyArray<Pattern>
  readonly lists: ReadonlyArray<{ readonly field: string; readonly lookup: string; readonly list: string }>
  /** So many events of the rule `of`, this one included, within so many seconds. */
  readonly frequency: { readonly times: number; readonly seconds: number; readonly of: string } | undefined
  readonly options: ReadonlyArray<string>
  readonly description: string
  readonly mitre: ReadonlyArray<string>
  /** Its own and those of the group it stands in. */
  readonly groups: ReadonlyArray<string>
}

const KNOWN: Readonly<Record<string, ReadonlyArray<string>>> = {
  rule: ["id", "level", "frequency", "timeframe"],
  if_sid: [],
  if_matched_sid: [],
  decoded_as: [],
  field: ["name", "type"],
  regex: ["type"],
  list: ["field", "lookup"],
  options: [],
  description: [],
  mitre: [],
  id: [],
  group: ["name"],
}

const checkKnown = ({ name, attributes, children }: Element): void => {
  const known = KNOWN[name]
  if (known === undefined) throw new Error(`<${name}> is not known to the evaluator`)
  for (const attribute of Object.keys(attributes))
    if (!known.includes(attribute)) throw new Error(`<${name} ${attribute}> is not known to the evaluator`)
  children.forEach(checkKnown)
}

const patternOf = ({ attributes, text }: Element): Pattern => {
  const { type = "osregex" } = attributes
  if (type !== "osregex" && type !== "pcre2") throw new Error(`type="${type}" is not known to the evaluator`)
  return { engine: type, source: text, regex: compile(type, text) }
}

const words = (text: string): ReadonlyArray<string> => text.split(/[\s,]+/).filter((word) => word !== "")

const ruleOf = (outer: ReadonlyArray<string>, element: Element): Rule => {
  const { id = "", level, frequency, timeframe } = element.attributes
  const all = (name: string) => element.children.filter((child) => child.name === name)
  const texts = (name: string) => all(name).flatMap(({ text }) => words(text))
  const matched = texts("if_matched_sid")
  const of = matched[0]
  // Wazuh would read two of them as one pattern, written one behind the other (loadmemory, src/analysisd/rules.c).
  if (all("regex").length > 1) throw new Error(`rule ${id} has two <regex>`)
  return {
    id,
    level: Number(level),
    // A rule with if_matched_sid and no if_sid becomes a child of the rule it counts (src/analysisd/rules.c).
    parents: texts("if_sid").length > 0 ? texts("if_sid") : matched,
    decodedAs: all("decoded_as")[0]?.text,
    fields: all("field").map((field) => ({ name: field.attributes.name ?? "", pattern: patternOf(field) })),
    regexes: all("regex").map(patternOf),
    lists: all("list").map(({ attributes, text }) => ({
      field: attributes.field ?? "",
      lookup: attributes.lookup ?? "match_key",
      list: text,
    })),
    frequency: of === undefined ? undefined : { times: Number(frequency), seconds: Number(timeframe), of },
    options: texts("options"),
    description: all("description")
      .map(({ text }) => text)
      .join(""),
    mitre: all("mitre").flatMap(({ children }) => children.map(({ text }) => text)),
    groups: [...outer, ...texts("group")],
  }
}

/** The rules of one file, in load order. */
export const readRules = (xml: string): ReadonlyArray<Rule> =>
  parseXml(xml).flatMap((group) => {
    checkKnown(group)
    return group.children.map((rule) => ruleOf(words(group.attributes.name ?? ""), rule))
  })
