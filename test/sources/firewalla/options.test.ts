import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { baseUrlOfDomain, checkBaseUrl } from "../../../src/sources/firewalla/options.ts"

describe("checkBaseUrl", () => {
  const taken: Record<string, string> = {
    [baseUrlOfDomain("acme.firewalla.net")]: "https://acme.firewalla.net/v2",
    "https://acme.firewalla.net/v2/": "https://acme.firewalla.net/v2",
    "http://127.0.0.1:8080/v2": "http://127.0.0.1:8080/v2",
    "http://127.1/v2": "http://127.0.0.1/v2",
    "http://localhost:1/v2": "http://localhost:1/v2",
    "http://[::1]:1/v2": "http://[::1]:1/v2",
  }
  for (const [given, expected] of Object.entries(taken)) {
    it.effect(`takes ${given}`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* checkBaseUrl(given)).href, expected)
      }),
    )
  }

  const refused = [
    "http://acme.firewalla.net/v2",
    "http://127.0.0.1.example.com/v2",
    "http://localhost.example.com/v2",
    "http://10.0.0.1/v2",
    "http://0.0.0.0/v2",
    "https://user:secret-password@acme.firewalla.net/v2",
    "https://acme.firewalla.net/v2?token=secret-password",
    "ftp://acme.firewalla.net",
    "acme.firewalla.net",
  ]
  for (const given of refused) {
    it.effect(`refuses ${given}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(checkBaseUrl(given))
        assert.include(error.message, "source.firewalla.base_url")
        assert.notInclude(error.message, "secret-password")
      }),
    )
  }
})
