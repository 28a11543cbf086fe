/**
 * Spans of the pipeline: a poll is a trace, and what its batches go through are the spans in it.
 *
 * Only these are ever recorded. Effect's own (of HTTP clients and servers, of `Effect.fn`) are off in `run` altogether:
 * they would make traces of every health check, and send trace headers to strangers.
 */
import { type Array as Arr, Cause, Context, Effect, Option, Pull, Random, Stream } from "effect"

/** `write` is one handing over, so a batch that is written again has several; `verify` ends with the verdict. */
export type SpanName = "poll" | "fetch" | "normalize" | "write" | "verify" | "commit"

/** Times are not among them: a span has its own. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | ReadonlyArray<string>>>

/** How spans are recorded; undefined while traces are off, which is the default. */
export class Tracing extends Context.Reference<{ readonly sampleRatio: number } | undefined>(
  "waybill/telemetry/Tracing",
  { defaultValue: () => undefined },
) {}

const record = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  name: SpanName,
  attributes: SpanAttributes,
  sampled?: boolean,
): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.withTracerEnabled(false),
    Effect.withSpan(name, { attributes, ...(sampled === undefined ? {} : { sampled }) }),
    Effect.withTracerEnabled(true),
  )

/** Makes a span of an effect. While traces are off that is one look at a reference; `attributes` is not called. */
export const span =
  (name: Exclude<SpanName, "poll">, attributes: () => SpanAttributes) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) =>
      fiber.getRef(Tracing) === undefined ? effect : record(effect, name, attributes()),
    )

/** Begins a trace; `traces.sample_ratio` decides whether it is recorded, with everything in it. */
export const traceOf =
  (name: "poll", attributes: () => SpanAttributes) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const tracing = fiber.getRef(Tracing)
      if (tracing === undefined) return effect
      return Effect.flatMap(Random.next, (random) =>
        record(effect, name, attributes(), random < tracing.sampleRatio),
      )
    })

/** Adds what became of it to the span around, if there is one. */
export const annotate = (attributes: () => SpanAttributes): Effect.Effect<void> =>
  Effect.withFiber((fiber) =>
    fiber.getRef(Tracing) === undefined ? Effect.void : Effect.annotateCurrentSpan(attributes()),
  )

/** Makes a `fetch` span of each pull; `brought` says what it has brought. The end of a stream is no failure. */
export const fetchSpans =
  <A>(attributes: () => SpanAttributes, brought: (pulled: ReadonlyArray<A>) => SpanAttributes) =>
  <E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    Stream.unwrap(
      Effect.map(Tracing, (tracing) =>
        tracing === undefined
          ? stream
          : Stream.transformPull(stream, (pull) => Effect.succeed(fetched(pull, attributes, brought))),
      ),
    )

const fetched = <A, E>(
  pull: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E>,
  attributes: () => SpanAttributes,
  brought: (pulled: ReadonlyArray<A>) => SpanAttributes,
): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, Pull.ExcludeDone<E>> =>
  pull.pipe(
    Effect.tap((values) => annotate(() => brought(values))),
    Effect.asSome,
    Pull.catchDone(() => Effect.succeedNone),
    span("fetch", attributes),
    Effect.flatMap((values) => (Option.isNone(values) ? Cause.done() : Effect.succeed(values.value))),
  )
