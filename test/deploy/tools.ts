/** The tools that check the container files. `.ci/deploy-tools` puts them into this folder; a desk may lack them. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { promisify } from "node:util"

const pathOf = (name: string) => resolve(".cache/deploy-tools/bin", name)

export const haveTool = (name: string): boolean => existsSync(pathOf(name))

/** What the tool says on standard output, run in `cwd`; rejects with all it said when its exit code is not 0. */
export const runTool = async (name: string, args: ReadonlyArray<string>, cwd = "."): Promise<string> =>
  (await promisify(execFile)(pathOf(name), [...args], { cwd })).stdout
