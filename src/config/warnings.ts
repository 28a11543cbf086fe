/** Settings that are allowed and not safe. They are logged at every start as `config.insecure`. */
import type { Config } from "./Config.ts"

export interface Warning {
  readonly key: string
  readonly message: string
}

const isPlain = (url: string | undefined): boolean => url?.startsWith("http:") === true

export const warnings = ({ indexer, source }: Config): ReadonlyArray<Warning> => [
  ...(indexer.verify_tls
    ? []
    : [
        {
          key: "indexer.verify_tls",
          message:
            "indexer.verify_tls is false: anybody between Waybill and the indexer can read the password and forge confirmations. Set indexer.ca_file instead.",
        },
      ]),
  ...(isPlain(indexer.url)
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
]
