/** Settings that change while Waybill runs: the whole configuration by `POST /api/v1/reload`, the log's level alone. */
import { Effect, Option } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { LiveConfiguration } from "../config/LiveConfiguration.ts"
import { LogLevel } from "../telemetry/LogLevel.ts"
import { AdminApi } from "./api.ts"
import { noteChange } from "./audit.ts"
import { SettingsRefused } from "./problems.ts"
import type { ShownLog } from "./shapes.ts"

const who = Effect.map(
  HttpServerRequest.HttpServerRequest,
  ({ remoteAddress }) => `the admin API, from ${Option.getOrElse(remoteAddress, () => "unknown")}`,
)

const make = Effect.gen(function* () {
  const live = yield* LiveConfiguration
  const level = yield* LogLevel

  const reload = Effect.fnUntraced(function* () {
    const changes = yield* live
      .reload(yield* who)
      .pipe(Effect.mapError(({ message, problems }) => new SettingsRefused({ detail: message, problems })))
    yield* noteChange({ changed: changes.length })
    return { changes: changes.map(({ from, key, to }) => ({ key, from, to })) }
  })

  const setLevel = Effect.fnUntraced(function* ({ payload }: { readonly payload: ShownLog }) {
    const from = yield* level.get
    yield* level.set(payload.level)
    yield* noteChange({ level_before: from, level_now: payload.level })
    return payload
  })
  return { reload, setLevel, logLevel: () => Effect.map(level.get, (level) => ({ level })) }
})

export const layer = HttpApiBuilder.group(AdminApi, "settings", (handlers) =>
  Effect.map(make, (all) => handlers.handleAll(all)),
)
