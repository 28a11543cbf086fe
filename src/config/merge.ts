/**
 * Lays the origins of the configuration over each other, weakest first: the file, the names people already use, the
 * `WAYBILL_` names. Defaults come from the Schema.
 */
import type { Problem } from "./ConfigInvalid.ts"
import { ALTERNATIVES, type Key, keyByName } from "./catalogue.ts"
import type { FromEnvironment, Given } from "./environment.ts"
import { put, read, remove, type Tree } from "./tree.ts"

export interface Merged {
  readonly tree: Tree
  /** The variable that each key which came from the environment came from, by the key's name. */
  readonly variables: ReadonlyMap<string, string>
  readonly problems: ReadonlyArray<Problem>
}

const pairs: ReadonlyArray<readonly [Key, Key]> = ALTERNATIVES.flatMap(([one, other]) => {
  const both = [keyByName.get(one), keyByName.get(other)] as const
  return both[0] === undefined || both[1] === undefined ? [] : [[both[0], both[1]] as const]
})

const both = (one: string, other: string): Problem => ({
  where: one,
  what: `is given, and so is ${other}`,
  fix: "Remove one of the two.",
})

const conflictsInFile = (file: Tree): ReadonlyArray<Problem> =>
  pairs
    .filter(([one, other]) => read(file, one.path) !== undefined && read(file, other.path) !== undefined)
    .map(([one, other]) => both(one.name, other.name))

const conflictsAmong = (layer: ReadonlyArray<Given>): ReadonlyArray<Problem> =>
  pairs.flatMap(([one, other]) => {
    const first = layer.find(({ key }) => key === one)
    const second = layer.find(({ key }) => key === other)
    return first === undefined || second === undefined ? [] : [both(first.variable, second.variable)]
  })

const overlay = (tree: Tree, layer: ReadonlyArray<Given>): Tree => {
  const replaced = layer.flatMap(({ key }) =>
    pairs.flatMap(([one, other]) => (key === one ? [other] : key === other ? [one] : [])),
  )
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
