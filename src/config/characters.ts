/**
 * Characters that nobody means in a value: what comes along from a web page, a word processor or a terminal and can't be
 * seen, and what a header, a URL or a path can't carry. Pure.
 */

/** Control characters, those of format (zero width, direction, byte order mark) and what stands for unreadable bytes. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u
const QUOTE = /[\u2018-\u201f\u00ab\u00bb\u2032-\u2037]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, with its controls
const BEYOND_ASCII = /[^\u0000-\u007f]/u
const BLANK = /\p{Zs}/u
const OUTER_BLANK = /^\p{White_Space}|\p{White_Space}$/u
const QUOTED = /^(["'`]).*\1$|^[\u2018-\u201f].*[\u2018-\u201f]$/su

const codeOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

/** Whether every character of it can be seen, and is whole: what any text on one line must be. */
export const isSeen = (text: string): boolean => text.isWellFormed() && !UNSEEN.test(text)

/** Whether it begins and ends with something that is meant. */
export const isTrimmed = (text: string): boolean => !OUTER_BLANK.test(text)

/** Whether it stands in quotes, which the file that it was copied from needed and its reader kept. */
export const isQuoted = (text: string): boolean => text.length > 1 && QUOTED.test(text)

/** What a header carries whole, whoever reads it (RFC 9110 leaves the rest to chance), if no blank is at its ends. */
export const isPrintableAscii = (text: string): boolean => /^[\x20-\x7e]+$/.test(text)

/**
 * What is odd about the characters of a value that was refused, for its message. It tells none that may be part of a
 * secret.
 */
export const oddityOf = (text: string): string | undefined => {
  if (!text.isWellFormed()) return "half a character"
  const unseen = UNSEEN.exec(text)?.[0]
  if (unseen !== undefined)
    return unseen === "\n" || unseen === "\r"
      ? `a line break (${codeOf(unseen)})`
      : unseen === "\ufffd"
        ? `what stands for bytes that are not UTF-8 (${codeOf(unseen)})`
        : `a character that can't be seen (${codeOf(unseen)})`
  if (isQuoted(text)) {
    const curly = QUOTE.exec(text)?.[0]
    return curly === undefined ? "quotes around it" : `curly quotes around it (${codeOf(curly)})`
  }
  const quote = QUOTE.exec(text)?.[0]
  if (quote !== undefined) return `a curly quote (${codeOf(quote)})`
  if (!isTrimmed(text)) return "a blank at its beginning or end"
  if (BLANK.test(text)) return "a blank"
  return BEYOND_ASCII.test(text) ? "a character that is not ASCII" : undefined
}
