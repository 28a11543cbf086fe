/** The configuration before it is decoded: nested objects as a YAML file gives them. */
import { Predicate } from "effect"

export interface Tree {
  readonly [key: string]: unknown
}

export const isTree = (value: unknown): value is Tree =>
  Predicate.isReadonlyObject(value) && !Array.isArray(value)

export const read = (tree: Tree, [head, ...rest]: ReadonlyArray<string>): unknown => {
  if (head === undefined) return tree
  const value = Object.hasOwn(tree, head) ? tree[head] : undefined
  return rest.length === 0 ? value : isTree(value) ? read(value, rest) : undefined
}

/** Sets a value, with the sections around it. Where a file has a value in place of a section, that value stays. */
export const put = (tree: Tree, [head, ...rest]: ReadonlyArray<string>, value: unknown): Tree => {
  if (head === undefined) return tree
  if (rest.length === 0) return { ...tree, [head]: value }
  const inside = Object.hasOwn(tree, head) ? tree[head] : {}
  return isTree(inside) ? { ...tree, [head]: put(inside, rest, value) } : tree
}

export const remove = (tree: Tree, [head, ...rest]: ReadonlyArray<string>): Tree => {
  if (head === undefined || !Object.hasOwn(tree, head)) return tree
  if (rest.length === 0) return Object.fromEntries(Object.entries(tree).filter(([key]) => key !== head))
  const inside = tree[head]
  return isTree(inside) ? { ...tree, [head]: remove(inside, rest) } : tree
}

/** Leaves out what has no value: `batch:` with nothing but comments under it is a section with all its defaults. */
export const withoutNulls = (tree: Tree): Tree =>
  Object.fromEntries(
    Object.entries(tree)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([key, value]) => [key, isTree(value) ? withoutNulls(value) : value]),
  )
