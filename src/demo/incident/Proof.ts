/** What the demo shows: its steps, and at the end the proof. */

export type Step =
  | { readonly _tag: "Progress"; readonly source: number; readonly searchable: number }
  | { readonly _tag: "Note"; readonly text: string }

export interface Proof {
  /** Records that the source has. */
  readonly source: number
  /** Of those, the ones that a search returns. */
  readonly searchable: number
  /** Neither searchable nor a dead letter. */
  readonly lost: number
  /** Searchable more than once. */
  readonly duplicated: number
  readonly deadLettered: number
  /** What Waybill's own ledger does not account for. */
  readonly unaccounted: number
  /** From the start of Waybill to the last record's being searchable. */
  readonly seconds: number
  readonly eventsPerSecond: number
  /** Everything arrived in time, and Waybill ended with exit code 0. */
  readonly complete: boolean
  readonly exitCode: number | undefined
  /** Waybill's own log lines. */
  readonly log: string
}

export const holds = (proof: Proof): boolean =>
  proof.complete &&
  proof.lost === 0 &&
  proof.duplicated === 0 &&
  proof.unaccounted === 0 &&
  proof.source === proof.searchable + proof.deadLettered

const number = (value: number): string => Math.round(value).toLocaleString("en")

/** The table of proof. */
export const proofTable = (proof: Proof): string =>
  [
    ["at the source", number(proof.source)],
    ["searchable", number(proof.searchable)],
    ["lost", number(proof.lost)],
    ["twice", number(proof.duplicated)],
    ["dead-lettered", number(proof.deadLettered)],
    ["unaccounted", number(proof.unaccounted)],
    ["time", `${proof.seconds.toFixed(1)} s`],
    ["rate", `${number(proof.eventsPerSecond)} events/s`],
  ]
    .map(([name = "", value = ""]) => `  ${name.padEnd(14)} ${value.padStart(14)}`)
    .join("\n")

/** The same as one JSON object on one line; its keys are a contract. */
export const proofJson = (proof: Proof): string =>
  JSON.stringify({
    command: "demo",
    source: proof.source,
    searchable: proof.searchable,
    lost: proof.lost,
    duplicated: proof.duplicated,
    dead_lettered: proof.deadLettered,
    unaccounted: proof.unaccounted,
    seconds: Number(proof.seconds.toFixed(1)),
    events_per_second: Math.round(proof.eventsPerSecond),
  })
