/** The keys under `traces`. */
import { anyUrl } from "./addresses.ts"
import { number, optional, section, withDefault } from "./settings.ts"
import { path, secretHeaders, text } from "./texts.ts"

export const traces = section(
  "Traces of polls and batches, sent to an OpenTelemetry collector as OTLP over HTTP. Off unless `endpoint` is given.",
  {
    endpoint: optional(
      anyUrl,
      "http://collector:4318/v1/traces",
      "Where spans are sent, path included. A collector that is away costs spans and nothing else.",
    ),
    headers: optional(
      secretHeaders("traces.headers"),
      "…",
      "Headers sent with them, such as `authorization=Bearer …`; several are separated by commas.",
    ),
    headers_file: optional(
      path,
      "/run/secrets/otlp_headers",
      "A file that holds the headers, in place of `headers`.",
    ),
    sample_ratio: withDefault(
      number(0, 1),
      1,
      "The share of polls that are traced, each with all its batches.",
    ),
    service_name: withDefault(text, "waybill", "The `service.name` under which they appear."),
  },
)
