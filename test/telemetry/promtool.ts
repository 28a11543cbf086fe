/** Prometheus' own tool, where there is one: in CI, and wherever PROMTOOL or the path has it. */
import { spawnSync } from "node:child_process"
import process from "node:process"

const command = process.env.PROMTOOL || "promtool"

/** Exit code and everything it said. */
export const promtool = (args: ReadonlyArray<string>, input = "") => {
  const { error, output, status } = spawnSync(command, args, { input, encoding: "utf8" })
  return { missing: error !== undefined, status, said: (output ?? []).join("") }
}

export const hasPromtool = !promtool(["--version"]).missing
