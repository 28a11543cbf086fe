/** Alarms: identity (`gid`, `aid`); see parts.ts for what holds of every path. */
import { Result } from "effect"
import { encode } from "../encode.ts"
import type { Fields, Normalizer } from "../Normalizer.ts"
import {
  address,
  boxFields,
  deviceFields,
  domainOf,
  extraOf,
  firstPort,
  isoOf,
  namedFields,
  remoteFields,
  SOURCE,
  unlessEmpty,
} from "./parts.ts"
import { readAlarm } from "./reading.ts"

/** By the number in `type`, which rules match on; `_type` can disagree with it and is kept as `alarm_type_raw`. */
export const ALARM_TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["1", "Security Activity"],
  ["2", "Abnormal Upload"],
  ["3", "Large Bandwidth Usage"],
  ["4", "Monthly Data Plan"],
  ["5", "New Device"],
  ["6", "Device Back Online"],
  ["7", "Device Offline"],
  ["8", "Video"],
  ["9", "Gaming"],
  ["10", "Porn"],
  ["11", "VPN Activity"],
  ["12", "VPN Connection Restored"],
  ["13", "VPN Connection Error"],
  ["14", "Open Port"],
  ["15", "Internet Connectivity Update"],
  ["16", "Large Upload"],
])

const STATUS_NAMES: ReadonlyMap<string, string> = new Map([
  ["1", "active"],
  ["2", "archived"],
])

const nameIn = (names: ReadonlyMap<string, string>, key: string | undefined): string | undefined =>
  key === undefined ? undefined : names.get(key)

type Alarm = Result.Result.Success<ReturnType<typeof readAlarm>>

/** `inbound`: the remote is the source and the device the destination; everything else the other way round. */
const endpoints = (alarm: Alarm): Fields => {
  const { device, remote, direction } = alarm
  const deviceIp = address(device?.ip)
  const remoteIp = address(remote?.ip)
  const inbound = direction === "inbound"
  return {
    srcip: inbound ? remoteIp : deviceIp,
    srcport: firstPort(inbound ? remote : device),
    dstip: inbound ? deviceIp : remoteIp,
    dstport: firstPort(inbound ? device : remote),
    protocol: protocolOf(alarm),
    srcuser: inbound ? undefined : device?.name,
    dstuser: inbound ? device?.name : undefined,
    url: domainOf(remote?.domain),
  }
}

const protocolOf = ({ protocol, remote, device }: Alarm): string | undefined =>
  (protocol ?? remote?.portInfo?.protocol ?? device?.portInfo?.protocol)?.toLowerCase()

export const normalizeAlarm: Normalizer = (envelope) =>
  Result.flatMap(readAlarm(envelope.payload), (alarm) =>
    encode(envelope, {
      source: SOURCE,
      type: "alarm",
      timeMillis: alarm.ts,
      fields: {
        ...endpoints(alarm),
        firewalla: unlessEmpty({
          ...boxFields(alarm.gid, alarm.box),
          aid: alarm.aid,
          alarm_type: alarm.type,
          alarm_type_name: nameIn(ALARM_TYPE_NAMES, alarm.type),
          alarm_type_raw: alarm._type,
          status: alarm.status,
          status_name: nameIn(STATUS_NAMES, alarm.status),
          message: alarm.message,
          direction: alarm.direction,
          count: alarm.count,
          active_time: isoOf(alarm.activeTs),
          cloud_action: alarm.cloudaction,
          group: namedFields(alarm.group),
          network: namedFields(alarm.network),
          device: deviceFields(alarm.device, protocolOf(alarm)),
          remote: remoteFields(alarm.remote, protocolOf(alarm)),
          transfer:
            alarm.transfer &&
            unlessEmpty({
              upload: alarm.transfer.upload,
              download: alarm.transfer.download,
              total: alarm.transfer.total,
              duration: alarm.transfer.duration,
            }),
          extra: extraOf(alarm.rest),
        }),
      },
    }),
  )
