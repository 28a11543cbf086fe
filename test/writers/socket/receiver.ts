/** A receiver on a real unix datagram socket, which can stop reading, go away, and come back with a new inode. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { bindDatagram, closeFd, receiveNow, watchReadable } from "../../../src/writers/socket/libc.ts"

export const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "waybill-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
)

export interface Receiver {
  /** Every message since the start, over all inodes, as text. */
  readonly messages: Array<string>
  /** How many messages each inode so far received. */
  readonly perInode: Array<number>
  readonly pause: () => void
  readonly resume: () => void
  /** As analysisd does: closing leaves the file behind. */
  readonly close: () => void
  /** As analysisd does at its start: removes the file and binds a new one. */
  readonly open: () => void
  readonly waitFor: (count: number) => Effect.Effect<ReadonlyArray<string>>
}

export const makeReceiver = (path: string) =>
  Effect.acquireRelease(
    Effect.sync((): Receiver => {
      const buffer = Buffer.alloc(300_000)
      const messages: Array<string> = []
      const perInode: Array<number> = []
      let bound: { readonly fd: number; watch: { readonly stop: () => void } | undefined } | undefined
      const drain = (fd: number) => {
        for (let got = receiveNow(fd, buffer); typeof got === "number"; got = receiveNow(fd, buffer)) {
          messages.push(buffer.toString("utf8", 0, got))
          perInode[perInode.length - 1] = (perInode.at(-1) ?? 0) + 1
        }
      }
      const pause = () => {
        bound?.watch?.stop()
        if (bound !== undefined) bound.watch = undefined
      }
      const resume = () => {
        const current = bound
        if (current !== undefined) current.watch = watchReadable(current.fd, () => drain(current.fd))
      }
      const close = () => {
        pause()
        if (bound !== undefined) closeFd(bound.fd)
        bound = undefined
      }
      const open = () => {
        rmSync(path, { force: true })
        const opened = bindDatagram(path)
        if (typeof opened === "string") throw new Error(`bind ${path}: ${opened}`)
        bound = { fd: opened.fd, watch: undefined }
        perInode.push(0)
        resume()
      }
      const waitFor = (count: number) =>
        Effect.gen(function* () {
          while (messages.length < count) yield* Effect.sleep(2)
          return messages
        })
      open()
      return { messages, perInode, pause, resume, close, open, waitFor }
    }),
    (receiver) => Effect.sync(receiver.close),
  )
