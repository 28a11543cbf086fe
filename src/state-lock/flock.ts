/**
 * flock(2) by way of libc: Node has no file locks.
 *
 * The kernel lets go of the lock when the last descriptor of the open file is closed, so at the latest when the
 * process ends, however it ends. Nothing can be left behind, no process id needs to be believed, and containers that
 * share a volume on one host see each other's. Node opens files with O_CLOEXEC: children do not keep it.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs"
import koffi from "koffi"

const LOCK_EX = 2
const LOCK_NB = 4

export type Flock =
  | { readonly _tag: "Locked"; readonly file: LockedFile }
  /** Another process has it. */
  | { readonly _tag: "Busy" }
  /** The file system has no such locks, e.g. `ENOLCK`, `EOPNOTSUPP`. */
  | { readonly _tag: "Unsupported"; readonly errno: string }

/** An open file whose lock is ours until `release`. */
export interface LockedFile {
  /** Replaces what is in the file. */
  readonly write: (text: string) => void
  /** Empties the file, so that nobody takes us for the holder any more, and lets go. */
  readonly release: () => void
}

let loaded: ((fd: number, operation: number) => number) | undefined

const flock = (fd: number, operation: number): number => {
  // The process itself as the library: libc is linked into Node whatever its file is called (glibc or musl).
  loaded ??= koffi.load(null).func("int flock(int fd, int operation)")
  return loaded(fd, operation)
}

const nameOf = (code: number): string =>
  Object.entries(koffi.os.errno).find(([, number]) => number === code)?.[0] ?? `errno ${code}`

/** Tries once, without waiting. Throws as `node:fs` does where the file can't be opened. */
export const tryLock = (path: string, mode: number): Flock => {
  const fd = openSync(path, "a", mode)
  const { EINTR, EWOULDBLOCK } = koffi.os.errno
  while (flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    const code = koffi.errno()
    if (code === EINTR) continue
    closeSync(fd)
    return code === EWOULDBLOCK ? { _tag: "Busy" } : { _tag: "Unsupported", errno: nameOf(code) }
  }
  return {
    _tag: "Locked",
    file: {
      write: (text) => {
        ftruncateSync(fd)
        writeSync(fd, text)
        fsyncSync(fd)
      },
      release: () => {
        try {
          ftruncateSync(fd)
        } finally {
          closeSync(fd)
        }
      },
    },
  }
}
