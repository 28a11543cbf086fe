/**
 * JSON of a parsed value, however deep it nests. `JSON.parse` takes any depth and `JSON.stringify` ends in a
 * RangeError at some thousand levels; a hostile record must not end the run that sets it aside.
 */

type Step = { readonly text: string } | { readonly value: unknown }

/** The members of a container in reverse, ready to be pushed on a stack. */
const steps = (value: object): ReadonlyArray<Step> => {
  const members = Array.isArray(value)
    ? value.map((item): ReadonlyArray<Step> => [{ value: item }])
    : Object.entries(value).map(
        ([key, item]): ReadonlyArray<Step> => [{ text: `${JSON.stringify(key)}:` }, { value: item }],
      )
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"]
  const inside = members.flatMap((member, n) => (n === 0 ? member : [{ text: "," }, ...member]))
  return [{ text: open }, ...inside, { text: close }].reverse()
}

const deepJsonText = (value: unknown): string => {
  let text = ""
  const stack: Array<Step> = [{ value }]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    if ("text" in step) text += step.text
    else if (typeof step.value !== "object" || step.value === null) text += JSON.stringify(step.value)
    else for (const next of steps(step.value)) stack.push(next)
  }
  return text
}

/** @param value as `JSON.parse` gives it */
export const jsonText = (value: unknown): string => {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return deepJsonText(value)
    throw error
  }
}
