/** The dead letters: listed by the page, replayed and removed. */
import { ask, query } from "./api.js"
import { confirm } from "./confirm.js"
import { button, byId, definitions, element } from "./dom.js"
import { count, time } from "./format.js"
import { pagesOf } from "./pages.js"

const PAGE = "20"
/** Characters of a payload that are shown; `waybill dlq show` has all of it. */
const SHOWN = 20_000

const list = byId("letters", HTMLUListElement)
const total = byId("letters-count", HTMLSpanElement)
const outcome = byId("letters-outcome", HTMLParagraphElement)
const reason = byId("reason", HTMLSelectElement)
const source = byId("source", HTMLInputElement)
const replayAll = byId("replay-all", HTMLButtonElement)
const purgeAll = byId("purge-all", HTMLButtonElement)

/** As it is applied, which is not what is being typed. @type {{ reason?: string, source?: string }} */
let filter = {}
/** Letters that wait, as of the last look; undefined before the first. @type {number | undefined} */
let waiting
/** As many waited when the list was loaded. @type {number | undefined} */
let waitedThen
/** What the list was made from, so that it is left alone while nothing changes. */
let listed = ""

const isFiltered = () => Object.keys(filter).length > 0
const chosen = () =>
  isFiltered()
    ? `all dead letters with ${Object.entries(filter)
        .map(([name, value]) => `${name} “${value}”`)
        .join(" and ")}`
    : waiting === undefined
      ? "all dead letters"
      : `all ${count(waiting)} dead letters`

/** @param {string} said @param {boolean} isBad */
const tell = (said, isBad = false) => {
  outcome.textContent = said
  outcome.classList.toggle("error", isBad)
}

/** Asks, does it, says what came of it, and looks again. @param {any} question @param {() => Promise<string>} act */
const change = async (question, act) => {
  if (!(await confirm(question))) return
  const buttons = document.querySelectorAll("#letters button, #replay-all, #purge-all")
  for (const one of buttons) one.setAttribute("disabled", "")
  tell(question.meanwhile)
  try {
    tell(await act())
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true)
  }
  for (const one of buttons) one.removeAttribute("disabled")
  // Where it fails, the next look says why.
  await loadLetters().catch(() => undefined)
  if (document.activeElement === document.body) replayAll.focus()
}

/** @param {any} body @param {string} what */
const replay = (body, what) =>
  change(
    {
      title: "Replay?",
      text: `This sends ${what} again. A letter is removed only when a search has returned its event.`,
      yes: "Replay",
      isDangerous: false,
      meanwhile: "Replaying. It is over when a search has shown what became of each; that may take minutes.",
    },
    async () => {
      const { complete, delivered, error, failed, failures, known, left } = await ask("api/v1/dlq/replay", {
        method: "POST",
        body,
      })
      const parts = [
        `${count(delivered)} delivered`,
        known > 0 ? `${count(known)} were in the index already` : "",
        failed > 0 ? `${count(failed)} failed again: ${failures[0]?.error ?? ""}` : "",
        left > 0 ? `${count(left)} left as they were` : "",
        complete ? "" : `Not complete: ${error ?? "it was stopped"}`,
      ]
      return `Replayed: ${parts.filter((part) => part !== "").join(". ")}`
    },
  )

/** Whether an id can be the last part of a path and means nothing else there. @param {string} id */
const isAddressable = (id) => id.isWellFormed() && !["", ".", "..", "purge", "replay"].includes(id)

/** @param {string} id */
const remove = (id) =>
  change(
    {
      title: "Remove this dead letter?",
      text: `${id} is gone for good, and its event with it.`,
      yes: "Remove",
      isDangerous: true,
      meanwhile: "Removing.",
    },
    async () => {
      await ask(`api/v1/dlq/${encodeURIComponent(id)}`, { method: "DELETE" })
      return `Removed ${id}`
    },
  )

/** @param {any} letter of `/api/v1/dlq` */
const item = ({ attempts, envelope, error, last_attempt, reason, timestamp }) => {
  const { attributes, format, id, payload, received_at, source, source_type } = envelope
  const cut = payload.length - SHOWN
  return element(
    "li",
    {},
    element(
      "details",
      { class: "panel" },
      element(
        "summary",
        {},
        element("span", { class: "badge warn" }, reason),
        element("b", { class: "id" }, id),
        element("span", { class: "about" }, error),
        element("span", { class: "when" }, time(timestamp)),
      ),
      element("p", { class: "error" }, error),
      definitions([
        ["Source", source],
        ["Source type", source_type],
        ["Format", format],
        ["Received", time(received_at)],
        ["Attempts", count(attempts)],
        ["Last attempt", time(last_attempt)],
        .../** @type {Array<[string, string]>} */ (Object.entries(attributes)),
      ]),
      element("h3", {}, "Payload"),
      element("pre", { tabindex: "0" }, cut > 0 ? payload.slice(0, SHOWN) : payload),
      ...(cut > 0
        ? [element("p", { class: "hint" }, `${count(cut)} characters more; waybill dlq show has them.`)]
        : []),
      element(
        "p",
        { class: "row" },
        button("Replay…", () => replay({ id }, `“${id}”`)),
        ...(isAddressable(id) ? [button("Remove…", () => remove(id), "danger")] : []),
      ),
    ),
  )
}

/** @returns {Promise<void>} */
const loadLetters = async () => {
  const page = await ask(`api/v1/dlq${query({ ...filter, limit: PAGE, cursor: pages.cursor() })}`)
  if (page.events.length === 0 && !pages.isFirst()) {
    pages.first()
    return loadLetters()
  }
  pages.shown(page.next_cursor)
  replayAll.textContent = isFiltered() ? "Replay these…" : "Replay all…"
  purgeAll.textContent = isFiltered() ? "Purge these…" : "Purge all…"
  for (const one of [replayAll, purgeAll]) one.disabled = page.events.length === 0
  const text = JSON.stringify(page.events)
  if (text === listed) return
  listed = text
  list.replaceChildren(
    ...(page.events.length === 0
      ? [element("li", { class: "panel hint" }, isFiltered() ? "None fits." : "None waits.")]
      : page.events.map(item)),
  )
}

const pages = pagesOf("letters", loadLetters, ({ message }) => tell(message, true))

/** Loads the list again when it has changed, unless somebody reads in it. @param {any} stats of `/healthz` */
export const lettersWaiting = async ({ enabled, pending_files }) => {
  const isRead = list.querySelector("[open]") !== null || list.contains(document.activeElement)
  total.textContent = enabled ? count(pending_files) : "not kept"
  waiting = pending_files
  if (pending_files === waitedThen || (isRead && waitedThen !== undefined)) return
  await loadLetters()
  waitedThen = pending_files
}

byId("letters-filter", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault()
  filter = {
    ...(reason.value === "" ? {} : { reason: reason.value }),
    ...(source.value === "" ? {} : { source: source.value }),
  }
  pages.first()
  tell("")
  return loadLetters().catch((error) => tell(error.message, true))
})

replayAll.addEventListener("click", () => replay(filter, chosen()))
purgeAll.addEventListener("click", () =>
  change(
    {
      title: "Purge?",
      text: `This removes ${chosen()}. They are gone for good, and their events with them.`,
      yes: "Purge",
      isDangerous: true,
      meanwhile: "Purging.",
    },
    async () => {
      await ask(`api/v1/dlq/purge${query(filter)}`, { method: "DELETE" })
      return `Purged ${isFiltered() ? "those that fit" : "all"}`
    },
  ),
)
