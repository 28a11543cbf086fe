/** From a datagram to a line of alerts.json: the wire format, the `waybill` decoder and the rules that catch it. */
import { type Decoded, decodeJson } from "./jsonDecoder.ts"

export const MANAGER_NAME = "wazuh.manager"
const PREFIX = "waybill: "

/** Rule ids as the rules in `wazuh/` have them; each of level 3 or more, because lower ones are never indexed. */
const RULES: Readonly<
  Record<string, { readonly id: string; readonly level: number; readonly group: string }>
> = {
  alarm: { id: "100200", level: 5, group: "firewalla_alarm" },
  device_change: { id: "100300", level: 5, group: "firewalla_device" },
  flow: { id: "100400", level: 3, group: "firewalla_flow" },
  sidecar_status: { id: "100500", level: 3, group: "waybill_status" },
  canary: { id: "100504", level: 3, group: "waybill_canary" },
}

/** What an administrator has put into the manager. */
export interface Content {
  readonly decoder: boolean
  readonly rules: boolean
  /** `log_alert_level` of ossec.conf: rules below it write no alert. */
  readonly alertLevel: number
}
export const INSTALLED: Content = { decoder: true, rules: true, alertLevel: 3 }

const OTHER = { id: "100190", level: 3, group: "waybill_other" }

/**
 * Takes `1:<location>:<event>` apart. In the location `:` and `|` are escaped with `|`
 * (src/shared/mq_op.c). `undefined` when it is no such message.
 */
export const parseMessage = (
  message: string,
): { readonly location: string; readonly event: string } | undefined => {
  if (message[1] !== ":") return undefined
  let location = ""
  for (let i = 2; i < message.length; i++) {
    const letter = message[i]
    if (letter === ":") return { location, event: message.slice(i + 1) }
    if (letter === "|" && i + 1 < message.length) i += 1
    location += message[i]
  }
  return undefined
}

/** `2026-02-22T19:13:04.123+0000`, as alerts carry it. */
export const alertTimestamp = (millis: number): string =>
  `${new Date(millis).toISOString().slice(0, -1)}+0000`

const textAt = (data: Decoded, key: string): string => {
  const value = data[key]
  return typeof value === "string" ? value : ""
}

/**
 * The alert of a message, or `undefined` when no decoder and so no rule takes it.
 *
 * @param arrived epoch milliseconds: an alert's timestamp is the time of arrival, whatever the event says
 * @param serial makes the alert's id unique within its millisecond
 */
const madeOf = (message: string, arrived: number, serial: number) => {
  const parts = parseMessage(message)
  if (parts === undefined || !parts.event.startsWith(PREFIX)) return undefined
  const data = decodeJson(parts.event.slice(PREFIX.length))
  if (data === undefined) return undefined
  const type = textAt(data, "event_type")
  const rule = (Object.hasOwn(RULES, type) ? RULES[type] : undefined) ?? OTHER
  return {
    timestamp: alertTimestamp(arrived),
    rule: {
      level: rule.level,
      description: `Waybill: ${type || "event"} from ${textAt(data, "source") || "an unnamed source"}`,
      id: rule.id,
      firedtimes: serial,
      mail: false,
      groups: ["waybill", rule.group],
    },
    agent: { id: "000", name: MANAGER_NAME },
    manager: { name: MANAGER_NAME },
    id: `${Math.floor(arrived / 1000)}.${serial}`,
    decoder: { name: "waybill" },
    data,
    location: parts.location,
  }
}

/** One line of alerts.json without its newline, or `undefined` when the message becomes none. */
export const alertOf = (
  message: string,
  arrived: number,
  serial: number,
  { alertLevel, decoder, rules }: Content = INSTALLED,
): string | undefined => {
  const alert = decoder && rules ? madeOf(message, arrived, serial) : undefined
  return alert !== undefined && alert.rule.level >= alertLevel ? JSON.stringify(alert) : undefined
}

/** What logtest shows of a message: the alert, or what is left of it where decoder or rules are missing. */
export const triedOn = (content: Content, message: string, arrived: number) => {
  const alert = content.decoder ? madeOf(message, arrived, 1) : undefined
  if (alert === undefined)
    return { output: { timestamp: alertTimestamp(arrived), full_log: message }, alert: false }
  const { rule, ...rest } = alert
  if (!content.rules) return { output: rest, alert: false }
  return { output: alert, alert: rule.level >= content.alertLevel }
}
