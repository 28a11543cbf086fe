/**
 * Lays the origins of the configuration over each other, weakest first: the names that other programs go by, too, the
 * file, the names people already use, the `WAYBILL_` names. Defaults come from the Schema.
 */
import type { Problem } from "./ConfigInvalid.ts"
import { alternativesTo, type Key, keysIn } from "./catalogue.ts"
import type { FromEnvironment, Given } from "./environment.ts"
import { put, read, remove, type Tree } from "./tree.ts"

export interface Merged {
  readonly tree: Tree
  /** The variable that each key which came from the environment came from, by the key's name. */
  readonly variables: ReadonlyMap<string, string>
  readonly problems: ReadonlyArray<Problem>
  /** The files that secrets were read from, by the secrets' keys; `where`: what names the file. */
  readonly files?: ReadonlyMap<string, { readonly where: string; readonly path: string }>
}

const both = (one: string, other: string): Problem => ({
  where: one,
  what: `is given, and so is ${other}`,
  fix: "Remove one of the two.",
})

const conflictsInFile = (file: Tree): ReadonlyArray<Problem> => {
  const given = keysIn(file).filter(({ path }) => read(file, path) !== undefined)
  return given.flatMap((key, n) =>
    alternativesTo(key)
      .filter((other) => given.some(({ name }, at) => at > n && name === other.name))
      .map((other) => both(key.name, other.name)),
  )
}

const conflictsAmong = (layer: ReadonlyArray<Given>): ReadonlyArray<Problem> =>
  layer.flatMap(({ key, variable }, n) => {
    const excluded = alternativesTo(key).map(({ name }) => name)
    return layer
      .filter((one, at) => at > n && excluded.includes(one.key.name))
      .map((one) => both(variable, one.variable))
  })

const overlay = (tree: Tree, layer: ReadonlyArray<Given>): Tree => {
  const replaced = layer.flatMap(({ key }) => alternativesTo(key))
  const cleared = replaced.reduce((rest, key) => remove(rest, key.path), tree)
  return layer.reduce((result, { key, value }) => put(result, key.path, value), cleared)
}

/** The source that a key belongs to is asked for something: what the environment has for others is not judged. */
const isAsked = (tree: Tree, { path }: Key): boolean =>
  ["domain", "base_url"].some((name) => read(tree, [...path.slice(0, -1), name]) !== undefined)

const isSaid = (tree: Tree, key: Key): boolean =>
  [key, ...alternativesTo(key)].some(({ path }) => read(tree, path) !== undefined)

export const merge = (file: Tree, environment: FromEnvironment): Merged => {
  const layers = [environment.wellKnown, environment.own]
  const chosen = layers.reduce(overlay, file)
  const rest = environment.conventional.filter(({ key }) => isAsked(chosen, key) && !isSaid(chosen, key))
  return {
    tree: overlay(chosen, rest),
    variables: new Map([...rest, ...layers.flat()].map(({ key, variable }) => [key.name, variable])),
    problems: [...environment.problems, ...conflictsInFile(file), ...layers.flatMap(conflictsAmong)],
  }
}
