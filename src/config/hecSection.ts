/** The keys under `source.hec`. */
import { bindAddress } from "./addresses.ts"
import { choice, duration, flag, integer, named, number, optional, section, withDefault } from "./settings.ts"
import { path, text, token } from "./texts.ts"

const sender = section("One sender, or one kind of senders; the name is in its feed, `hec/<name>`.", {
  token: optional(
    token("source.hec.tokens.token"),
    "…",
    "What its senders authorize themselves with. Give this or `token_file`.",
  ),
  token_file: optional(path, "/run/secrets/hec_token", "A file that holds the token, in place of `token`."),
  source_type: withDefault(text, "httpevent", "The sourcetype of events that name none."),
  source_types: withDefault(
    text,
    "*",
    "The sourcetypes that become events, with commas between them; any other becomes a dead letter. `*`: all but `firewalla:alarm` and `firewalla:flow`, which must be named: these events pass for the poller's own.",
  ),
  ack: withDefault(
    choice(["optional", "required", "off"]),
    "optional",
    "Ids that turn true when the events are confirmed. `optional`: for requests that name a channel. `required`: a request without a channel is refused, as Splunk does with acknowledgement on. `off`: none.",
  ),
  replay: withDefault(
    flag,
    false,
    "Whether the envelope of a dead letter may be sent to be delivered under its own id when that letter does not wait any more. While it waits, it always may.",
  ),
})

export const hec = section(
  "Events that are pushed to Waybill, over Splunk's HTTP Event Collector protocol.",
  {
    enabled: withDefault(flag, false, "Whether Waybill listens."),
    host: withDefault(
      bindAddress,
      "127.0.0.1",
      "The address it listens on. `0.0.0.0`, for senders in other containers, is warned of unless `tls` is set.",
    ),
    port: withDefault(integer(0, 65_535), 8088, "The port; `0` takes a free one."),
    tls: section("Encryption; without these two it is plain HTTP.", {
      cert_file: optional(path, "/etc/waybill/hec.pem", "The certificate with its chain, as PEM."),
      key_file: optional(path, "/run/secrets/hec_key", "Its private key, as PEM."),
    }),
    max_body_bytes: withDefault(
      integer(1024, 268_435_456),
      10_485_760,
      "The largest body of a request, before and after it is unpacked. A larger one is refused with 413.",
    ),
    max_buffered_bytes: withDefault(
      integer(1_048_576, 1_073_741_824),
      67_108_864,
      "Bytes of bodies that may be in memory at once. What comes above that is told to come back, with 503.",
    ),
    max_connections: withDefault(integer(1, 65_535), 1000, "Connections at once; more are closed."),
    request_timeout_seconds: withDefault(
      number(0.1, 3600),
      30,
      "How long a request may take to arrive; a slower one is answered with 408.",
    ),
    retry_after_seconds: withDefault(
      integer(1, 3600),
      5,
      "When a sender that was answered 503 should come back.",
    ),
    spool: section("Where events wait until they are confirmed.", {
      path: withDefault(
        path,
        "/var/lib/waybill/spool",
        "Its folder. It must survive a restart of the container: what is accepted is nowhere else.",
      ),
      max_bytes: withDefault(
        integer(1_048_576, 1_099_511_627_776),
        1_073_741_824,
        "Bytes that may wait. At the limit senders are answered 503.",
      ),
      max_events: withDefault(integer(1, 100_000_000), 5_000_000, "Events that may wait, likewise."),
    }),
    channel_idle: withDefault(
      duration,
      "1 hour",
      "A channel that is not used for so long is forgotten, with the ids of it that nobody has asked for.",
    ),
    tokens: named("The senders, each under a name: lower-case letters, digits, `_` and `-`.", "main", sender),
  },
)
