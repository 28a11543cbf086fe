/** A proxy before a node that answers in its stead, as a load balancer or an overloaded node would. */
import { Clock, Effect, type Scope } from "effect"
import { Agent, request } from "undici"
import { type FaultyHttpServer, listen, type Reply } from "../../src/demo/http/FaultyHttpServer.ts"

export interface FaultyProxy extends FaultyHttpServer {
  /** What it answers instead of asking the node; undefined: it asks the node. */
  readonly answer: (reply: Reply | undefined) => Effect.Effect<void>
  /** When it was asked since the last `answer`, epoch milliseconds. */
  readonly asked: Effect.Effect<ReadonlyArray<number>>
}

/** @param url of a node without TLS */
export const makeFaultyProxy = Effect.fnUntraced(function* (
  url: string,
): Effect.fn.Return<FaultyProxy, never, Scope.Scope> {
  let instead: Reply | undefined
  let asked: Array<number> = []
  const agent = yield* Effect.acquireRelease(
    Effect.sync(() => new Agent()),
    // A node that hangs must not keep the test from ending.
    (open) => Effect.promise(() => open.destroy()),
  )
  const server = yield* listen(
    Effect.fnUntraced(function* ({ body, headers, method, path, query }) {
      asked.push(yield* Clock.currentTimeMillis)
      if (instead !== undefined) return instead
      return yield* Effect.tryPromise(async (signal): Promise<Reply> => {
        const reply = await request(`${url}${path}?${query}`, {
          method: method === "POST" ? "POST" : "GET",
          dispatcher: agent,
          signal,
          headers: { "content-type": headers["content-type"] ?? "application/json" },
          body,
        })
        return {
          _tag: "Answer",
          status: reply.statusCode,
          headers: { "content-type": "application/json; charset=UTF-8" },
          body: await reply.body.text(),
        }
      }).pipe(Effect.orElseSucceed((): Reply => ({ _tag: "HangUp" })))
    }),
  )
  return {
    ...server,
    answer: (reply) =>
      Effect.sync(() => {
        instead = reply
        asked = []
      }),
    asked: Effect.sync(() => [...asked]),
  }
})
