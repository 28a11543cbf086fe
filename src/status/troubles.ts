/** What keeps a feed from going on, besides what a stall tells of: a source that can't be read, a disk that takes nothing. */
import type { RunSnapshot } from "./RunStatus.ts"
import type { StatusFields } from "./statusJson.ts"

export interface Trouble {
  /** The same for the same trouble. */
  readonly key: string
  readonly message: string
  readonly fields: StatusFields
}

/** Epoch milliseconds, by the trouble's key. */
export type ToldTroubles = ReadonlyMap<string, { readonly since: number; readonly told: number | undefined }>

/** Shorter ones are gone before anybody could look. */
const LASTS_MILLIS = 60_000
/** So that rule 100509 (six errors within an hour) tells of a trouble that stays. */
const SAY_AGAIN_MILLIS = 600_000

const DISKS = [
  ["checkpoints", "Feeds hold until it can."],
  ["dlq", "Feeds hold until it can."],
  ["spool", "No pushed event is taken until it can."],
] as const

/** Not the writer: while it takes nothing no status event gets through either, and `stalled` tells of it. Pure. */
export const troublesOf = ({ feeds, holds }: RunSnapshot): ReadonlyArray<Trouble> => [
  ...[...feeds.values()].flatMap(({ failure, feed }) =>
    failure === undefined
      ? []
      : [
          {
            key: feed,
            // A source's own words begin with the feed.
            message: failure.message.startsWith(feed)
              ? failure.message
              : `${feed} does not go on: ${failure.message}`,
            fields: { feed, reason: failure.reason },
          },
        ],
  ),
  ...[...feeds.values()].flatMap(({ counts: { unaccounted }, feed }) =>
    unaccounted === 0
      ? []
      : [
          {
            key: `${feed} ledger`,
            message: `${feed}: ${Math.abs(unaccounted)} records are unaccounted for. This is a defect of Waybill: please report it, with the line ledger.unbalanced of its log. \`waybill reconcile\` delivers what is missing.`,
            fields: { feed, reason: "unaccounted", unaccounted },
          },
        ],
  ),
  ...DISKS.flatMap(([part, then]) => {
    const hold = holds.get(part)
    return hold === undefined ? [] : [{ key: part, message: `${hold.message} ${then}`, fields: { part } }]
  }),
]

/** Which of them are to be told now: those that last, at first and again and again. Pure. */
export const dueTroubles = (
  before: ToldTroubles,
  troubles: ReadonlyArray<Trouble>,
  now: number,
): { readonly told: ToldTroubles; readonly due: ReadonlyArray<Trouble> } => {
  const due: Array<Trouble> = []
  const told = new Map(
    troubles.map((trouble) => {
      const { since, told } = before.get(trouble.key) ?? { since: now, told: undefined }
      const isDue = now - since >= LASTS_MILLIS && (told === undefined || now - told >= SAY_AGAIN_MILLIS)
      if (isDue) due.push(trouble)
      return [trouble.key, { since, told: isDue ? now : told }] as const
    }),
  )
  return { told, due }
}
