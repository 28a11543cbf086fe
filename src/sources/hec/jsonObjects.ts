/** The JSON objects that stand one after another in a body, found in one pass without building anything. */

export type Split =
  /** Where each object begins and ends, in units of the text. */
  | { readonly _tag: "Objects"; readonly spans: ReadonlyArray<Span> }
  /** What comes after so many objects is none. */
  | { readonly _tag: "Broken"; readonly after: number }

export interface Span {
  readonly start: number
  readonly end: number
}

/** Deeper than any sender nests; below it the readers that follow need no guard for their stacks. */
export const MAX_NESTING = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09

/** Whatever JSON.parse would refuse inside an object is left to it: here only its end is looked for. */
export const splitObjects = (text: string): Split => {
  const spans: Array<Span> = []
  let at = 0
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++
    if (at === text.length) return { _tag: "Objects", spans }
    const end = text.charCodeAt(at) === 0x7b ? endOfObject(text, at) : undefined
    if (end === undefined) return { _tag: "Broken", after: spans.length }
    spans.push({ start: at, end })
    at = end
  }
}

const endOfObject = (text: string, start: number): number | undefined => {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === QUOTE) {
      at = endOfText(text, at)
      if (at === -1) return undefined
    } else if (c === 0x7b || c === 0x5b) {
      depth += 1
      if (depth > MAX_NESTING) return undefined
    } else if (c === 0x7d || c === 0x5d) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return undefined
}

/** Where the closing quote is; -1 where there is none. */
const endOfText = (text: string, open: number): number => {
  let close = text.indexOf('"', open + 1)
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1)
  return close
}

const isEscaped = (text: string, at: number): boolean => {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1
  return slashes % 2 === 1
}
