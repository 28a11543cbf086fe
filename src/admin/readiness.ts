/** Which part of a run can't do its work now. Pure. */
import type { FeedName } from "../domain/Checkpoint.ts"
import type { RunSnapshot } from "../status/RunStatus.ts"
import type { VerifierStatus } from "../verify/Verifier.ts"

/** `chain`: the manager, Filebeat and the indexer, from a write to its being searchable. */
export const PARTS = ["run", "indexer", "writer", "chain", "checkpoints", "dlq", "spool", "feed"] as const

export interface PartState {
  readonly part: (typeof PARTS)[number]
  readonly feed?: FeedName
  readonly ready: boolean
  /** Short and without names or addresses, because whoever asks need not have said who he is. */
  readonly why?: string
}

export interface ReadinessFacts {
  readonly run: RunSnapshot
  readonly stopping: boolean
  /** Whether the indexer is searched while it runs: `verify.mode` is `always`. */
  readonly searches: boolean
  readonly verifier: Pick<VerifierStatus, "indexer" | "stalled">
  /** Whether the dead letters of an earlier run are being read. */
  readonly reading: boolean
  readonly feeds: ReadonlyArray<FeedName>
}

/** Whether nothing of what this feed has written arrives. */
export const isStalled = (
  { outstanding }: { readonly outstanding: number },
  { stalled }: Pick<VerifierStatus, "stalled">,
): boolean => stalled !== undefined && outstanding > 0

export const readiness = ({
  feeds,
  reading,
  run,
  searches,
  stopping,
  verifier,
}: ReadinessFacts): ReadonlyArray<PartState> => {
  const part = (name: PartState["part"], why: string | undefined): PartState =>
    why === undefined ? { part: name, ready: true } : { part: name, ready: false, why }
  const stage = verifier.stalled?.stage
  const feedPart = (feed: FeedName): PartState => {
    const status = run.feeds.get(feed)
    const why =
      status !== undefined && isStalled(status.counts, verifier)
        ? "nothing of what was written arrives"
        : status?.failure !== undefined
          ? `its last poll failed: ${status.failure.reason}`
          : undefined
    return { ...part("feed", why), feed }
  }
  return [
    part("run", stopping ? "stopping" : run.polling ? undefined : "starting: no feed is polled yet"),
    part(
      "indexer",
      searches && verifier.indexer !== "available"
        ? verifier.indexer === "unknown"
          ? "it has not answered a search yet"
          : "it does not answer searches"
        : undefined,
    ),
    part("writer", run.holds.has("writer") || stage === "writer" ? "the manager takes no events" : undefined),
    part("chain", stage === "chain" ? "what the manager takes does not become searchable" : undefined),
    part("checkpoints", run.holds.has("checkpoints") ? "a checkpoint can't be written" : undefined),
    part(
      "dlq",
      reading
        ? "the dead letters are being read"
        : run.holds.has("dlq")
          ? "a dead letter can't be written"
          : undefined,
    ),
    part("spool", run.holds.has("spool") ? "pushed events can't be kept" : undefined),
    ...feeds.map(feedPart),
  ]
}
