/** `/openapi.json`, `/docs` and `/metrics`: what is there to be read, by people and by programs. */
import { Effect } from "effect"
import { HttpApiBuilder, OpenApi } from "effect/http-api"
import { prometheusText } from "../telemetry/prometheusText.ts"
import { AdminApi } from "./api.ts"
import { docsPage } from "./docsPage.ts"

export const layer = HttpApiBuilder.group(AdminApi, "description", (handlers) =>
  Effect.map(Effect.context<Effect.Services<typeof prometheusText>>(), (services) =>
    handlers.handleAll({
      openapi: () => Effect.sync(() => OpenApi.fromApi(AdminApi)),
      docs: () => Effect.sync(() => docsPage(OpenApi.fromApi(AdminApi))),
      metrics: () => Effect.provideContext(prometheusText, services),
    }),
  ),
)
