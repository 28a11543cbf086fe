/** What the feeds need of the MSP API: one GET whose reply is JSON. */
import { Context, type Effect } from "effect"
import type { FeedName } from "../../domain/Checkpoint.ts"
import type { SourceError } from "../Source.ts"

export interface MspRequest {
  /** For whom, so that an error can say so. */
  readonly feed: FeedName
  /** Below the base URL, e.g. `/flows`. */
  readonly path: string
  readonly params: Readonly<Record<string, string>>
}

export class MspApi extends Context.Service<
  MspApi,
  {
    /** The reply as parsed JSON, of whatever shape. Quick retries are already behind an error. */
    readonly get: (request: MspRequest) => Effect.Effect<unknown, SourceError>
    /** The portal's host, by which records of several portals are told apart. */
    readonly host: string
    /** The proxy that the last request went through, as scheme, host and port. */
    readonly proxy?: () => string | undefined
  }
>()("waybill/sources/firewalla/MspApi") {}

/** A request as a person reads it: path and query, nothing percent-encoded; a long cursor is cut. */
export const requestText = (request: MspRequest): string => {
  const query = Object.entries(request.params).map(([key, value]) =>
    key === "cursor" && value.length > 24 ? `${key}=${value.slice(0, 24)}…` : `${key}=${value}`,
  )
  return query.length === 0 ? request.path : `${request.path}?${query.join("&")}`
}
