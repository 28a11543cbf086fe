import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SetupError } from "../../src/setup/Peer.ts"
import { type Done, type Step, sameJson } from "../../src/setup/Step.ts"
import { setUp } from "../../src/setup/setUp.ts"

const step = (name: string, result: Done["outcome"] | SetupError): Step => ({
  name,
  run: () =>
    typeof result === "string" ? Effect.succeed({ outcome: result, detail: "" }) : Effect.fail(result),
})
const failure = (fatal: boolean) => new SetupError({ message: "why", fatal })
const outcomes = (steps: ReadonlyArray<Step>) =>
  Effect.map(
    setUp(steps, true, () => Effect.void),
    (reports) => reports.map(({ outcome }) => outcome),
  )

describe("setUp", () => {
  it.effect("goes on after a step that failed, and not after a login that was refused", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* outcomes([step("a", "created"), step("b", failure(false)), step("c", "unchanged")]),
        ["created", "failed", "unchanged"],
      )
      assert.deepStrictEqual(
        yield* outcomes([step("a", failure(true)), step("b", "created"), step("c", "created")]),
        ["failed", "skipped", "skipped"],
      )
    }),
  )
})

describe("sameJson", () => {
  it("sees no difference in the order of keys or in scalars as texts, and every other", () => {
    assert.isTrue(sameJson({ a: 1, b: [true, { c: "x" }] }, { b: ["true", { c: "x" }], a: "1" }))
    for (const other of [{ a: 1 }, { a: 2, b: [] }, { a: 1, b: [1] }, { a: 1, b: [], c: 0 }, [], undefined])
      assert.isFalse(sameJson({ a: 1, b: [] }, other))
  })
})
