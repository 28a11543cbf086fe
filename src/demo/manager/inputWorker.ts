/**
 * The input thread of the simulated analysisd, a worker: empties the socket as fast as it can, whatever the decoder
 * does, and drops what the decode queue has no place for (w_get_event… of src/analysisd/analysisd.c).
 */
import { parentPort, workerData } from "node:worker_threads"
import koffi from "koffi"
import { bindDatagram, closeFd, receiveNow, watchReadable } from "../../writers/socket/libc.ts"
import { type Command, MAX_MESSAGE, QUEUE_SIZE, type Report, SHARED } from "./inputProtocol.ts"

const SHUT_RD = 0
const MESSAGES_PER_REPORT = 256
/** Reads before control messages get their turn. */
const READS_PER_TURN = 4096

const isShared = (data: unknown): data is { readonly counters: BigInt64Array } =>
  typeof data === "object" && data !== null && "counters" in data && data.counters instanceof BigInt64Array

const serve = (port: NonNullable<typeof parentPort>, counters: BigInt64Array): void => {
  const shutdown: (fd: number, how: number) => number = koffi.load(null).func("int shutdown(int fd, int how)")
  const buffer = Buffer.alloc(MAX_MESSAGE)
  let listening: { readonly fd: number; readonly run: number; readonly stop: () => void } | undefined
  const report = (message: Report) => port.postMessage(message)

  /** One message less its length, cut at the first NUL as a C string is. */
  const messageOf = (length: number): string => {
    const end = buffer.subarray(0, length).indexOf(0)
    return buffer.toString("utf8", 0, end === -1 ? length : end)
  }

  const empty = (fd: number, run: number, most: number): void => {
    let messages: Array<string> = []
    for (let reads = 0; reads < most; reads++) {
      const length = receiveNow(fd, buffer)
      // 0 is the end of a socket that was shut down, or an empty datagram: nothing to decode either way.
      if (typeof length !== "number" || length === 0) break
      Atomics.add(counters, SHARED.received, 1n)
      Atomics.add(counters, SHARED.bytes, BigInt(length))
      if (Atomics.load(counters, SHARED.queued) >= BigInt(QUEUE_SIZE)) {
        Atomics.add(counters, SHARED.dropped, 1n)
        continue
      }
      Atomics.add(counters, SHARED.queued, 1n)
      messages.push(messageOf(length))
      if (messages.length >= MESSAGES_PER_REPORT) {
        report({ _tag: "Taken", run, messages })
        messages = []
      }
    }
    if (messages.length > 0) report({ _tag: "Taken", run, messages })
  }

  const close = (drain: boolean): void => {
    if (listening === undefined) return
    const { fd, run, stop } = listening
    listening = undefined
    stop()
    if (drain) {
      empty(fd, run, Infinity)
      // From here on a sender gets an error instead of a success whose message the close below would throw away.
      shutdown(fd, SHUT_RD)
      empty(fd, run, Infinity)
    }
    closeFd(fd)
    report({ _tag: "Closed", run })
  }

  port.on("message", (command: Command) => {
    switch (command._tag) {
      case "Bind": {
        close(false)
        const { run } = command
        const bound = bindDatagram(command.path)
        if (typeof bound === "string") return report({ _tag: "Failed", run, errno: bound })
        const watch = watchReadable(bound.fd, () => empty(bound.fd, run, READS_PER_TURN))
        listening = { fd: bound.fd, run, stop: watch.stop }
        return report({ _tag: "Bound", run })
      }
      case "Finish":
        return close(true)
      case "Kill":
        return close(false)
    }
  })
}

if (parentPort !== null && isShared(workerData)) serve(parentPort, workerData.counters)
