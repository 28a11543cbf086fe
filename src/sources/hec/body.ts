/** Reads a request's body within bounds: its size, unpacked or not, and what all bodies together may take. */
import { gunzip } from "node:zlib"
import { Effect, Semaphore, Stream } from "effect"
import type { HttpServerRequest } from "effect/http"
import * as Replies from "./replies.ts"

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly maxBufferedBytes: number
}

/** Unpacking grows a body by up to a thousandfold, so only so many are unpacked at once. */
const UNPACKED_AT_ONCE = 4

const unpack = (packed: Buffer, most: number): Effect.Effect<Buffer, Replies.Reply> =>
  Effect.callback((resume) => {
    gunzip(packed, { maxOutputLength: most }, (error, body) => {
      if (error === null) resume(Effect.succeed(body))
      else {
        const isTooLarge = "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
        resume(Effect.fail(isTooLarge ? Replies.tooLarge(most) : Replies.invalidDataFormat))
      }
    })
  })

const decoder = new TextDecoder("utf-8")

/** What answers with the bytes of a body, for as long as the request's scope is open. */
export const makeBodyReader = Effect.fnUntraced(function* ({ maxBodyBytes, maxBufferedBytes }: BodyLimits) {
  const unpacking = yield* Semaphore.make(UNPACKED_AT_ONCE)
  let held = 0

  return Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase()
    const isPacked = encoding === "gzip" || encoding === "x-gzip"
    if (!isPacked && encoding !== "identity" && encoding !== "")
      return yield* Effect.fail(Replies.unsupportedEncoding)
    if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes)
      return yield* Effect.fail(Replies.tooLarge(maxBodyBytes))

    let own = 0
    const hold = (bytes: number): Effect.Effect<void, Replies.Reply> => {
      own += bytes
      held += bytes
      // What does not fit by itself would never fit, however often it came back.
      if (own > maxBufferedBytes) return Effect.fail(Replies.tooLarge(maxBufferedBytes))
      return held <= maxBufferedBytes ? Effect.void : Effect.fail(Replies.serverIsBusy)
    }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        held -= own
      }),
    )
    const chunks: Array<Uint8Array> = []
    yield* request.stream.pipe(
      // The sender has gone, or what it sent is no HTTP: nobody reads the answer.
      Stream.mapError(() => Replies.invalidDataFormat),
      Stream.runForEach((chunk) => {
        if (own + chunk.length > maxBodyBytes) return Effect.fail(Replies.tooLarge(maxBodyBytes))
        chunks.push(chunk)
        return hold(chunk.length)
      }),
    )
    const body = Buffer.concat(chunks)
    if (!isPacked) return decoder.decode(body)
    const unpacked = yield* unpacking.withPermit(unpack(body, maxBodyBytes))
    yield* hold(unpacked.length)
    return decoder.decode(unpacked)
  })
})
