/** Chooses the normalizer of an envelope by its format and source type. */
import { Context, Layer, Result } from "effect"
import type { Envelope, Format } from "../domain/Envelope.ts"
import { firewallaNormalizers } from "./firewalla/registrations.ts"
import { type Normalizer, Rejected } from "./Normalizer.ts"

export interface Registration {
  readonly format: Format
  readonly sourceType: string
  readonly normalizer: Normalizer
}

/** Chooses among the normalizers of all envelopes with one `source`. */
export interface Family {
  readonly source: string
  readonly choose: (envelope: Envelope) => Normalizer | undefined
}

const keyOf = (format: Format, sourceType: string): string => `${format} ${sourceType}`

const failed = (message: string) => Result.fail(new Rejected({ reason: "normalization_failed", message }))

/**
 * One function over all registrations. A normalizer that throws costs its own envelope and nothing else. The first
 * registration of a kind wins, so that what is registered before can be told to stay.
 */
export const make = (
  registrations: ReadonlyArray<Registration>,
  families: ReadonlyArray<Family> = [],
): Normalizer => {
  const byKind = new Map<string, Normalizer>()
  for (const { format, sourceType, normalizer } of registrations) {
    const key = keyOf(format, sourceType)
    if (!byKind.has(key)) byKind.set(key, normalizer)
  }
  return (envelope: Envelope) => {
    const family = families.find(({ source }) => source === envelope.source)
    const normalizer =
      family === undefined
        ? byKind.get(keyOf(envelope.format, envelope.source_type))
        : family.choose(envelope)
    if (normalizer === undefined) {
      return failed(
        `no normalizer registered for format=${envelope.format} source_type=${envelope.source_type}`,
      )
    }
    try {
      return normalizer(envelope)
    } catch (cause) {
      const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
      return failed(
        `the normalizer for source_type=${envelope.source_type} broke: ${why}; this is a bug, please report it`,
      )
    }
  }
}

export class Normalizers extends Context.Service<Normalizers, { readonly normalize: Normalizer }>()(
  "waybill/normalizers/Normalizers",
) {}

export const layerOf = (
  registrations: ReadonlyArray<Registration>,
  families: ReadonlyArray<Family> = [],
): Layer.Layer<Normalizers> => Layer.succeed(Normalizers, { normalize: make(registrations, families) })

/** Everything that Waybill ships; `families` depend on the configuration. */
export const layer = (families: ReadonlyArray<Family> = []): Layer.Layer<Normalizers> =>
  layerOf(firewallaNormalizers, families)
