/**
 * The admin API: every endpoint, what it takes and what it gives. The server, the client, `/openapi.json` and `/docs`
 * are made from this definition.
 *
 * A group that is added before `.middleware(AdminToken)` needs the token; only `Public` and `Page` are added after it.
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
import { DeadLetterFile } from "../dead-letters/DeadLetters.ts"
import { PROMETHEUS_CONTENT_TYPE } from "../telemetry/prometheusText.ts"
import { Traced } from "../trace/shown.ts"
import { Conflict, NotFound, SettingsRefused, Unauthorized, Unavailable } from "./problems.ts"
import {
  EventId,
  FeedList,
  Health,
  LagList,
  LetterId,
  LetterList,
  ListQuery,
  letterFilter,
  NotReady,
  Ready,
  ReceiptList,
  ReceiptsQuery,
  Reloaded,
  ReplayAsk,
  ReplayResult,
  ShownLog,
} from "./shapes.ts"

const described = (summary: string) => OpenApi.annotations({ summary })

/** The token of `admin.token`, on all but health, readiness and the status page's own files. */
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

const Page = HttpApiGroup.make("page").add(
  HttpApiEndpoint.get("page", "/", {
    success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/html; charset=utf-8" })),
  }).annotateMerge(described("The status page, for people. It holds no data.")),
  HttpApiEndpoint.get("asset", "/page/:file", {
    params: { file: Schema.String },
    success: Schema.String.pipe(HttpApiSchema.asText()),
    error: NotFound,
  }).annotateMerge(described("A file of the status page.")),
)

const Feeds = HttpApiGroup.make("feeds").add(
  HttpApiEndpoint.get("list", "/api/v1/feeds", { success: FeedList }).annotateMerge(
    described("Each feed: where its checkpoint is, what was counted, and its polls."),
  ),
  HttpApiEndpoint.get("lag", "/api/v1/lag", { success: LagList }).annotateMerge(
    described("Each feed's lag over the last hour: from written to searchable."),
  ),
)

const DeadLetters = HttpApiGroup.make("dlq")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: ListQuery,
      success: LetterList,
      error: Unavailable,
    }).annotateMerge(described("The dead letters that wait, oldest first.")),
    HttpApiEndpoint.delete("purge", "/purge", {
      query: letterFilter,
      success: Schema.Struct({ status: Schema.Literal("purged") }),
      error: Unavailable,
    }).annotateMerge(described("Removes all dead letters, or those that fit. They are gone for good.")),
    HttpApiEndpoint.post("replay", "/replay", {
      payload: ReplayAsk,
      success: ReplayResult,
      error: [Conflict, Unavailable],
    }).annotateMerge(
      described(
        "Sends all dead letters again, or those that fit, and answers when it is known what became of each. A letter is removed only when a search has returned its event.",
      ),
    ),
    HttpApiEndpoint.get("get", "/:id", {
      params: LetterId,
      success: DeadLetterFile,
      error: [NotFound, Unavailable],
    }).annotateMerge(described("One dead letter.")),
    HttpApiEndpoint.delete("remove", "/:id", {
      params: LetterId,
      success: Schema.Struct({ status: Schema.Literal("removed") }),
      error: [NotFound, Unavailable],
    }).annotateMerge(described("Removes one dead letter. It is gone for good.")),
  )
  .prefix("/api/v1/dlq")

const Events = HttpApiGroup.make("events").add(
  HttpApiEndpoint.get("trace", "/api/v1/events/:id", { params: EventId, success: Traced }).annotateMerge(
    described(
      "Where one event is: when it was received, in which batches it was written, in which index a search returns it now, or why it is dead.",
    ),
  ),
  HttpApiEndpoint.get("receipts", "/api/v1/receipts", {
    query: ReceiptsQuery,
    success: ReceiptList,
    error: Unavailable,
  }).annotateMerge(described("What was written in which batch, and when it was confirmed; newest first.")),
)

const Settings = HttpApiGroup.make("settings").add(
  HttpApiEndpoint.post("reload", "/api/v1/reload", {
    success: Reloaded,
    error: SettingsRefused,
  }).annotateMerge(
    described(
      "Reads the configuration again and applies all of what has changed, or refuses it whole and says why. SIGHUP does the same.",
    ),
  ),
  HttpApiEndpoint.get("logLevel", "/api/v1/log-level", { success: ShownLog }).annotateMerge(
    described("The least important level that the log shows."),
  ),
  HttpApiEndpoint.put("setLevel", "/api/v1/log-level", {
    payload: ShownLog,
    success: ShownLog,
  }).annotateMerge(described("Changes it until the next start, or until a reload brings another log.level.")),
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
  .add(DeadLetters, Feeds, Events, Settings, Description)
  .middleware(AdminToken)
  .add(Public, Page)
  .middleware(HttpApiMiddleware.ProblemDetails)
  // A mistyped filter must not widen what a purge removes.
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Waybill admin API",
      version: VERSION,
      description:
        "How Waybill is, its dead letters, and where an event is. Errors are RFC 9457, application/problem+json.",
    }),
  ) {}
