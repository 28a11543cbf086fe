import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { VERSION } from "../../src/app/version.ts"
import { docker, eventually, run, say } from "./docker.ts"
import { makeProject, type Project } from "./project.ts"

const IMAGE = `waybill:${VERSION}`
const MOST_MEGABYTES = 150

const Seen = Schema.fromJsonString(
  Schema.Struct({ status: Schema.Record(Schema.String, Schema.String), writing: Schema.Unknown }),
)

/** Run in the container: what the kernel says of the process, and what comes of writing in each place. */
const LOOK_AROUND = `
  const fs = require("node:fs")
  const status = Object.fromEntries(fs.readFileSync("/proc/1/status", "utf8").split("\\n")
    .map((line) => line.split(":\\t")).filter(([key]) => /^(Uid|Gid|Cap|NoNewPrivs)/.test(key)))
  const places = ["/", "/opt/waybill", "/etc/waybill", "/var/ossec/queue", "/var/ossec/queue/sockets",
    "/run/secrets", "/tmp", "/var/lib/waybill/state", "/var/lib/waybill/dlq", "/var/lib/waybill/spool"]
  const writing = Object.fromEntries(places.map((place) => {
    try { fs.writeFileSync(place + "/probe", ""); fs.rmSync(place + "/probe"); return [place, "ok"] }
    catch (error) { return [place, error.code] }
  }))
  console.log(JSON.stringify({ status, writing }))
`

describe("the image and the override in a real engine", () => {
  let project: Project
  beforeAll(async () => {
    project = await makeProject({ FLOWS: "12000", EVENTS_PER_SECOND: "1500" })
    await project.followReadme()
  })
  afterAll(async () => {
    await project?.remove()
  })

  it("is small and holds no shell", async () => {
    const megabytes = Number(await docker("image", "inspect", "--format", "{{.Size}}", IMAGE)) / 1e6
    say(`the image has ${megabytes.toFixed(0)} MB`)
    assert.isBelow(megabytes, MOST_MEGABYTES)
    const shell = await run("docker", ["run", "--rm", "--entrypoint", "/bin/sh", IMAGE, "-c", "true"])
    assert.notStrictEqual(shell.code, 0)
  })

  it("runs as 999 with no capability, and can write only where its data is", async () => {
    const { status, writing } = Schema.decodeUnknownSync(Seen)(await project.evaluate(LOOK_AROUND))
    assert.match(status.Uid ?? "", /^999\t999\t999/)
    assert.match(status.Gid ?? "", /^999\t999\t999/)
    assert.strictEqual(status.NoNewPrivs, "1")
    for (const set of ["CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.match(status[set] ?? "", /^0+$/, set)
    assert.deepStrictEqual(writing, {
      "/": "EROFS",
      "/opt/waybill": "EROFS",
      "/etc/waybill": "EROFS",
      "/var/ossec/queue": "EROFS",
      "/var/ossec/queue/sockets": "EROFS",
      "/run/secrets": "EROFS",
      "/tmp": "ok",
      "/var/lib/waybill/state": "ok",
      "/var/lib/waybill/dlq": "ok",
      "/var/lib/waybill/spool": "ok",
    })
  })

  it("has its commands at hand", async () => {
    const version = await project.compose("exec", "-T", "waybill", "waybill", "--version")
    assert.strictEqual(version.trim(), `waybill v${VERSION}`)
  })

  it("stops within its grace, with exit code 0", async () => {
    await eventually("on its way", project.truth, ({ searchable }) => searchable > 1_000)
    const before = performance.now()
    await project.compose("stop", "waybill")
    const seconds = (performance.now() - before) / 1000
    const { searchable, source } = await project.truth()
    say(`stopped in ${seconds.toFixed(1)} s, with ${searchable} of ${source} searchable`)
    assert.strictEqual(
      await project.inspect("waybill", "{{.State.ExitCode}} {{.State.OOMKilled}}"),
      "0 false",
    )
    assert.isBelow(searchable, source, "it was stopped too late for this test to say anything")
  })

  it("goes on where it stopped, in a new container, and writes nothing twice", async () => {
    const before = performance.now()
    await project.compose("up", "--detach", "--force-recreate", "--no-deps", "waybill")
    const truth = await eventually(
      "everything searchable",
      project.truth,
      ({ searchable, source }) => searchable === source,
      100,
    )
    say(`the rest was searchable ${((performance.now() - before) / 1000).toFixed(1)} s after the start`)
    assert.strictEqual(truth.lost, 0)
    assert.strictEqual(truth.duplicated, 0)
    assert.match(await project.log(), /"event":"sync\.in_sync"/)
    assert.notMatch(await project.log(), /"event":"batch\.lost"/)
  })

  it("becomes healthy", async () => {
    await eventually(
      "healthy",
      () => project.inspect("waybill", "{{.State.Health.Status}}"),
      (state) => state === "healthy",
      90,
    )
  })

  it("reaches the manager through a fresh volume, also where it was there first", async () => {
    await project.compose("down", "--volumes", "--timeout", "10")
    await project.compose("up", "--detach", "--no-deps", "waybill")
    await project.compose("up", "--detach")
    await eventually("the first events", project.truth, ({ searchable }) => searchable > 0)
  })
})
