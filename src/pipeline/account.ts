/**
 * The ledger of one poll: what its source has returned against what became of it.
 *
 * A page's count travels with its last batch. Batches are settled in the feed's order, so once that one is, everything
 * that was fetched up to it must be accounted for. Of a poll that never ends, too, a loss is told when it happens.
 *
 * What is wrong here is a defect of Waybill, not of a record. It is told and not held: which records they are nobody
 * knows, and a feed that stands still would lose more.
 */
import { Effect } from "effect"
import type { FeedName } from "../domain/Checkpoint.ts"
import { entered, NO_RECORDS, outstandingIn, settledIn } from "../domain/Ledger.ts"
import type { Page } from "../sources/Source.ts"
import { RunStatus } from "../status/RunStatus.ts"
import * as Log from "../telemetry/log.ts"
import { set } from "../telemetry/metric.ts"
import { METRICS } from "../telemetry/metrics.ts"
import type { Settled } from "./confirm.ts"
import type { Shipment } from "./Shipment.ts"

const message = (feed: FeedName, missing: number): string =>
  `${feed}: ${
    missing > 0
      ? `${missing} records were fetched of which nobody can say what became of them`
      : `${-missing} records more are accounted for than were fetched`
  }. This is a defect of Waybill: please report it, with this line. \`waybill reconcile\` compares source and index and delivers what is missing.`

export const openAccount = Effect.fnUntraced(function* (feed: FeedName) {
  const status = yield* RunStatus
  let ledger = NO_RECORDS
  /** What has been told of already. */
  let told = 0

  const balance = Effect.fnUntraced(function* (unaccounted: number, batch: string | undefined) {
    const more = unaccounted - told
    if (more === 0) return
    told = unaccounted
    const inAll = yield* status.unaccounted(feed, more)
    yield* set(METRICS.recordsUnaccounted, { feed }, inAll)
    yield* Log.error("ledger.unbalanced", message(feed, more), {
      feed,
      batch,
      ...ledger,
      unaccounted: more,
    })
  })

  return {
    /** Enters what a page has brought; succeeds with how many the poll has fetched with it. */
    fetched: (page: Page) =>
      Effect.sync(() => {
        ledger = entered(ledger, { fetched: page.fetched })
        return ledger.fetched
      }),
    /** Enters what became of a batch. They must come in the feed's order. */
    settled: Effect.fnUntraced(function* (settled: Settled) {
      ledger = entered(ledger, settled.ledger)
      if (settled.fetchedUpTo !== undefined)
        yield* balance(settled.fetchedUpTo - settledIn(ledger), settled.batch)
    }),
    /** The poll has ended. After a stop what was fetched and not yet written is left to the next run. */
    closed: Effect.fnUntraced(function* (isCutOff: boolean) {
      if (!isCutOff) yield* balance(outstandingIn(ledger), undefined)
      return { ...ledger, outstanding: outstandingIn(ledger) }
    }),
  }
})

/** Marks the last batch of a page with how many records the poll had fetched with it. */
export const markLast = (shipments: ReadonlyArray<Shipment>, fetchedUpTo: number): ReadonlyArray<Shipment> =>
  shipments.map((shipment, n) => (n === shipments.length - 1 ? { ...shipment, fetchedUpTo } : shipment))
