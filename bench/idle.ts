/** What Waybill costs while nothing happens, beside a bare HTTP server of Node in the same run. */
import { spawn } from "node:child_process"
import { statSync } from "node:fs"
import { get } from "node:http"
import { createServer } from "node:net"
import path from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { makeWorld } from "../src/demo/World.ts"
import { writeWaybillConfig } from "../src/demo/waybillConfig.ts"
import type { Bench } from "./Bench.ts"
import { cpuSecondsOf, median, megabytesOf } from "./processCpu.ts"

const ENTRY = "dist/main.mjs"
const BUNDLE = "dist/waybill.cjs"
const STARTS = 5
const SETTLE_SECONDS = 20
const MEASURE_SECONDS = 60
const MOST_MEMORY = 1.6
const MOST_READY_SECONDS = 0.5

/** CommonJS, the leaner way: as an ES module the same server takes 14 MB more (see rolldown.config.ts). */
const BARE = `require("node:http").createServer((_, response) => response.end("ok")).listen(Number(process.argv[1]), "127.0.0.1")`

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const answers = (url: string) =>
  new Promise<boolean>((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume()
      response.on("end", () => resolve(response.statusCode === 200))
    }).on("error", () => resolve(false))
  })

interface Started {
  readonly pid: number
  readonly readySeconds: number
  readonly stop: () => Promise<void>
}

/** Starts a server and waits for its first answer. */
const start = async (args: ReadonlyArray<string>, url: string): Promise<Started> => {
  const before = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env.PATH },
  })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`${args.join(" ")} ended with ${child.exitCode}`)
    await sleep(2)
  }
  const readySeconds = (performance.now() - before) / 1000
  return {
    pid: child.pid ?? 0,
    readySeconds,
    stop: async () => {
      child.kill("SIGTERM")
      await ended
    },
  }
}

/** Memory and CPU of processes that run at the same time, each second of a minute. */
const watch = async (pids: ReadonlyArray<number>) => {
  const before = pids.map(cpuSecondsOf)
  const samples = pids.map((): Array<number> => [])
  for (let second = 0; second < MEASURE_SECONDS; second++) {
    await sleep(1000)
    pids.forEach((pid, n) => {
      samples[n]?.push(megabytesOf(pid))
    })
  }
  return pids.map((pid, n) => ({
    megabytes: median(samples[n] ?? []),
    cpuPercent: ((cpuSecondsOf(pid) - (before[n] ?? 0)) / MEASURE_SECONDS) * 100,
  }))
}

const readySeconds = async (args: ReadonlyArray<string>, url: string) => {
  const times: Array<number> = []
  for (let n = 0; n < STARTS; n++) {
    const started = await start(args, url)
    times.push(started.readySeconds)
    await started.stop()
  }
  return times
}

/** A small world, of which everything has arrived by the time that is measured; intervals are the defaults. */
const worldAndConfig = (port: number) =>
  Effect.gen(function* () {
    const world = yield* makeWorld({
      flows: { count: 200, span: "1 hour" },
      alarms: { count: 50, span: "1 hour" },
      devices: 10,
    })
    yield* world.manager.start
    return yield* writeWaybillConfig(world, {
      set: {
        "source.firewalla.feeds.alarms.interval": "5 minutes",
        "source.firewalla.feeds.flows.interval": "15 minutes",
        "source.firewalla.feeds.devices.interval": "1 day",
        "admin.port": port,
      },
    })
  })

const measure = async (configFile: string, port: number, say: (line: string) => void) => {
  const barePort = await freePort()
  const bareArgs = ["-e", BARE, String(barePort)]
  const bareUrl = `http://127.0.0.1:${barePort}/`
  const args = [path.resolve(ENTRY), "run", "--config", configFile]
  const url = `http://127.0.0.1:${port}/healthz`

  const bareReady = await readySeconds(bareArgs, bareUrl)
  const ready = await readySeconds(args, url)
  say(`ready after ${median(ready).toFixed(3)} s; now idle for ${SETTLE_SECONDS + MEASURE_SECONDS} s`)
  const bare = await start(bareArgs, bareUrl)
  const waybill = await start(args, url)
  await sleep(SETTLE_SECONDS * 1000)
  const [ofBare, ofWaybill] = await watch([bare.pid, waybill.pid])
  await Promise.all([bare.stop(), waybill.stop()])
  if (ofBare === undefined || ofWaybill === undefined) throw new Error("nothing was measured")
  return { bareReady, ready, ofBare, ofWaybill }
}

export const bench: Bench = {
  name: "idle",
  about: "three feeds with nothing to do, beside a bare HTTP server of Node; the bundle must be built",
  run: (say) =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const configFile = yield* worldAndConfig(port)
      const { bareReady, ofBare, ofWaybill, ready } = yield* Effect.promise(() =>
        measure(configFile, port, say),
      )
      const ratio = ofWaybill.megabytes / ofBare.megabytes
      return {
        passed: ratio <= MOST_MEMORY && median(ready) <= MOST_READY_SECONDS,
        unit: "MB of memory (RSS), % of one CPU, seconds to the first answer (median)",
        figures: {
          memory: ofWaybill.megabytes,
          memoryBare: ofBare.megabytes,
          memoryRatio: ratio,
          cpuPercent: ofWaybill.cpuPercent,
          cpuPercentBare: ofBare.cpuPercent,
          readySeconds: median(ready),
          readySecondsBest: Math.min(...ready),
          readySecondsBare: median(bareReady),
          bundleMegabytes: statSync(BUNDLE).size / 1024 / 1024,
        },
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise),
}
