/** The status page: asks for the token where there is one, and then looks now and then while somebody sees it. */
import { ask, asksForToken, NotAllowed, now, token, Unreachable } from "./api.js"
import { showReadiness, showUnreachable } from "./banner.js"
import { byId } from "./dom.js"
import { refreshReceipts } from "./events.js"
import { showFeeds } from "./feeds.js"
import { clock, span } from "./format.js"
import { lettersWaiting } from "./letters.js"

const LOOK_EVERY = 5000

const entrance = byId("entrance", HTMLElement)
const status = byId("status", HTMLElement)
const field = byId("token", HTMLInputElement)
const wrong = byId("token-error", HTMLParagraphElement)
const forget = byId("forget", HTMLButtonElement)
const updated = byId("updated", HTMLParagraphElement)

/** Counts the looks that were begun, so that only the last one goes on. */
let turn = 0
/** @type {number | undefined} */
let timer
/** @type {number | undefined} */
let answeredAt

/** @param {string} why */
const askForToken = (why) => {
  turn += 1
  clearTimeout(timer)
  token.forget()
  status.hidden = true
  forget.hidden = true
  updated.textContent = ""
  entrance.hidden = false
  wrong.textContent = why
  field.setAttribute("aria-invalid", String(why !== ""))
  field.value = ""
  field.focus()
}

const show = async () => {
  const [readiness, health, feeds, lag] = await Promise.all([
    ask("readyz", { accept: 503 }),
    ask("healthz"),
    ask("api/v1/feeds"),
    ask("api/v1/lag"),
  ])
  entrance.hidden = true
  status.hidden = false
  forget.hidden = !asksForToken
  status.classList.remove("stale")
  const isHeld = showReadiness(readiness)
  showFeeds(feeds.feeds, isHeld, lag.feeds, now())
  byId("uptime", HTMLSpanElement).textContent = `, ${span(health.uptime_seconds * 1000)} ago`
  answeredAt = Date.now()
  updated.textContent = `As of ${clock(answeredAt)}`
  await lettersWaiting(health.dlq_stats)
  await refreshReceipts()
}

/** Looks, and again after a while, unless the tab is hidden or something else has begun meanwhile. */
const look = async () => {
  clearTimeout(timer)
  turn += 1
  const mine = turn
  try {
    await show()
  } catch (error) {
    if (mine !== turn) return
    if (error instanceof NotAllowed || !entrance.hidden)
      return askForToken(error instanceof Error ? error.message : String(error))
    status.hidden = false
    status.classList.add("stale")
    if (error instanceof Unreachable) showUnreachable(answeredAt)
    else updated.textContent = error instanceof Error ? error.message : String(error)
  }
  if (mine === turn && !document.hidden) timer = setTimeout(look, LOOK_EVERY)
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer)
  else if (entrance.hidden) void look()
})

byId("token-form", HTMLFormElement).addEventListener("submit", async (event) => {
  event.preventDefault()
  token.keep(field.value.trim())
  wrong.textContent = ""
  await look()
  if (!status.hidden) byId("feeds-title", HTMLHeadingElement).scrollIntoView({ block: "nearest" })
})
forget.addEventListener("click", () => askForToken(""))

if (asksForToken && !token.isKnown()) askForToken("")
else void look()
