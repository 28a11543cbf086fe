/**
 * Makes of any value one that can be written as JSON.
 *
 * A log line must never throw and never show a secret: what is redacted stays so at any depth, circles and getters
 * that throw become a word, and what JSON has no form for becomes text.
 */
import { Duration, Option, Redactable, Result } from "effect"

export type Plain =
  | string
  | number
  | boolean
  | null
  | ReadonlyArray<Plain>
  | { readonly [key: string]: Plain }

const MAX_DEPTH = 8

const attempt = <A>(read: () => A, otherwise: A): A => Result.getOrElse(Result.try(read), () => otherwise)

const entries = (value: object): ReadonlyArray<readonly [string, unknown]> =>
  attempt(() => Object.keys(value), []).map((key) => [
    key,
    attempt<unknown>(() => Reflect.get(value, key), "[getter threw]"),
  ])

const fromObject = (value: object, ancestors: ReadonlyArray<object>): Plain => {
  if (ancestors.includes(value)) return "[circular]"
  if (ancestors.length >= MAX_DEPTH) return "[too deep]"
  const inside = [...ancestors, value]
  const next = (one: unknown) => plainValue(one, inside) ?? null
  if (Redactable.isRedactable(value))
    return next(attempt<unknown>(() => Redactable.redact(value), "<redacted>"))
  if (Option.isOption(value)) return Option.isSome(value) ? next(value.value) : null
  if (Duration.isDuration(value)) return Duration.format(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "[invalid date]" : value.toISOString()
  if (value instanceof Error) return plainError(value, inside)
  if (value instanceof Map) return Array.from(value, ([key, one]) => [next(key), next(one)])
  if (value instanceof Set) return Array.from(value, next)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map(next)
  if ("toJSON" in value && typeof value.toJSON === "function") {
    const { toJSON } = value
    return next(attempt<unknown>(() => Reflect.apply(toJSON, value, []), "[toJSON threw]"))
  }
  return Object.fromEntries(
    entries(value).flatMap(([key, one]) => {
      const plain = plainValue(one, inside)
      return plain === undefined ? [] : [[key, plain] as const]
    }),
  )
}

/** `undefined` for `undefined` alone: such a field is left out. */
export const plainValue = (value: unknown, ancestors: ReadonlyArray<object> = []): Plain | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : String(value)
    case "undefined":
      return undefined
    case "bigint":
    case "symbol":
      return String(value)
    case "function":
      return "[function]"
    case "object":
      return value === null ? null : fromObject(value, ancestors)
  }
}

const textOf = (error: object, key: string): string | undefined => {
  const text = attempt<unknown>(() => Reflect.get(error, key), undefined)
  return typeof text === "string" && text !== "" ? text : undefined
}

/** What an error says about itself: its tag, its message, and its cause. Its other fields are not shown. */
const plainError = (error: Error, ancestors: ReadonlyArray<object>): { readonly [key: string]: Plain } => {
  const name = textOf(error, "name")
  const tag = textOf(error, "_tag") ?? (name === "Error" ? undefined : name)
  const cause = attempt<unknown>(() => error.cause, undefined)
  const plainCause = cause === undefined ? undefined : describeFailure(cause, ancestors)
  return {
    ...(tag === undefined ? {} : { tag }),
    message: textOf(error, "message") ?? textOf(error, "code") ?? tag ?? "no message",
    ...(plainCause === undefined ? {} : { cause: plainCause }),
  }
}

/** Anything that was failed or died with, as `{tag?, message, cause?}`. */
export const describeFailure = (
  failure: unknown,
  ancestors: ReadonlyArray<object> = [],
): { readonly [key: string]: Plain } => {
  if (failure instanceof Error && !ancestors.includes(failure))
    return plainError(failure, [...ancestors, failure])
  const plain = plainValue(failure, ancestors) ?? null
  const tag = typeof failure === "object" && failure !== null ? textOf(failure, "_tag") : undefined
  const message = typeof failure === "object" && failure !== null ? textOf(failure, "message") : undefined
  return {
    ...(tag === undefined ? {} : { tag }),
    message: message ?? (typeof plain === "string" ? plain : JSON.stringify(plain)),
  }
}
