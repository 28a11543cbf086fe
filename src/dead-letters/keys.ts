/**
 * The names of letters: `failed_<unix seconds>_<n>`, with `.json` as a file.
 *
 * They are made of the clock and a counter alone. Nothing that came from outside, such as an envelope's id, is ever
 * part of a path; and a key that comes from outside is held against this form before it becomes one.
 */
const KEY = /^failed_(0|[1-9]\d{0,14})_(0|[1-9]\d{0,14})$/

export interface Key {
  readonly seconds: number
  /** Goes on over restarts; the order of letters. */
  readonly n: number
}

export const parseKey = (text: string): Key | undefined => {
  const [, seconds, n] = KEY.exec(text) ?? []
  return seconds === undefined || n === undefined ? undefined : { seconds: Number(seconds), n: Number(n) }
}

/** Whether this could be the key of a letter, or a cursor. */
export const isKey = (text: string): boolean => parseKey(text) !== undefined

export const keyOf = ({ n, seconds }: Key): string => `failed_${seconds}_${n}`
export const fileNameOf = (key: string): string => `${key}.json`

/** The key of a file's name; undefined: the file is none of ours. */
export const keyOfFile = (name: string): Key | undefined =>
  name.endsWith(".json") ? parseKey(name.slice(0, -".json".length)) : undefined

/** Oldest first. Where files were brought together by hand, two may have the same `n`. */
export const inOrder = (a: Key, b: Key): number => a.n - b.n || a.seconds - b.seconds

/** What a killed run leaves behind: never a letter, and safe to remove. */
export const isLeftover = (name: string): boolean =>
  /^(failed_\d+_\d+\.json\.tmp|self_test\.json(\.tmp)?)$/.test(name)
