/** Status events that are kept for the test to look at. */
import { Effect, Layer } from "effect"
import { StatusEvents } from "../../src/status/StatusEvents.ts"
import type { StatusFields, StatusKind } from "../../src/status/statusJson.ts"

export interface ToldStatus {
  readonly kind: StatusKind
  readonly message: string
  readonly fields: StatusFields
}

export const recordedStatus = () => {
  const told: Array<ToldStatus> = []
  const layer = Layer.succeed(StatusEvents, {
    emit: (kind, message, fields = {}) => Effect.sync(() => void told.push({ kind, message, fields })),
    dropped: Effect.succeed(0),
    deliver: Effect.never,
  })
  return { told, layer }
}
