/** Sends spans to an OpenTelemetry collector, or to nobody. */
import { NodeHttpClient } from "@effect/platform-node"
import { Layer, Redacted, References } from "effect"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import { VERSION } from "../app/version.ts"
import type { Config } from "../config/Config.ts"
import { Tracing } from "./tracing.ts"

/** `a=1,b=2` → headers. A value may be percent-encoded, as in OTEL_EXPORTER_OTLP_HEADERS. */
export const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").map((one) => {
      const at = one.indexOf("=")
      return [one.slice(0, at).trim().toLowerCase(), decoded(one.slice(at + 1).trim())] as const
    }),
  )

const decoded = (value: string): string =>
  value.replaceAll(/%[0-7][0-9a-f]/gi, (escape) => String.fromCharCode(Number.parseInt(escape.slice(1), 16)))

/** Only the spans of `tracing.ts` are ever made: see there. */
const noForeignSpans = Layer.succeed(References.TracerEnabled, false)

/**
 * Off without an endpoint. Spans wait in memory for 5 s at most and the last ones are sent when the run ends; while the
 * collector is away they are thrown away, and nothing else notices.
 */
export const layer = ({
  endpoint,
  headers,
  sample_ratio,
  service_name,
}: Config["traces"]): Layer.Layer<never> =>
  endpoint === undefined
    ? noForeignSpans
    : Layer.mergeAll(
        noForeignSpans,
        Layer.succeed(Tracing, { sampleRatio: sample_ratio }),
        OtlpTracer.layer({
          url: endpoint,
          headers: headers === undefined ? {} : headersOf(Redacted.value(headers)),
          resource: { serviceName: service_name, serviceVersion: VERSION },
        }).pipe(Layer.provide([OtlpSerialization.layerJson, NodeHttpClient.layerUndici])),
      )
