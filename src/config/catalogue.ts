/** All keys and sections of the configuration, read from the Schema, in its order. */
import { Schema, SchemaAST } from "effect"
import { Config } from "./Config.ts"
import { EXAMPLE_NAME, SECTION_NAME, SETTING, Setting } from "./settings.ts"
import { isTree, read, type Tree } from "./tree.ts"

/** Stands in a path where whoever configures chooses a name: `source.hec.tokens.<name>.token`. */
export const ANY_NAME = "<name>"

export interface Key {
  readonly _tag: "Key"
  /** Dotted, as messages and documents show it: `indexer.url`. With `<name>` it stands for all keys of its kind. */
  readonly name: string
  readonly path: ReadonlyArray<string>
  /** The environment variable that sets it: `WAYBILL_INDEXER__URL`. */
  readonly variable: string
  /** The name people already use for it, e.g. `INDEXER_URL`. */
  readonly wellKnown: string | undefined
  /** The names that other programs go by, too: weaker than the file; the first that is set counts. */
  readonly conventional: ReadonlyArray<string>
  readonly setting: Setting
}
export interface Section {
  readonly _tag: "Section"
  readonly name: string
  readonly path: ReadonlyArray<string>
  readonly description: string
  /** Present where this section holds sections under names that whoever configures chooses. */
  readonly exampleName?: string
}

export const PREFIX = "WAYBILL_"

/** The names that the poller before Waybill, Wazuh's containers and the ingest service before it used. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  "source.firewalla.domain": "MSP_DOMAIN",
  "source.firewalla.token": "MSP_TOKEN",
  "source.firewalla.token_file": "MSP_TOKEN_FILE",
  "indexer.url": "INDEXER_URL",
  "indexer.username": "INDEXER_USERNAME",
  "indexer.password": "INDEXER_PASSWORD",
  "indexer.password_file": "INDEXER_PASSWORD_FILE",
  "dlq.enabled": "INGEST_DLQ_ENABLED",
  "dlq.base_path": "INGEST_DLQ_BASE_PATH",
}

/**
 * The names that curl and most others take for a proxy, in the order of undici's `EnvHttpProxyAgent`: the lower case
 * first, and the proxy for http where there is none for https.
 */
const CONVENTIONAL: Readonly<Record<string, ReadonlyArray<string>>> = {
  "source.firewalla.proxy": ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"],
  "source.firewalla.no_proxy": ["no_proxy", "NO_PROXY"],
}

/** Keys of which at most one may be given; one from a stronger origin replaces the other. */
export const ALTERNATIVES: ReadonlyArray<readonly [string, string]> = [
  ["source.firewalla.domain", "source.firewalla.base_url"],
  ["source.firewalla.token", "source.firewalla.token_file"],
  ["source.firewalla.proxy", "source.firewalla.proxy_file"],
  ["source.firewalla.box", "source.firewalla.group"],
  ["indexer.password", "indexer.password_file"],
  ["source.hec.tokens.<name>.token", "source.hec.tokens.<name>.token_file"],
  ["writer.api.password", "writer.api.password_file"],
  ["admin.token", "admin.token_file"],
  ["traces.headers", "traces.headers_file"],
]

const isSetting = Schema.is(Setting)

const variableOf = (path: ReadonlyArray<string>): string =>
  PREFIX + path.map((level) => level.toUpperCase()).join("__")

const walk = (ast: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<Key | Section> => {
  const name = path.join(".")
  const setting = ast.context?.annotations?.[SETTING]
  if (isSetting(setting)) {
    const conventional = CONVENTIONAL[name] ?? []
    const wellKnown = WELL_KNOWN[name]
    return [{ _tag: "Key", name, path, variable: variableOf(path), wellKnown, conventional, setting }]
  }
  if (!SchemaAST.isObjects(ast)) return []
  const inside = [
    ...ast.propertySignatures.flatMap(({ name, type }) => walk(type, [...path, String(name)])),
    ...ast.indexSignatures.flatMap(({ type }) => walk(type, [...path, ANY_NAME])),
  ]
  if (path.length === 0) return inside
  const description = String(ast.annotations?.description ?? "")
  const exampleName = ast.annotations?.[EXAMPLE_NAME]
  const example = typeof exampleName === "string" ? { exampleName } : {}
  return [{ _tag: "Section", name, path, description, ...example }, ...inside]
}

export const catalogue: ReadonlyArray<Key | Section> = walk(Config.ast, [])
export const keys: ReadonlyArray<Key> = catalogue.filter((entry) => entry._tag === "Key")
export const sections: ReadonlyArray<Section> = catalogue.filter((entry) => entry._tag === "Section")

const byName: ReadonlyMap<string, Key | Section> = new Map(catalogue.map((entry) => [entry.name, entry]))

const pathWith = ({ path }: Key | Section, chosen: string): ReadonlyArray<string> =>
  path.map((level) => (level === ANY_NAME ? chosen : level))

const keyWith = (key: Key, chosen: string): Key => {
  const path = pathWith(key, chosen)
  return { ...key, name: path.join("."), path, variable: variableOf(path) }
}
const sectionWith = (section: Section, chosen: string): Section => {
  const path = pathWith(section, chosen)
  return { ...section, name: path.join("."), path }
}

/** Of `source.hec.tokens.main.token`: the name that was chosen, and what the catalogue has for it. */
const chosenIn = (name: string) => {
  const levels = name.split(".")
  for (const [at, chosen] of levels.entries()) {
    const entry = byName.get(levels.with(at, ANY_NAME).join("."))
    if (entry !== undefined && SECTION_NAME.test(chosen)) return { chosen, entry }
  }
  return undefined
}

/** The name that the catalogue has for this one: `source.hec.tokens.<name>.token` for `source.hec.tokens.main.token`. */
export const nameInCatalogue = (name: string): string | undefined =>
  byName.get(name)?.name ?? chosenIn(name)?.entry.name

/** The key of this name, in which any name may be chosen. */
export const findKey = (name: string): Key | undefined => {
  const entry = byName.get(name)
  if (entry !== undefined) return entry._tag === "Key" ? entry : undefined
  const found = chosenIn(name)
  return found?.entry._tag === "Key" ? keyWith(found.entry, found.chosen) : undefined
}
export const findSection = (name: string): Section | undefined => {
  const entry = byName.get(name)
  if (entry !== undefined) return entry._tag === "Section" ? entry : undefined
  const found = chosenIn(name)
  return found?.entry._tag === "Section" ? sectionWith(found.entry, found.chosen) : undefined
}

const inTree = (key: Key, tree: Tree): ReadonlyArray<Key> => {
  const at = key.path.indexOf(ANY_NAME)
  if (at === -1) return [key]
  const around = read(tree, key.path.slice(0, at))
  return isTree(around) ? Object.keys(around).map((chosen) => keyWith(key, chosen)) : []
}

/** All keys that this tree can have: one for each name that is chosen in it. */
export const keysIn = (tree: Tree): ReadonlyArray<Key> => keys.flatMap((key) => inTree(key, tree))

/** The keys that exclude this one. */
export const alternativesTo = ({ name }: Key): ReadonlyArray<Key> => {
  const found = chosenIn(name)
  const known = nameInCatalogue(name)
  return ALTERNATIVES.flatMap((pair) => {
    const other = pair[0] === known ? pair[1] : pair[1] === known ? pair[0] : undefined
    const key = other === undefined ? undefined : findKey(other)
    if (key === undefined) return []
    return [found === undefined ? key : keyWith(key, found.chosen)]
  })
}
