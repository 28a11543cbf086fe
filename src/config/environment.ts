/**
 * The configuration that environment variables give.
 *
 * `WAYBILL_INDEXER__URL` sets `indexer.url`: `__` separates levels. The names people already use are weaker than
 * these. A variable that is set to nothing counts as not set, because compose files pass on what they don't have that
 * way. A mistyped `WAYBILL_` name is refused.
 */
import type { Problem } from "./ConfigInvalid.ts"
import { ANY_NAME, findKey, type Key, keys, PREFIX } from "./catalogue.ts"
import { nearest } from "./nearest.ts"

export type Environment = Readonly<Record<string, string | undefined>>

/** What a variable says; one that is set to nothing says nothing. */
export const said = (env: Environment, variable: string): string | undefined => {
  const text = env[variable]
  return text === "" ? undefined : text
}

/** Names the file; it is not a key of it. */
export const FILE_VARIABLE = "WAYBILL_CONFIG"

/** Set by Kubernetes and by container links for a service that is called waybill. */
const FOREIGN = /^WAYBILL_(SERVICE_(HOST|PORT.*)|PORT|PORT_[0-9]+_(TCP|UDP).*|NAME|ENV_.*)$/

export interface Given {
  readonly key: Key
  readonly value: unknown
  readonly variable: string
}
export interface FromEnvironment {
  /** By the names that other programs go by, too. They hold only where nothing else is said. */
  readonly conventional: ReadonlyArray<Given>
  readonly wellKnown: ReadonlyArray<Given>
  readonly own: ReadonlyArray<Given>
  readonly problems: ReadonlyArray<Problem>
}

/** A variable is always text; what can't be read as its key's kind is left as it is and refused with its key. */
const coerce = ({ setting }: Key, text: string): unknown => {
  switch (setting.kind) {
    case "integer":
    case "number":
      return /^[+-]?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : text
    case "flag":
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text
    default:
      return text
  }
}

const given = (
  env: Environment,
  variables: ReadonlyArray<readonly [Key, string | undefined]>,
): ReadonlyArray<Given> =>
  variables.flatMap(([key, variable]) => {
    const text = variable === undefined ? undefined : said(env, variable)
    return variable === undefined || text === undefined ? [] : [{ key, value: coerce(key, text), variable }]
  })

const VARIABLES = keys.map((key) => key.variable)

/** The keys in whose path a name is chosen, each with the variables that can set it. */
const NAMED = keys
  .filter(({ path }) => path.includes(ANY_NAME))
  .map((key) => ({
    key,
    pattern: new RegExp(`^${key.variable.replace(ANY_NAME.toUpperCase(), "([A-Z0-9]+(?:_[A-Z0-9]+)*)")}$`),
  }))

/** Of `WAYBILL_SOURCE__HEC__TOKENS__MAIN__TOKEN`: that token of the sender `main`. */
const namedKey = (variable: string): Key | undefined => {
  for (const { key, pattern } of NAMED) {
    const chosen = pattern.exec(variable)?.[1]
    if (chosen !== undefined) return findKey(key.name.replace(ANY_NAME, chosen.toLowerCase()))
  }
  return undefined
}

const namedIn = (env: Environment) =>
  Object.keys(env)
    .sort()
    .flatMap((variable) => {
      const key = namedKey(variable)
      return key === undefined ? [] : [[key, variable] as const]
    })

const unknownVariable = (variable: string): Problem => {
  const meant = nearest(variable, [...VARIABLES, FILE_VARIABLE])
  return {
    where: variable,
    what: "there is no such setting",
    fix:
      meant === undefined
        ? "Remove this environment variable, or see docs/configuration.md for the names."
        : `Did you mean ${meant}?`,
  }
}

export const fromEnvironment = (env: Environment): FromEnvironment => ({
  conventional: given(
    env,
    keys.map((key) => [key, key.conventional.find((name) => said(env, name) !== undefined)]),
  ),
  wellKnown: given(
    env,
    keys.map((key) => [key, key.wellKnown]),
  ),
  own: given(env, [...keys.map((key) => [key, key.variable] as const), ...namedIn(env)]),
  problems: Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && name !== FILE_VARIABLE && said(env, name) !== undefined)
    .filter((name) => !VARIABLES.includes(name) && namedKey(name) === undefined && !FOREIGN.test(name))
    .sort()
    .map(unknownVariable),
})
