/** The codes that scripts and service managers rely on, over the whole tree. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { LEAVES, NEED_NO_CONFIGURATION, runIn } from "./inProcess.ts"

/** What a command must be given to get as far as its configuration. */
const FLAGS: Readonly<Record<string, ReadonlyArray<string>>> = { backfill: ["--from", "1d"] }

describe("a configuration with a problem", () => {
  beforeEach(() => {
    vi.stubEnv("MSP_TOKEN", "a-token-of-the-test")
    vi.stubEnv("WAYBILL_INDEXR__URL", "x")
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  for (const { command, name, path } of LEAVES.filter((leaf) => !NEED_NO_CONFIGURATION.has(leaf.name))) {
    it.effect(`ends ${name} with 78, names the problem on standard error, and shows no secret`, () =>
      Effect.gen(function* () {
        const given = command.arguments.filter(({ required }) => required).map(() => "x")
        const { code, errors, output } = yield* runIn([...path, ...(FLAGS[name] ?? []), ...given])
        assert.strictEqual(code, 78, errors)
        assert.include(errors, "WAYBILL_INDEXR__URL")
        assert.strictEqual(output, "")
        assert.notInclude(errors, "a-token-of-the-test")
      }),
    )
  }

  it.effect("keeps nobody from the help and from the schema", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* runIn(["run", "--help"])).code, 0)
      assert.strictEqual((yield* runIn(["config", "schema"])).code, 0)
    }),
  )
})
