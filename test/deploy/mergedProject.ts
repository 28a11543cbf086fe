/** docker-compose.override.yml on top of a file of the user's own, merged by the programs that merge it in earnest. */
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Schema } from "effect"
import { haveTool, runTool } from "./tools.ts"

const Strings = Schema.Array(Schema.String)

const Mount = Schema.Struct({
  type: Schema.String,
  source: Schema.String,
  target: Schema.String,
  read_only: Schema.optionalKey(Schema.Boolean),
  volume: Schema.optionalKey(Schema.Struct({ nocopy: Schema.optionalKey(Schema.Boolean) })),
  bind: Schema.optionalKey(Schema.Struct({ create_host_path: Schema.optionalKey(Schema.Boolean) })),
})
export type Mount = typeof Mount.Type

const Service = Schema.Struct({
  pull_policy: Schema.optionalKey(Schema.String),
  user: Schema.String,
  read_only: Schema.Boolean,
  privileged: Schema.optionalKey(Schema.Boolean),
  cap_drop: Strings,
  cap_add: Schema.optionalKey(Strings),
  security_opt: Strings,
  tmpfs: Strings,
  networks: Schema.Record(Schema.String, Schema.Unknown),
  ports: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  environment: Schema.Record(Schema.String, Schema.String),
  secrets: Schema.Array(Schema.Struct({ source: Schema.String, target: Schema.String })),
  volumes: Schema.Array(Mount),
  restart: Schema.String,
  stop_grace_period: Schema.String,
  depends_on: Schema.Record(Schema.String, Schema.Unknown),
  logging: Schema.Struct({ options: Schema.Record(Schema.String, Schema.String) }),
})

const Merged = Schema.Struct({
  services: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
  volumes: Schema.Record(Schema.String, Schema.Unknown),
  networks: Schema.Record(Schema.String, Schema.Unknown),
  secrets: Schema.optionalKey(Schema.Record(Schema.String, Schema.Struct({ file: Schema.String }))),
})
export type Merged = typeof Merged.Type

export const waybillOf = ({ services }: Merged) => Schema.decodeUnknownSync(Service)(services.waybill)
export const mountsOf = (service: unknown): ReadonlyArray<Mount> =>
  Schema.decodeUnknownSync(Schema.Struct({ volumes: Schema.Array(Mount) }))(service).volumes

/** A program that merges compose files, and how it is asked. `files` are names in `folder`. */
export interface Merger {
  readonly name: string
  readonly have: boolean
  readonly merge: (folder: string, files: ReadonlyArray<string>) => Promise<string>
}

export const MERGERS: ReadonlyArray<Merger> = [
  {
    name: "the Compose reference loader",
    have: haveTool("compose-loader"),
    merge: (folder, files) => runTool("compose-loader", ["-format", "json", ...files], folder),
  },
  {
    name: "docker compose",
    have: haveTool("docker-compose"),
    merge: (folder, files) =>
      runTool(
        "docker-compose",
        [...files.flatMap((file) => ["-f", file]), "config", "--no-interpolate", "--format", "json"],
        folder,
      ),
  },
]

/** The base alone, and the base with the override, as the program sees them. */
export const mergedBy = async (merger: Merger) => {
  const folder = await mkdtemp(join(tmpdir(), "waybill-compose-"))
  try {
    await copyFile("test/compose/base.yml", join(folder, "docker-compose.yml"))
    await copyFile("docker-compose.override.yml", join(folder, "docker-compose.override.yml"))
    await writeFile(join(folder, "waybill.env"), "MSP_DOMAIN=example.firewalla.net\n")
    const read = async (...files: ReadonlyArray<string>) =>
      Schema.decodeUnknownSync(Schema.fromJsonString(Merged))(await merger.merge(folder, files))
    return {
      folder,
      base: await read("docker-compose.yml"),
      merged: await read("docker-compose.yml", "docker-compose.override.yml"),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
