/**
 * What an errno of the manager's queue socket means, and what to do about it.
 *
 * Tried against a real analysisd: after it stopped, a connected send gives ECONNREFUSED once and ENOTCONN for ever
 * after; a socket file that is gone gives ENOENT, another user than wazuh EACCES. analysisd removes the file and
 * binds a new one at every start, so each of these (but EACCES) is answered by connecting again.
 */
import type { WriterErrorReason } from "../Writer.ts"
import { type Errno, MAX_SOCKET_PATH } from "./libc.ts"

const LOST_CONNECTION: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTCONN",
  "ENOENT",
  "EPIPE",
  "ECONNRESET",
])

/** Whether a new connection may help: nobody listens on the socket (any more), or its file is gone. */
export const isLostConnection = (errno: Errno): boolean => LOST_CONNECTION.has(errno)

export interface Failure {
  readonly reason: WriterErrorReason
  /** What happened, where, and what to do about it. */
  readonly message: string
}

/** The failure of a connect or a send on the socket at `path`. */
export const explain = (errno: Errno, path: string): Failure => {
  switch (errno) {
    case "ENOENT":
    case "ENOTDIR":
      return {
        reason: "missing",
        message: `There is no socket at ${path} (${errno}). Check that wazuh-analysisd runs (wazuh-control status on the manager) and that the folder, not the file, of the manager's queue volume is mounted there.`,
      }
    case "ECONNREFUSED":
    case "ENOTCONN":
    case "EPIPE":
    case "ECONNRESET":
      return {
        reason: "refused",
        message: `Nobody listens on ${path} (${errno}): wazuh-analysisd has stopped and left its socket behind. Look at wazuh-control status and ossec.log on the manager; a stale PID file can keep it from starting.`,
      }
    case "EACCES":
    case "EPERM":
      return {
        reason: "forbidden",
        message: `May not write to ${path} (${errno}): it belongs to wazuh:wazuh with mode 0660. Run Waybill as uid and gid 999 (the image's wazuh), or add that group to its user.`,
      }
    case "EAGAIN":
      return {
        reason: "timed-out",
        message: `${path} takes no more messages: wazuh-analysisd is alive but does not read. Look at the manager's load and whether the process is paused.`,
      }
    case "ENAMETOOLONG":
      return {
        reason: "failed",
        message: `The path of the socket must have 1 to ${MAX_SOCKET_PATH} bytes: ${path}. Mount the folder at a shorter path.`,
      }
    case "EPROTOTYPE":
      return {
        reason: "failed",
        message: `${path} is not a datagram socket (${errno}). The queue of wazuh-analysisd is queue/sockets/queue.`,
      }
    case "EMSGSIZE":
      return {
        reason: "failed",
        message: `The system refused a message of up to 65,535 bytes for ${path} (${errno}): raise net.core.wmem_default to its usual 212992.`,
      }
    default:
      return {
        reason: "failed",
        message: `Writing to ${path} failed with ${errno}. Waybill keeps the events and tries again.`,
      }
  }
}
