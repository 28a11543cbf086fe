/** What the dashboard shows. The fields that are summed are numbers by `wazuh/template/waybill-template.json`. */
import { delays, PIE, TABLE, timeChart } from "./charts.ts"
import {
  dashboard,
  INDEX_PATTERN,
  metric,
  overTime,
  ownQuery,
  type SavedObject,
  search,
  top,
  visualization,
} from "./savedObjects.ts"

/** All that Waybill has brought, whichever writer and rule. */
const ALL = "decoder.name:waybill"
const kind = (type: string): string => `${ALL} AND data.event_type:${type}`
const FLOWS = kind("flow")
const STATUS = kind("sidecar_status")

const timeline = visualization({
  id: "timeline",
  title: "Events by type",
  description: "When they reached Wazuh, by kind. A hole is a hole in the data.",
  query: ALL,
  type: "histogram",
  params: timeChart("histogram", "Events", ["Events"]),
  aggregations: [metric("count", "Events"), overTime, top("group", "data.event_type", "Type", 10)],
})

const blocked = visualization({
  id: "blocked",
  title: "Blocked and allowed flows",
  description: "true: blocked.",
  query: FLOWS,
  type: "histogram",
  params: timeChart("histogram", "Flows", ["Flows"]),
  aggregations: [metric("count", "Flows"), overTime, top("group", "data.firewalla.block", "Blocked", 3)],
})

const bandwidth = visualization({
  id: "bandwidth",
  title: "Bandwidth",
  description: "Bytes of all flows.",
  query: FLOWS,
  type: "line",
  params: timeChart("line", "Bytes", ["Download", "Upload"]),
  aggregations: [
    metric("sum", "Download", "data.firewalla.download"),
    metric("sum", "Upload", "data.firewalla.upload"),
    overTime,
  ],
})

const devices = visualization({
  id: "devices",
  title: "Top devices",
  description: "By the bytes of their flows.",
  query: FLOWS,
  type: "table",
  params: TABLE,
  aggregations: [
    metric("sum", "Bytes", "data.firewalla.total"),
    metric("count", "Flows"),
    top("bucket", "data.firewalla.device.name", "Device", 20),
  ],
})

const destinations = visualization({
  id: "destinations",
  title: "Top destinations",
  description: "Domains, by flows.",
  query: FLOWS,
  type: "table",
  params: TABLE,
  aggregations: [
    metric("count", "Flows"),
    metric("sum", "Bytes", "data.firewalla.total"),
    top("bucket", "data.url", "Destination", 20),
  ],
})

const alarms = visualization({
  id: "alarms",
  title: "Alarms by type",
  description: "By the name of the type.",
  query: kind("alarm"),
  type: "pie",
  params: PIE,
  aggregations: [metric("count", "Alarms"), top("segment", "data.firewalla.alarm_type_name", "Type", 16)],
})

const lag = visualization({
  id: "lag",
  title: "Lag until searchable",
  description:
    "From a write until a search returns it, as Waybill's heartbeats tell it; and what is on its way.",
  query: `${STATUS} AND data.waybill_status.kind:heartbeat`,
  type: "line",
  params: timeChart("line", "Milliseconds, events", ["Lag in ms", "Unconfirmed events"]),
  aggregations: [
    metric("max", "Lag in ms", "data.waybill_status.lag_ms"),
    metric("max", "Unconfirmed events", "data.waybill_status.unconfirmed"),
    overTime,
  ],
})

/** Canaries and reports are written as they happen, and would hide how late the others are. */
const DELAYED = `${ALL} AND _exists_:data.waybill.sent_at AND _exists_:data.event_time.date AND NOT data.event_type:(canary OR sidecar_status)`

const delay = ownQuery(
  "delays",
  "Delays on the way",
  "Averages: from the event until Waybill wrote it, and from there until the manager took it.",
  delays(INDEX_PATTERN, DELAYED, [
    { label: "Event to write", color: "#54B399", from: "data.event_time.date", to: "data.waybill.sent_at" },
    { label: "Write to manager", color: "#E7664C", from: "data.waybill.sent_at", to: "@timestamp" },
  ]),
)

const trouble = visualization({
  id: "trouble",
  title: "Stalls, gaps, dead letters and errors",
  description: "What Waybill told of itself, without heartbeats. Empty is good, where heartbeats arrive.",
  query: `${STATUS} AND NOT data.waybill_status.kind:heartbeat`,
  type: "histogram",
  params: timeChart("histogram", "Reports", ["Reports"]),
  aggregations: [metric("count", "Reports"), overTime, top("group", "data.waybill_status.kind", "Kind", 10)],
})

const deadLetters = visualization({
  id: "dead-letters",
  title: "New dead letters",
  description: "Records that could not be delivered and were set aside.",
  query: `${STATUS} AND data.waybill_status.kind:dead_letters`,
  type: "histogram",
  params: timeChart("histogram", "Records", ["New dead letters"]),
  aggregations: [metric("sum", "New dead letters", "data.waybill_status.new"), overTime],
})

const reports = search(
  "reports",
  "What it says of itself",
  "The same, in words: what happened and what to do.",
  `${STATUS} AND NOT data.waybill_status.kind:heartbeat`,
  ["data.waybill_status.kind", "data.waybill_status.feed", "data.waybill_status.message"],
)

/** Every object of `wazuh/dashboard/waybill.ndjson`. */
export const OBJECTS: ReadonlyArray<SavedObject> = (() => {
  const rows = [
    { height: 12, panels: [timeline, alarms] },
    { height: 12, panels: [blocked, bandwidth] },
    { height: 14, panels: [devices, destinations] },
    { height: 12, panels: [lag, delay] },
    { height: 10, panels: [trouble, deadLetters] },
    { height: 12, panels: [reports] },
  ]
  return [
    ...rows.flatMap(({ panels }) => panels),
    dashboard("waybill", "Waybill", "What Waybill brings into Wazuh, and whether it arrives.", rows),
  ]
})()
