/**
 * `node test/clients/main.ts FOLDER CLIENT…`: each client, which FOLDER has installed, sends to `waybill run`; every one
 * of its events must become searchable, once. Run by `.ci/clients`.
 */
import { execFile } from "node:child_process"
import path from "node:path"
import process from "node:process"
import { promisify } from "node:util"
import { NodeServices } from "@effect/platform-node"
import { Clock, Effect, Schedule } from "effect"
import { makePushStage, TOKEN } from "../e2e/pushing.ts"

const COUNT = 200
const run = promisify(execFile)

const [folder = ".", ...clients] = process.argv.slice(2)
const say = (line: string) => Effect.sync(() => void process.stdout.write(`${line}\n`))

const command = (client: string): readonly [string, string] =>
  client === "splunk-logging"
    ? [process.execPath, path.resolve(`test/clients/${client}.cjs`)]
    : [path.join(folder, "python/bin/python"), path.resolve(`test/clients/${client}.py`)]

const sendWith = (client: string, origin: string) =>
  Effect.tryPromise(() => {
    const [program, script] = command(client)
    const { port } = new URL(origin)
    return run(program, [script, port, TOKEN, String(COUNT)], { cwd: folder, timeout: 120_000 })
  })

const program = Effect.gen(function* () {
  const stage = yield* makePushStage({ indexer: { refreshInterval: "500 millis", keepDocuments: true } })
  const waybill = yield* stage.start
  let failed = 0
  for (const client of clients) {
    const { stdout } = yield* sendWith(client, waybill.origin)
    const expected = Array.from({ length: COUNT }, (_, n) => `${client}-${n}`)
    const found = yield* Effect.map(Clock.currentTimeMillis, stage.arrivals).pipe(
      Effect.repeat({
        until: (arrived) => expected.every((serial) => arrived.has(serial)),
        schedule: Schedule.spaced("500 millis"),
      }),
      Effect.timeoutOrElse({
        duration: "60 seconds",
        orElse: () => Effect.map(Clock.currentTimeMillis, stage.arrivals),
      }),
    )
    const missing = expected.filter((serial) => !found.has(serial)).length
    const twice = expected.filter((serial) => (found.get(serial) ?? 0) > 1).length
    if (missing + twice > 0) failed += 1
    yield* say(
      `${client}: ${COUNT} sent, ${missing} missing, ${twice} twice${stdout && `; ${stdout.trim()}`}`,
    )
  }
  yield* waybill.stop
  yield* waybill.exitCode
  if (failed > 0) process.exitCode = 1
})

await program.pipe(
  Effect.scoped,
  Effect.provide(NodeServices.layer),
  Effect.tapCause((cause) => say(String(cause))),
  Effect.runPromise,
)
