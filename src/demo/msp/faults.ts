/** What can go wrong with the MSP API, planned per endpoint and page. */

export type Endpoint = "flows" | "alarms" | "devices" | "boxes"

export type MspFault =
  /** `retryAfter` in seconds, or an HTTP date. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  | { readonly kind: "hang" }
  | { readonly kind: "hang-up" }
  /** Half of the body, then the connection is cut. */
  | { readonly kind: "truncate" }
  /** A page of a captive portal or proxy with status 200. */
  | { readonly kind: "html" }
  /** The page names the cursor by which it was asked for (the first page: its own) as the next one. */
  | { readonly kind: "repeat-cursor" }
  /** The last record of the page comes again as the first of the next. */
  | { readonly kind: "duplicate-last" }
  /** The page's first record has no usable time. */
  | { readonly kind: "bad-record" }

export interface PlannedFault {
  readonly fault: MspFault
  /** Any endpoint when absent. */
  readonly endpoint?: Endpoint
  /** The page of a listing, from 1; `last` is the one without a next cursor. Any page when absent. */
  readonly page?: number | "last"
  /** How many requests it spoils; 1 when absent, `Infinity` for ever. */
  readonly times?: number
}

export interface FaultPlan {
  readonly plan: (fault: PlannedFault) => void
  readonly clear: () => void
  /** The fault for this request, which is then used up by one. */
  readonly take: (endpoint: Endpoint, page: number, isLast: boolean) => MspFault | undefined
}

export const makeFaultPlan = (): FaultPlan => {
  let planned: Array<{ readonly fault: PlannedFault; left: number }> = []
  return {
    plan: (fault) => {
      planned.push({ fault, left: fault.times ?? 1 })
    },
    clear: () => {
      planned = []
    },
    take: (endpoint, page, isLast) => {
      const found = planned.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.endpoint === undefined || fault.endpoint === endpoint) &&
          (fault.page === undefined || (fault.page === "last" ? isLast : fault.page === page)),
      )
      if (found === undefined) return undefined
      found.left -= 1
      return found.fault.fault
    },
  }
}
