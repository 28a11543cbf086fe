/** Finds the name that somebody who mistyped one most likely meant. */

/** Levenshtein's distance, with a swap of neighbours counted as one step. */
export const distance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const here = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      here[column] = Math.min(
        (above[column] ?? 0) + 1,
        (here[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    before = above
    above = here
  }
  return above[b.length] ?? 0
}

/**
 * The candidate nearest to `name`, if it is near enough to be a slip: a third of its letters. Names compare as dotted
 * paths: one with the same last level, but in another section, is near too (`page_size` at the wrong depth).
 */
export const nearest = (name: string, candidates: ReadonlyArray<string>): string | undefined => {
  const last = name.slice(name.lastIndexOf(".") + 1)
  const misplaced = candidates.filter((candidate) => candidate.endsWith(`.${last}`))
  const ranked = candidates
    .map((candidate) => ({ candidate, steps: distance(name, candidate) }))
    .filter(
      ({ candidate, steps }) => steps <= Math.min(3, Math.ceil(Math.max(candidate.length, name.length) / 3)),
    )
    .sort((one, other) => one.steps - other.steps)
  return ranked[0]?.candidate ?? (misplaced.length === 1 ? misplaced[0] : undefined)
}
