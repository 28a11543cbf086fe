/** Where an event is, and the receipts of batches. */
import { ask, query, Refused } from "./api.js"
import { byId, definitions, element } from "./dom.js"
import { count, time } from "./format.js"
import { pagesOf } from "./pages.js"

const PAGE = "10"
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/

const trace = byId("trace", HTMLDivElement)
const eventId = byId("event-id", HTMLInputElement)
const list = byId("receipts", HTMLUListElement)

/** What the list was made from, so that it is left alone while nothing changes. */
let listed = ""

/** @param {string} name */
const words = (name) => {
  const said = name.replaceAll("_", " ")
  return said.charAt(0).toUpperCase() + said.slice(1)
}

/** Nothing to show: null, or an object of nothing else. @param {unknown} value */
const isNothing = (value) =>
  value === null ||
  (typeof value === "object" &&
    !Array.isArray(value) &&
    Object.values(value ?? {}).every((inside) => inside === null))

/**
 * Whatever the API says, as names and values; what is null is left out.
 *
 * @param {unknown} value
 * @returns {Node | string}
 */
const shown = (value) => {
  if (Array.isArray(value))
    return value.length === 0
      ? "none"
      : element("ul", {}, ...value.map((one) => element("li", {}, shown(one))))
  if (typeof value === "object" && value !== null)
    return definitions(
      Object.entries(value).flatMap(([name, inside]) =>
        isNothing(inside) ? [] : [/** @type {const} */ ([words(name), shown(inside)])],
      ),
    )
  if (typeof value === "string") return TIME.test(value) ? time(value) : value
  return typeof value === "number"
    ? count(value)
    : typeof value === "boolean"
      ? value
        ? "yes"
        : "no"
      : String(value)
}

/** @type {Readonly<Record<string, string>>} */
const STATES = {
  searchable: "good",
  confirmed: "good",
  dead: "bad",
  gone: "bad",
  unknown: "warn",
  purged: "warn",
}

/** @param {any} found of `/api/v1/events/{id}` */
const answer = ({ advice, event_id, state, summary, ...rest }) =>
  element(
    "div",
    { class: "panel tree" },
    element(
      "p",
      {},
      element("span", { class: `badge ${STATES[state] ?? "idle"}` }, words(String(state))),
      ` ${summary ?? event_id}`,
    ),
    ...(advice ?? []).map((/** @type {unknown} */ one) => element("p", { class: "hint" }, String(one))),
    shown(rest),
  )

byId("trace-form", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault()
  const id = eventId.value.trim()
  trace.replaceChildren(element("p", { class: "hint" }, "Looking…"))
  try {
    trace.replaceChildren(answer(await ask(`api/v1/events/${encodeURIComponent(id)}`)))
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    trace.replaceChildren(element("p", { class: "error" }, said))
  }
})

/** @param {any} receipt */
const item = (receipt) => {
  const { batch, events, feed, state, written_at } = receipt
  return element(
    "li",
    {},
    element(
      "details",
      { class: "panel" },
      element(
        "summary",
        {},
        element(
          "span",
          { class: `badge ${state === "confirmed" ? "good" : "idle"}` },
          String(state ?? "receipt"),
        ),
        element("b", { class: "id" }, String(batch)),
        element("span", { class: "about" }, `${feed}, ${events} events`),
        element("span", { class: "when" }, typeof written_at === "string" ? time(written_at) : ""),
      ),
      element("div", { class: "tree" }, shown(receipt)),
    ),
  )
}

const loadReceipts = async () => {
  const { next_cursor, receipts } = await ask(
    `api/v1/receipts${query({ limit: PAGE, cursor: pages.cursor() })}`,
  )
  pages.shown(next_cursor === undefined || next_cursor === null ? undefined : String(next_cursor))
  const text = JSON.stringify(receipts)
  if (text === listed) return
  listed = text
  list.replaceChildren(
    ...(receipts.length === 0 ? [element("li", { class: "panel hint" }, "None yet.")] : receipts.map(item)),
  )
}

/** @param {Error} error */
const failed = ({ message }) => {
  listed = ""
  list.replaceChildren(element("li", { class: "panel error" }, message))
}

const pages = pagesOf("receipts", loadReceipts, failed)

/** The newest receipts, unless somebody reads in them or has gone to older ones. */
export const refreshReceipts = async () => {
  const isRead = list.querySelector("[open]") !== null || list.contains(document.activeElement)
  if (isRead || !pages.isFirst()) return
  try {
    await loadReceipts()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    failed(error)
  }
}
