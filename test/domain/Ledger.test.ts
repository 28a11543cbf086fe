import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { entered, Ledger, NO_RECORDS, outstandingIn, settledIn } from "../../src/domain/Ledger.ts"

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Counts = Schema.Struct({ written: Count, known: Count, repeated: Count, filtered: Count, dead: Count })
const columns = Object.keys(Ledger.fields)

describe("the ledger", () => {
  it.prop(
    "balances when each record is entered as fetched and in one other column",
    [Schema.Array(Counts)],
    ([batches]) => {
      let ledger = NO_RECORDS
      for (const batch of batches) {
        const records = settledIn(batch)
        ledger = entered(ledger, { fetched: records })
        assert.strictEqual(outstandingIn(ledger), records)
        ledger = entered(ledger, batch)
        assert.strictEqual(outstandingIn(ledger), 0)
      }
    },
  )

  it.prop(
    "shows each record that is lost or doubled, whatever the column",
    [Counts, Count],
    ([batch, lost]) => {
      const whole = entered(NO_RECORDS, { ...batch, fetched: settledIn(batch) })
      assert.strictEqual(outstandingIn(entered(whole, { fetched: lost })), lost)
      for (const column of columns.filter((name) => name !== "fetched"))
        assert.strictEqual(outstandingIn(entered(whole, { [column]: lost })), -lost)
    },
  )

  it.prop("does not depend on the order of its entries", [Schema.Array(Counts)], ([batches]) => {
    const sum = (all: typeof batches) => all.reduce(entered, NO_RECORDS)
    assert.deepStrictEqual(sum(batches), sum(batches.toReversed()))
  })
})
