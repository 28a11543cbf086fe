/** The feeds: one card each. */
import { byId, definitions, element } from "./dom.js"
import { ago, count, span, time } from "./format.js"
import { lagPlot } from "./lagPlot.js"

const list = byId("feeds", HTMLUListElement)

/**
 * @param {any} feed of `/api/v1/feeds`
 * @param {boolean} isHeld whether a part is held up that every feed needs
 * @returns {readonly [string, string]}
 */
const stateOf = ({ counts, last_error, last_poll, stalled }, isHeld) => {
  if (counts.unaccounted !== 0) return ["bad", "Records unaccounted for"]
  if (stalled) return ["bad", "Nothing arrives"]
  if (last_error !== null) return ["warn", "Last poll failed"]
  if (isHeld) return ["warn", "Waits"]
  return last_poll === null ? ["idle", "Not polled yet"] : ["good", "Delivers"]
}

/** @param {any} checkpoint */
const place = (checkpoint) => {
  switch (checkpoint?.kind) {
    case undefined:
      return "none yet"
    case "time":
      return time(checkpoint.up_to)
    case "inventory":
      return `${count(checkpoint.devices)} devices`
    default:
      return `record ${count(checkpoint.up_to)}`
  }
}

/**
 * @param {any} feed
 * @param {boolean} isHeld
 * @param {ReadonlyArray<import("./lagPlot.js").Sample>} samples
 * @param {number} now
 */
const card = (feed, isHeld, samples, now) => {
  const { checkpoint, committed_at, counts, lag_ms, last_error, last_poll, next_poll } = feed
  const [state, said] = stateOf(feed, isHeld)
  const polled =
    last_poll === null ? "never" : last_poll.ended_at === null ? "running" : ago(last_poll.ended_at, now)
  return element(
    "li",
    { class: "panel feed" },
    element(
      "div",
      { class: "head" },
      element("h3", {}, feed.feed),
      element("span", { class: `badge ${state}` }, said),
    ),
    element(
      "p",
      { class: "lag" },
      element("strong", {}, lag_ms === null ? "–" : span(lag_ms)),
      " lag of the last batch",
    ),
    lagPlot(feed.feed, samples, now),
    ...(last_error === null
      ? []
      : [element("p", { class: "error" }, element("b", {}, last_error.reason), ` ${last_error.message}`)]),
    definitions([
      ["Fetched", count(counts.fetched)],
      ["Written", count(counts.written)],
      ["On their way", count(counts.outstanding)],
      ["Confirmed", count(counts.confirmed)],
      ["Known before", count(counts.known)],
      ["Repeated", count(counts.repeated)],
      ["Filtered", count(counts.filtered)],
      ["Dead letters", count(counts.dead)],
      ["Unaccounted", count(counts.unaccounted)],
    ]),
    definitions([
      ["Checkpoint", place(checkpoint)],
      ["Committed", committed_at === null ? "never" : ago(committed_at, now)],
      ["Last poll", polled],
      ["Next poll", next_poll === null ? "–" : ago(next_poll, now)],
    ]),
  )
}

/**
 * @param {ReadonlyArray<any>} feeds
 * @param {boolean} isHeld whether a part is held up that every feed needs
 * @param {ReadonlyArray<any>} lags
 * @param {number} now epoch milliseconds
 */
export const showFeeds = (feeds, isHeld, lags, now) => {
  const samples = new Map(lags.map(({ feed, samples }) => [feed, samples]))
  list.replaceChildren(
    ...(feeds.length === 0
      ? [element("li", { class: "panel" }, "No feed is enabled.")]
      : feeds.map((feed) => card(feed, isHeld, samples.get(feed.feed) ?? [], now))),
  )
}
