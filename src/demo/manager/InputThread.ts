/** The input thread seen from the decoder's side. */
import { Worker } from "node:worker_threads"
// The worker uses koffi. Loaded by the worker alone, its library would be unmapped when the worker ends, with its
// threads still in it: a segmentation fault. Loaded here too, it stays.
import "koffi"
import { Data, Deferred, Effect, type Scope } from "effect"
import { type Command, type Report, SHARED, SHARED_COUNT } from "./inputProtocol.ts"

export class BindFailed extends Data.TaggedError("BindFailed")<{ readonly message: string }> {}

export interface InputCounts {
  /** In the decode queue at this instant. */
  readonly queued: number
  readonly received: number
  readonly dropped: number
  readonly bytes: number
}

export interface InputThread {
  readonly bind: (path: string) => Effect.Effect<void, BindFailed>
  /** Takes in what the socket holds and closes it. Every message has been handed over when this succeeds. */
  readonly finish: Effect.Effect<void>
  readonly kill: Effect.Effect<void>
  readonly counts: () => InputCounts
  /** Tells the thread that the decoder has taken this many off the queue. */
  readonly decoded: (count: number) => void
  /** All counters back to 0, as in a new process. */
  readonly reset: () => void
}

/** Beside this file, or beside the bundle (rolldown.config.ts). */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./inputWorker.ts" : "./inputWorker.mjs",
  import.meta.url,
)

/** @param onMessages is called with what was taken into the queue since the last bind */
export const makeInputThread = Effect.fnUntraced(function* (
  onMessages: (messages: ReadonlyArray<string>) => void,
): Effect.fn.Return<InputThread, never, Scope.Scope> {
  const counters = new BigInt64Array(new SharedArrayBuffer(SHARED_COUNT * 8))
  const worker = yield* Effect.acquireRelease(
    Effect.sync(() => new Worker(WORKER, { workerData: { counters } })),
    (thread) => Effect.promise(() => thread.terminate()),
  )
  let run = 0
  let bound = yield* Deferred.make<void, BindFailed>()
  let closed = yield* Deferred.make<void>()
  const tell = (command: Command) => worker.postMessage(command)

  worker.on("message", (report: Report) => {
    if (report.run !== run) return
    switch (report._tag) {
      case "Taken":
        return onMessages(report.messages)
      case "Bound":
        return void Deferred.doneUnsafe(bound, Effect.void)
      case "Failed":
        return void Deferred.doneUnsafe(
          bound,
          Effect.fail(new BindFailed({ message: `The simulated manager cannot bind: ${report.errno}` })),
        )
      case "Closed":
        return void Deferred.doneUnsafe(closed, Effect.void)
    }
  })

  const read = (place: number) => Number(Atomics.load(counters, place))
  return {
    bind: Effect.fnUntraced(function* (path: string) {
      run += 1
      bound = yield* Deferred.make<void, BindFailed>()
      closed = yield* Deferred.make<void>()
      tell({ _tag: "Bind", path, run })
      yield* Deferred.await(bound)
    }),
    finish: Effect.suspend(() => {
      tell({ _tag: "Finish" })
      return Deferred.await(closed)
    }),
    kill: Effect.suspend(() => {
      tell({ _tag: "Kill" })
      return Deferred.await(closed)
    }),
    counts: () => ({
      queued: read(SHARED.queued),
      received: read(SHARED.received),
      dropped: read(SHARED.dropped),
      bytes: read(SHARED.bytes),
    }),
    decoded: (count) => {
      Atomics.sub(counters, SHARED.queued, BigInt(count))
    },
    reset: () => {
      counters.fill(0n)
    },
  }
})
