/**
 * The admin API: every endpoint, what it takes and what it gives. The server, the client, `/openapi.json` and `/docs`
 * are made from this definition.
 *
 * A group that is added before `.middleware(AdminToken)` needs the token; only `Public` is added after it.
 */
import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity,
  OpenApi,
} from "effect/http-api"
import { VERSION } from "../app/version.ts"
import { PROMETHEUS_CONTENT_TYPE } from "../telemetry/prometheusText.ts"
import { Unauthorized } from "./problems.ts"
import { FeedList, Health, NotReady, Ready } from "./shapes.ts"

const described = (summary: string) => OpenApi.annotations({ summary })

/** The token of `admin.token`, on all but health and readiness. */
export class AdminToken extends HttpApiMiddleware.Service<AdminToken>()("waybill/admin/AdminToken", {
  security: { token: HttpApiSecurity.bearer },
  error: Unauthorized,
  requiredForClient: true,
}) {}

const Public = HttpApiGroup.make("health", { topLevel: true }).add(
  HttpApiEndpoint.get("healthz", "/healthz", { success: Health }).annotateMerge(
    described("How Waybill is. Always 200 while it runs."),
  ),
  HttpApiEndpoint.get("readyz", "/readyz", {
    success: [Ready, NotReady.pipe(HttpApiSchema.status(503))],
  }).annotateMerge(described("Whether every part can do its work; 503 and which ones when not.")),
)

const Feeds = HttpApiGroup.make("feeds").add(
  HttpApiEndpoint.get("list", "/api/v1/feeds", { success: FeedList }).annotateMerge(
    described("Each feed: where its checkpoint is, what was counted, and its polls."),
  ),
)

const Description = HttpApiGroup.make("description").add(
  HttpApiEndpoint.get("openapi", "/openapi.json", { success: Schema.Unknown }).annotateMerge(
    described("This API as OpenAPI 3.1."),
  ),
  HttpApiEndpoint.get("metrics", "/metrics", {
    success: Schema.String.pipe(HttpApiSchema.asText({ contentType: PROMETHEUS_CONTENT_TYPE })),
  }).annotateMerge(described("Metrics in Prometheus' text format.")),
  HttpApiEndpoint.get("docs", "/docs", {
    success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html; charset=utf-8" })),
  }).annotateMerge(described("This API as a page for people.")),
)

export class AdminApi extends HttpApi.make("waybill")
  .add(Feeds, Description)
  .middleware(AdminToken)
  .add(Public)
  .middleware(HttpApiMiddleware.ProblemDetails)
  // A mistyped filter must not widen what a purge removes.
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Waybill admin API",
      version: VERSION,
      description: "How Waybill is, and its dead letters. Errors are RFC 9457, application/problem+json.",
    }),
  ) {}
