/** A settlement of a batch as tests tell of it. */
import { NO_RECORDS } from "../../src/domain/Ledger.ts"
import type { Settlement } from "../../src/status/RunStatus.ts"

export const settlement = ({
  dead,
  known,
  lagMillis,
  taken,
  written,
}: {
  readonly taken: number
  readonly written: number
  readonly known: number
  readonly dead: number
  readonly lagMillis: number | undefined
}): Settlement => ({ taken, ledger: { ...NO_RECORDS, written, known, dead }, lagMillis })
