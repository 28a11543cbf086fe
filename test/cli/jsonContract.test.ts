/**
 * docs/cli-json.md is a contract: what it shows is what the commands print, key by key, and nothing that they print is
 * missing in it.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterEach, beforeEach, vi } from "vitest"
import { proofJson } from "../../src/demo/incident/Proof.ts"
import { reportJson } from "../../src/reconcile/report.ts"
import { FLOWS, makeStage, TOKEN } from "../admin/stage.ts"
import { LEAVES, runIn } from "./inProcess.ts"

const parsed = (text: string): object => Object(JSON.parse(text))
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** The examples of the page, by the command they are of. */
const EXAMPLES: ReadonlyMap<string, object> = new Map(
  [...readFileSync("docs/cli-json.md", "utf8").matchAll(/```json\n(.*?)\n```/gs)].map(([, text = ""]) => {
    const example = parsed(text)
    return ["command" in example ? String(example.command) : text, example] as const
  }),
)
const exampleOf = (command: string): object =>
  EXAMPLES.get(command) ?? assert.fail(`no example of ${command}`)

/** The first difference of their keys; null stands for anything, and an empty list shows nothing. */
const difference = (documented: unknown, printed: unknown, at = ""): string | undefined => {
  if (documented === null || printed === null) return undefined
  if (Array.isArray(documented) && Array.isArray(printed))
    return documented.length === 0 || printed.length === 0
      ? undefined
      : difference(documented[0], printed[0], `${at}[]`)
  if (isObject(documented) !== isObject(printed) || Array.isArray(documented) !== Array.isArray(printed))
    return `${at} is another kind of thing`
  if (!isObject(documented) || !isObject(printed))
    return typeof documented === typeof printed ? undefined : `${at} is a ${typeof printed}`
  const [shown, real] = [new Map(Object.entries(documented)), new Map(Object.entries(printed))]
  for (const key of real.keys()) if (!shown.has(key)) return `${at}.${key} is not documented`
  for (const key of shown.keys()) if (!real.has(key)) return `${at}.${key} is not printed`
  for (const [key, value] of shown) {
    const found = difference(value, real.get(key), `${at}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "waybill-"))
  for (const [name, value] of Object.entries({
    MSP_DOMAIN: "a.example",
    MSP_TOKEN: "t",
    INDEXER_URL: "https://127.0.0.1:1",
    INDEXER_USERNAME: "u",
    INDEXER_PASSWORD: "p",
    WAYBILL_STATE__PATH: path.join(folder, "state"),
    WAYBILL_DLQ__BASE_PATH: path.join(folder, "dlq"),
    WAYBILL_ADMIN__TOKEN: TOKEN,
    WAYBILL_ADMIN__PORT: "1",
    WAYBILL_RETRY__MAX_RETRIES: "0",
  }))
    vi.stubEnv(name, value)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

const printedBy = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const { errors, output } = yield* runIn(args)
  assert.strictEqual(output.split("\n").length, 1, `${output}\n${errors}`)
  const printed = parsed(output)
  return { command: "command" in printed ? String(printed.command) : "", printed }
})

/** That the command prints what the page shows of it. */
const keeps = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
  const { command, printed } = yield* printedBy(args)
  assert.strictEqual(args.slice(0, command.split(" ").length).join(" "), command)
  assert.isUndefined(difference(exampleOf(command), printed), command)
})

/** The letter that the page shows. */
const putLetter = () => {
  const { command: _, key, path: __, ...file } = Object(exampleOf("dlq show"))
  mkdirSync(path.join(folder, "dlq"), { mode: 0o700 })
  writeFileSync(path.join(folder, "dlq", `${key}.json`), JSON.stringify(file), { mode: 0o600 })
  return String(key)
}

describe("the JSON on the page", () => {
  it.live("of status and feeds", () =>
    Effect.gen(function* () {
      const { port, status } = yield* makeStage()
      vi.stubEnv("WAYBILL_ADMIN__PORT", String(port))
      const position = { kind: "time", up_to: 0 } as const
      const committed_at = "2026-02-22T19:13:04.123Z"
      yield* status.checkpointed({
        version: 1,
        feed: FLOWS,
        position,
        newest: null,
        confirmed: 0,
        committed_at,
      })
      yield* status.pollBegan(FLOWS)
      yield* status.pollEnded(FLOWS, { reason: "RateLimited", message: "…" }, 1000)
      yield* keeps("status", "--json")
      const { printed } = yield* printedBy(["feeds", "--json"])
      const { feeds, running, url, why } = Object(exampleOf("status"))
      assert.isUndefined(difference({ command: "feeds", running, why, url, feeds }, printed))
      vi.stubEnv("WAYBILL_ADMIN__PORT", "1")
      yield* keeps("status", "--json")
    }).pipe(Effect.scoped),
  )

  it.live("of config", () =>
    Effect.gen(function* () {
      yield* keeps("config", "show", "--json")
      yield* keeps("config", "validate", "--json")
      vi.stubEnv("WAYBILL_LOG__LEVEL", "loud")
      yield* keeps("config", "validate", "--json")
      yield* keeps("check", "--json")
    }),
  )

  it.live("of dlq", () =>
    Effect.gen(function* () {
      const key = putLetter()
      yield* keeps("dlq", "list", "--json")
      yield* keeps("dlq", "show", key, "--json")
      const { printed } = yield* printedBy(["dlq", "replay", "--dry-run", "--json"])
      const { command, failures } = Object(exampleOf("dlq replay"))
      const dryRun = { command, dry_run: true, taken: 1, deliverable: 0, failing: 1, failures }
      assert.isUndefined(difference(dryRun, printed))
      yield* keeps("dlq", "purge", "--yes", "--json")
      yield* keeps("dlq", "replay", "--json")
    }),
  )

  it.live("of setup, also where the indexer is away", () =>
    Effect.gen(function* () {
      vi.stubEnv("INDEXER_ADMIN_PASSWORD", "p")
      yield* keeps("setup", "--json")
    }),
  )

  it("of reconcile, whose counts add up as the page says", () => {
    const counts = {
      atSource: 49_000,
      indexed: 48_990,
      duplicated: 0,
      deadLetters: 0,
      missing: 10,
      written: 10,
      confirmed: 9,
      deadLettered: 1,
    }
    const outcome = {
      feed: FLOWS,
      window: { from: 0, to: 1000 },
      counts,
      missing: [{ id: "a", type: "flow", time: 0 }] as const,
      resumedFrom: undefined,
      complete: true,
      failure: undefined,
    }
    const report = { command: "reconcile", dryRun: false, feeds: [{ outcome, tooOld: undefined }] } as const
    assert.isUndefined(difference(exampleOf("reconcile"), parsed(reportJson(report))))
    const [feed] = Object(exampleOf("reconcile")).feeds
    assert.strictEqual(feed.at_source, feed.indexed + feed.dead_letters + feed.missing)
    assert.strictEqual(feed.missing, feed.confirmed + feed.dead_lettered)
  })

  it("of the demo", () => {
    const proof = {
      source: 1,
      searchable: 1,
      lost: 0,
      duplicated: 0,
      deadLettered: 0,
      unaccounted: 0,
      seconds: 1,
      eventsPerSecond: 1,
      complete: true,
      exitCode: 0,
      log: "",
    }
    assert.isUndefined(difference(exampleOf("demo"), parsed(proofJson(proof))))
  })
})

describe("the page", () => {
  it("has a section for every command that prints JSON, and the list of commands names every one", () => {
    const [json, cli] = ["docs/cli-json.md", "docs/cli.md"].map((page) => readFileSync(page, "utf8"))
    for (const { command, name, path } of LEAVES) {
      assert.match(cli ?? "", new RegExp(`^\\| .*\`${path[0]}\\b.*\\|`, "m"), name)
      if (command.flags.some((flag) => flag.name === "json"))
        assert.match(json ?? "", new RegExp(`^## .*\`waybill ${name}\``, "m"), name)
    }
  })
})

describe("the comparison itself", () => {
  it("finds a key too many, one too few, and one of another kind, also within lists", () => {
    assert.isUndefined(difference({ a: [{ b: 1 }], c: null }, { a: [{ b: 2 }], c: { d: 1 } }))
    assert.strictEqual(difference({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }), ".a[].c is not documented")
    assert.strictEqual(difference({ a: 1, b: 1 }, { a: 1 }), ".b is not printed")
    assert.strictEqual(difference({ a: 1 }, { a: "1" }), ".a is a string")
    assert.strictEqual(difference({ a: [] }, { a: {} }), ".a is another kind of thing")
  })
})
