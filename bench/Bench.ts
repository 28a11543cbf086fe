/** What every bench program has in common: what it measures, what it found, and how that is shown. */

/** One program: `npm run bench -- <name>`. */
export interface Bench {
  readonly name: string
  /** What is measured against what, in one line. */
  readonly about: string
  readonly run: (say: (line: string) => void) => Promise<BenchResult>
}

/** `figures` go into the table as they are and into the JSON object beside `name`, `passed` and `unit`. */
export interface BenchResult {
  readonly passed: boolean
  readonly unit: string
  readonly figures: Readonly<Record<string, number | string>>
}

const shown = (value: number | string): string =>
  typeof value === "string"
    ? value
    : Number.isInteger(value)
      ? value.toLocaleString("en")
      : value.toPrecision(4)

/** A table of two columns, as wide as its longest entries. */
export const table = (rows: ReadonlyArray<readonly [string, number | string]>): string => {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${shown(value)}`).join("\n")
}
