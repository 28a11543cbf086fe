/** The hops on this machine: folders, addresses, the manager's sockets. */
import { spawnSync } from "node:child_process"
import { createServer } from "node:http"
import { createServer as createStreamServer } from "node:net"
import process from "node:process"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { checkFolder, judgeRoom } from "../../src/check/folders.ts"
import { listenerCheck } from "../../src/check/listener.ts"
import { explainStats, judgeStats } from "../../src/check/manager.ts"
import { checkSocket, isMountedAlone } from "../../src/check/socket.ts"
import { ManagerSocketError, type ManagerSocketErrorReason } from "../../src/writers/pacing/managerSocket.ts"
import { bindDatagram, closeFd } from "../../src/writers/socket/libc.ts"

const MIB = 1024 * 1024
const provided = Effect.provide(NodeServices.layer)
const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

describe("a folder", () => {
  it.live("is tried by writing, and nothing is left in it; one that is not there is not made", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* temporary
      const there = yield* checkFolder(folder, "state.path")
      assert.strictEqual(there.status, "ok", there.message)
      assert.match(there.message, /is writable; .+ are free\.$/)
      const missing = yield* checkFolder(`${folder}/a/b`, "state.path")
      assert.include(missing.message, "is not there yet and can be made")
      assert.deepStrictEqual(yield* fs.readDirectory(folder), [])
    }).pipe(Effect.scoped, provided),
  )

  it.live("that is a file, or can't be written to, fails with the setting to correct", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* temporary
      yield* fs.writeFileString(`${folder}/file`, "")
      const file = yield* checkFolder(`${folder}/file`, "dlq.base_path")
      assert.strictEqual(file.status, "fail")
      assert.include(`${file.message} ${file.advice}`, "is not a folder. Remove it, or correct dlq.base_path")
      // Even root makes no files there.
      const proc = yield* checkFolder("/proc/waybill", "dlq.base_path")
      assert.strictEqual(proc.status, "fail")
      assert.match(proc.message, /^\/proc can't be written to .+ uid 0, gid 0/)
      assert.include(proc.advice, "dlq.base_path")
    }).pipe(Effect.scoped, provided),
  )

  it("needs room on its disk", () => {
    for (const [free, status] of [
      [undefined, "ok"],
      [10_000 * MIB, "ok"],
      [500 * MIB, "warn"],
      [10 * MIB, "fail"],
      [0, "fail"],
    ] as const)
      assert.strictEqual(judgeRoom("/a is writable", free, "state.path").status, status, `${free}`)
  })
})

describe("an address to listen on", () => {
  const look = (more: Partial<Parameters<typeof listenerCheck>[0]>) =>
    listenerCheck({
      ...{
        hop: "hec",
        section: "source.hec",
        host: "127.0.0.1",
        port: 0,
        health: "/services/collector/health",
      },
      ...more,
    }).run
  const serving = (status: number) =>
    Effect.acquireRelease(
      Effect.callback<number>((resume) => {
        const server = createServer((_, response) => response.writeHead(status).end())
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
        servers.push(() => server.closeAllConnections())
        servers.push(() => server.close())
      }),
      () => Effect.sync(() => servers.splice(0).forEach((close) => void close())),
    )
  const servers: Array<() => void> = []

  it.live("is free, a running Waybill's, or somebody else's", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* look({})).status, "ok")
      const ours = yield* look({ port: yield* serving(200) })
      assert.include(ours.message, "A running Waybill answers")
      assert.strictEqual(ours.status, "ok")
      const other = yield* look({ port: yield* serving(404) })
      assert.strictEqual(other.status, "fail")
      assert.include(`${other.message} ${other.advice}`, "Another program listens")
      assert.include(other.advice, "source.hec.port")
    }).pipe(Effect.scoped),
  )

  it.live("must be this machine's, and its certificate readable", () =>
    Effect.gen(function* () {
      const elsewhere = yield* look({ host: "192.0.2.1", port: 8088 })
      assert.deepInclude(elsewhere, { status: "fail", advice: "Set source.hec.host." })
      const tls = yield* look({ tls: { certFile: "/nowhere/hec.pem", keyFile: "/nowhere/hec.key" } })
      assert.strictEqual(tls.status, "fail")
      assert.include(tls.message, "/nowhere/hec.pem")
    }),
  )
})

describe("the queue socket", () => {
  it.live("is tried by a connect, and says whose it is", () =>
    Effect.gen(function* () {
      const path = `${yield* temporary}/queue`
      const missing = yield* checkSocket(path)
      assert.strictEqual(missing.status, "fail")
      assert.include(missing.message, "There is no socket")
      assert.include(missing.advice, "folder, not the file")

      const bound = bindDatagram(path)
      if (typeof bound === "string") return assert.fail(bound)
      const there = yield* checkSocket(path)
      assert.strictEqual(there.status, "ok")
      assert.match(there.message, /takes events \(uid \d+, gid \d+, mode 0\d{3}\)/)
      closeFd(bound.fd)
      const left = yield* checkSocket(path)
      assert.strictEqual(left.status, "fail")
      assert.include(left.message, "left its socket behind")
      assert.include(left.advice, "stale PID file")
    }).pipe(Effect.scoped, provided),
  )

  it.live("of another kind, or with too long a path, is said to be so", () =>
    Effect.gen(function* () {
      const path = `${yield* temporary}/analysis`
      const server = createStreamServer()
      yield* Effect.callback<void>((resume) => {
        server.listen(path, () => resume(Effect.void))
      })
      const stream = yield* checkSocket(path)
      server.close()
      assert.include(stream.message, "is not a datagram socket")
      assert.include((yield* checkSocket(`/tmp/${"x".repeat(200)}`)).advice, "shorter path")
    }).pipe(Effect.scoped, provided),
  )

  it("that this user may not use is told with whose it is and who asks, and so is a folder", () => {
    const { stderr, stdout } = spawnSync(process.execPath, ["test/check/asNobody.ts"], { encoding: "utf8" })
    assert.notStrictEqual(stdout, "", stderr)
    const [socket, folder] = JSON.parse(stdout)
    assert.strictEqual(socket.status, "fail")
    assert.match(
      socket.message,
      /\(EACCES\): it has uid \d+, gid \d+, mode 0\d{3}; Waybill runs as uid \d+, gid \d+/,
    )
    assert.include(socket.advice, "999")
    assert.strictEqual(folder.status, "fail")
    assert.match(folder.message, /EACCES.* it belongs to uid \d+, gid \d+ with mode \d+\.$/)
    assert.include(folder.advice, "chown")
  })

  it("is known to be mounted by itself", () => {
    const line = (point: string) => `36 35 98:0 /mnt1 ${point} rw,noatime master:1 - ext3 /dev/root rw`
    const path = "/var/ossec/queue/sockets/queue"
    assert.isFalse(isMountedAlone(`${line("/")}\n${line("/var/ossec/queue/sockets")}`, path))
    assert.isTrue(isMountedAlone(`${line("/")}\n${line(path)}\n`, path))
  })
})

describe("the manager's statistics", () => {
  it("are well below the share, or make Waybill wait", () => {
    const stats = { size: 16_384, usage: 0.1, dropped: 57_073, startedAt: 1_771_787_584 }
    const fine = judgeStats(stats, 0.5)
    assert.strictEqual(fine.status, "ok")
    assert.include(
      fine.message,
      "since 2026-02-22T19:13:04Z; its queue of 16,384 is 10 % full, 57,073 collected",
    )
    assert.strictEqual(judgeStats({ ...stats, usage: 0.6 }, 0.5).status, "warn")
  })

  it("that can't be had cost speed; a manager that does not answer is a failure", () => {
    const expected: Readonly<Record<ManagerSocketErrorReason, string>> = {
      missing: "warn",
      forbidden: "warn",
      invalid: "warn",
      failed: "warn",
      refused: "fail",
      "timed-out": "fail",
    }
    const reasons = ["missing", "forbidden", "invalid", "failed", "refused", "timed-out"] as const
    for (const reason of reasons) {
      const found = explainStats(new ManagerSocketError({ reason, message: "/a/analysis: ENOENT" }))
      assert.strictEqual(found.status, expected[reason], reason)
      assert.include(found.message, "/a/analysis")
      assert.notStrictEqual(found.advice, "")
    }
  })
})
