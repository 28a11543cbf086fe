/** What must hold between keys. Looks at the values before they are decoded, so that it speaks up beside other problems. */
import { Duration, Option, Predicate, Schema } from "effect"
import { isLoopback } from "./addresses.ts"
import type { Problem } from "./ConfigInvalid.ts"
import { findKey } from "./catalogue.ts"
import { checkHec } from "./hecChecks.ts"
import type { Merged } from "./merge.ts"
import { read } from "./tree.ts"

const decodeDuration = Schema.decodeUnknownOption(Schema.DurationFromString)

const FEEDS = ["alarms", "flows", "devices"].map((feed) => `source.firewalla.feeds.${feed}.enabled`)

const ACCESS = ["domain", "base_url", "token", "token_file"].map((key) => `source.firewalla.${key}`)

export const crossCheck = ({ tree, variables }: Merged): ReadonlyArray<Problem> => {
  const at = (name: string): unknown => {
    const key = findKey(name)
    return key === undefined ? undefined : (read(tree, key.path) ?? key.setting.default)
  }
  const asNumber = (name: string) => Option.liftPredicate(Predicate.isNumber)(at(name))
  const asMillis = (name: string) => Option.map(decodeDuration(at(name)), Duration.toMillis)
  const where = (name: string) => variables.get(name) ?? name
  const problems: Array<Problem> = []

  // Whoever only listens, and says nothing of the portal, does not poll it.
  const onlyListens = at("source.hec.enabled") === true && ACCESS.every((key) => at(key) === undefined)
  if (!onlyListens && FEEDS.some((feed) => at(feed) !== false)) {
    if (at("source.firewalla.domain") === undefined && at("source.firewalla.base_url") === undefined) {
      problems.push({
        where: "source.firewalla.domain",
        what: "is missing, and a feed is enabled",
        fix: "Set it, or MSP_DOMAIN, to your MSP domain such as example.firewalla.net; or set source.firewalla.base_url.",
      })
    }
    if (at("source.firewalla.token") === undefined && at("source.firewalla.token_file") === undefined) {
      problems.push({
        where: "source.firewalla.token",
        what: "is missing, and a feed is enabled",
        fix: "Put a personal access token into a file and name it as source.firewalla.token_file or MSP_TOKEN_FILE; or set MSP_TOKEN.",
      })
    }
  }
  if (at("verify.mode") !== "off") {
    const needed = 'and verify.mode is not "off"'
    if (at("indexer.username") === undefined) {
      problems.push({
        where: "indexer.username",
        what: `is missing, ${needed}`,
        fix: "Set it, or INDEXER_USERNAME, to a user that may search the index pattern.",
      })
    }
    if (at("indexer.password") === undefined && at("indexer.password_file") === undefined) {
      problems.push({
        where: "indexer.password",
        what: `is missing, ${needed}`,
        fix: "Put it into a file and name that as indexer.password_file or INDEXER_PASSWORD_FILE; or set INDEXER_PASSWORD.",
      })
    }
  }
  if (at("writer.kind") === "api") {
    if (at("writer.api.username") === undefined) {
      problems.push({
        where: "writer.api.username",
        what: "is missing, and writer.kind is api",
        fix: "Set it to a user of the Wazuh API whose role has event:ingest on *:*:*.",
      })
    }
    if (at("writer.api.password") === undefined && at("writer.api.password_file") === undefined) {
      problems.push({
        where: "writer.api.password",
        what: "is missing, and writer.kind is api",
        fix: "Put it into a file and name that as writer.api.password_file.",
      })
    }
  }
  const host = at("admin.host")
  const hasToken = at("admin.token") !== undefined || at("admin.token_file") !== undefined
  if (at("admin.enabled") !== false && Predicate.isString(host) && !isLoopback(host) && !hasToken) {
    problems.push({
      where: "admin.token",
      what: `is missing, and ${where("admin.host")} is ${host}, which others can reach`,
      fix: "Put a long random token into a file and name it as admin.token_file, or set admin.host to 127.0.0.1.",
    })
  }
  problems.push(...checkHec(tree, at))
  const compare = (less: string, more: string, measure: (name: string) => Option.Option<number>) => {
    const one = measure(less)
    const other = measure(more)
    if (Option.isSome(one) && Option.isSome(other) && one.value > other.value) {
      problems.push({
        where: where(less),
        what: `expected at most ${more}, which is ${at(more)}; got ${at(less)}`,
        fix: `Lower it, or raise ${where(more)}.`,
      })
    }
  }
  compare("batch.max_events", "verify.max_unconfirmed_events", asNumber)
  compare("verify.min_interval", "verify.max_interval", asMillis)
  if (at("source.hec.enabled") === true) {
    compare("source.hec.max_body_bytes", "source.hec.spool.max_bytes", asNumber)
    compare("source.hec.max_body_bytes", "source.hec.max_buffered_bytes", asNumber)
    if (at("dlq.enabled") !== false) compare("source.hec.max_body_bytes", "dlq.max_bytes", asNumber)
    if (at("admin.enabled") !== false) {
      const [port, adminPort] = [at("source.hec.port"), at("admin.port")]
      const hosts = [at("source.hec.host"), host]
      const isShared = hosts[0] === hosts[1] || hosts.some((one) => one === "0.0.0.0" || one === "::")
      if (port !== 0 && port === adminPort && isShared)
        problems.push({
          where: where("source.hec.port"),
          what: `is ${port}, and so is admin.port`,
          fix: `Give one of the two another port, or ${where("admin.host")} another address.`,
        })
    }
  }
  return problems
}
