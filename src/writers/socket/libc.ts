/**
 * Unix datagram sockets by way of libc: Node has none of its own, and analysisd listens on nothing else.
 *
 * Plain functions without Effect, because a send happens for every event: a call that can't go on answers with the
 * name of its errno (`"EAGAIN"`, `"ENOENT"`, …) instead of throwing. Linux only, 64 bit: the numbers below and the
 * layout of `sockaddr_un` and `timeval` are the same on x64 and arm64, glibc and musl.
 *
 * A descriptor is a plain number that the caller owns: it must be closed once, and never while `sendBlocking` or
 * `receiveBlocking` is under way on it.
 */
import koffi, { type KoffiFunc } from "koffi"

/** The name of an errno, e.g. `ECONNREFUSED`. */
export type Errno = `E${string}`

/** The longest path of a unix socket in bytes: `sun_path` holds 108 with the closing NUL. */
export const MAX_SOCKET_PATH = 107

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_RCVTIMEO = 20
const SO_SNDTIMEO = 21
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000

type Transfer = (fd: number, bytes: Uint8Array, length: number, flags: number) => number
type WithAddress = (fd: number, address: Uint8Array, length: number) => number
interface Libc {
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly connect: WithAddress
  readonly bind: WithAddress
  readonly setsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number
  readonly close: (fd: number) => number
  readonly send: KoffiFunc<Transfer>
  readonly recv: KoffiFunc<Transfer>
}

let loaded: Libc | undefined

/** Loaded on first use, so that commands that write nothing run on any system. */
const libc = (): Libc => {
  if (loaded !== undefined) return loaded
  if (process.platform !== "linux") {
    throw new Error(
      `The socket writer runs on Linux only, not on ${process.platform}: use the api or file writer.`,
    )
  }
  // The process itself as the library: libc is linked into Node whatever its file is called (glibc or musl).
  const library = koffi.load(null)
  loaded = {
    socket: library.func("int socket(int domain, int type, int protocol)"),
    connect: library.func("int connect(int fd, const void *address, uint32_t length)"),
    bind: library.func("int bind(int fd, const void *address, uint32_t length)"),
    setsockopt: library.func(
      "int setsockopt(int fd, int level, int name, const void *value, uint32_t length)",
    ),
    close: library.func("int close(int fd)"),
    send: library.func("intptr_t send(int fd, const void *bytes, size_t length, int flags)"),
    recv: library.func("intptr_t recv(int fd, void *bytes, size_t length, int flags)"),
  }
  return loaded
}

const isErrno = (name: string): name is Errno => name.startsWith("E")
const names = new Map<number, Errno>()
for (const [name, code] of Object.entries(koffi.os.errno)) {
  // EAGAIN and EWOULDBLOCK are one number on Linux; the first is the name used here.
  if (isErrno(name) && name !== "EWOULDBLOCK") names.set(code, name)
}

/** Must be called right after the call it asks about: the number is the thread's last. */
const lastErrno = (): Errno => {
  const code = koffi.errno()
  return names.get(code) ?? `E${code}`
}

const address = (path: string): Uint8Array | undefined => {
  const name = Buffer.from(path, "utf8")
  if (name.length > MAX_SOCKET_PATH || name.length === 0) return undefined
  const bytes = Buffer.alloc(2 + name.length + 1)
  bytes.writeUInt16LE(AF_UNIX, 0)
  name.copy(bytes, 2)
  return bytes
}

const open = (
  path: string,
  attach: (fd: number, at: Uint8Array) => number,
): { readonly fd: number } | Errno => {
  const at = address(path)
  if (at === undefined) return "ENAMETOOLONG"
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
  if (fd < 0) return lastErrno()
  if (attach(fd, at) === 0) return { fd }
  const errno = lastErrno()
  libc().close(fd)
  return errno
}

/** A socket connected to the one bound at `path`. `ENAMETOOLONG` when the path is over 107 bytes. */
export const connectDatagram = (path: string): { readonly fd: number } | Errno =>
  open(path, (fd, at) => libc().connect(fd, at, at.length))

/** A socket bound at `path`, which must not exist yet (`EADDRINUSE`). Closing it leaves the file where it is. */
export const bindDatagram = (path: string): { readonly fd: number } | Errno =>
  open(path, (fd, at) => libc().bind(fd, at, at.length))

const setTimeoutOption = (name: number, fd: number, millis: number): "ok" | Errno => {
  const timeval = Buffer.alloc(16)
  timeval.writeBigInt64LE(BigInt(Math.floor(millis / 1000)), 0)
  timeval.writeBigInt64LE(BigInt(Math.round(millis % 1000) * 1000), 8)
  return libc().setsockopt(fd, SOL_SOCKET, name, timeval, timeval.length) === 0 ? "ok" : lastErrno()
}

/** How long `sendBlocking` waits before it answers `EAGAIN`; 0 is for ever. */
export const setSendTimeout = (fd: number, millis: number) => setTimeoutOption(SO_SNDTIMEO, fd, millis)

/** How long `receiveBlocking` waits before it answers `EAGAIN`; 0 is for ever. */
export const setReceiveTimeout = (fd: number, millis: number) => setTimeoutOption(SO_RCVTIMEO, fd, millis)

/** Sends the first `length` bytes as one message, or answers `EAGAIN` at once when the receiver's buffer is full. */
export const sendNow = (fd: number, bytes: Uint8Array, length = bytes.length): "sent" | Errno => {
  const { send } = libc()
  while (true) {
    if (send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return "sent"
    const errno = lastErrno()
    if (errno !== "EINTR") return errno
  }
}

/** Receives one message into `buffer` and answers its length (the rest of a longer one is lost), or `EAGAIN`. */
export const receiveNow = (fd: number, buffer: Uint8Array): number | Errno => {
  const { recv } = libc()
  while (true) {
    const received = recv(fd, buffer, buffer.length, MSG_DONTWAIT)
    if (received >= 0) return received
    const errno = lastErrno()
    if (errno !== "EINTR") return errno
  }
}

/** Buffers that a thread of the pool works on: held here, so that the collector leaves them where they are. */
const lent = new Set<Uint8Array>()

const blocking = (
  call: KoffiFunc<Transfer>,
  fd: number,
  bytes: Uint8Array,
  length: number,
): Promise<number | Errno> =>
  new Promise((resolve, reject) => {
    lent.add(bytes)
    const attempt = () =>
      call.async(fd, bytes, length, MSG_NOSIGNAL, (failure: unknown, result) => {
        // koffi restores the errno of the worker's thread for the time of this callback only.
        const errno = result < 0 ? lastErrno() : undefined
        if (failure === null && errno === "EINTR") return attempt()
        lent.delete(bytes)
        if (failure !== null) reject(failure)
        else resolve(errno ?? result)
      })
    attempt()
  })

/**
 * Waits on a thread of the pool until the message has been taken, at most as long as `setSendTimeout` says. The
 * buffer must not be touched, nor the descriptor closed, until it answers; one such call at a time per buffer.
 */
export const sendBlocking = async (
  fd: number,
  bytes: Uint8Array,
  length = bytes.length,
): Promise<"sent" | Errno> => {
  const result = await blocking(libc().send, fd, bytes, length)
  return typeof result === "number" ? "sent" : result
}

/** Waits on a thread of the pool for one message, at most as long as `setReceiveTimeout` says. */
export const receiveBlocking = (fd: number, buffer: Uint8Array): Promise<number | Errno> =>
  blocking(libc().recv, fd, buffer, buffer.length)

/**
 * Calls `onReadable` from the event loop whenever a message waits: the way to receive beside other work. `stop`
 * must be called before the descriptor is closed.
 */
export const watchReadable = (fd: number, onReadable: () => void): { readonly stop: () => void } => {
  const handle = koffi.node.poll(fd, { readable: true }, () => onReadable())
  return { stop: () => handle.close() }
}

export const closeFd = (fd: number): void => {
  libc().close(fd)
}
