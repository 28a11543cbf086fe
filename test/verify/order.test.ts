/** The order of writes when the wall clock can't be relied on: proof gets slower, never wrong. */
import { assert, describe, it } from "@effect/vitest"
import { Outstanding } from "../../src/verify/Outstanding.ts"
import { Proof } from "../../src/verify/Proof.ts"

const GRACE = 3000

const setting = () => {
  const outstanding = new Outstanding()
  const proof = new Proof(600_000)
  const written = (batch: string, startedAt: number, writtenAt: number, monotonic: number) => {
    const one = outstanding.add({ feed: "f", batch, ids: [batch], attempt: 1, startedAt, writtenAt })
    proof.add(one, monotonic)
    return one
  }
  const advance = (wall: number, monotonic: number) => proof.advance(outstanding, wall, monotonic, GRACE)
  return { proof, written, advance, asked: (monotonic: number) => proof.questions(monotonic).length }
}

describe("Proof", () => {
  it("asks once something later has been seen, the grace is over, and something after that has been seen", () => {
    const { advance, asked, proof, written } = setting()
    written("lost", 0, 10, 10)
    const later = written("later", 20, 30, 30)
    proof.saw(later, ["later"])
    advance(5000, 5000)
    advance(7999, 7999)
    assert.strictEqual(asked(7999), 0)
    const tooEarly = written("too-early", 7999, 8000, 8000)
    advance(8000, 8000)
    proof.saw(tooEarly, ["too-early"])
    assert.strictEqual(asked(9000), 0)
    const witness = written("witness", 8001, 8002, 8002)
    proof.saw(witness, ["witness"])
    assert.strictEqual(asked(9000), 1)
    assert.strictEqual(asked(9001), 0)
  })

  it("what comes between the look and the search of the proof is not lost", () => {
    const { advance, proof, written } = setting()
    const place = (id: string) => ({ id, index: "day", shard: 0 })
    proof.sighted([place("earlier")], 0)
    written("lost", 5, 10, 10)
    proof.saw(written("later", 20, 30, 30), ["later"])
    advance(1000, 1000)
    advance(5000, 5000)
    proof.saw(written("witness", 5001, 5002, 5002), ["witness"])
    const [question] = proof.questions(6000)
    if (question === undefined) return assert.fail("there is nothing to ask")
    const judged = (...ids: ReadonlyArray<string>) =>
      proof
        .findings(question, ids.map(place), new Map([["day", 1]]))
        .map(([, { judgement }]) => judgement._tag)
    assert.deepStrictEqual(judged("witness"), ["Proven"])
    assert.deepStrictEqual(judged("witness", "lost"), ["Open"])
    assert.deepStrictEqual(judged("lost"), ["Open"])
    assert.deepStrictEqual(judged(), ["Open"])
  })

  it("what was being written at the same time is not later", () => {
    const { advance, asked, proof, written } = setting()
    written("lost", 0, 100, 100)
    const beside = written("beside", 50, 150, 150)
    proof.saw(beside, ["beside"])
    advance(5000, 5000)
    advance(50_000, 50_000)
    const after = written("after", 50_001, 50_002, 50_002)
    proof.saw(after, ["after"])
    assert.strictEqual(asked(50_003), 0)
  })

  it("a clock that jumps ahead does not shorten the grace", () => {
    const { advance, asked, proof, written } = setting()
    written("lost", 0, 10, 10)
    proof.saw(written("later", 20, 30, 30), ["later"])
    advance(1000, 1000)
    advance(3_601_100, 1100)
    proof.saw(written("witness", 3_601_200, 3_601_200, 1200), ["witness"])
    advance(3_601_300, 1300)
    assert.strictEqual(asked(1300), 0)
  })

  it("what was begun before the grace ended is no witness, though the clock went back meanwhile", () => {
    const { advance, asked, proof, written } = setting()
    written("lost", 0, 10, 10)
    proof.saw(written("later", 20, 30, 30), ["later"])
    advance(5000, 5000)
    // It began at 5000, and the clock was set back by 4 s while it was being written.
    advance(4000, 8000)
    proof.saw(written("slow", 5000, 4100, 8100), ["slow"])
    assert.strictEqual(asked(8200), 0)
    proof.saw(written("witness", 5001, 5002, 9002), ["witness"])
    assert.strictEqual(asked(9100), 1)
  })

  it("after a clock went back nothing counts as later until it has passed the highest time again", () => {
    const { advance, asked, proof, written } = setting()
    advance(600_000, 0)
    written("lost", 1000, 1010, 10)
    proof.saw(written("later", 1020, 1030, 30), ["later"])
    advance(2000, 1000)
    advance(9000, 8000)
    proof.saw(written("witness", 9001, 9002, 8002), ["witness"])
    advance(10_000, 9000)
    assert.strictEqual(asked(9000), 0)

    proof.saw(written("past", 600_020, 600_030, 600_000), ["past"])
    advance(600_100, 600_100)
    advance(603_200, 603_200)
    proof.saw(written("witness-2", 603_300, 603_300, 603_300), ["witness-2"])
    assert.strictEqual(asked(603_300), 1)
  })
})
