/**
 * All that is around Waybill, as the one container of simulated.yml: the manager's sockets under /var/ossec, the
 * indexer on port 9200 and the MSP API on port 443, both over TLS. Prints the truth as one JSON line a second.
 */
import { readFileSync } from "node:fs"
import { connect } from "node:net"
import process from "node:process"
import { createServer } from "node:tls"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Console, Effect, Schedule } from "effect"
import { makeWorld } from "../../src/demo/World.ts"

const certificates = "/certificates"

/** What speaks plain HTTP on 127.0.0.1, to the other containers. */
const serveWithTls = (port: number, url: string) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(
        {
          cert: readFileSync(`${certificates}/wazuh.indexer.pem`),
          key: readFileSync(`${certificates}/wazuh.indexer-key.pem`),
        },
        (outside) => {
          const inside = connect(Number(new URL(url).port), "127.0.0.1")
          outside.on("error", () => inside.destroy())
          inside.on("error", () => outside.destroy())
          outside.pipe(inside).pipe(outside)
        },
      )
      server.listen(port, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close()),
  )

NodeRuntime.runMain(
  Effect.gen(function* () {
    const world = yield* makeWorld({
      folder: "/var",
      // Within what Waybill fetches on its first run.
      flows: { count: Number(process.env.FLOWS || 20_000), span: "50 minutes" },
      alarms: { count: 200, span: "6 days" },
      manager: { serviceRate: Number(process.env.EVENTS_PER_SECOND || 2_000) },
    })
    yield* serveWithTls(443, world.msp.url)
    yield* serveWithTls(9200, world.indexerAccess.url)
    yield* world.truth.pipe(
      Effect.flatMap(({ duplicated, lost, searchable, source }) =>
        Console.log(JSON.stringify({ source, searchable, lost, duplicated })),
      ),
      Effect.repeat(Schedule.spaced("1 second")),
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
)
