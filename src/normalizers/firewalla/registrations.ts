/** The source types that the Firewalla source gives its envelopes, and their normalizers. */
import type { Registration } from "../Registry.ts"
import { normalizeAlarm } from "./alarm.ts"
import { normalizeDeviceChange } from "./deviceChange.ts"
import { normalizeFlow } from "./flow.ts"

export const ALARM = "firewalla:alarm"
export const FLOW = "firewalla:flow"
export const DEVICE_CHANGE = "firewalla:device_change"

export const firewallaNormalizers: ReadonlyArray<Registration> = [
  { format: "json", sourceType: ALARM, normalizer: normalizeAlarm },
  { format: "json", sourceType: FLOW, normalizer: normalizeFlow },
  { format: "json", sourceType: DEVICE_CHANGE, normalizer: normalizeDeviceChange },
]
