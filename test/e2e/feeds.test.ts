/** Alarms, flows and devices together, over stops, starts and a manager that goes away. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem } from "effect"
import { KEYWORDS } from "../../src/demo/indexer/document.ts"
import { type Device, deviceAt } from "../../src/demo/msp/records.ts"
import { onStage, SLOW_MANAGER, type Stage, stopped, TEST_TIMEOUT } from "./world.ts"

const EVENT_TYPE = KEYWORDS.indexOf("data.event_type")

/** Documents of this type in the index, searchable or not yet. */
const documents = (stage: Stage, type: string) =>
  Effect.sync(() => {
    const { store } = stage.indexer
    let found = 0
    for (let row = 0; row < store.size(); row++) if (store.keyword(row, EVENT_TYPE) === type) found += 1
    return found
  })

/** Waits for one whole poll of each feed that begins after now. */
const pollsOfAll = (stage: Stage, feeds: ReadonlyArray<string>) =>
  Effect.forEach(
    feeds,
    (feed) => stage.nextLine("poll.finished", (line) => line.feed === `firewalla-msp/${feed}`, 2),
    { concurrency: "unbounded", discard: true },
  )

const ALL = ["alarms", "flows", "devices"]

describe("all feeds", () => {
  it.live(
    "a device's change is one event, whatever starts and stops; the first run only takes the inventory",
    () =>
      onStage(
        {
          flows: { count: 300, span: "6 hours" },
          alarms: { count: 120, span: "30 hours" },
          devices: 20,
          set: {
            "source.firewalla.feeds.alarms.enabled": true,
            "source.firewalla.feeds.devices.enabled": true,
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const { msp } = stage.world
            const renamed = (name: string) => (devices: ReadonlyArray<Device>) =>
              devices.map((device, n) => (n === 3 ? { ...device, name } : device))
            const first = yield* stage.start
            yield* stage.arrived
            yield* pollsOfAll(stage, ALL)
            assert.strictEqual(yield* documents(stage, "device_change"), 0)

            yield* msp.editDevices((devices) => [
              ...renamed("den")(devices).slice(1),
              deviceAt(900, 1_700_000_000),
            ])
            yield* stage.until(
              "one removed, one new and one renamed device are searchable",
              Effect.map(documents(stage, "device_change"), (found) => found >= 3),
            )
            yield* pollsOfAll(stage, ALL)
            assert.strictEqual(yield* documents(stage, "device_change"), 3)
            assert.strictEqual(yield* stopped(first), 0)

            yield* msp.editDevices(renamed("attic"))
            const second = yield* stage.start
            yield* stage.until(
              "the change of a device while Waybill was away is searchable",
              Effect.map(documents(stage, "device_change"), (found) => found >= 4),
            )
            yield* pollsOfAll(stage, ALL)
            yield* second.kill
            yield* second.exitCode
            const third = yield* stage.start
            yield* pollsOfAll(stage, ALL)
            assert.strictEqual(yield* documents(stage, "device_change"), 4)
            assert.strictEqual(yield* stopped(third), 0)
            assert.strictEqual(yield* stage.copies, 300 + 120 + 4)
            yield* stage.assertEquation
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a kill between a device's change and the baseline after it: the change is found and not sent again",
    () =>
      onStage(
        {
          devices: 5,
          set: {
            "source.firewalla.feeds.flows.enabled": false,
            "source.firewalla.feeds.devices.enabled": true,
          },
        },
        (stage) =>
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const inTheWay = `${stage.checkpointFile("devices")}.tmp`
            const first = yield* stage.start
            yield* pollsOfAll(stage, ["devices"])
            yield* fs.makeDirectory(inTheWay)
            yield* stage.world.msp.editDevices((devices) => devices.slice(1))
            yield* stage.nextLine("checkpoint.commit_failed")
            assert.strictEqual(yield* documents(stage, "device_change"), 1)
            yield* first.kill
            yield* first.exitCode
            yield* fs.remove(inTheWay, { recursive: true })
            const second = yield* stage.start
            yield* pollsOfAll(stage, ["devices"])
            assert.strictEqual(yield* documents(stage, "device_change"), 1)
            assert.strictEqual(yield* stopped(second), 0)
          }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "SIGTERM ends with 0 once all that was sent is confirmed, and the next start sends nothing twice",
    () =>
      onStage({ flows: { count: 2000, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const first = yield* stage.start
          yield* stage.searchable(50)
          const stopping = yield* Effect.forkChild(stopped(first))
          yield* stage.hasLine("run.draining")
          yield* stage.hurry
          assert.strictEqual(yield* Fiber.join(stopping), 0)
          const { searchable } = yield* stage.equation
          assert.isBelow(searchable, 2000)
          // What was sent and not waited for would come now.
          yield* Effect.sleep("1 second")
          assert.strictEqual(yield* stage.copies, searchable)
          assert.strictEqual(yield* stage.countLines("run.stopped"), 1)

          yield* stage.endsWell(yield* stage.start)
        }),
      ),
    TEST_TIMEOUT,
  )

  it.live(
    "a manager that stops in order and comes back with a new socket costs nothing",
    () =>
      onStage({ flows: { count: 2000, span: "30 hours" }, manager: SLOW_MANAGER }, (stage) =>
        Effect.gen(function* () {
          const { manager } = stage.world
          const waybill = yield* stage.start
          yield* stage.searchable(50)
          yield* stage.stopManager
          yield* stage.hasLine("writer.holding")
          yield* Effect.sleep("1500 millis")
          yield* manager.start
          yield* stage.hasLine("writer.resumed")
          yield* stage.endsWell(waybill)
        }),
      ),
    TEST_TIMEOUT,
  )
})
