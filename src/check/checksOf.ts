/** The hops of an installation, in the order in which an event goes its way, after what Waybill itself stands on. */
import { Effect, type FileSystem, type Path } from "effect"
import type { Config } from "../config/Config.ts"
import type { Check } from "./Check.ts"
import { type CanaryOptions, canaryCheck } from "./canary.ts"
import { valid } from "./configuration.ts"
import { feedsCheck } from "./feeds.ts"
import { folderCheck } from "./folders.ts"
import { indexerChecks } from "./indexer/checks.ts"
import { listenerCheck } from "./listener.ts"
import { managerCheck } from "./manager.ts"
import { mspChecks } from "./msp.ts"
import { apiCheck, fileCheck, wazuh5Check } from "./otherWriters.ts"
import { ruleChecks } from "./rules.ts"
import { socketCheck } from "./socket.ts"

type Files = FileSystem.FileSystem | Path.Path

const folders = ({ dlq, source: { hec }, state }: Config): ReadonlyArray<Check<Files>> => [
  folderCheck("state", state.path, "state.path"),
  ...(dlq.enabled ? [folderCheck("dlq", dlq.base_path, "dlq.base_path")] : []),
  ...(hec.enabled ? [folderCheck("spool", hec.spool.path, "source.hec.spool.path")] : []),
]

const listeners = ({ admin, source: { hec } }: Config): ReadonlyArray<Check> => {
  const { cert_file: certFile, key_file: keyFile } = hec.tls
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile }
  const { host, port } = hec
  return [
    ...(hec.enabled
      ? [
          listenerCheck({
            hop: "hec",
            section: "source.hec",
            host,
            port,
            tls,
            health: "/services/collector/health",
          }),
        ]
      : []),
    ...(admin.enabled
      ? [
          listenerCheck({
            hop: "admin",
            section: "admin",
            host: admin.host,
            port: admin.port,
            health: "/healthz",
          }),
        ]
      : []),
  ]
}

const writers = (config: Config): ReadonlyArray<Check<Files>> => {
  const { kind, pacing, socket } = config.writer
  switch (kind) {
    case "socket":
      return [socketCheck(socket.path), managerCheck(socket.stats_path, pacing.queue_share)]
    case "api":
      return [apiCheck(config)]
    case "file":
      return [fileCheck(config)]
    case "wazuh5":
      return [wazuh5Check(config)]
  }
}

/** @param canary how to send one; undefined: none is wanted */
export const checksOf = Effect.fnUntraced(function* (
  config: Config,
  canary: Omit<CanaryOptions, "needs"> | undefined,
): Effect.fn.Return<ReadonlyArray<Check<Files>>> {
  const configuration: Check = { hop: "config", needs: [], run: Effect.succeed(valid(config)) }
  return [
    configuration,
    ...folders(config),
    ...mspChecks(config),
    ...listeners(config),
    ...writers(config),
    ...(yield* ruleChecks(config)),
    ...(yield* indexerChecks(config)),
    // Whether the rules are there it finds out by itself, and more surely.
    canaryCheck(config, canary && { ...canary, needs: [config.writer.kind, "role"] }),
    feedsCheck(config, canary && { ...canary, needs: ["canary"] }),
  ]
})
