/** Text from outside on a terminal: what came in a record must not move the cursor or hide what is written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`

/** On one line. */
export const printable = (text: string): string => text.replace(UNSAFE, escaped)

/** On one line of so many characters at most. */
export const cut = (text: string, width: number): string => {
  const line = printable(text)
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`
}

/** JSON over several lines. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).split("\n").map(printable).join("\n")
