/** Making elements. Text is always a text node: what a record says never becomes HTML. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {ReadonlyArray<Node | string>} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/**
 * @param {string} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {ReadonlyArray<Node>} children
 */
export const svg = (tag, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/**
 * An element of status.html.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export const byId = (id, kind) => {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${kind.name} #${id}`)
}

/**
 * @param {string} label
 * @param {() => unknown} pressed
 * @param {string} kind its class
 */
export const button = (label, pressed, kind = "") => {
  const made = element("button", { type: "button", class: kind }, label)
  made.addEventListener("click", pressed)
  return made
}

/** Characters that fit into a column. */
const SHORT = 24

/** @param {ReadonlyArray<readonly [string, Node | string]>} rows */
export const definitions = (rows) =>
  element(
    "dl",
    {},
    ...rows.map(([name, value]) =>
      element(
        "div",
        typeof value === "string" && value.length > SHORT ? { class: "long" } : {},
        element("dt", {}, name),
        element("dd", {}, value),
      ),
    ),
  )
