/**
 * The configuration: every key there is, with its limits, its default and its description.
 *
 * This Schema is the only place where a key is defined. `config/waybill.yaml`, `config/waybill.schema.json` and
 * `docs/configuration.md` are generated from it (`node src/config/generate.ts`).
 *
 * Sections are always present; `loadConfig` adds those that a file leaves out.
 */
import { Schema } from "effect"
import { url } from "./addresses.ts"
import { admin } from "./adminSection.ts"
import { firewalla } from "./firewallaSection.ts"
import { hec } from "./hecSection.ts"
import { indexerFields } from "./indexerFieldsSection.ts"
import { receipts } from "./receiptsSection.ts"
import { retry, retryOfPeer } from "./retrySection.ts"
import {
  choice,
  duration,
  durationOrZero,
  flag,
  integer,
  number,
  optional,
  section,
  withDefault,
} from "./settings.ts"
import { indexPattern, path, secret, username } from "./texts.ts"
import { traces } from "./tracesSection.ts"
import { writer } from "./writerSection.ts"

const indexer = section("The Wazuh indexer, which is searched for every event. Nothing is written to it.", {
  url: withDefault(url, "https://wazuh.indexer:9200", "Its address."),
  username: optional(
    username,
    "waybill",
    "A user whose role has `read` on the index pattern; it needs no more. Must be given unless `verify.mode` is `off`.",
  ),
  password: optional(
    secret("indexer.password"),
    "…",
    "That user's password. Either this or `password_file` must be given unless `verify.mode` is `off`.",
  ),
  password_file: optional(
    path,
    "/run/secrets/indexer_password",
    "A file that holds the password, in place of `password`.",
  ),
  ca_file: optional(
    path,
    "/etc/waybill/root-ca.pem",
    "The CA that signed the indexer's certificate, as PEM. Without it the system's CAs are used.",
  ),
  verify_tls: withDefault(
    flag,
    true,
    "`false` accepts any certificate, so that anybody on the way can read the password; it is warned of at every start.",
  ),
  index_pattern: withDefault(indexPattern, "wazuh-alerts-4.x-*", "The indices that are searched."),
  fields: indexerFields,
  timeout_seconds: optional(
    number(0.1, 600),
    10,
    "How long one search may take; `retry.timeout_seconds` when absent.",
  ),
  retry: retryOfPeer,
  max_ids_per_search: withDefault(
    integer(1, 65_536),
    5000,
    "Ids in one query; OpenSearch takes at most 65,536.",
  ),
})

const verify = section("How the indexer is searched for what was written.", {
  mode: withDefault(
    choice(["always", "startup-only", "off"]),
    "always",
    "`always`: a checkpoint moves only when a search has returned every event before it. `startup-only`: the indexer is asked at the start, and a feed that it has lost the end of is rewound; while running, a checkpoint moves when its events are written, so a loss is found at the next start at the earliest. `off`: the indexer is never asked; what the manager or the indexer loses stays lost.",
  ),
  startup_timeout: withDefault(
    duration,
    "30 seconds",
    "How long the start waits for the indexer before it goes on without comparing the checkpoints with the index.",
  ),
  max_unconfirmed_events: withDefault(
    integer(1, 1_000_000),
    20_000,
    "Events that may be written and not yet confirmed; bounds memory. When it is reached, fetching waits.",
  ),
  min_interval: withDefault(duration, "250 millis", "The shortest time between two searches."),
  max_interval: withDefault(duration, "5 seconds", "The longest time between two searches."),
  grace: withDefault(
    duration,
    "3 seconds",
    "How far the order of events may be off: how long after a later event became searchable a missing one may still reach the index. Raise it where Filebeat writes to more than one indexer.",
  ),
  max_attempts: withDefault(
    integer(1, 100),
    8,
    "Writes of one event that may be proven lost while others written with it arrive, before it becomes a dead letter. At a random loss of a tenth, 3 would give up one event in a thousand, and 8 one in a hundred million.",
  ),
  stalled_after: withDefault(
    duration,
    "2 minutes",
    "How long nothing may arrive while something is on its way, before it is called stalled. Three times a high lag raises it.",
  ),
  warn_after: withDefault(duration, "1 minute", "A batch that is unconfirmed for so long is warned of."),
  clock_skew: withDefault(
    durationOrZero,
    "1 hour",
    "How far the clocks of Waybill and the manager may be apart; searches begin so much earlier.",
  ),
})

export const Config = Schema.Struct({
  source: section("Where events come from.", { firewalla, hec }),
  writer,
  batch: section("Events that are written and confirmed together.", {
    max_events: withDefault(integer(1, 10_000), 500, "Events in one batch at most."),
  }),
  indexer,
  verify,
  canary: section("Waybill's own event, sent through the whole chain to see whether anything arrives.", {
    resend_after: withDefault(
      duration,
      "30 seconds",
      "A canary that has not arrived by then is followed by another one.",
    ),
    interval: withDefault(
      durationOrZero,
      "5 minutes",
      "In quiet times one is sent at this interval, to see that the chain is open; `0 seconds`: none.",
    ),
    volley: withDefault(
      integer(1, 64),
      24,
      "Canaries sent at once where a loss is to be proven and no other events come. They must reach every shard of the index.",
    ),
  }),
  status: section("Events about Waybill itself, written into Wazuh so that its rules alert on them.", {
    heartbeat: withDefault(
      durationOrZero,
      "5 minutes",
      "Time between two heartbeats; `0 seconds` writes none.",
    ),
  }),
  reconcile: section(
    "The look back that `waybill run` does by itself: it compares source and index by id and delivers what is missing, such as records that the source returned hours late. `waybill reconcile` does the same by hand.",
    {
      enabled: withDefault(flag, true, "Whether it is done."),
      interval: withDefault(duration, "6 hours", "Time between two of them, for each feed."),
      window: withDefault(duration, "24 hours", "How far back from the checkpoint each one compares."),
    },
  ),
  state: section("Checkpoints.", {
    path: withDefault(
      path,
      "/var/lib/waybill/state",
      "Their folder. It must survive a restart of the container.",
    ),
  }),
  dlq: section("Dead letters: records that can't be delivered, with the reason.", {
    enabled: withDefault(
      flag,
      true,
      "`false` keeps no dead letters: a feed then stops at a record that can't be delivered.",
    ),
    base_path: withDefault(path, "/var/lib/waybill/dlq", "Their folder, readable for nobody else."),
    max_files: withDefault(
      integer(1, 1_000_000),
      100_000,
      "Letters that may wait. At the limit the feeds hold at the next record that can't be delivered, and go on when letters are replayed or purged. Each takes half a kilobyte of memory.",
    ),
    max_bytes: withDefault(
      integer(1_000_000, 1_000_000_000_000),
      1_000_000_000,
      "The same for the bytes of their files.",
    ),
  }),
  receipts,
  retry,
  admin,
  traces,
  shutdown: section("What happens on SIGTERM.", {
    drain_timeout: withDefault(
      durationOrZero,
      "20 seconds",
      "How long to wait for what is written to be confirmed. Give the container a longer stop_grace_period.",
    ),
  }),
  log: section("Log lines, on standard output.", {
    level: withDefault(
      choice(["debug", "info", "warn", "error"]),
      "info",
      "The least important level shown.",
    ),
    format: withDefault(
      choice(["json", "logfmt", "pretty"]),
      "json",
      "`pretty` is for people at a terminal.",
    ),
    repeat_every: withDefault(
      durationOrZero,
      "1 minute",
      "A warning that comes again within this time is not written again; then it is, with how often it came. `0 seconds` writes all.",
    ),
  }),
})
export type Config = typeof Config.Type
