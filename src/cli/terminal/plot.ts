/** Small pictures of numbers, made of characters. Pure. */

const LEVELS = "▁▂▃▄▅▆▇█"

/** The last `width` numbers, each as a bar between nothing and the greatest of them; a gap where there is none. */
export const sparkline = (values: ReadonlyArray<number | undefined>, width: number): string => {
  const shown = values.slice(-width)
  const greatest = Math.max(0, ...shown.map((value) => value ?? 0))
  return shown
    .map((value) => {
      if (value === undefined) return " "
      const share = greatest === 0 ? 0 : value / greatest
      return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))] ?? " "
    })
    .join("")
}

/** @param share 0 to 1; what lies outside is drawn as the nearer end */
export const bar = (share: number, width: number): string => {
  const done = Math.round(Math.min(1, Math.max(0, share)) * width)
  return `${"█".repeat(done)}${"░".repeat(width - done)}`
}
