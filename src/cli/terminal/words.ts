/** Numbers and times for people. Pure. */

export const count = (value: number): string => value.toLocaleString("en")

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const two = (millis: number, large: number, largeName: string, small: number, smallName: string): string => {
  const rest = Math.floor((millis % large) / small)
  return `${Math.floor(millis / large)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`
}

/** A length of time: `850 ms`, `1.2 s`, `42 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export const span = (millis: number): string => {
  if (millis < SECOND) return `${Math.round(millis)} ms`
  if (millis < 10 * SECOND) return `${(Math.floor(millis / 100) / 10).toFixed(1)} s`
  if (millis < MINUTE) return `${Math.floor(millis / SECOND)} s`
  if (millis < HOUR) return `${Math.floor(millis / MINUTE)} min`
  return millis < DAY ? two(millis, HOUR, "h", MINUTE, "min") : two(millis, DAY, "d", HOUR, "h")
}

/** Events a second. */
export const rate = (perSecond: number): string =>
  `${perSecond >= 100 ? count(Math.round(perSecond)) : perSecond.toFixed(1).replace(/\.0$/, "")}/s`

/** @param share 0 to 1; `100 %` is all of it and nothing less */
export const percent = (share: number): string => `${Math.floor(share * 100)} %`
