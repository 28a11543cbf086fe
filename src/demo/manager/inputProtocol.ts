/** What the manager and its input thread tell each other. */

export type Command =
  | { readonly _tag: "Bind"; readonly path: string; readonly run: number }
  /** Take in what the socket holds, then close it. */
  | { readonly _tag: "Finish" }
  /** Close it; what it holds is lost. */
  | { readonly _tag: "Kill" }

export type Report =
  | { readonly _tag: "Bound"; readonly run: number }
  | { readonly _tag: "Failed"; readonly run: number; readonly errno: string }
  /** Messages taken into the decode queue. */
  | { readonly _tag: "Taken"; readonly run: number; readonly messages: ReadonlyArray<string> }
  | { readonly _tag: "Closed"; readonly run: number }

/** analysisd.decode_event_queue_size of etc/internal_options.conf. */
export const QUEUE_SIZE = 16_384

/** OS_MAXSTR less the closing NUL: what is longer is cut without a word (src/headers/defs.h). */
export const MAX_MESSAGE = 65_535

/** Places of the counters that both threads share. */
export const SHARED = { queued: 0, received: 1, dropped: 2, bytes: 3 } as const
export const SHARED_COUNT = 4
