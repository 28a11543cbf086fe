/** What one poll has brought, added up from the receipts of its batches. */
import type { Receipt } from "../domain/Batch.ts"

export interface Summary {
  readonly batches: number
  readonly written: number
  readonly known: number
  readonly dead: number
  readonly duplicated: number
}

export const startSummary: Summary = { batches: 0, written: 0, known: 0, dead: 0, duplicated: 0 }

export const addReceipt = (summary: Summary, receipt: Receipt): Summary => ({
  batches: summary.batches + 1,
  written: summary.written + receipt.written,
  known: summary.known + receipt.known,
  dead: summary.dead + receipt.dead,
  duplicated: summary.duplicated + receipt.duplicated,
})
