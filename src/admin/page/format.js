/** Numbers, times and spans as people read them. */
import { element } from "./dom.js"

const numbers = new Intl.NumberFormat("en")
/** @type {Intl.DateTimeFormatOptions} */
const MOMENT = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }
const thisYear = new Intl.DateTimeFormat("en-GB", MOMENT)
const otherYear = new Intl.DateTimeFormat("en-GB", { ...MOMENT, year: "numeric" })
const clocks = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" })

/** @param {number} value */
export const count = (value) => numbers.format(value)

/** @param {number} millis */
export const span = (millis) => {
  if (millis < 1000) return `${Math.round(millis)} ms`
  const seconds = millis / 1000
  if (seconds < 60) return `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/** @param {number} at epoch milliseconds */
export const clock = (at) => clocks.format(at)

/** A time of the API, in the browser's own time zone. What is none is shown as it is. @param {string} iso */
export const time = (iso) => {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return iso
  const format = at.getFullYear() === new Date().getFullYear() ? thisYear : otherYear
  return element("time", { datetime: iso, title: iso }, format.format(at))
}

/** @param {string} iso @param {number} now epoch milliseconds */
export const ago = (iso, now) => {
  const passed = now - Date.parse(iso)
  if (passed < 0) return element("time", { datetime: iso, title: iso }, `in ${span(-passed)}`)
  return element("time", { datetime: iso, title: iso }, passed < 1000 ? "just now" : `${span(passed)} ago`)
}
