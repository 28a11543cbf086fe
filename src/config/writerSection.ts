/** The keys under `writer`. */

import { serverName, url } from "./addresses.ts"
import { retryOfPeer } from "./retrySection.ts"
import { choice, duration, flag, integer, number, optional, section, withDefault } from "./settings.ts"
import { path, secret, socketPath, text, username } from "./texts.ts"

const socket = section(
  "The manager's sockets. Mount their folder, not the files: each start makes new ones.",
  {
    path: withDefault(socketPath, "/var/ossec/queue/sockets/queue", "The datagram socket that takes events."),
    stats_path: withDefault(
      socketPath,
      "/var/ossec/queue/sockets/analysis",
      "The socket that tells how full the manager's queue is.",
    ),
    send_timeout_seconds: withDefault(
      number(0.1, 600),
      5,
      "How long one send may wait for a full socket before the writer holds.",
    ),
  },
)

const api = section("The API of the Wazuh manager, for `kind: api`.", {
  url: withDefault(url, "https://wazuh.manager:55000", "Its address."),
  username: optional(
    username,
    "waybill",
    "An API user whose role has `event:ingest` on `*:*:*`; it needs no more. Must be given for `kind: api`.",
  ),
  password: optional(
    secret("writer.api.password"),
    "…",
    "That user's password. Either this or `password_file` must be given for `kind: api`.",
  ),
  password_file: optional(
    path,
    "/run/secrets/api_password",
    "A file that holds the password, in place of `password`.",
  ),
  ca_file: optional(
    path,
    "/etc/waybill/api-ca.pem",
    "The CA that signed the API's certificate, as PEM; for a self-signed one that certificate itself. Without it the system's CAs are used.",
  ),
  server_name: optional(
    serverName,
    "localhost",
    "The name to expect in the certificate in place of the address's; the one that Wazuh makes for itself is for localhost.",
  ),
  verify_tls: withDefault(
    flag,
    true,
    "`false` accepts any certificate, so that anybody on the way can read the password; it is warned of at every start.",
  ),
  requests_per_minute: withDefault(
    integer(1, 6000),
    25,
    "Requests a minute at most. The API takes 30 with events from all its callers together; the rest is left to the others.",
  ),
  events_per_request: withDefault(integer(1, 100), 100, "Events in one request; the API takes at most 100."),
  timeout_seconds: withDefault(number(0.1, 600), 20, "How long one request may take."),
  retry: retryOfPeer,
})

const file = section("The file that wazuh-logcollector follows, for `kind: file`.", {
  path: withDefault(
    path,
    "/var/lib/waybill/events/waybill.log",
    "The file. The manager must see its folder; mount that, not the file: each rotation makes a new one.",
  ),
  max_bytes: withDefault(
    integer(65_536, 1_099_511_627_776),
    104_857_600,
    "It is rotated when it has grown to so many bytes, and at midnight in UTC.",
  ),
  keep: withDefault(integer(1, 1000), 3, "Rotated files that are kept."),
  settle: withDefault(
    duration,
    "5 seconds",
    "Nothing is written for so long before a rotation, so that logcollector has read to the end: it leaves the rest of a file that was renamed unread. It reads every 2 seconds.",
  ),
  min_interval: withDefault(
    duration,
    "2 minutes",
    "The shortest time between two rotations. Must be above logcollector's `logcollector.vcheck_files` (64 seconds): of two within it, it misses the first one's file.",
  ),
  sync: withDefault(
    flag,
    false,
    "Whether every write waits until the disk has it. It is not needed: what a crash takes away is proven missing and written again.",
  ),
  group: optional(
    integer(0, 4_294_967_294),
    999,
    "The id of the group that may read the file (its mode is 0640), such as that of the user wazuh. Without it: as the folder gives it.",
  ),
})

const wazuh5 = section(
  "Experimental: the manager of Wazuh 5, for `kind: wazuh5`. Set `indexer.index_pattern` and `indexer.fields` to go with it.",
  {
    socket: withDefault(
      socketPath,
      "/var/wazuh-manager/queue/sockets/queue-http.sock",
      "The socket of its HTTP server.",
    ),
    queue: withDefault(text, "1", "The queue that events are given for, as Wazuh 5 names it in each line."),
    agent_id: withDefault(text, "000", "The id of the agent that events are given for."),
    agent_name: withDefault(text, "waybill", "The name of that agent."),
    timeout_seconds: withDefault(number(0.1, 600), 10, "How long one request may take."),
    retry: retryOfPeer,
  },
)

const pacing = section(
  "How fast events are written. The manager drops what its queue can't take, and says nothing.",
  {
    queue_share: withDefault(
      number(0, 0.9),
      0.5,
      "The share of the manager's decode queue up to which Waybill fills it; the rest is left to the agents.",
    ),
    events_per_second: withDefault(
      integer(1, 100_000),
      500,
      "The rate while the manager's statistics can't be had; always so for the kinds `file` and `wazuh5`.",
    ),
    burst: withDefault(integer(1, 16_384), 1000, "Events that may go at once after a pause, at that rate."),
    chunk: withDefault(integer(1, 8192), 1000, "Events written between two looks at the statistics."),
  },
)

export const writer = section("How events get into Wazuh.", {
  kind: withDefault(
    choice(["socket", "api", "file", "wazuh5"]),
    "socket",
    "`socket`: the manager's own queue, from a mounted volume. `api`: the manager's API, from anywhere, about 50 events a second. `file`: a file that wazuh-logcollector follows. `wazuh5`: experimental, the manager of Wazuh 5.",
  ),
  location: withDefault(
    text,
    "waybill",
    "What Wazuh shows as the `location` of the events, for the kinds `socket` and `wazuh5`. It is `API-Webhook` for `api`, and the path for `file`.",
  ),
  socket,
  api,
  file,
  wazuh5,
  pacing,
})
