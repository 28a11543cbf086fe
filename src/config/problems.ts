/** Turns what the Schema refuses into problems a person can act on. */
import { Array as Arr, Order, type Schema, SchemaIssue } from "effect"
import type { Problem } from "./ConfigInvalid.ts"
import { ANY_NAME, findKey, findSection, type Key, keys, type Section, sections } from "./catalogue.ts"
import { oddityOf } from "./characters.ts"
import type { Merged } from "./merge.ts"
import { nearest } from "./nearest.ts"
import { isTree, read } from "./tree.ts"

const SHOWN: ReadonlySet<string> = new Set(["integer", "number", "flag", "choice", "duration"])
const SHOWN_LENGTH = 40

/** A value, where it can neither be a secret nor hold one; of the others only its kind. */
const got = ({ setting }: Key, value: unknown): string => {
  if (value === "") return "got nothing"
  if (isTree(value)) return "got a section"
  if (Array.isArray(value)) return "got a list"
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  if (isScalar && SHOWN.has(setting.kind)) return `got ${JSON.stringify(value).slice(0, SHOWN_LENGTH)}`
  if (typeof value !== "string") return `got a ${typeof value}`
  const oddity = oddityOf(value)
  return oddity === undefined ? "got another text" : `got one with ${oddity}`
}

const companion = (key: Key) => findKey(`${key.name}_file`)

const waysToSet = (key: Key): string =>
  [key, ...[companion(key) ?? []].flat()]
    .flatMap(({ name, wellKnown, variable }) => [name, wellKnown ?? variable])
    .join(", ")

const missing = (key: Key): Problem => ({
  where: key.name,
  what: `is missing; expected ${key.setting.expected}`,
  fix: `Set one of ${waysToSet(key)}.`,
})

const wrong = (key: Key, value: unknown, { files, variables }: Merged): Problem => {
  const variable = variables.get(key.name)
  const file = files?.get(key.name)
  if (file !== undefined)
    return {
      where: file.where,
      what: `expected ${key.setting.expected}, ${got(key, value)}`,
      fix: `Correct the file ${file.path}; white space around the secret is cut off.`,
    }
  const needsQuotes = variable === undefined && typeof value !== "string" && typeof value !== "object"
  const isText = ["text", "secret", "url", "path", "choice"].includes(key.setting.kind)
  return {
    where: key.name,
    what: `expected ${key.setting.expected}, ${got(key, value)}`,
    fix:
      variable !== undefined
        ? `Correct the environment variable ${variable}.`
        : needsQuotes && isText
          ? "Put the value in quotes."
          : key.setting.presence === "default"
            ? `Correct it in the file, or remove it for the default ${JSON.stringify(key.setting.default)}.`
            : "Correct it in the file.",
  }
}

const notASection = (section: Section): Problem => ({
  where: section.name,
  what: "expected a section with keys under it",
  fix: `Its keys are ${keys
    .filter(({ name }) => name.startsWith(`${section.name}.`))
    .map(({ name }) => name.slice(section.name.length + 1))
    .join(", ")}.`,
})

const NAMES = [...keys, ...sections].map(({ name }) => name)

const unknown = (name: string): Problem => {
  if (findSection(`${name.slice(0, name.lastIndexOf("."))}.${ANY_NAME}`) !== undefined)
    return {
      where: name,
      what: "can't be a name",
      fix: "Take at most 32 lower-case letters and digits, with single _ and - between them.",
    }
  const meant = nearest(name, NAMES)
  return {
    where: name,
    what: "there is no such setting",
    fix:
      meant === undefined
        ? "Remove it, or see docs/configuration.md for all keys."
        : `Did you mean ${meant}?`,
  }
}

const pathsOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** One problem for each key, in the order of the Schema; unknown keys last. */
export const problemsOf = (error: Schema.SchemaError, merged: Merged): ReadonlyArray<Problem> => {
  const paths = (pathsOf(error.issue).issues ?? []).map(({ path }) =>
    (path ?? []).map((step) => String(typeof step === "object" ? step.key : step)),
  )
  const names = Arr.dedupe(paths.map((path) => path.join(".")))
  const place = (name: string) => (NAMES.includes(name) ? NAMES.indexOf(name) : NAMES.length)
  return Arr.sort(names, Order.mapInput(Order.Number, place)).map((name) => {
    const key = findKey(name)
    const section = findSection(name)
    if (section !== undefined) return notASection(section)
    if (key === undefined) return unknown(name)
    const value = read(merged.tree, key.path)
    return value === undefined ? missing(key) : wrong(key, value, merged)
  })
}
