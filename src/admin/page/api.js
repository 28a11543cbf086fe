/** Requests to the admin API. Addresses are relative, so that a proxy may put the page below a path of its own. */

const KEPT_AS = "waybill.token"
const QUESTION_MILLIS = 15_000

/** Whether `admin.token` is set; the server writes it into the page. */
export const asksForToken = document.documentElement.dataset.token === "asked"

/** The tab's own storage: gone with the tab, and nowhere in an address. */
export const token = {
  isKnown: () => sessionStorage.getItem(KEPT_AS) !== null,
  /** @param {string} value */
  keep: (value) => sessionStorage.setItem(KEPT_AS, value),
  forget: () => sessionStorage.removeItem(KEPT_AS),
}

/** The token is missing or wrong. */
export class NotAllowed extends Error {}

/** Waybill answered that it can't; the message says why. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/** Nothing answers there. */
export class Unreachable extends Error {}

/** The server's clock when it last answered, less this browser's; milliseconds. */
let ahead = 0
/** Now, by the server's clock. */
export const now = () => Date.now() + ahead

/** @param {string} path @param {string} method @param {unknown} body */
const send = async (path, method, body) => {
  /** @type {Record<string, string>} */
  const headers = {}
  const kept = sessionStorage.getItem(KEPT_AS)
  if (kept !== null) headers.authorization = `Bearer ${kept}`
  if (body !== undefined) headers["content-type"] = "application/json"
  try {
    return await fetch(path, {
      method,
      headers,
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A replay takes the time it needs.
      ...(method === "GET" ? { signal: AbortSignal.timeout(QUESTION_MILLIS) } : {}),
    })
  } catch (cause) {
    throw new Unreachable("Waybill does not answer.", { cause })
  }
}

/**
 * What it answers, as JSON.
 *
 * @param {string} path
 * @param {{ method?: string, body?: unknown, accept?: number }} options accept: a status that is an answer, too
 */
export const ask = async (path, { accept = 200, body, method = "GET" } = {}) => {
  const response = await send(path, method, body)
  const date = Date.parse(response.headers.get("date") ?? "")
  // The header has whole seconds.
  if (!Number.isNaN(date) && Math.abs(date - now()) > 2000) ahead = date - Date.now()
  if (response.status === 401) throw new NotAllowed("That is not Waybill's token.")
  const answer = await response.json().catch(() => undefined)
  if (answer === undefined)
    throw new Refused(
      response.status,
      `The answer (${response.status}) is not JSON. Does something else answer here?`,
    )
  if (response.ok || response.status === accept) return answer
  throw new Refused(response.status, answer.detail ?? `Waybill answered with ${response.status}.`)
}

/** @param {Readonly<Record<string, string | undefined>>} parameters */
export const query = (parameters) => {
  const written = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== "") written.set(name, value)
  return written.size === 0 ? "" : `?${written}`
}
