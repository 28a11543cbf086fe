/** `/api/v1/dlq`: dead letters are listed, shown, replayed and removed. */
import { Effect, Option, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import {
  type DeadLetterError,
  DeadLetters,
  type LetterFilter,
  type LetterPage,
} from "../dead-letters/DeadLetters.ts"
import { isKey } from "../dead-letters/keys.ts"
import { Replay, type ReplayRefused } from "../replay/Replay.ts"
import { AdminApi } from "./api.ts"
import { noteChange } from "./audit.ts"
import { Conflict, NotFound, Unavailable } from "./problems.ts"

/** Letters that are in memory at once, however long the list is. */
const PIECE = 100

interface Listing {
  readonly cursor: string | undefined
  readonly left: number
  readonly sent: number
  /** Read already. */
  readonly page: LetterPage | undefined
}

const unavailable = ({ message }: DeadLetterError) => new Unavailable({ detail: message })

const refused = ({ message, reason }: ReplayRefused) =>
  reason === "starting" || reason === "stopping"
    ? new Unavailable({ detail: message })
    : new Conflict({ detail: message })

const make = Effect.gen(function* () {
  const letters = yield* DeadLetters
  const { replay } = yield* Replay

  /** The list as text, piece by piece. */
  const listText = (filter: LetterFilter, from: Listing) =>
    Stream.paginate(
      from,
      Effect.fnUntraced(function* ({ cursor, left, page, sent }) {
        const limit = Math.min(PIECE, left)
        const { letters: found, next } = page ?? (yield* letters.list({ ...filter, cursor, limit }))
        const rest = left - limit
        const isLast = next === undefined || rest <= 0
        const all = sent + found.length
        const more = next === undefined ? "" : `,"next_cursor":${JSON.stringify(next)}`
        const text = [
          page === undefined ? "" : '{"events":[',
          sent > 0 && found.length > 0 ? "," : "",
          found.map(({ file }) => JSON.stringify(file)).join(","),
          isLast ? `],"count":${all}${more}}` : "",
        ].join("")
        const state: Listing = { cursor: next, left: rest, sent: all, page: undefined }
        return [[text], isLast ? Option.none<Listing>() : Option.some(state)] as const
      }),
    )

  const list = Effect.fnUntraced(function* ({ cursor, limit, ...filter }: ListOptions) {
    const left = limit ?? Number.POSITIVE_INFINITY
    // Read before the answer begins, so that a folder that can't be read is an error and not half a list.
    const page = yield* letters
      .list({ ...filter, cursor, limit: Math.min(PIECE, left) })
      .pipe(Effect.mapError(unavailable))
    return HttpServerResponse.stream(
      listText(filter, { cursor, left, sent: 0, page }).pipe(Stream.encodeText),
      { contentType: "application/json" },
    )
  })

  /** Nothing that comes from outside becomes part of a path: see `keys.ts`. */
  const keyOf = Effect.fnUntraced(function* (id: string) {
    yield* letters.ready
    return letters.find(id) ?? (isKey(id) ? id : yield* notThere)
  })

  return {
    list: ({ query }: { readonly query: ListOptions }) => list(query),
    get: Effect.fnUntraced(function* ({ params: { id } }: ById) {
      const letter = yield* letters
        .get(yield* keyOf(id))
        .pipe(Effect.catchTag("DeadLetterError", (error) => unavailable(error)))
      if (Option.isNone(letter)) return yield* notThere
      return letter.value.file
    }),
    remove: Effect.fnUntraced(function* ({ params: { id } }: ById) {
      const key = yield* keyOf(id)
      const removed = yield* Effect.mapError(letters.remove(key), unavailable)
      if (!removed) return yield* notThere
      yield* noteChange({ key })
      return { status: "removed" as const }
    }),
    purge: Effect.fnUntraced(function* ({ query }: { readonly query: LetterFilter }) {
      const removed = yield* Effect.mapError(letters.purge(query), unavailable)
      yield* noteChange({ ...query, removed })
      return { status: "purged" as const }
    }),
    replay: Effect.fnUntraced(function* ({
      payload: { rate, ...chosen },
    }: {
      readonly payload: ReplayOptions
    }) {
      const { keys, ...filters } = chosen
      yield* noteChange({ ...filters, keys: keys?.length, rate })
      const { complete, counts, error, failures } = yield* Effect.mapError(
        replay({ ...chosen, perSecond: rate }),
        refused,
      )
      yield* noteChange({ ...counts, complete })
      return { ...counts, complete, failures, error: error?.message ?? null }
    }),
  }
})

const notThere = new NotFound({
  detail: "No such dead letter waits. `id` is envelope.id of the letter, or its file's name without .json.",
})

interface ListOptions extends LetterFilter {
  readonly limit?: number
  readonly cursor?: string
}
interface ById {
  readonly params: { readonly id: string }
}
interface ReplayOptions extends LetterFilter {
  readonly keys?: ReadonlyArray<string>
  readonly id?: string
  readonly limit?: number
  readonly rate?: number
}

export const layer = HttpApiBuilder.group(AdminApi, "dlq", (handlers) =>
  Effect.map(make, (handled) => handlers.handleAll(handled)),
)
