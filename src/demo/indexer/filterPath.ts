/**
 * The `filter_path` parameter: keeps the named parts of a reply. Arrays are walked through, `*` stands for any one
 * key, and what would be left empty is left out, as OpenSearch does.
 */
import { Predicate } from "effect"

const kept = (value: unknown, paths: ReadonlyArray<ReadonlyArray<string>>): unknown => {
  if (paths.some((path) => path.length === 0)) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => kept(item, paths)).filter((item) => item !== undefined)
    return items.length === 0 ? undefined : items
  }
  if (!Predicate.isReadonlyObject(value)) return undefined
  const entries = Object.entries(value).flatMap(([key, below]) => {
    const rest = paths.filter(([first]) => first === key || first === "*").map(([, ...more]) => more)
    const part = rest.length === 0 ? undefined : kept(below, rest)
    return part === undefined ? [] : [[key, part] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** @param filter the parameter as sent, e.g. `hits.total,_shards.*`; `null`: everything is kept */
export const filterPath = (reply: unknown, filter: string | null): unknown =>
  filter === null || filter === ""
    ? reply
    : (kept(
        reply,
        filter.split(",").map((path) => path.split(".")),
      ) ?? {})
