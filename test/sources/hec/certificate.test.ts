import { copyFile, rename } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as realPause } from "node:timers/promises"
import { connect, type TLSSocket } from "node:tls"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import { NextReload } from "../../../src/config/NextReload.ts"
import { eventsOf, type LogLine, recordLogs } from "../../support/logRecorder.ts"
import { haveOpenssl, makeCa, signedBy } from "../../support/opensearch/certificates.ts"
import { makeCollector, temporaryFolder } from "./collector.ts"

const open = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<TLSSocket, Error>((resume) => {
      const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () =>
        resume(Effect.succeed(socket)),
      )
      socket.on("error", (error) => resume(Effect.fail(error)))
    }),
    (socket) => Effect.sync(() => socket.destroy()),
  )

/** The name in the certificate that a new connection is shown. */
const served = (port: number) =>
  Effect.scoped(Effect.map(open(port), (socket) => String(socket.getPeerCertificate().subject.CN)))

const healthOver = (socket: TLSSocket) =>
  Effect.callback<string>((resume) => {
    socket.once("data", (chunk) => resume(Effect.succeed(String(chunk).split("\r\n")[0] ?? "")))
    socket.write("GET /services/collector/health HTTP/1.1\r\nhost: x\r\n\r\n")
  })

/** Files are read and sockets opened in real time, whatever the clock of the test says. */
const until = Effect.fnUntraced(function* <E>(isSo: Effect.Effect<boolean, E>) {
  for (let tries = 0; tries < 100; tries++) {
    if (yield* isSo) return
    yield* Effect.promise(() => realPause(20))
  }
  assert.fail("it has not become so within 2 seconds")
})

const scene = Effect.gen(function* () {
  const lines: Array<LogLine> = []
  const folder = yield* temporaryFolder
  const reloads = yield* Queue.unbounded<void>()
  const make = async (name: string) => signedBy(await makeCa(folder, `ca-of-${name}`), folder, name)
  const first = yield* Effect.promise(() => make("first"))
  const second = yield* Effect.promise(() => make("second"))
  const certFile = join(folder, "served.pem")
  const keyFile = join(folder, "served.key")
  /** As a renewal does it: a whole file takes the place of the old one. */
  const replace = (file: string, by: string) =>
    Effect.promise(async () => {
      await copyFile(by, `${file}.new`)
      await rename(`${file}.new`, file)
    })
  yield* replace(certFile, first.certificate)
  yield* replace(keyFile, first.key)
  const { port } = yield* makeCollector({
    options: { tls: { certFile, keyFile }, requestTimeoutMillis: 60_000 },
  }).pipe(
    Effect.provideService(NextReload, () => Queue.take(reloads)),
    Effect.provide(recordLogs(lines)),
  )
  return {
    port,
    reload: Queue.offer(reloads, undefined),
    replaceCertificate: replace(certFile, second.certificate),
    replaceKey: replace(keyFile, second.key),
    shows: (name: string) => until(Effect.map(served(port), (now) => now === name)),
    logged: (event: string) => until(Effect.sync(() => eventsOf(lines).includes(event))),
    lines,
  }
})

describe.skipIf(!(await haveOpenssl()))("the collector's certificate", () => {
  it.effect("is the new one within a minute of its renewal, and open connections stay", () =>
    Effect.gen(function* () {
      const { logged, port, replaceCertificate, replaceKey, shows } = yield* scene
      yield* shows("first")
      const held = yield* open(port)
      yield* replaceCertificate
      yield* replaceKey
      yield* TestClock.adjust("30 seconds")
      yield* shows("second")
      yield* logged("hec.certificate_renewed")
      assert.strictEqual(held.getPeerCertificate().subject.CN, "first")
      assert.include(yield* healthOver(held), "HTTP/1.1 200")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.effect("stays the old one while the key is not its own, and is tried again", () =>
    Effect.gen(function* () {
      const { lines, logged, port, replaceCertificate, replaceKey, shows } = yield* scene
      yield* replaceCertificate
      yield* TestClock.adjust("30 seconds")
      yield* logged("hec.certificate_unusable")
      assert.strictEqual(yield* served(port), "first")
      assert.include(
        lines.find(({ event }) => event === "hec.certificate_unusable")?.message,
        "source.hec.tls",
      )
      yield* replaceKey
      yield* TestClock.adjust("30 seconds")
      yield* shows("second")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.effect("is read again at a reload, without a wait", () =>
    Effect.gen(function* () {
      const { reload, replaceCertificate, replaceKey, shows } = yield* scene
      yield* replaceCertificate
      yield* replaceKey
      yield* reload
      yield* shows("second")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
