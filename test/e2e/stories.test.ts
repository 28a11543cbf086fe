/** Random schedules of faults over random feeds. A failing one shrinks; SEED=<number> repeats a run. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { play, type Story } from "./storyRun.ts"

const CALM_STORY: Story = {
  seed: 1,
  records: 30,
  pageSize: 10,
  refreshSeconds: 5,
  swapMillis: 900,
  dropped: 0,
  managerDies: [],
  shipperStands: [],
  indexerAway: [],
  apiFails: [],
  waybillDies: [],
  bad: [],
  poison: [],
}

const holds = (story: Story) =>
  Effect.gen(function* () {
    const { lost, twice, ahead, givenUp, unaccounted } = yield* play(story)
    const wrong = Object.entries({ lost, twice, ahead, givenUp, unaccounted }).filter(
      ([, names]) => names.length > 0,
    )
    if (wrong.length > 0) assert.fail(JSON.stringify(Object.fromEntries(wrong)))
  })

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const few = <S extends Schema.Top>(item: S, most = 2) => Schema.Array(item).check(Schema.isMaxLength(most))
const span = { at: between(0, 240), for: between(1, 120) }

const STORY = {
  seed: between(1, 1_000_000),
  records: between(1, 60),
  pageSize: between(1, 25),
  refreshSeconds: Schema.Literals([1, 5, 20]),
  swapMillis: Schema.Literals([0, 900, 2000]),
  dropped: Schema.Literals([0, 0, 10, 30]),
  managerDies: few(Schema.Struct({ ...span, lostSeconds: between(0, 30) })),
  shipperStands: few(Schema.Struct({ at: between(0, 240), for: between(1, 700) })),
  indexerAway: few(Schema.Struct(span)),
  apiFails: few(Schema.Struct({ ...span, page: between(0, 4) })),
  waybillDies: few(Schema.Struct({ at: between(1, 240), for: between(1, 60) }), 3),
  bad: few(between(0, 59)),
  poison: few(between(0, 59)),
}

const seed = Number(process.env.SEED || Date.now() % 1_000_000)
const RUNS = Number(process.env.RUNS || 300)

describe(`stories, SEED=${seed}`, () => {
  it.effect("a calm one", () => holds(CALM_STORY))

  it.effect.prop(
    "whatever goes wrong when, in whatever order: nothing is lost, nothing is there twice",
    STORY,
    holds,
    { arbitrary: { runs: RUNS, seed } },
  )
})
