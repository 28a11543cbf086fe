/** The manager's queue socket: there, listened on, ours to write to, and mounted so that it outlives a restart. */
import { readFile, stat } from "node:fs/promises"
import { Effect } from "effect"
import { explain } from "../writers/socket/failures.ts"
import { closeFd, connectDatagram } from "../writers/socket/libc.ts"
import { type Check, fail, inTwo, ok, warn } from "./Check.ts"
import { whoWeAre } from "./folders.ts"

/** Whose it is, as far as this user may see. */
const ownerOf = (path: string) =>
  Effect.tryPromise(() => stat(path)).pipe(
    Effect.map(
      ({ gid, mode, uid }) => `uid ${uid}, gid ${gid}, mode ${(mode & 0o7777).toString(8).padStart(4, "0")}`,
    ),
    Effect.orElseSucceed((): string | undefined => undefined),
  )

/** Whether a mount ends at the file: each start of the manager makes a new one, and the mount keeps the old. Pure. */
export const isMountedAlone = (mountinfo: string, path: string): boolean =>
  mountinfo.split("\n").some((line) => line.split(" ")[4] === path)

const mounts = Effect.tryPromise(() => readFile("/proc/self/mountinfo", "utf8")).pipe(
  Effect.orElseSucceed(() => ""),
)

/** A connect needs the same right as a send, and sends nothing. */
export const checkSocket = Effect.fnUntraced(function* (path: string) {
  const connected = yield* Effect.sync(() => {
    const opened = connectDatagram(path)
    if (typeof opened !== "string") closeFd(opened.fd)
    return opened
  })
  const owner = yield* ownerOf(path)
  if (typeof connected === "string") {
    const [message, advice] = inTwo(explain(connected, path).message)
    if (connected !== "EACCES" && connected !== "EPERM") return fail(message, advice)
    const whose = owner === undefined ? "its folder may not even be looked into" : `it has ${owner}`
    return fail(`May not write to ${path} (${connected}): ${whose}; Waybill runs as ${whoWeAre()}.`, advice)
  }
  if (isMountedAlone(yield* mounts, path))
    return warn(
      `${path} takes events, and is mounted by itself.`,
      "Mount its folder instead: each start of the manager makes a new socket, which a mounted file does not follow.",
    )
  return ok(`${path} takes events (${owner ?? "owner unknown"}).`)
})

export const socketCheck = (path: string): Check => ({ hop: "socket", needs: [], run: checkSocket(path) })
