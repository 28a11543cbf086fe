/** A tiny OpenTelemetry collector: takes OTLP over HTTP in JSON, on 127.0.0.1. */
import { createServer } from "node:http"
import { Effect, Schema } from "effect"

const Value = Schema.Struct({
  stringValue: Schema.optionalKey(Schema.String),
  intValue: Schema.optionalKey(Schema.Union([Schema.Number, Schema.String])),
  boolValue: Schema.optionalKey(Schema.Boolean),
  doubleValue: Schema.optionalKey(Schema.Number),
  arrayValue: Schema.optionalKey(
    Schema.Struct({ values: Schema.Array(Schema.Struct({ stringValue: Schema.String })) }),
  ),
})
const Attributes = Schema.Array(Schema.Struct({ key: Schema.String, value: Value }))
const Span = Schema.Struct({
  traceId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{32}$/)),
  spanId: Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/)),
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  startTimeUnixNano: Schema.String,
  endTimeUnixNano: Schema.String,
  attributes: Attributes,
  status: Schema.Struct({ code: Schema.Number, message: Schema.optionalKey(Schema.String) }),
})
const Body = Schema.fromJsonString(
  Schema.Struct({
    resourceSpans: Schema.Array(
      Schema.Struct({
        resource: Schema.Struct({ attributes: Attributes }),
        scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })),
      }),
    ),
  }),
)

export interface ReceivedSpan {
  readonly trace: string
  readonly id: string
  readonly parent: string | undefined
  readonly name: string
  /** OTLP's: 1 is well, 2 is an error. */
  readonly status: number
  readonly millis: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly resource: Readonly<Record<string, unknown>>
}

const plain = (attributes: typeof Attributes.Type) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ??
        value.boolValue ??
        value.doubleValue ??
        value.arrayValue?.values.map(({ stringValue }) => stringValue) ??
        Number(value.intValue),
    ]),
  )

export const startCollector = Effect.gen(function* () {
  const bodies: Array<string> = []
  const headers: Array<NodeJS.Dict<string | Array<string>>> = []
  const server = createServer((request, response) => {
    let body = ""
    headers.push(request.headers)
    request.setEncoding("utf8")
    request.on("data", (part: string) => {
      body += part
    })
    request.on("end", () => {
      bodies.push(body)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      }),
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const spans = Effect.suspend(() =>
    Effect.map(
      Effect.forEach(bodies, (body) => Schema.decodeEffect(Body)(body)),
      (decoded) =>
        decoded.flatMap(({ resourceSpans }) =>
          resourceSpans.flatMap(({ resource, scopeSpans }) =>
            scopeSpans.flatMap((scope) =>
              scope.spans.map(
                (one): ReceivedSpan => ({
                  trace: one.traceId,
                  id: one.spanId,
                  parent: one.parentSpanId,
                  name: one.name,
                  status: one.status.code,
                  millis: Number(BigInt(one.endTimeUnixNano) - BigInt(one.startTimeUnixNano)) / 1e6,
                  attributes: plain(one.attributes),
                  resource: plain(resource.attributes),
                }),
              ),
            ),
          ),
        ),
    ),
  )
  return { url: `http://127.0.0.1:${port}/v1/traces`, headers, spans }
})
