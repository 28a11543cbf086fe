/** A bare sender to the manager's socket: no pacing, no retries but for a full socket buffer. */
import { Effect } from "effect"
import {
  closeFd,
  connectDatagram,
  type Errno,
  sendBlocking,
  sendNow,
} from "../../../src/writers/socket/libc.ts"

export interface Sender {
  /** Answers the first error, or "sent" when all have been taken. */
  readonly send: (messages: Iterable<string | Uint8Array>) => Effect.Effect<"sent" | Errno>
}

export const connect = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => connectDatagram(path)),
    (connected) => Effect.sync(() => typeof connected === "object" && closeFd(connected.fd)),
  )

export const makeSender = Effect.fnUntraced(function* (path: string) {
  const connected = yield* connect(path)
  if (typeof connected === "string") return yield* Effect.die(new Error(`cannot connect: ${connected}`))
  const { fd } = connected
  const sendAll = async (messages: Iterable<string | Uint8Array>): Promise<"sent" | Errno> => {
    for (const message of messages) {
      const bytes = typeof message === "string" ? Buffer.from(message) : message
      const first = sendNow(fd, bytes)
      const result = first === "EAGAIN" ? await sendBlocking(fd, bytes) : first
      if (result !== "sent") return result
    }
    return "sent"
  }
  const sender: Sender = { send: (messages) => Effect.promise(() => sendAll(messages)) }
  return sender
})

/** A message as Waybill sends it; its event carries a flow's serial. */
export const flowMessage = (number: number, more: Readonly<Record<string, unknown>> = {}): string =>
  `1:waybill:waybill: ${JSON.stringify({
    source: "firewalla-msp",
    event_type: "flow",
    event_id: `id-${number}`,
    event_time: new Date(1_760_000_000_000 + number).toISOString(),
    firewalla: { domain: `host-${String(number).padStart(7, "0")}.example.net` },
    ...more,
  })}`

export const flowMessages = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => flowMessage(from + i))
