/** Looks at a socket and a folder as a user who may use neither, and prints what the checks say. */
import { mkdtempSync } from "node:fs"
import { chmod, mkdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { checkFolder } from "../../src/check/folders.ts"
import { checkSocket } from "../../src/check/socket.ts"
import { bindDatagram } from "../../src/writers/socket/libc.ts"

const NOBODY = 65_534
const folder = mkdtempSync(join(tmpdir(), "waybill-nobody-"))
const queue = join(folder, "queue")
const state = join(folder, "state")
bindDatagram(queue)
await mkdir(state)
await Promise.all([chmod(folder, 0o755), chmod(queue, 0o600), chmod(state, 0o700)])
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setegid?.(NOBODY)
  process.seteuid?.(NOBODY)
} else {
  await Promise.all([chmod(queue, 0o000), chmod(state, 0o500)])
}
const found = await Effect.runPromise(
  Effect.all([checkSocket(queue), checkFolder(state, "state.path")]).pipe(Effect.provide(NodeServices.layer)),
)
process.stdout.write(JSON.stringify(found))
if (process.getuid?.() === 0) {
  process.seteuid?.(0)
  process.setegid?.(0)
}
await chmod(state, 0o700)
await rm(folder, { recursive: true })
