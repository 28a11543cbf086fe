/** The reply to `getstats`, with every key of the real one (asys_create_state_json of src/analysisd/state.c). */
import { QUEUE_SIZE } from "./inputProtocol.ts"

export interface Counters {
  readonly bytes: number
  readonly received: number
  /** Decoded by the decoder of the "others" queue, where events of the socket's `1:` go. */
  readonly decoded: number
  readonly dropped: number
  readonly processed: number
  readonly alerts: number
  /** In the decode queue now. */
  readonly queued: number
}

const zeros = <const Names extends ReadonlyArray<string>>(names: Names) =>
  Object.fromEntries(names.map((name) => [name, 0]))

const breakdown = (others: number) => ({
  ...zeros(["agent", "agentless", "dbsync"]),
  integrations_breakdown: { virustotal: 0 },
  modules_breakdown: {
    ...zeros(["aws", "azure", "ciscat", "command", "docker", "gcp", "github"]),
    logcollector_breakdown: { eventchannel: 0, eventlog: 0, macos: 0, others },
    ...zeros(["office365", "oscap", "osquery", "rootcheck", "sca", "syscheck", "syscollector"]),
    ...zeros(["upgrade", "vulnerability"]),
  },
  ...zeros(["monitor", "remote", "syslog"]),
})

const QUEUES = ["alerts", "archives", "dbsync", "eventchannel", "firewall", "fts", "hostinfo", "others"]
const MORE_QUEUES = ["processed", "rootcheck", "sca", "stats", "syscheck", "syscollector", "upgrade"]

/** @param startedAt and `now` in epoch milliseconds */
export const statsReply = (counters: Counters, startedAt: number, now: number) => ({
  error: 0,
  message: "ok",
  data: {
    uptime: Math.floor(startedAt / 1000),
    timestamp: Math.floor(now / 1000),
    name: "wazuh-analysisd",
    metrics: {
      bytes: { received: counters.bytes },
      events: {
        processed: counters.processed,
        received: counters.received,
        received_breakdown: {
          decoded_breakdown: breakdown(counters.decoded),
          dropped_breakdown: breakdown(counters.dropped),
        },
        written_breakdown: { alerts: counters.alerts, archives: 0, firewall: 0, fts: 0, stats: 0 },
      },
      queues: Object.fromEntries(
        [...QUEUES, ...MORE_QUEUES].map((name) => [
          name,
          { size: QUEUE_SIZE, usage: name === "others" ? counters.queued / QUEUE_SIZE : 0 },
        ]),
      ),
    },
  },
})

const refusal = (error: number, message: string) => ({ error, message, data: {} })

/** Answers one request to the analysisd socket; the errors are those of src/analysisd/asyscom.c. */
export const answerRequest = (request: string, stats: () => unknown): unknown => {
  let command: unknown
  try {
    const parsed: unknown = JSON.parse(request)
    if (typeof parsed === "object" && parsed !== null && "command" in parsed) command = parsed.command
  } catch {
    return refusal(1, "Invalid JSON input")
  }
  if (typeof command !== "string") return refusal(2, "Empty command")
  return command === "getstats" ? stats() : refusal(3, "Unrecognized command")
}
