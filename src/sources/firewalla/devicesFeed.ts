/**
 * The devices feed: the inventory against the baseline in the checkpoint.
 *
 * The first poll of all only sets the baseline. Later ones yield an envelope for each change, and the new baseline is
 * the position of the last page of them: it is committed once the changes are settled, so a change whose delivery was
 * interrupted is found again, with the same id. Without a change nothing is yielded and the baseline stays.
 *
 * An empty inventory where the baseline has devices is an error, not the removal of all: a box that is offline still
 * lists its devices, so what an empty list shows is a wrong filter, a token that lost its access, or a fault.
 *
 * A record of this feed is a change, and what can't be read as a device; a device that is as it was is none.
 */
import { Array, Clock, DateTime, type Duration, Effect, Option, Ref, Result, Stream } from "effect"
import type { Checkpoint, FeedName, InventoryPosition } from "../../domain/Checkpoint.ts"
import type { Envelope } from "../../domain/Envelope.ts"
import type { Feed, Page, SourceError, SourceErrorReason } from "../Source.ts"
import { changesBetween, type DeviceChange, inventoryOf } from "./deviceChanges.ts"
import { sourceError } from "./errors.ts"
import { unreadableId } from "./identity.ts"
import { MspApi, type MspRequest } from "./MspApi.ts"
import { type BoxFilter, listParams } from "./query.ts"
import { parseList } from "./reply.ts"

export interface DevicesFeedSettings {
  readonly name: FeedName
  readonly source: string
  readonly sourceType: string
  readonly interval: () => Duration.Duration
  /** Changes a page. */
  readonly pageSize: number
  readonly filter: BoxFilter
}

export const makeDevicesFeed = Effect.fnUntraced(function* (settings: DevicesFeedSettings) {
  const api = yield* MspApi
  /** The newest generation whose changes this run has yielded; none before its first poll. */
  const yielded = yield* Ref.make(Option.none<number>())
  const request: MspRequest = { feed: settings.name, path: "/devices", params: listParams(settings.filter) }
  const fail = (reason: SourceErrorReason) => sourceError(api.host, request, reason)

  const baselineOf = Effect.fnUntraced(function* (checkpoint: Option.Option<Checkpoint>) {
    if (Option.isNone(checkpoint)) return Option.none<InventoryPosition>()
    if (checkpoint.value.position.kind === "inventory") return Option.some(checkpoint.value.position)
    return yield* fail({
      _tag: "BadShape",
      detail: `the checkpoint of ${settings.name} is not one of an inventory, so what has changed is not known. It was not written by this feed: put the right file back, or remove it to begin anew.`,
    })
  })

  const envelope = (id: string, payload: unknown, now: string): Envelope => ({
    id,
    source: settings.source,
    source_type: settings.sourceType,
    format: "json",
    payload,
    attributes: { host: api.host },
    received_at: now,
  })

  const changeEnvelope = ({ id, ...change }: DeviceChange, now: string): Envelope =>
    envelope(id, { ...change, observed_at: now }, now)

  /** Only the last page may move the baseline: the changes of all of them are against the old one. */
  const pagesOf = (envelopes: ReadonlyArray<Envelope>, position: Page["position"], maybeSent: boolean) => {
    const chunks = Array.chunksOf(envelopes, settings.pageSize)
    return chunks.map(
      (chunk, index): Page => ({
        fetched: chunk.length,
        envelopes: chunk,
        position: index === chunks.length - 1 ? position : Option.none(),
        maybeSent,
      }),
    )
  }
  const repeats = (repeated: number): ReadonlyArray<Page> =>
    repeated === 0
      ? []
      : [{ fetched: repeated, envelopes: [], repeated, position: Option.none(), maybeSent: false }]

  const read = Effect.fnUntraced(function* (checkpoint: Option.Option<Checkpoint>) {
    const baseline = yield* baselineOf(checkpoint)
    const list = parseList(yield* api.get(request))
    if (Result.isFailure(list)) return yield* fail(list.failure)
    const inventory = inventoryOf(list.success)
    const now = DateTime.formatIso(DateTime.makeUnsafe(yield* Clock.currentTimeMillis))
    const unreadable = inventory.unreadable.map((record) =>
      envelope(unreadableId("devices", record), record, now),
    )
    if (Option.isNone(baseline)) {
      yield* Ref.set(yielded, Option.some(0))
      const first = position(0, inventory.devices)
      const pages: ReadonlyArray<Page> =
        unreadable.length > 0
          ? pagesOf(unreadable, first, true)
          : [{ fetched: 0, envelopes: [], position: first, maybeSent: false }]
      return [...repeats(inventory.repeated), ...pages]
    }
    const { generation, devices } = baseline.value
    if (inventory.devices.length === 0 && devices.length > 0) {
      return yield* fail({
        _tag: "BadShape",
        detail: `the inventory is empty, though the baseline has ${devices.length} devices; that is not taken for their removal. Check source.firewalla.box and group and what the token may see. If there really are no devices any more, remove the checkpoint of ${settings.name}.`,
      })
    }
    const changes = changesBetween(devices, inventory, generation)
    const seen = yield* Ref.getAndSet(yielded, Option.some(generation + 1))
    const maybeSent = Option.isNone(seen) || generation < seen.value
    const next = changes.length === 0 ? Option.none() : position(generation + 1, inventory.devices)
    const envelopes = [...unreadable, ...changes.map((change) => changeEnvelope(change, now))]
    return [...repeats(inventory.repeated), ...pagesOf(envelopes, next, maybeSent)]
  })

  const poll = (checkpoint: Option.Option<Checkpoint>): Stream.Stream<Page, SourceError> =>
    Stream.fromIterableEffect(read(checkpoint))

  const feed: Feed = {
    name: settings.name,
    eventType: "device_change",
    interval: settings.interval,
    poll,
  }
  return feed
})

const position = (generation: number, devices: InventoryPosition["devices"]): Page["position"] =>
  Option.some({ kind: "inventory", generation, devices })
