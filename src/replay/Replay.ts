/** Replays in a running Waybill, beside its feeds, one at a time. For whoever asks by the admin API. */
import { Clock, Context, Data, Deferred, Effect, Layer, Option, Queue } from "effect"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import type { Normalizers } from "../normalizers/Registry.ts"
import { isDefect, tellDefect } from "../pipeline/defects.ts"
import { InFlight } from "../pipeline/InFlight.ts"
import type { Policies } from "../pipeline/Policies.ts"
import type { Run } from "../pipeline/Run.ts"
import { Stop } from "../pipeline/Stop.ts"
import type { Verifier } from "../verify/Verifier.ts"
import { Witnesses } from "../verify/Witnesses.ts"
import type { Writer } from "../writers/Writer.ts"
import { type ReplayCounts, type ReplayReport, replayLetters } from "./replayLetters.ts"
import type { ReplayRequest } from "./selection.ts"

export type { ReplayCounts, ReplayFailure, ReplayReport } from "./replayLetters.ts"
export type { ReplayRequest } from "./selection.ts"

/** Nothing was taken or sent. */
export class ReplayRefused extends Data.TaggedError("ReplayRefused")<{
  readonly reason: "starting" | "busy" | "stopping" | "disabled" | "cannot-prove"
  /** Why, and what to do. */
  readonly message: string
}> {}

/** Times are epoch milliseconds. */
export interface ReplayStatus {
  /** How far the one is that runs now. */
  readonly running: { readonly startedAt: number; readonly counts: ReplayCounts } | undefined
  /** What became of the one before. */
  readonly last: { readonly endedAt: number; readonly report: ReplayReport } | undefined
}

export class Replay extends Context.Service<
  Replay,
  {
    /** Waits for its end. Once begun it goes on to its end, also when whoever asked has gone; a stop ends it early. */
    readonly replay: (request: ReplayRequest) => Effect.Effect<ReplayReport, ReplayRefused>
    readonly status: Effect.Effect<ReplayStatus>
    /**
     * Does what is asked for, until a stop is requested. It runs after the start-up sync, because only then a search
     * says truly what an earlier run has sent.
     */
    readonly serve: Effect.Effect<void>
  }
>()("waybill/replay/Replay") {}

const REFUSALS = {
  starting:
    "Waybill is starting: it does not know yet what an earlier run has sent. Try again when it is ready.",
  busy: "A replay is running. Try again when it has ended.",
  stopping: "Waybill is stopping. The letters wait for its next start.",
  disabled: "dlq.enabled is false, so there are no letters.",
  "cannot-prove":
    "A letter is removed only when a search has returned its event, and verify.mode is not always. Stop Waybill and use `waybill dlq replay`, which searches in every mode.",
} as const
const refuse = (reason: keyof typeof REFUSALS) => new ReplayRefused({ reason, message: REFUSALS[reason] })

type Needs = DeadLetters | InFlight | Normalizers | Policies | Run | Stop | Verifier | Witnesses | Writer

interface Job {
  readonly request: ReplayRequest
  readonly done: Deferred.Deferred<ReplayReport, ReplayRefused>
}

const make = Effect.fnUntraced(function* (canProve: boolean) {
  const services = yield* Effect.context<Needs>()
  const { stats } = yield* DeadLetters
  const stop = yield* Stop
  const jobs = yield* Queue.unbounded<Job>()
  let state: "starting" | "idle" | "stopping" = "starting"
  let current: Job | undefined
  let status: ReplayStatus = { running: undefined, last: undefined }

  const work = Effect.fnUntraced(function* ({ done, request }: Job) {
    const startedAt = yield* Clock.currentTimeMillis
    const report = yield* replayLetters(request, (counts) =>
      Effect.sync(() => {
        status = { ...status, running: { startedAt, counts } }
      }),
    )
    status = { running: undefined, last: { endedAt: yield* Clock.currentTimeMillis, report } }
    current = undefined
    yield* Deferred.succeed(done, report)
  })

  /** Whoever asked is told of the defect. What was on its way is let go of as that of a feed is, before the next one. */
  const { inFlight, letGo } = yield* (yield* InFlight).hands
  const { barrier } = yield* Witnesses
  const workOrTell = (job: Job) =>
    work(job).pipe(
      Effect.provideService(InFlight, inFlight),
      Effect.catchCause((cause) =>
        isDefect(cause)
          ? Effect.gen(function* () {
              yield* tellDefect("run.part_defect", "replay", cause, { part: "replay" })
              status = { ...status, running: undefined }
              yield* Deferred.failCause(job.done, cause)
              yield* Effect.raceFirst(barrier, stop.requested)
              yield* letGo
              current = undefined
            })
          : Effect.failCause(cause),
      ),
    )
  const next = Effect.raceFirst(
    Effect.asSome(Queue.take(jobs)),
    Effect.as(stop.requested, Option.none<Job>()),
  )
  const end = Effect.suspend(() => {
    state = "stopping"
    return current === undefined ? Effect.void : Deferred.fail(current.done, refuse("stopping"))
  })

  return Replay.of({
    replay: Effect.fnUntraced(function* (request) {
      if (!(yield* stats).enabled) return yield* refuse("disabled")
      if (!canProve) return yield* refuse("cannot-prove")
      if (state !== "idle") return yield* refuse(state)
      if (current !== undefined) return yield* refuse("busy")
      const job = { request, done: yield* Deferred.make<ReplayReport, ReplayRefused>() }
      current = job
      yield* Queue.offer(jobs, job)
      return yield* Deferred.await(job.done)
    }),
    status: Effect.sync(() => status),
    serve: Effect.gen(function* () {
      state = "idle"
      for (let job = yield* next; Option.isSome(job); job = yield* next) yield* workOrTell(job.value)
    }).pipe(Effect.ensuring(end), Effect.provide(services)),
  })
})

/** @param canProve whether `verify.mode` is `always`: without searches nothing shows that an event has arrived */
export const layer = (canProve: boolean): Layer.Layer<Replay, never, Needs> =>
  Layer.effect(Replay, make(canProve))
