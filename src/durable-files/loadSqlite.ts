/** SQLite, as Node brings it; loaded only where it is used. */
import process from "node:process"
import { Effect } from "effect"

/** Node warns, at the first use, that SQLite is experimental. Nobody who runs Waybill can do anything about it. */
export const loadSqlite = Effect.promise(async () => {
  const warn = process.emitWarning
  process.emitWarning = () => undefined
  try {
    return await import("node:sqlite")
  } finally {
    process.emitWarning = warn
  }
})
