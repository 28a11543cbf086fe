/** Which way the events that are out are asked for: the cheap one while many are, by name when few are or it is late. */
import { assert, describe, it } from "@effect/vitest"
import { Outstanding, type Question } from "../../src/verify/Outstanding.ts"
import { numbered } from "./proofStage.ts"

const setting = () => {
  const outstanding = new Outstanding()
  const add = (batch: string, events: number, attempt = 1) =>
    outstanding.add({
      feed: "f",
      batch,
      ids: numbered(batch, events),
      attempt,
      startedAt: 0,
      writtenAt: 0,
    })
  /** A look at the counts; answers the batches of which more has come. */
  const counted = (counts: Readonly<Record<string, number>>) =>
    outstanding
      .count(outstanding.countable(5000), new Map(Object.entries(counts)))
      .map(({ written }) => written.batch)
  return { outstanding, add, counted }
}

const asked = (questions: ReadonlyArray<Question>) =>
  questions.map(({ ask }) => (ask._tag === "ByBatch" ? ask.batches : ask.ids.length))

const never = () => false

describe("Outstanding", () => {
  it("asks for a batch once all of it may be there, and for a part of one once no more comes", () => {
    const { add, counted, outstanding } = setting()
    add("a", 100)
    add("b", 100)
    assert.deepStrictEqual(counted({}), [])
    assert.deepStrictEqual(counted({ a: 100, b: 30 }), ["a", "b"])
    assert.deepStrictEqual(asked(outstanding.questions(5000, never)), [["a"]])
    assert.deepStrictEqual(counted({ a: 100, b: 30 }), [])
    const again = outstanding.questions(5000, never)
    assert.deepStrictEqual(asked(again), [["a", "b"]])
    for (const question of again) outstanding.settle(question, new Map())
    counted({ a: 100, b: 30 })
    assert.deepStrictEqual(asked(outstanding.questions(5000, never)), [["a"]])
  })

  it("asks for as many documents at once as may be asked for, and for a larger batch alone", () => {
    const { add, counted, outstanding } = setting()
    const sizes = { a: 100, b: 100, c: 100, d: 700 }
    for (const [batch, events] of Object.entries(sizes)) add(batch, events)
    counted(sizes)
    assert.deepStrictEqual(asked(outstanding.questions(250, never)), [["a", "b"], ["c"], ["d"]])
  })

  it("counts the oldest, every fourth of the rest, and every canary", () => {
    const { add, outstanding } = setting()
    for (let n = 1; n <= 12; n++) add(`b${n}`, 100)
    outstanding.add(
      { feed: "waybill/canary", batch: "canary", ids: ["c"], attempt: 1, startedAt: 0, writtenAt: 0 },
      "canary",
    )
    assert.deepStrictEqual(
      outstanding.countable(250).map(({ written }) => written.batch),
      ["b1", "b2", "b3", "b7", "b11", "canary"],
    )
  })

  it("asks by name for what is overdue, and for a second write once something as new has come", () => {
    const { add, counted, outstanding } = setting()
    const again = add("again", 200, 2)
    const late = add("late", 100)
    add("newer", 10)
    assert.deepStrictEqual(outstanding.probe()?.waiting, [again])
    assert.deepStrictEqual(asked(outstanding.questions(5000, never)), [])
    counted({ newer: 1, late: 7 })
    assert.deepStrictEqual(asked(outstanding.questions(5000, never)), [200])
    assert.deepStrictEqual(asked(outstanding.questions(5000, (one) => one === late)), [300])
  })
})
