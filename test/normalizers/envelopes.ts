/** Envelopes and what is made of them, for tests. */
import { Result } from "effect"
import type { Envelope } from "../../src/domain/Envelope.ts"
import { firewallaNormalizers } from "../../src/normalizers/firewalla/registrations.ts"
import { make } from "../../src/normalizers/Registry.ts"

export const envelopeOf = (sourceType: string, payload: unknown, id = "0123456789abcdef"): Envelope => ({
  id,
  source: "firewalla-msp",
  source_type: sourceType,
  format: "json",
  payload,
  attributes: { host: "example.firewalla.net" },
  received_at: "2026-02-22T19:13:04.123Z",
})

export const normalize = make(firewallaNormalizers)

/** The event as an object; throws what it was rejected for. */
export const fieldsOf = (sourceType: string, payload: unknown): Record<string, unknown> => {
  const event = normalize(envelopeOf(sourceType, payload))
  if (Result.isFailure(event)) throw event.failure
  return JSON.parse(event.success.json)
}

/** Why it was rejected; throws when it was not. */
export const rejectionOf = (sourceType: string, payload: unknown) =>
  Result.getOrThrow(Result.flip(normalize(envelopeOf(sourceType, payload))))
