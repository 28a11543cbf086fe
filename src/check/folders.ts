/** The folders that Waybill writes to: there or can be made, writable, and with room. */
import { randomUUID } from "node:crypto"
import { statfs } from "node:fs/promises"
import process from "node:process"
import { Effect, FileSystem, Option, Path } from "effect"
import { type Check, type Finding, fail, type Hop, ok, warn } from "./Check.ts"

const MIB = 1024 * 1024
/** What a few days of dead letters or a spool may take. */
const LITTLE = 512 * MIB
/** Not even checkpoints can be counted on. */
const NEXT_TO_NOTHING = 32 * MIB

const size = (bytes: number): string =>
  bytes >= 1024 * MIB ? `${(bytes / (1024 * MIB)).toFixed(1)} GiB` : `${Math.floor(bytes / MIB)} MiB`

/** Who this process is, as `uid 999, gid 999`. */
export const whoWeAre = (): string => {
  const uid = process.geteuid?.()
  const gid = process.getegid?.()
  const groups = (process.getgroups?.() ?? []).filter((group) => group !== gid)
  const more = groups.length === 0 ? "" : `, groups ${groups.join(" ")}`
  return uid === undefined ? "this user" : `uid ${uid}, gid ${gid}${more}`
}

/** What the room on a disk means. Pure. */
export const judgeRoom = (where: string, free: number | undefined, key: string): Finding => {
  if (free === undefined) return ok(`${where}.`)
  const said = `${where}; ${size(free)} are free.`
  if (free < NEXT_TO_NOTHING)
    return fail(said, `Make room on that disk, or set ${key} to a folder on another one.`)
  return free < LITTLE
    ? warn(said, `Make room on that disk, or set ${key} to a folder on another one.`)
    : ok(said)
}

const roomOf = (folder: string) =>
  Effect.tryPromise(async () => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  }).pipe(Effect.orElseSucceed((): number | undefined => undefined))

/** Writes a file there and removes it. */
const tryWriting = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, `.waybill-check-${randomUUID()}`)
  yield* fs
    .writeFileString(file, "A check of Waybill's; it may be removed.\n", { flag: "wx", mode: 0o600 })
    .pipe(Effect.ensuring(Effect.ignore(fs.remove(file, { force: true }))))
})

const ownerOf = Effect.fnUntraced(
  function* (folder: string) {
    const fs = yield* FileSystem.FileSystem
    const { gid, mode, uid } = yield* fs.stat(folder)
    const number = Option.getOrElse<number | string>(() => "?")
    return `it belongs to uid ${number(uid)}, gid ${number(gid)} with mode ${(mode & 0o7777).toString(8)}`
  },
  Effect.orElseSucceed(() => "whose it is can't be seen"),
)

/** The folder, or the nearest one above it that exists. */
const nearest = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  let at = path.resolve(folder)
  while (!(yield* Effect.orElseSucceed(fs.exists(at), () => true)) && path.dirname(at) !== at)
    at = path.dirname(at)
  return at
})

/** @param key the setting that names the folder */
export const checkFolder = Effect.fnUntraced(function* (folder: string, key: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const there = yield* nearest(folder)
  const info = yield* Effect.option(fs.stat(there))
  if (Option.isSome(info) && info.value.type !== "Directory")
    return fail(`${there} is not a folder.`, `Remove it, or correct ${key}.`)
  const written = yield* Effect.result(tryWriting(there))
  if (written._tag === "Failure") {
    const { reason } = written.failure
    const why = "cause" in reason && reason.cause instanceof Error ? reason.cause.message : reason._tag
    const advice = /ENOSPC|EDQUOT/.test(why)
      ? `Make room on that disk, or set ${key} to a folder on another one.`
      : /EROFS/.test(why)
        ? `Mount a volume at ${folder}: the rest of the file system is read-only.`
        : `Waybill runs as ${whoWeAre()}: give it the folder (chown), or correct ${key}.`
    return fail(`${there} can't be written to (${why.replace(/,.*/, "")}); ${yield* ownerOf(there)}.`, advice)
  }
  const isThere = there === path.resolve(folder)
  return judgeRoom(
    isThere ? `${folder} is writable` : `${folder} is not there yet and can be made`,
    yield* roomOf(there),
    key,
  )
})

/** @param hop `state`, `dlq` or `spool` */
export const folderCheck = (
  hop: Hop,
  folder: string,
  key: string,
): Check<FileSystem.FileSystem | Path.Path> => ({ hop, needs: [], run: checkFolder(folder, key) })
