/**
 * Lays the origins of the configuration over each other, weakest first: the file, the names people already use, the
 * `WAYBILL_` names. Defaults come from the Schema.
 */
import type { Problem } from "./ConfigInvalid.ts"
import { alternativesTo, keysIn } from "./catalogue.ts"
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

export const merge = (file: Tree, environment: FromEnvironment): Merged => {
  const layers = [environment.wellKnown, environment.own]
  return {
    tree: layers.reduce(overlay, file),
    variables: new Map(layers.flat().map(({ key, variable }) => [key.name, variable])),
    problems: [...environment.problems, ...conflictsInFile(file), ...layers.flatMap(conflictsAmong)],
  }
}
