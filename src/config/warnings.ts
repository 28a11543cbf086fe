/** Settings that are allowed and not safe, and what they cost. They are logged at every start as `config.insecure`. */

import { isEncryptedOrLoopback, isLoopback } from "./addresses.ts"
import type { Config } from "./Config.ts"

export interface Warning {
  readonly key: string
  readonly message: string
}

const isPlain = (url: string | undefined): boolean => url?.startsWith("http:") === true

/** What the modes of `verify.mode` other than `always` do not guarantee, by their names. */
const LIMITS = {
  always: undefined,
  "startup-only":
    "verify.mode is startup-only: a checkpoint moves when its events are written, not when a search has returned them. " +
    "What the manager or the indexer loses is found at the next start at the earliest, and only if it is the newest of its feed; " +
    "a loss in the middle is not found, nor what was lost longer ago than the source keeps records.",
  off:
    "verify.mode is off: the indexer is never asked. What the manager or the indexer loses stays lost and nobody is told, " +
    "and after a restart the events of each feed's overlap are written again.",
} as const satisfies Record<Config["verify"]["mode"], string | undefined>

/** What the mode of verifying does not guarantee; logged at every start as `verify.limited`. */
export const limitOf = ({ verify }: Config): string | undefined => LIMITS[verify.mode]

export const warnings = ({
  admin,
  indexer,
  source,
  traces,
  verify,
  writer,
}: Config): ReadonlyArray<Warning> => [
  ...(admin.enabled && !isLoopback(admin.host)
    ? [
        {
          key: "admin.host",
          message: `admin.host is ${admin.host}, and the admin API speaks http: anybody between it and its clients can read its token. Keep it within a container network, or put a proxy with TLS before it.`,
        },
      ]
    : []),
  ...(indexer.verify_tls || verify.mode === "off"
    ? []
    : [
        {
          key: "indexer.verify_tls",
          message:
            "indexer.verify_tls is false: anybody between Waybill and the indexer can read the password and forge confirmations. Set indexer.ca_file instead.",
        },
      ]),
  ...(isPlain(indexer.url) && verify.mode !== "off"
    ? [
        {
          key: "indexer.url",
          message: "indexer.url is http: the password is sent unencrypted, on this machine only.",
        },
      ]
    : []),
  ...(isPlain(source.firewalla.base_url)
    ? [
        {
          key: "source.firewalla.base_url",
          message: "source.firewalla.base_url is http: the token is sent unencrypted, on this machine only.",
        },
      ]
    : []),
  ...(source.hec.enabled && source.hec.tls.cert_file === undefined && !isLoopback(source.hec.host)
    ? [
        {
          key: "source.hec.host",
          message: `source.hec.host is ${source.hec.host}, without TLS: anybody on the way can read the events and the senders' tokens. Set source.hec.tls, or keep it to a network of the containers' own.`,
        },
      ]
    : []),
  ...(writer.kind === "api" && !writer.api.verify_tls
    ? [
        {
          key: "writer.api.verify_tls",
          message:
            "writer.api.verify_tls is false: anybody between Waybill and the manager's API can read the password. Set writer.api.ca_file instead.",
        },
      ]
    : []),
  ...(writer.kind === "api" && isPlain(writer.api.url)
    ? [
        {
          key: "writer.api.url",
          message: "writer.api.url is http: the password is sent unencrypted, on this machine only.",
        },
      ]
    : []),
  ...(writer.kind === "wazuh5"
    ? [
        {
          key: "writer.kind",
          message: "writer.kind is wazuh5: experimental, tried against a simulated manager only.",
        },
      ]
    : []),
  ...(traces.endpoint !== undefined && traces.headers !== undefined && !isEncryptedOrLoopback(traces.endpoint)
    ? [
        {
          key: "traces.endpoint",
          message:
            "traces.endpoint is http: anybody between Waybill and the collector can read traces.headers.",
        },
      ]
    : []),
]
