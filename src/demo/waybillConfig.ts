/** The configuration with which Waybill runs against a `World`, as a tree or as a file for `waybill run --config`. */
import { Duration, Effect, FileSystem, Path, Predicate, Redacted } from "effect"
import { put, type Tree } from "../config/tree.ts"
import type { World } from "./World.ts"

export interface WaybillConfigOptions {
  /** Where `state` and `dlq` go; the world's folder when absent. */
  readonly folder?: string
  /** Values by dotted path, e.g. `{ "verify.grace": "1 second" }`; they win. */
  readonly set?: Readonly<Record<string, string | number | boolean>>
}

/** Everything is fetched on the first run, at intervals that suit a machine where nothing is far away. */
export const waybillConfig = Effect.fnUntraced(function* (world: World, options: WaybillConfigOptions = {}) {
  const path = yield* Path.Path
  const folder = options.folder ?? world.folder
  const lookBack = `${Math.ceil(Duration.toHours(world.span)) + 1} hours`
  const values: Record<string, string | number | boolean> = {
    "source.firewalla.base_url": `${world.msp.url}/v2`,
    "source.firewalla.token": Redacted.value(world.mspToken),
    "source.firewalla.requests_per_minute": 6_000,
    "source.firewalla.feeds.alarms.interval": "2 seconds",
    "source.firewalla.feeds.alarms.first_run": lookBack,
    "source.firewalla.feeds.flows.interval": "2 seconds",
    "source.firewalla.feeds.flows.first_run": lookBack,
    "source.firewalla.feeds.devices.interval": "2 seconds",
    "writer.socket.path": world.manager.socketPath,
    "writer.socket.stats_path": world.manager.statsPath,
    "indexer.url": world.indexerAccess.url,
    "indexer.username": world.indexerAccess.username,
    "indexer.password": Redacted.value(world.indexerAccess.password),
    // Several may run at once on one machine.
    "admin.port": 0,
    // Whoever reads the log to see what happened counts its lines.
    "log.repeat_every": "0 seconds",
    "state.path": path.join(folder, "state"),
    "dlq.base_path": path.join(folder, "dlq"),
    ...options.set,
  }
  return Object.entries(values).reduce<Tree>((tree, [key, value]) => put(tree, key.split("."), value), {})
})

const yaml = (tree: Tree, indent: string): string =>
  Object.entries(tree)
    .map(([key, value]) =>
      Predicate.isReadonlyObject(value)
        ? `${indent}${key}:\n${yaml(value, `${indent}  `)}`
        : `${indent}${key}: ${JSON.stringify(value)}\n`,
    )
    .join("")

/** Writes it, readable by the owner only since it holds the credentials, and answers the file's path. */
export const writeWaybillConfig = Effect.fnUntraced(function* (
  world: World,
  options: WaybillConfigOptions = {},
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = options.folder ?? world.folder
  const file = path.join(folder, "waybill.yaml")
  yield* fs.makeDirectory(folder, { recursive: true })
  yield* fs.writeFileString(file, yaml(yield* waybillConfig(world, options), ""), { mode: 0o600 })
  return file
})
