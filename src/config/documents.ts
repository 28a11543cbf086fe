/**
 * The documents made from the configuration Schema: the commented YAML file, the JSON Schema for editors, and the
 * table of all keys. A test holds the files in the repository to what these functions return.
 */
import { Yaml } from "effect/encoding"
import { ANY_NAME, catalogue, findSection, type Key, keys, type Section, sections } from "./catalogue.ts"
import { isLive } from "./liveKeys.ts"
import { DEFAULT_PATH } from "./loadConfig.ts"
import { SECTION_NAME, type Setting } from "./settings.ts"

const WIDTH = 100

const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`
    if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

const isPlain = (text: string): boolean => /^[\w/][\w /.:-]*$/.test(text) && Yaml.parse(text) === text

const yamlValue = (value: string | number | boolean): string =>
  typeof value === "string" && !isPlain(value) ? JSON.stringify(value) : String(value)

const sample = (setting: Setting): string => yamlValue(setting.default ?? setting.example ?? "")

const lastOf = ({ path }: Key | Section): string => path.at(-1) ?? ""

/** The name that the example of a section has whose name is chosen by whoever configures. */
const exampleName = ({ path }: Section): string | undefined =>
  path.at(-1) === ANY_NAME ? findSection(path.slice(0, -1).join("."))?.exampleName : undefined

const yamlEntry = (entry: Key | Section): ReadonlyArray<string> => {
  const indent = "  ".repeat(entry.path.length - 1)
  const comment = (text: string) => wrap(text, WIDTH - indent.length - 2).map((line) => `${indent}# ${line}`)
  if (entry._tag === "Section") {
    const example = exampleName(entry)
    if (example !== undefined) return [...comment(entry.description), `${indent}#${example}:`]
    return [
      ...(entry.path.length === 1 ? [""] : []),
      ...comment(entry.description),
      `${indent}${lastOf(entry)}:`,
    ]
  }
  const note = entry.setting.presence === "optional" ? "No default. " : ""
  return [
    ...comment(`${note}${entry.setting.description}`),
    `${indent}#${lastOf(entry)}: ${sample(entry.setting)}`,
  ]
}

const YAML_HEAD = `# yaml-language-server: $schema=./waybill.schema.json
#
# All settings of Waybill. Generated from src/config/Config.ts; docs/configuration.md has the same as a table.
#
# Every key is commented out and shows its default, or an example where it has none: as it is, this file changes
# nothing. Copy it to ${DEFAULT_PATH} (or name it with --config or WAYBILL_CONFIG) and uncomment what you
# want to change. Unknown keys are refused. Environment variables win over this file.
`

export const yamlDocument = (): string => `${YAML_HEAD}${catalogue.flatMap(yamlEntry).join("\n")}\n`

const JSON_TYPES = {
  text: "string",
  secret: "string",
  url: "string",
  path: "string",
  choice: "string",
  duration: "string",
  integer: "integer",
  number: "number",
  flag: "boolean",
} as const satisfies Record<Setting["kind"], string>

const keySchema = ({ setting }: Key) => ({
  type: JSON_TYPES[setting.kind],
  description: `${setting.description} Expected: ${setting.expected}.`,
  ...(setting.default === undefined ? {} : { default: setting.default }),
  ...(setting.choices === undefined ? {} : { enum: setting.choices }),
  ...(setting.least === undefined ? {} : { minimum: setting.least }),
  ...(setting.most === undefined ? {} : { maximum: setting.most }),
})

/** Nothing is `required` and sections may be empty: what a file leaves out can come from the environment. */
const sectionSchema = (path: ReadonlyArray<string>): object => {
  const inside = catalogue
    .filter(
      (entry) => entry.path.length === path.length + 1 && path.every((step, i) => entry.path[i] === step),
    )
    .map((entry): readonly [string, object] => [
      lastOf(entry),
      entry._tag === "Key"
        ? keySchema(entry)
        : { description: entry.description, ...sectionSchema(entry.path) },
    ])
  const type = path.length === 0 ? "object" : ["object", "null"]
  const [name, each] = inside[0] ?? []
  return name === ANY_NAME
    ? { type, propertyNames: { pattern: SECTION_NAME.source }, additionalProperties: each }
    : { type, additionalProperties: false, properties: Object.fromEntries(inside) }
}

export const jsonSchemaDocument = (): string =>
  `${JSON.stringify(
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      title: "Configuration of Waybill",
      ...sectionSchema([]),
    },
    null,
    2,
  )}\n`

const cell = (text: string): string => text.replaceAll("|", "\\|")

const LIVE = "Can change at run time."

const row = ({ conventional, name, setting, variable, wellKnown }: Key): string => {
  const value = setting.default === undefined ? setting.presence : `\`${JSON.stringify(setting.default)}\``
  const variables = [variable, wellKnown ?? [], conventional].flat().map((one) => `\`${one}\``)
  const live = isLive(name) ? ` ${LIVE}` : ""
  const text = `${setting.description} Expected: ${setting.expected}.${live}`
  return `| ${[`\`${name}\``, value, variables.join(" "), text].map(cell).join(" | ")} |`
}

const MARKDOWN_HEAD = `# Configuration

<!-- Generated from src/config/Config.ts by \`node src/config/generate.ts\`. -->

Waybill reads one YAML file and the environment. Weakest first:

1. the defaults below, and for proxies the names that other programs go by, too: ${keys
  .flatMap(({ conventional }) => conventional)
  .map((name) => `\`${name}\``)
  .join(", ")}
2. the file: \`--config\`, else \`WAYBILL_CONFIG\`, else \`${DEFAULT_PATH}\` if it exists
3. the names people already use: ${keys
  .flatMap(({ wellKnown }) => wellKnown ?? [])
  .map((name) => `\`${name}\``)
  .join(", ")}
4. the \`WAYBILL_\` names: \`__\` separates levels, so \`WAYBILL_INDEXER__URL\` sets \`indexer.url\`

Four settings are enough to start: \`MSP_DOMAIN\`, \`MSP_TOKEN\` (or \`MSP_TOKEN_FILE\`), \`INDEXER_USERNAME\` and
\`INDEXER_PASSWORD\` (or \`INDEXER_PASSWORD_FILE\`). \`config/waybill.yaml\` holds every key with its default, and
\`config/waybill.schema.json\` lets editors complete and check it.

- Everything that is wrong is reported at once, each with its key, what was expected, and what to do; the exit code
  is 78. Unknown keys and mistyped \`WAYBILL_\` variables are refused.
- A secret can be given as a file: \`token_file\` and \`password_file\`, in the file or as a variable. White space
  around it, and a byte order mark, are cut off: editors add them. Anywhere else a secret that begins or ends with a
  blank is refused. Of two keys that exclude each other (\`password\` and \`password_file\`, \`token\` and \`token_file\`,
  \`domain\` and \`base_url\`, \`box\` and \`group\`) the one from the stronger origin counts; both from one origin is an error.
- What a header, a URL, a path or a socket's address can't carry is refused by its key, as are characters that can't be
  seen (such as a zero-width space) and quotes that were copied along with a secret.
- A variable that is set to nothing counts as not set. A key or section with nothing after the colon does, too.
- Durations are one number and one unit: \`250 millis\`, \`5 seconds\`, \`15 minutes\`, \`1 hour\`, \`30 days\`.
- Under a section with \`<name>\` in it any number of sections may stand, each under a name of your own: lower-case letters
  and digits, with single \`_\` and \`-\` between them. In the name of a variable it is in capitals, and cannot have a \`-\`:
  \`WAYBILL_SOURCE__HEC__TOKENS__MAIN__TOKEN\`.
- Variables are not expanded inside the file.
- Keys that say "${LIVE}" need no restart: change the file and send \`waybill run\` a SIGHUP, or
  \`POST /api/v1/reload\` ([operations.md](operations.md#change-settings-without-a-restart)). All of what has changed is
  taken, or nothing.
`

const table = ({ name, description }: Section): ReadonlyArray<string> => {
  const own = keys.filter(({ path }) => path.slice(0, -1).join(".") === name)
  return [
    "",
    `## \`${name}\``,
    "",
    description,
    ...(own.length === 0
      ? []
      : ["", "| Key | Default | Variables | What it does |", "| --- | --- | --- | --- |", ...own.map(row)]),
  ]
}

export const markdownDocument = (): string => `${MARKDOWN_HEAD}${sections.flatMap(table).join("\n")}\n`

/** Every generated file, by its path in the repository. */
export const documents = (): ReadonlyArray<{ readonly path: string; readonly text: string }> => [
  { path: "config/waybill.yaml", text: yamlDocument() },
  { path: "config/waybill.schema.json", text: jsonSchemaDocument() },
  { path: "docs/configuration.md", text: markdownDocument() },
]
