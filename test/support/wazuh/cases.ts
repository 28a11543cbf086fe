/** For every rule: events that must end in it, and near ones that must not. */
import { ALARM_TYPE_NAMES } from "../../../src/normalizers/firewalla/alarm.ts"
import { alarm, blocked, canary, deviceChange, flow, pushed, status, unknown } from "./samples.ts"

export interface Case {
  readonly title: string
  readonly rule: string
  /** Each a session of one or more events; the last one's rule counts. */
  readonly pass: ReadonlyArray<ReadonlyArray<string>>
  readonly fail: ReadonlyArray<ReadonlyArray<string>>
}

type Given = string | ReadonlyArray<string>
const sessions = (given: ReadonlyArray<Given>) => given.map((one) => (typeof one === "string" ? [one] : one))
const of = (rule: string, title: string, pass: ReadonlyArray<Given>, fail: ReadonlyArray<Given>): Case => ({
  rule,
  title,
  pass: sessions(pass),
  fail: sessions(fail),
})

const ALARM_TEXTS: ReadonlyArray<string> = [
  "Reception iPad accessed malware site bad.example.net",
  "Reception iPad uploaded 16.96 MB data to example.com at about 05:47 AM.",
  "Reception iPad used 2.1 GB in the last hour",
  "80% of the monthly data plan is used",
  "A new device, Reception iPad, joined LAN 1",
  "Reception iPad is back online",
  "Reception iPad is offline",
  "Reception iPad watched video on video.example.com",
  "Reception iPad played on game.example.com",
  "Reception iPad visited porn.example.com",
  "Reception iPad uses the VPN vpn.example.com",
  "VPN connection to HQ is restored",
  "VPN connection to HQ failed",
  "Port 8443 on Reception iPad was opened by UPnP",
  "WAN 1 is down, WAN 2 is active",
  "Reception iPad uploaded 1.2 GB to backup.example.com",
]

const textOf = (type: number): string => ALARM_TEXTS[type - 1] ?? ""

export const makeCases = (): ReadonlyArray<Case> => [
  of("100191", "Any event without a rule of its own", [unknown()], [flow(), canary(), status("error", "x")]),
  ...[...ALARM_TYPE_NAMES].map(([type, name]) =>
    of(
      String(100_200 + Number(type)),
      `Alarm ${type}: ${name}`,
      [alarm(Number(type), textOf(Number(type))), alarm(Number(type), "type as text", { type })],
      // 1 is the beginning of 10 to 16, and the number rules, not the name.
      [
        alarm((Number(type) % 16) + 1, textOf(Number(type))),
        alarm(Number(`1${type}`), "longer"),
        flow({ count: Number(type) }),
      ],
    ),
  ),
  of(
    "100200",
    "Alarm of a type that nobody knows yet",
    [alarm(17, "Something new"), alarm(1, "no type at all", { type: undefined })],
    [alarm(1, textOf(1)), flow()],
  ),
  of(
    "100300",
    "Device change of another kind",
    // Our own records have one of three kinds; this stands for one of a later version.
    [deviceChange("new_device").replace('"new_device"', '"device_paused"')],
    [deviceChange("new_device"), flow()],
  ),
  ...(["new_device", "device_removed", "device_changed"] as const).map((kind, n, kinds) =>
    of(
      String(100_301 + n),
      `Device change: ${kind}`,
      [
        deviceChange(
          kind,
          kind === "device_changed" ? { changed: ["name"], previous: { name: "iPad" } } : {},
        ),
      ],
      [deviceChange(kinds[(n + 1) % 3] ?? ""), alarm(5, textOf(5))],
    ),
  ),
  of(
    "100400",
    "Flow",
    [flow(), flow({ direction: "local", domain: undefined }), flow({ category: { name: "video" } })],
    [blocked(), flow({ category: undefined }), flow({ download: 100_000_000 }), alarm(2, textOf(2))],
  ),
  of(
    "100401",
    "Blocked flow",
    [blocked(), blocked({ category: undefined }), flow({ block: undefined, status: "blocked" })],
    [flow(), blocked({ category: "ad" }), blocked({ category: "intel" })],
  ),
  of(
    "100402",
    "Blocked ad",
    [blocked({ category: "ad" })],
    [flow({ category: "ad" }), blocked(), blocked({ category: "adult" })],
  ),
  of(
    "100403",
    "Blocked known threat",
    [blocked({ category: "intel", direction: "inbound" }), blocked({ category: { name: "intel" } })],
    [flow({ category: "intel" }), blocked({ category: "ad" }), blocked({ domain: "intel.com" })],
  ),
  of(
    "100404",
    "High bandwidth",
    [
      flow({ download: 100_000_000 }),
      flow({ total: 5_000_000_000.5 }),
      flow({ upload: 250_000_000, category: undefined }),
    ],
    [flow({ download: 99_000_000, upload: 0 }), flow({ total: 12_345_678.123456 }), blocked()],
  ),
  of(
    "100405",
    "Uncategorized flow",
    [flow({ category: undefined }), flow({ category: undefined, domain: 'x"category":"y.com' })],
    [flow(), flow({ category: "p2p" }), blocked({ category: undefined })],
  ),
  of(
    "100500",
    "Status of another kind",
    [status("error", "x").replace('"error"', '"of-a-later-version"')],
    [status("error", "x"), canary()],
  ),
  of(
    "100501",
    "Status: error",
    [
      status("error", "firewalla-msp/flows was not compared with the index at the start: unreachable"),
      errors(5),
      errors(7),
    ],
    [status("stalled", "error"), status("heartbeat", "error"), errors(6)],
  ),
  of(
    "100509",
    "Status: repeated errors",
    // Used up by the alert, so the next one comes after as many again.
    [errors(6), errors(12)],
    [errors(1), errors(5), errors(7), [...errors(5), status("stalled", "x")]],
  ),
  of(
    "100502",
    "Status: stalled",
    [
      status("stalled", "Nothing has arrived since 2026-02-22T19:10:00.000Z", {
        stage: "chain",
        unconfirmed: 500,
      }),
    ],
    [status("recovered", "stalled"), status("error", "stalled")],
  ),
  of(
    "100503",
    "Status: recovered",
    [status("recovered", "Events arrive again", { seconds: 180 })],
    [status("stalled", "recovered")],
  ),
  of("100504", "Canary", [canary()], [status("heartbeat", "canary"), flow()]),
  of(
    "100505",
    "Status: heartbeat",
    [status("heartbeat", "Waybill 0.1.0 is running.", { uptime_seconds: 300, lag_ms: 9000, unconfirmed: 0 })],
    [status("error", "heartbeat"), canary()],
  ),
  of(
    "100506",
    "Status: gap found",
    [status("gap_found", "firewalla-msp/flows: rewound", { gap: "rewound" }), status("gap_found", "a gap")],
    [status("gap_found", "lost", { gap: "lost" }), status("error", "gap_found")],
  ),
  of(
    "100507",
    "Status: gap lost for good",
    [status("gap_found", "What happened is lost", { feed: "firewalla-msp/flows", gap: "lost" })],
    [status("gap_found", "lost"), status("error", "lost", { gap: "lost" })],
  ),
  of(
    "100508",
    "Status: dead letters",
    [status("dead_letters", "3 records could not be delivered", { new: 3, written: 5 })],
    [status("error", "dead_letters")],
  ),
  of(
    "100600",
    "Pushed event",
    [
      pushed("nginx:access", { status: 200, path: "/", bytes: 5124 }),
      pushed("syslog", "Feb 22 19:13:04 web-1 sshd[7]: Failed password for root from 203.0.113.5"),
      // Whatever a sender writes into it.
      pushed("nginx:access", { event_type: "alarm", firewalla: { alarm_type: "1" }, category: "ad" }),
      pushed("nginx:access", { waybill_status: { kind: "stalled" }, event_type: "sidecar_status" }),
      pushed("nginx:access", { timestamp: "2026-02-22", event_type: "alert", integration: "aws" }),
    ],
    [flow(), unknown(), canary(), status("error", "event")],
  ),
]

function errors(count: number): ReadonlyArray<string> {
  return Array.from({ length: count }, (_, n) =>
    status("error", `error ${n + 1}`, { feed: "firewalla-msp/flows" }),
  )
}

/** With the lists of `THREATS`. */
export const THREATS = {
  "etc/lists/waybill-threat-ips": ["203.0.113.66", "198.51.100.", "2001:db8::bad"],
  "etc/lists/waybill-threat-domains": ["bad.example.net"],
} as const

const to = (ip: string, domain?: string) => ({
  domain,
  destination: { id: domain ?? ip, name: domain ?? ip, ip, portInfo: { port: 443 } },
})

export const makeThreatCases = (): ReadonlyArray<Case> => [
  of(
    "100450",
    "Address on the threat list",
    [
      flow(to("203.0.113.66")),
      flow({ ...to("198.51.100.7", "fine.example.com"), category: undefined }),
      flow(to("2001:db8::bad")),
      flow({ ...to("203.0.113.66"), download: 5_000_000_000 }),
    ],
    [flow(to("203.0.113.6")), flow(to("198.51.10.1")), blocked(to("203.0.113.66")), flow(to("2001:db8::ba"))],
  ),
  of(
    "100451",
    "Domain on the threat list",
    [flow(to("203.0.113.10", "bad.example.net")), flow(to("203.0.113.10", "BAD.example.Net."))],
    [
      flow(to("203.0.113.10", "notbad.example.net")),
      flow(to("203.0.113.10", "www.bad.example.net")),
      flow(to("203.0.113.66", "bad.example.net")),
    ],
  ),
  of(
    "100452",
    "Blocked address on the threat list",
    [blocked({ ...to("203.0.113.66"), category: "intel" })],
    [flow(to("203.0.113.66")), blocked(to("203.0.113.67"))],
  ),
  of(
    "100453",
    "Blocked domain on the threat list",
    [blocked(to("203.0.113.10", "bad.example.net"))],
    [flow(to("203.0.113.10", "bad.example.net")), blocked(to("203.0.113.10", "good.example.net"))],
  ),
]
