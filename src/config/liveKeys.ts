/**
 * The keys that may change while Waybill runs. Every other key needs a restart.
 *
 * A key belongs here only if whatever goes by it reads it anew at each use; a part that keeps a value from its start
 * makes its key one that needs a restart.
 */
import { nameInCatalogue } from "./catalogue.ts"

const ofTimeFeed = ["interval", "overlap", "page_size", "slice", "query"]

/** As the catalogue names them. */
export const LIVE_KEYS: ReadonlySet<string> = new Set([
  "source.firewalla.token",
  "source.firewalla.token_file",
  "source.firewalla.requests_per_minute",
  ...ofTimeFeed.map((key) => `source.firewalla.feeds.alarms.${key}`),
  ...ofTimeFeed.map((key) => `source.firewalla.feeds.flows.${key}`),
  "source.firewalla.feeds.flows.only",
  "source.firewalla.feeds.devices.interval",
  "source.hec.tokens.<name>.token",
  "source.hec.tokens.<name>.token_file",
  "source.hec.tokens.<name>.ack",
  "source.hec.tokens.<name>.replay",
  "writer.api.requests_per_minute",
  "writer.pacing.queue_share",
  "writer.pacing.events_per_second",
  "writer.pacing.burst",
  "writer.pacing.chunk",
  "verify.min_interval",
  "verify.max_interval",
  "verify.grace",
  "verify.max_attempts",
  "verify.stalled_after",
  "verify.warn_after",
  "canary.resend_after",
  "canary.interval",
  "canary.volley",
  "status.heartbeat",
  "reconcile.interval",
  "reconcile.window",
  "admin.token",
  "admin.token_file",
  "shutdown.drain_timeout",
  "log.level",
])

/** Whether a key may change while Waybill runs, whatever name was chosen in it. */
export const isLive = (name: string): boolean => LIVE_KEYS.has(nameInCatalogue(name) ?? "")
