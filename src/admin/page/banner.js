/** What does not work now: at the top, in words, with what to do. */
import { byId, element } from "./dom.js"
import { clock } from "./format.js"

const banner = byId("banner", HTMLDivElement)
const overall = byId("overall", HTMLParagraphElement)

/** @type {Readonly<Record<string, readonly [string, string]>>} */
const PARTS = {
  run: ["Not delivering", "Nothing is polled until the start is over."],
  indexer: ["Indexer away", "Nothing is committed until it answers; Waybill asks again by itself."],
  writer: ["Manager takes no events", "Events wait. Look at the manager: is it running, is its queue full?"],
  chain: [
    "Events do not arrive",
    "Look at the manager, Filebeat and the indexer's disk. Nothing is committed until they arrive.",
  ],
  checkpoints: ["Checkpoints can't be written", "Look at the disk and the permissions of state.path."],
  dlq: [
    "Dead letters",
    "Feeds wait for it. If it lasts, look at the disk and the permissions of dlq.base_path.",
  ],
  spool: ["Pushed events are refused", "Look at the disk and the permissions of source.hec.spool.path."],
  feed: ["Feed", "See its card below."],
}

/** Of these the words above say all of it. */
const SAID = ["writer", "checkpoints", "spool"]

/** What every feed needs; only one that has a record to set aside needs the folder of dead letters. */
const SHARED = ["run", "indexer", "writer", "chain", "checkpoints"]

/** What is shown, so that a screen reader hears a change and not each look. */
let shown = ""

/** @param {ReadonlyArray<readonly [string, string]>} lines @param {string} said */
const show = (lines, said) => {
  const text = JSON.stringify([lines, said])
  if (text === shown) return
  shown = text
  overall.textContent = said
  overall.className = lines.length === 0 ? "badge good" : "badge bad"
  banner.replaceChildren(
    ...(lines.length === 0
      ? []
      : [
          element(
            "ul",
            { class: "banner" },
            ...lines.map(([what, why]) => element("li", {}, element("b", {}, `${what}: `), why)),
          ),
        ]),
  )
}

/**
 * @param {{ parts: ReadonlyArray<{ part: string, feed?: string, ready: boolean, why?: string }> }} readiness
 * @returns {boolean} whether a part is held up that every feed needs
 */
export const showReadiness = ({ parts }) => {
  const held = parts.filter(({ ready }) => !ready)
  show(
    held.map(({ feed, part, why = "" }) => {
      const [what, advice] = PARTS[part] ?? [part, ""]
      const reason = why === "" || SAID.includes(part) ? "" : `${why}. `
      return [feed === undefined ? what : `${what} ${feed}`, `${reason}${advice}`]
    }),
    held.length === 0
      ? "All parts work"
      : held.length === 1
        ? "1 part is held up"
        : `${held.length} parts are held up`,
  )
  return held.some(({ part }) => SHARED.includes(part))
}

/** @param {number | undefined} answeredAt epoch milliseconds */
export const showUnreachable = (answeredAt) =>
  show(
    [
      [
        "Waybill does not answer",
        answeredAt === undefined
          ? "Is it running, and is this its address?"
          : `What is below is from ${clock(answeredAt)}.`,
      ],
    ],
    "No answer",
  )
