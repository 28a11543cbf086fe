/** All keys and sections of the configuration, read from the Schema, in its order. */
import { Schema, SchemaAST } from "effect"
import { Config } from "./Config.ts"
import { SETTING, Setting } from "./settings.ts"

export interface Key {
  readonly _tag: "Key"
  /** Dotted, as messages and documents show it: `indexer.url`. */
  readonly name: string
  readonly path: ReadonlyArray<string>
  /** The environment variable that sets it: `WAYBILL_INDEXER__URL`. */
  readonly variable: string
  /** The name people already use for it, e.g. `INDEXER_URL`. */
  readonly wellKnown: string | undefined
  readonly setting: Setting
}
export interface Section {
  readonly _tag: "Section"
  readonly name: string
  readonly path: ReadonlyArray<string>
  readonly description: string
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

/** Keys of which at most one may be given; one from a stronger origin replaces the other. */
export const ALTERNATIVES: ReadonlyArray<readonly [string, string]> = [
  ["source.firewalla.domain", "source.firewalla.base_url"],
  ["source.firewalla.token", "source.firewalla.token_file"],
  ["source.firewalla.box", "source.firewalla.group"],
  ["indexer.password", "indexer.password_file"],
  ["writer.api.password", "writer.api.password_file"],
  ["admin.token", "admin.token_file"],
]

const isSetting = Schema.is(Setting)

const walk = (ast: SchemaAST.AST, path: ReadonlyArray<string>): ReadonlyArray<Key | Section> => {
  const name = path.join(".")
  const setting = ast.context?.annotations?.[SETTING]
  if (isSetting(setting)) {
    const variable = PREFIX + path.map((level) => level.toUpperCase()).join("__")
    return [{ _tag: "Key", name, path, variable, wellKnown: WELL_KNOWN[name], setting }]
  }
  if (!SchemaAST.isObjects(ast)) return []
  const inside = ast.propertySignatures.flatMap(({ name, type }) => walk(type, [...path, String(name)]))
  return path.length === 0
    ? inside
    : [{ _tag: "Section", name, path, description: String(ast.annotations?.description ?? "") }, ...inside]
}

export const catalogue: ReadonlyArray<Key | Section> = walk(Config.ast, [])
export const keys: ReadonlyArray<Key> = catalogue.filter((entry) => entry._tag === "Key")
export const sections: ReadonlyArray<Section> = catalogue.filter((entry) => entry._tag === "Section")
export const keyByName: ReadonlyMap<string, Key> = new Map(keys.map((key) => [key.name, key]))
export const sectionByName: ReadonlyMap<string, Section> = new Map(
  sections.map((section) => [section.name, section]),
)
