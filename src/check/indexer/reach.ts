/** The way to the indexer: its address, its certificate, the login. */
import type { NotAnswered } from "../../writers/http/Exchange.ts"
import { type Finding, fail, ok } from "../Check.ts"
import { type Answer, type IndexerAccess, reasonOf } from "./access.ts"

/** Nothing is returned; what counts is who answers, and what. Open indices only, as `run` searches. */
export const PROBE_PARAMETERS = "ignore_unavailable=true&allow_no_indices=true&expand_wildcards=open"

export const probe = ({ ask, pattern }: IndexerAccess) =>
  ask("POST", `/${encodeURIComponent(pattern)}/_search?${PROBE_PARAMETERS}`, { size: 0 })

/** Nobody answered. Pure. */
export const explainNotAnswered = (host: string, { detail, kind }: NotAnswered): Finding => {
  if (kind === "untrusted")
    return fail(
      `The certificate of ${host} is not trusted (${detail}).`,
      "Set indexer.ca_file to the CA that signed it (wazuh-docker: config/wazuh_indexer_ssl_certs/root-ca.pem), readable for Waybill's user, and name the host in indexer.url as the certificate does.",
    )
  return fail(
    `The indexer at ${host} can't be reached (${detail}).`,
    kind === "timed-out"
      ? "Look at the node's load and the network, or raise indexer.timeout_seconds."
      : "Check indexer.url, that the indexer runs, and the network between.",
  )
}

/** Pure. */
export const judgeReached = (host: string, answer: Answer): Finding => {
  if (answer.status >= 500 || answer.status === 429)
    return fail(
      `The indexer at ${host} answers, and can't work now (${reasonOf(answer)}).`,
      "Look at the node's log and its health; it may still be starting.",
    )
  return ok(`The indexer at ${host} answers.`)
}

/** Pure. */
export const judgeLogin = (username: string, { status }: Answer): Finding =>
  status === 401
    ? fail(
        `The login of ${username} is refused (401).`,
        "Check indexer.username and indexer.password; `waybill setup` makes the user with the password that is set.",
      )
    : ok(`${username} is let in.`)
