/** The demo as a person starts it, in a small form: what it prints and how it ends. */
import { spawn } from "node:child_process"
import process from "node:process"
import { assert, describe, it } from "vitest"
import { holds, type Proof, proofJson } from "../../src/demo/incident/Proof.ts"

const FLOWS = 600

interface Ended {
  readonly code: number | null
  readonly output: string
}

const demo = (): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["src/main.ts", "demo", "--flows", String(FLOWS)])
    let output = ""
    child.stdout.on("data", (text) => {
      output += text
    })
    child.stderr.on("data", (text) => {
      output += text
    })
    child.on("close", (code) => resolve({ code, output }))
  })

describe("waybill demo", () => {
  it("needs no flag, and shows the proof as a table", async () => {
    const { code, output } = await demo()
    assert.match(output, /at the source +600\n +searchable +600\n +lost +0\n +twice +0\n +dead-lettered +0/)
    assert.include(output, "Every flow is searchable exactly once.")
    assert.strictEqual(code, 0)
  })
})

describe("the proof", () => {
  const proof: Proof = {
    source: 49_000,
    searchable: 48_999,
    lost: 0,
    unaccounted: 0,
    duplicated: 0,
    deadLettered: 1,
    seconds: 46.2049,
    eventsPerSecond: 1060.4,
    complete: true,
    exitCode: 0,
    log: "",
  }

  it("is one JSON object with keys that people may rely on", () => {
    assert.strictEqual(
      proofJson(proof),
      '{"command":"demo","source":49000,"searchable":48999,"lost":0,"duplicated":0,"dead_lettered":1,"unaccounted":0,"seconds":46.2,"events_per_second":1060}',
    )
  })

  it("holds only when every record is searchable once or a dead letter, and Waybill ended well", () => {
    assert.isTrue(holds(proof))
    const broken: ReadonlyArray<Partial<Proof>> = [
      { lost: 1 },
      { duplicated: 1 },
      { deadLettered: 0 },
      { complete: false },
    ]
    for (const part of broken) assert.isFalse(holds({ ...proof, ...part }), JSON.stringify(part))
  })
})
