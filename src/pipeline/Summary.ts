/** What is counted of one poll beside its ledger, added up from the receipts of its batches. */
import type { Receipt } from "../domain/Batch.ts"

export interface Summary {
  readonly batches: number
  readonly duplicated: number
}

export const startSummary: Summary = { batches: 0, duplicated: 0 }

export const addReceipt = (summary: Summary, receipt: Receipt): Summary => ({
  batches: summary.batches + 1,
  duplicated: summary.duplicated + receipt.duplicated,
})
