/** `GET /api/v1/events/{id}` and `GET /api/v1/receipts`: where an event is, and what was written in which batch. */
import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { shownReceipt, shownTrace } from "../trace/shown.ts"
import { trace } from "../trace/trace.ts"
import { AdminApi } from "./api.ts"
import { Unavailable } from "./problems.ts"

const DEFAULT_PAGE = 100

interface PageAsk {
  readonly query: { readonly feed?: string; readonly limit?: number; readonly cursor?: number }
}
interface ById {
  readonly params: { readonly id: string }
}

export const layer = HttpApiBuilder.group(AdminApi, "events", (handlers) =>
  Effect.gen(function* () {
    const letters = yield* DeadLetters
    const receipts = yield* Receipts
    const letterOf = Effect.fnUntraced(function* (id: string) {
      yield* letters.ready
      const key = letters.find(id)
      return key === undefined ? undefined : Option.getOrUndefined(yield* letters.get(key))
    })
    return handlers.handleAll({
      trace: ({ params: { id } }: ById) => Effect.map(trace(id, letterOf), shownTrace),
      receipts: Effect.fnUntraced(function* ({ query: { limit = DEFAULT_PAGE, ...query } }: PageAsk) {
        const page = yield* receipts
          .page({ ...query, limit })
          .pipe(Effect.mapError(({ message }) => new Unavailable({ detail: message })))
        return {
          receipts: page.receipts.map(shownReceipt),
          count: page.receipts.length,
          ...(page.next === undefined ? {} : { next_cursor: page.next }),
        }
      }),
    })
  }),
)
