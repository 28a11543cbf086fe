/** Going through pages that are known by a cursor each: only forward ones are given, so the way here is kept. */
import { byId } from "./dom.js"

/**
 * @param {string} name of the list in status.html
 * @param {() => Promise<void>} load shows the current page
 * @param {(error: Error) => void} failed
 */
export const pagesOf = (name, load, failed) => {
  const nav = byId(`${name}-pages`, HTMLElement)
  const previous = byId(`${name}-previous`, HTMLButtonElement)
  const next = byId(`${name}-next`, HTMLButtonElement)
  const number = byId(`${name}-page`, HTMLSpanElement)
  /** @type {Array<string | undefined>} */
  let cursors = [undefined]
  /** @type {string | undefined} */
  let following

  previous.addEventListener("click", () => {
    cursors.pop()
    return load().catch(failed)
  })
  next.addEventListener("click", () => {
    cursors.push(following)
    return load().catch(failed)
  })
  return {
    cursor: () => cursors.at(-1),
    isFirst: () => cursors.length === 1,
    first: () => {
      cursors = [undefined]
    },
    /** @param {string | undefined} nextCursor of the page that is shown now */
    shown: (nextCursor) => {
      following = nextCursor
      nav.hidden = cursors.length === 1 && nextCursor === undefined
      previous.disabled = cursors.length === 1
      next.disabled = nextCursor === undefined
      number.textContent = `Page ${cursors.length}`
    },
  }
}
