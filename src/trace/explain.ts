/** A trace in words: what it comes to, and what to look at next. Pure. */
import { iso } from "../domain/isoTime.ts"
import type { Trace } from "./trace.ts"

export interface Explanation {
  readonly summary: string
  /** What to do or to look at, most likely first; empty where nothing is to be done. */
  readonly advice: ReadonlyArray<string>
}

const timeOr = (millis: number | undefined, otherwise: string): string =>
  millis === undefined || millis === 0 ? otherwise : iso(millis)

const MINUTE = 60_000

/** A command that compares a stretch of a feed's time around the event. */
const reconcile = ({ writes }: Trace, flags: string): string => {
  const write = writes[0]
  if (write === undefined || write.eventAt === 0) return `waybill reconcile --from 24h ${flags}`.trim()
  const from = iso(Math.floor(write.eventAt / MINUTE) * MINUTE)
  const to = iso(Math.floor(write.eventAt / MINUTE) * MINUTE + MINUTE)
  return `waybill reconcile --from ${from} --to ${to} ${flags}`.trim()
}

const unknown = (trace: Trace): Explanation => {
  const { places, problems, receiptsSince } = trace
  return {
    summary:
      `Nothing here knows it: no receipt (${timeOr(receiptsSince, "") === "" ? "there are none" : `they go back to ${timeOr(receiptsSince, "")}`}), ` +
      `no dead letter${places === undefined ? "" : `, and the index does not have it`}.`,
    advice: [
      ...(problems.index === undefined ? [] : [`The indexer could not be asked: ${problems.index}`]),
      "Is the id whole? It is data.event_id in the index, and envelope.id in a dead letter.",
      "Has its feed come that far? waybill feeds tells the checkpoint and the last error of each.",
      "Is it what a feed fetches? Look at enabled, query, only and first_run in source.firewalla.feeds.",
      `Does the source have it and the index not? ${reconcile(trace, "--dry-run")}`,
    ],
  }
}

export const explain = (trace: Trace): Explanation => {
  const { letter, places = [], problems, writes } = trace
  const write = writes[0]
  const receipt = write?.receipt
  const written = receipt === undefined ? "" : timeOr(receipt.writtenAt, "not yet")
  const notAsked = problems.index === undefined ? [] : [`The indexer could not be asked: ${problems.index}`]
  switch (trace.state) {
    case "searchable": {
      const indices = [...new Set(places.map(({ index }) => index))].join(", ")
      return places.length === 1
        ? {
            summary: `A search returns it, from ${indices}.`,
            advice:
              letter === undefined
                ? []
                : [
                    `Its dead letter is not needed any more: waybill dlq replay --key ${letter.key} removes it and sends nothing.`,
                  ],
          }
        : {
            summary: `A search returns it ${places.length} times, from ${indices}.`,
            advice: [
              "It was indexed more than once: the shipper delivered its alert again, or something else than Waybill wrote it.",
            ],
          }
    }
    case "dead":
      return {
        summary: `It is a dead letter since ${letter?.file.timestamp}: ${letter?.file.reason}.`,
        advice: [
          ...notAsked,
          `The record and the error in full: waybill dlq show ${letter?.key}`,
          `Once the cause is mended: waybill dlq replay --key ${letter?.key}`,
        ],
      }
    case "on_its_way":
      return {
        summary:
          receipt?.state === "writing"
            ? `It was handed to the writer at ${timeOr(receipt.begunAt, "")}, which has not taken all of its batch.`
            : `It was last written at ${written} (attempt ${receipt?.attempts}), and no search has returned its batch yet.`,
        advice: [
          ...notAsked,
          "waybill status says which part can't do its work; `batch.unconfirmed` and `delivery.stalled` in the log say since when.",
          "If no Waybill runs: the next start looks for it in the index, and writes it if it is not there.",
        ],
      }
    case "confirmed":
      return {
        summary: `A search returned it at ${timeOr(receipt?.confirmedAt, "a time unknown")}.`,
        advice: notAsked,
      }
    case "gone":
      return {
        summary: `A search returned it at ${timeOr(receipt?.confirmedAt, "a time unknown")}, and none does now.`,
        advice: [
          "Was its index deleted or closed (a retention policy), or restored from before? Does indexer.index_pattern still fit?",
          `If it must be there, and the source still has it: ${reconcile(trace, "")}`,
        ],
      }
    case "settled":
      return {
        summary: `It was written at ${written} while nobody searched for it (verify.mode), and no search returns it${problems.index === undefined ? "" : " that could be asked for"}.`,
        advice: [...notAsked, `Bring it back, if the source still has it: ${reconcile(trace, "")}`],
      }
    case "left":
      return {
        summary: `It was written at ${written} by a run that ended before a search returned it.`,
        advice: [
          ...notAsked,
          "The next poll of its feed looks for it in the index, and writes it if it is not there: is the feed polled? waybill feeds tells",
          `Or at once: ${reconcile(trace, "")}`,
        ],
      }
    case "purged":
      return {
        summary: `It became a dead letter in batch ${receipt?.batch}, and no letter waits any more: somebody has removed it.`,
        advice: [...notAsked, `Fetch it again, if the source still has it: ${reconcile(trace, "")}`],
      }
    case "unknown":
      return unknown(trace)
  }
}

/** When the source gave it, epoch milliseconds, as far as anything here knows. */
export const receivedAt = ({ letter, writes }: Trace): number | undefined => {
  const times = [
    ...writes.map((write) => write.receivedAt),
    ...(letter === undefined ? [] : [Date.parse(letter.file.envelope.received_at)]),
  ].filter((time) => time > 0)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Whether there is nothing to do about it: it is there, or was when it could last be asked for. */
export const isWell = ({ state }: Trace): boolean => state === "searchable" || state === "confirmed"
