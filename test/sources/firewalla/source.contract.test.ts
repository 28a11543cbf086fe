import { Context, Effect, Layer, Stream } from "effect"
import { firewallaFeeds } from "../../../src/sources/firewalla/layer.ts"
import { Feeds } from "../../../src/sources/Source.ts"
import { type FeedFault, type SourceHarness, suite } from "../../contracts/Source.ts"
import { quiet } from "../../support/logRecorder.ts"
import { answer, fakeMsp } from "./fakeMsp.ts"
import { feedOf, flowAt, named, optionsWith } from "./feeds.ts"
import { mspServer, sendJson } from "./mspServer.ts"

/** The contract's seconds are counted from here. */
const start = Math.floor(Date.now() / 1000) - 600

const alarmAt = (second: number) => ({ ts: start + second, gid: "G", aid: second * 100, type: 1, status: 1 })
const flow = (second: number) => flowAt(start + second)
const timeOf = (second: number) => (start + second) * 1000
const broken = { message: "no time, no id", around: start + 15 }

const failsFrom = (nth: number, { failFrom }: FeedFault) => failFrom !== undefined && nth >= failFrom

const overMemory = (name: "alarms" | "flows", recordAt: (second: number) => unknown): SourceHarness => ({
  recordAt,
  timeOf,
  brokenRecord: broken,
  make: Effect.fnUntraced(function* (records, fault = {}) {
    const fake = fakeMsp(records)
    fake.sort = (all) => all
    fake.before = ({ nth }) =>
      failsFrom(nth, fault) ? { _tag: "ServerError", status: 500, detail: "out of order" } : undefined
    return { feed: yield* feedOf(name, fake), requests: Effect.sync(() => fake.asked.length) }
  }),
})

const overHttp = (name: "alarms" | "flows", recordAt: (second: number) => unknown): SourceHarness => ({
  recordAt,
  timeOf,
  brokenRecord: broken,
  make: Effect.fnUntraced(function* (records, fault = {}) {
    const fake = fakeMsp(records)
    fake.sort = (all) => all
    const server = yield* mspServer(({ nth, url }, response) => {
      if (failsFrom(nth, fault)) return sendJson(response, { message: "out of order" }, 500)
      const params = Object.fromEntries(url.searchParams)
      const reply = answer(fake, { feed: name, path: url.pathname.replace("/v2", ""), params })
      sendJson(response, "body" in reply ? reply.body : {})
    })
    const context = yield* Effect.orDie(
      Layer.build(firewallaFeeds(() => optionsWith({ baseUrl: server.baseUrl }))),
    )
    const feed = yield* named(name, Context.get(context, Feeds))
    const { history } = feed
    return {
      feed: {
        ...feed,
        poll: (checkpoint) => Stream.provide(feed.poll(checkpoint), quiet),
        ...(history && {
          history: { ...history, between: (from, to) => Stream.provide(history.between(from, to), quiet) },
        }),
      },
      requests: Effect.sync(() => server.received.length),
    }
  }),
})

suite("Firewalla flows in memory", overMemory("flows", flow))
suite("Firewalla alarms in memory", overMemory("alarms", alarmAt))
suite("Firewalla flows over HTTP", overHttp("flows", flow))
suite("Firewalla alarms over HTTP", overHttp("alarms", alarmAt))
