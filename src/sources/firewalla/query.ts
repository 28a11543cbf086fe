/** The API's query language (`qualifier:value`, space is AND), and the one filter that it cannot express. */
import { isRecord, nameOf, numberOf } from "./records.ts"

/** Which boxes a source is limited to. */
export interface BoxFilter {
  readonly box?: string | undefined
  readonly group?: string | undefined
}

/**
 * The query for one stretch of time, both ends in whole seconds. Written with fractions, since `ts` has them. Whether
 * the API counts the end in is not documented: what lies on it is dropped by the reader.
 */
export const timeQuery = (from: number, to: number, filter: BoxFilter, more: string | undefined): string =>
  [
    `ts:${from}.000-${to}.000`,
    filter.box === undefined ? "" : `box.id:${quoted(filter.box)}`,
    filter.group === undefined ? "" : `box.group.id:${quoted(filter.group)}`,
    more?.trim() ?? "",
  ]
    .filter((part) => part !== "")
    .join(" ")

/** The parameters of `/devices`, which has no query. */
export const listParams = (filter: BoxFilter): Readonly<Record<string, string>> => ({
  ...(filter.box === undefined ? {} : { box: filter.box }),
  ...(filter.group === undefined ? {} : { group: filter.group }),
})

/** Values with space, comma, colon or star need quotes. The language has no escape for a quote: it is left out. */
const quoted = (value: string): string => (/[\s,:*"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value)

/** Bytes above which a flow is notable by its size alone. */
const NOTABLE_BYTES = 1_000_000

/**
 * Whether a flow is blocked, large, or of no known category. What is not even a record counts as notable, so that it
 * becomes a dead letter rather than nothing.
 */
export const isNotable = (flow: unknown): boolean => {
  if (!isRecord(flow)) return true
  if (flow.block === true || flow.block === "true" || flow.block === 1 || flow.block === "1") return true
  const sum = (numberOf(flow.download) ?? 0) + (numberOf(flow.upload) ?? 0)
  if (Math.max(sum, numberOf(flow.total) ?? 0) > NOTABLE_BYTES) return true
  const category = nameOf(flow.category).trim().toLowerCase()
  return category === "" || category === "uncategorized"
}
