/** The wording of what can go wrong on the way to the manager's API: what happened and what to do, without where. */
import type { NotAnswered } from "../http/Exchange.ts"
import type { Failed } from "./reply.ts"

export const explainNotAnswered = ({ detail, kind }: NotAnswered): Failed => {
  switch (kind) {
    case "network":
      return {
        reason: "missing",
        message: `it can't be reached (${detail}). Check that the manager's API runs, writer.api.url and the network between.`,
      }
    case "timed-out":
      return {
        reason: "timed-out",
        message: `${detail}. Look at the manager's load; raise writer.api.timeout_seconds if it is always that slow.`,
      }
    case "untrusted":
      return {
        reason: "failed",
        message: `its certificate is not trusted (${detail}). Set writer.api.ca_file to the CA that signed it, or to the certificate itself if it is self-signed, and writer.api.server_name to a name that it has.`,
      }
  }
}
