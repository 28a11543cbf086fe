/** The keys under `source.firewalla`. */

import { hostName, proxy, url } from "./addresses.ts"
import { retryOfPeer } from "./retrySection.ts"
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
import { path, text, textOrEmpty, token } from "./texts.ts"

const flagged = (what: string) => withDefault(flag, true, `Whether ${what}.`)

const alarms = section("Security alarms.", {
  enabled: flagged("alarms are fetched"),
  interval: withDefault(duration, "5 minutes", "Time between two polls."),
  overlap: withDefault(
    durationOrZero,
    "1 hour",
    "How far each poll goes back before the checkpoint, to catch what the API returns late. What the index already has is not sent again.",
  ),
  first_run: withDefault(durationOrZero, "7 days", "How far the first poll ever goes back."),
  page_size: withDefault(integer(1, 500), 200, "Records a request; the API gives at most 500."),
  slice: withDefault(
    duration,
    "1 day",
    "A long gap is fetched, delivered and committed in slices of this length, so that a restart resumes inside it.",
  ),
  query: withDefault(
    textOrEmpty,
    "",
    "A filter in Firewalla's query language, such as `type:1,2 -device.name:printer`; empty: all. Without `ts`, which Waybill adds.",
  ),
})

const flows = section("Network flows.", {
  enabled: flagged("flows are fetched"),
  interval: withDefault(duration, "15 minutes", "Time between two polls."),
  overlap: withDefault(
    durationOrZero,
    "1 hour",
    "How far each poll goes back before the checkpoint. A box that was offline reports its flows hours later.",
  ),
  first_run: withDefault(durationOrZero, "1 hour", "How far the first poll ever goes back."),
  page_size: withDefault(integer(1, 500), 500, "Records a request; the API gives at most 500."),
  slice: withDefault(duration, "1 hour", "The length of the slices a long gap is cut into."),
  query: withDefault(textOrEmpty, "", "A filter in Firewalla's query language; empty: all."),
  only: withDefault(
    choice(["all", "notable"]),
    "all",
    "`notable` keeps flows that were blocked, moved more than 1,000,000 bytes, or have no category.",
  ),
})

const devices = section("Changes of the device inventory: new, removed and changed devices.", {
  enabled: flagged("the inventory is compared"),
  interval: withDefault(duration, "1 day", "Time between two comparisons."),
})

export const firewalla = section("The Firewalla MSP API.", {
  domain: optional(
    hostName,
    "example.firewalla.net",
    "The MSP domain. Give this or `base_url` when a feed is enabled.",
  ),
  base_url: optional(
    url,
    "https://example.firewalla.net/v2",
    "The API's whole address in place of `domain`, version included.",
  ),
  token: optional(
    token("source.firewalla.token"),
    "…",
    "The personal access token. Give this or `token_file` when a feed is enabled.",
  ),
  token_file: optional(path, "/run/secrets/msp_token", "A file that holds the token, in place of `token`."),
  ca_file: optional(
    path,
    "/etc/waybill/proxy-ca.pem",
    "A CA that is trusted for the API and its proxy, as PEM, beside the system's: that of a proxy that inspects TLS.",
  ),
  proxy: optional(
    proxy("source.firewalla.proxy"),
    "http://proxy.example.com:3128",
    "The HTTP proxy that the API is reached through; `none`: no proxy, whatever the environment has. Where it holds a password, use `proxy_file`. An http:// `base_url` is this machine and never goes through one.",
  ),
  proxy_file: optional(
    path,
    "/run/secrets/proxy_url",
    "A file that holds the proxy's URL, in place of `proxy`.",
  ),
  no_proxy: optional(
    textOrEmpty,
    "localhost,.example.com",
    "Hosts that are reached without the proxy, separated by commas or blanks: `example.com` and `.example.com` with what lies below it, `*.example.com` only what lies below; `:443` after it: only that port; `*` all. Addresses are compared as text; networks such as 10.0.0.0/8 are not understood.",
  ),
  box: optional(
    text,
    "00000000-0000-0000-0000-000000000000",
    "Only this box, by its gid. Not together with `group`.",
  ),
  group: optional(text, "1", "Only the boxes of this group, by its id. Not together with `box`."),
  requests_per_minute: withDefault(
    integer(1, 6000),
    90,
    "Requests a minute at most; third parties speak of a limit of 100. A 429 with Retry-After is obeyed in any case.",
  ),
  timeout_seconds: withDefault(number(0.1, 600), 30, "How long one request may take."),
  retry: retryOfPeer,
  retention: withDefault(
    duration,
    "30 days",
    "How long the API keeps records: 24 hours in the Free plan, 30 days in Professional, 180 days in Business. A gap older than this is reported as lost.",
  ),
  max_page_bytes: withDefault(
    integer(65_536, 268_435_456),
    33_554_432,
    "A reply larger than this is refused, which bounds memory.",
  ),
  feeds: section("What is fetched. Each feed has a checkpoint of its own.", { alarms, flows, devices }),
})
