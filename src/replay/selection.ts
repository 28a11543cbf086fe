/** Which letters a replay takes, and how fast. */
import { Effect, Option, Stream } from "effect"
import {
  type DeadLetterError,
  DeadLetters,
  type LetterFilter,
  type StoredLetter,
} from "../dead-letters/DeadLetters.ts"

/** What is absent does not restrict. Everything that is there must fit. */
export interface ReplayRequest extends LetterFilter {
  /** Only these letters. */
  readonly keys?: ReadonlyArray<string> | undefined
  /** Only the letter of this event. */
  readonly id?: string | undefined
  /** The most letters that are taken, oldest first. */
  readonly limit?: number | undefined
  /** The most letters a second. */
  readonly perSecond?: number | undefined
}

/** Letters that go through the pipeline together: read, and not yet written, so this bounds memory. */
const MOST_AT_ONCE = 100

const fits = ({ id, reason, source }: ReplayRequest, { file }: StoredLetter): boolean =>
  (id === undefined || file.envelope.id === id) &&
  (reason === undefined || file.reason === reason) &&
  (source === undefined || file.envelope.source === source)

const inPieces = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size))

/** Letters by their keys; one that is gone is left out. */
const named = (keys: ReadonlyArray<string>, size: number) =>
  Stream.fromIterable(inPieces(keys, size)).pipe(
    Stream.mapEffect(
      Effect.fnUntraced(function* (piece) {
        const { get } = yield* DeadLetters
        const letters = yield* Effect.forEach(piece, get)
        return letters.flatMap((letter) => Option.toArray(letter))
      }),
    ),
  )

/** Letters from the oldest on, page by page; at most `most`, so that those that come meanwhile can't make it endless. */
const all = (request: ReplayRequest, size: number, most: number) =>
  Stream.paginate({ cursor: Option.none<string>(), left: most }, ({ cursor, left }) =>
    Effect.gen(function* () {
      const { list } = yield* DeadLetters
      const limit = Math.min(size, left)
      const { letters, next } = yield* list({ ...request, limit, cursor: Option.getOrUndefined(cursor) })
      const rest = left - limit
      const more =
        next === undefined || rest <= 0
          ? Option.none<{ cursor: Option.Option<string>; left: number }>()
          : Option.some({ cursor: Option.some(next), left: rest })
      return [[letters], more] as const
    }),
  )

/** Pages of letters that were there when it began, each letter once. */
export const selected = (
  request: ReplayRequest,
): Stream.Stream<ReadonlyArray<StoredLetter>, DeadLetterError, DeadLetters> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { find, stats } = yield* DeadLetters
      const { id, limit = Number.POSITIVE_INFINITY, perSecond } = request
      const size = Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(perSecond ?? MOST_AT_ONCE)))
      const { pending } = yield* stats
      const key = id === undefined ? undefined : find(id)
      const keys = request.keys ?? (id === undefined ? undefined : key === undefined ? [] : [key])
      const pages =
        keys === undefined
          ? all(request, size, Math.min(limit, pending))
          : named([...new Set(keys)], size).pipe(
              Stream.map((letters) => letters.filter((letter) => fits(request, letter))),
              takeLetters(limit),
            )
      return pages.pipe(
        Stream.filter((letters) => letters.length > 0),
        paced(perSecond),
      )
    }),
  )

/** The first so many letters. */
const takeLetters = (limit: number) =>
  Stream.mapAccum(
    () => limit,
    (left: number, letters: ReadonlyArray<StoredLetter>) => [
      Math.max(0, left - letters.length),
      [letters.slice(0, left)],
    ],
  )

/** After each page it waits as long as the page's letters may take. */
const paced = (perSecond: number | undefined) =>
  Stream.mapAccumEffect(
    () => 0,
    Effect.fnUntraced(function* (before: number, letters: ReadonlyArray<StoredLetter>) {
      if (perSecond !== undefined) yield* Effect.sleep((before / perSecond) * 1000)
      return [letters.length, [letters]] as const
    }),
  )
