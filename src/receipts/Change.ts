/** What the stages tell of a batch, as the file of receipts takes it. */

/** Id, when it was received, and its own time; whole epoch milliseconds, 0 where that can't be told. */
export type EventEntry = readonly [string, number, number]

export type Change =
  | {
      readonly _tag: "Begun"
      readonly batch: string
      readonly feed: string
      readonly events: ReadonlyArray<EventEntry>
      readonly known: number
      readonly at: number
    }
  | { readonly _tag: "Written"; readonly batch: string; readonly attempt: number; readonly at: number }
  | {
      readonly _tag: "Settled"
      readonly batch: string
      readonly state: "confirmed" | "settled"
      readonly dead: number
      readonly duplicated: number
      readonly attempts: number
      readonly at: number
      readonly index: string | undefined
      readonly deadIds: ReadonlyArray<string>
    }
  | { readonly _tag: "Indexed"; readonly batch: string; readonly index: string }
