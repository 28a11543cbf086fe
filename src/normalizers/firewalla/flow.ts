/** Flows: `ts` is when the flow ended; see parts.ts for what holds of every path. */
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
  hostFields,
  namedFields,
  SOURCE,
  unlessEmpty,
} from "./parts.ts"
import { readFlow } from "./reading.ts"

type Flow = Result.Result.Success<ReturnType<typeof readFlow>>

/**
 * Which end the device is: the one with its address, or else what the direction says. Inbound, the device is the
 * destination; outbound and local, the source.
 */
const deviceIsSource = ({ device, source, direction }: Flow): boolean =>
  device?.ip !== undefined && source?.ip !== undefined ? device.ip === source.ip : direction !== "inbound"

/** `source` and `destination` where the record has them, else the device at its end. `sport` and `dport` go first. */
const endpoints = (flow: Flow): Fields => {
  const { device, source, destination } = flow
  const outgoing = deviceIsSource(flow)
  const local = flow.direction === "local"
  const remote = outgoing ? destination : source
  const deviceIp = address(device?.ip)
  return {
    srcip: address(source?.ip) ?? (outgoing ? deviceIp : undefined),
    srcport: flow.sport ?? firstPort(source) ?? (outgoing ? firstPort(device) : undefined),
    dstip: address(destination?.ip) ?? (outgoing ? undefined : deviceIp),
    dstport: flow.dport ?? firstPort(destination) ?? (outgoing ? undefined : firstPort(device)),
    protocol: protocolOf(flow),
    srcuser: outgoing ? device?.name : local ? source?.name : undefined,
    dstuser: outgoing ? (local ? destination?.name : undefined) : device?.name,
    url: domainOf(flow.domain) ?? (local ? undefined : (domainOf(remote?.name) ?? domainOf(remote?.id))),
  }
}

const protocolOf = ({ protocol, source, destination }: Flow): string | undefined =>
  (protocol ?? destination?.portInfo?.protocol ?? source?.portInfo?.protocol)?.toLowerCase()

/** Blocked or not, "true" or "false"; some replies say it by `status` alone. */
const blockOf = ({ block, status }: Flow): string | undefined => {
  switch (block ?? status) {
    case "true":
    case "1":
    case "blocked":
      return "true"
    case "false":
    case "0":
    case "ok":
      return "false"
    default:
      return block
  }
}

/** A regular flow's bytes both ways; a blocked one has none. */
const totalOf = ({ total, download, upload }: Flow): string | undefined =>
  total ??
  (download === undefined || upload === undefined ? undefined : String(Number(download) + Number(upload)))

export const normalizeFlow: Normalizer = (envelope) =>
  Result.flatMap(readFlow(envelope.payload), (flow) =>
    encode(envelope, {
      source: SOURCE,
      type: "flow",
      timeMillis: flow.ts,
      fields: {
        ...endpoints(flow),
        firewalla: unlessEmpty({
          ...boxFields(flow.gid, flow.box),
          status: flow.status,
          direction: flow.direction,
          block: blockOf(flow),
          block_type: flow.blockType,
          blocked_by: flow.blockedby,
          category: flow.category?.name,
          domain: flow.domain,
          region: flow.region,
          country: flow.country,
          download: flow.download,
          upload: flow.upload,
          total: totalOf(flow),
          duration: flow.duration,
          count: flow.count,
          group: namedFields(flow.group),
          network: namedFields(flow.network),
          device: deviceFields(flow.device, protocolOf(flow)),
          source: hostFields(flow.source, protocolOf(flow)),
          destination: hostFields(flow.destination, protocolOf(flow)),
          extra: extraOf(flow.rest),
        }),
      },
    }),
  )
