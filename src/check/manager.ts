/** Whether analysisd is alive, and how full its queue is, by its own `getstats`. */
import { Effect } from "effect"
import { type ManagerStats, readManagerStats } from "../writers/pacing/ManagerStats.ts"
import type { ManagerSocketError } from "../writers/pacing/managerSocket.ts"
import { type Check, type Finding, fail, ok, warn } from "./Check.ts"

const TIMEOUT = "5 seconds"
const NO_STATS = "Events are then sent at writer.pacing.events_per_second, whatever the queue can take."

/** @param share `writer.pacing.queue_share`. Pure. */
export const judgeStats = ({ dropped, size, startedAt, usage }: ManagerStats, share: number): Finding => {
  const since = new Date(startedAt * 1000).toISOString().replace(/\.000Z$/, "Z")
  const said = `analysisd runs since ${since}; its queue of ${size.toLocaleString("en")} is ${Math.round(usage * 100)} % full, ${dropped.toLocaleString("en")} collected logs were dropped.`
  return usage > share
    ? warn(
        said,
        `Waybill waits above ${share * 100} % (writer.pacing.queue_share). Look at what floods the manager.`,
      )
    : ok(said)
}

/** Pure. */
export const explainStats = ({ message, reason }: ManagerSocketError): Finding => {
  switch (reason) {
    case "missing":
      return warn(
        `${message}: the manager's statistics can't be asked for.`,
        `Mount the whole folder queue/sockets, or correct writer.socket.stats_path. ${NO_STATS}`,
      )
    case "forbidden":
      return warn(
        `${message}: Waybill's user may not ask for the manager's statistics.`,
        `Run Waybill as uid and gid 999 (wazuh). ${NO_STATS}`,
      )
    case "refused":
      return fail(
        `${message}: nobody answers; analysisd has stopped and left its socket behind.`,
        "Look at wazuh-control status and ossec.log on the manager; a stale PID file can keep it from starting.",
      )
    case "timed-out":
      return fail(
        `${message}: analysisd hangs, or is overloaded.`,
        "Look at the manager's load, and at ossec.log.",
      )
    default:
      return warn(
        `${message}.`,
        `Check that writer.socket.stats_path is queue/sockets/analysis of a Wazuh 4.4 or newer. ${NO_STATS}`,
      )
  }
}

export const managerCheck = (statsPath: string, share: number): Check => ({
  hop: "manager",
  needs: ["socket"],
  run: readManagerStats(statsPath, TIMEOUT).pipe(
    Effect.map((stats) => judgeStats(stats, share)),
    Effect.catch((error) => Effect.succeed(explainStats(error))),
  ),
})
