/**
 * The MSP API in memory, as the notes describe it: the query's time range with both ends in, sorted by `ts`, cursors
 * that are offsets. Each request can be bent by a test.
 */
import { Effect, Layer } from "effect"
import { sourceError } from "../../../src/sources/firewalla/errors.ts"
import { MspApi, type MspRequest } from "../../../src/sources/firewalla/MspApi.ts"
import { isRecord, tsOf } from "../../../src/sources/firewalla/records.ts"
import type { SourceErrorReason } from "../../../src/sources/Source.ts"

export interface Asked {
  /** From 1. */
  readonly nth: number
  readonly from: number
  readonly to: number
  readonly cursor: string | undefined
  readonly request: MspRequest
}

export interface FakeMsp {
  records: Array<unknown>
  readonly asked: Array<Asked>
  /** Called before each answer; may change `records`. A reason makes the request fail. */
  before: (asked: Asked) => SourceErrorReason | undefined
  /** Changes an answer. */
  bend: (body: Readonly<Record<string, unknown>>, asked: Asked) => unknown
  /** How the records are sorted before they are cut into pages. */
  sort: (records: ReadonlyArray<unknown>) => ReadonlyArray<unknown>
}

export const fakeMsp = (records: ReadonlyArray<unknown> = []): FakeMsp => ({
  records: [...records],
  asked: [],
  before: () => undefined,
  bend: (body) => body,
  sort: (all) => [...all].sort((a, b) => (tsOf(a) ?? 0) - (tsOf(b) ?? 0)),
})

/** The reply to one request, or why it fails. */
export const answer = (
  fake: FakeMsp,
  request: MspRequest,
): SourceErrorReason | { readonly body: unknown } => {
  const range = /\bts:([\d.]+)-([\d.]+)/.exec(request.params.query ?? "")
  const asked: Asked = {
    nth: fake.asked.length + 1,
    from: Number(range?.[1] ?? 0),
    to: Number(range?.[2] ?? 0),
    cursor: request.params.cursor,
    request,
  }
  fake.asked.push(asked)
  const failure = fake.before(asked)
  if (failure !== undefined) return failure
  if (request.path === "/devices") return { body: fake.records }
  const inRange = fake.records.filter((record) => {
    const ts = tsOf(record)
    // A record without a time is sent wherever the test's list has it, since no range says where it belongs.
    return ts === undefined ? isAround(fake.records, record, asked) : ts >= asked.from && ts <= asked.to
  })
  const sorted = fake.sort(inRange)
  const limit = Number(request.params.limit ?? 200)
  const offset = Number(asked.cursor?.slice(1) ?? 0)
  const results = sorted.slice(offset, offset + limit)
  const more = offset + limit < sorted.length
  const body = { count: results.length, results, next_cursor: more ? `c${offset + limit}` : null }
  return { body: fake.bend(body, asked) }
}

const isAround = (records: ReadonlyArray<unknown>, record: unknown, asked: Asked): boolean => {
  const hint = isRecord(record) ? record.around : undefined
  if (typeof hint === "number") return hint >= asked.from && hint < asked.to
  return records.some((other) => {
    const ts = tsOf(other)
    return ts !== undefined && ts >= asked.from && ts < asked.to
  })
}

export const layerFake = (fake: FakeMsp): Layer.Layer<MspApi> =>
  Layer.succeed(MspApi, {
    host: "fake.test",
    get: (request) =>
      Effect.suspend(() => {
        const reply = answer(fake, request)
        return "body" in reply
          ? Effect.succeed(reply.body)
          : Effect.fail(sourceError("fake.test", request, reply))
      }),
  })
