/** Which value each key has and where it comes from. Pure; no value of a secret comes out of it. */
import { findKey, type Key, keysIn } from "./catalogue.ts"
import type { Merged } from "./merge.ts"
import { read } from "./tree.ts"

export type Origin = "default" | "file" | "environment" | "secret file"

export interface Explained {
  readonly key: Key
  /** As in the YAML file; `undefined` where there is none, and for every secret. */
  readonly value: unknown
  readonly secret: boolean
  /** `undefined`: it is not given, and has no default. */
  readonly from: Origin | undefined
  /** The environment variable it comes from. */
  readonly variable: string | undefined
}

const originOf = (key: Key, { tree, variables }: Merged): Origin | undefined => {
  if (read(tree, key.path) !== undefined) return variables.has(key.name) ? "environment" : "file"
  const secretFile = key.setting.kind === "secret" ? findKey(`${key.name}_file`) : undefined
  if (secretFile !== undefined && read(tree, secretFile.path) !== undefined) return "secret file"
  return key.setting.default === undefined ? undefined : "default"
}

/** @param merged before secrets were read from their files */
export const explain = (merged: Merged): ReadonlyArray<Explained> =>
  keysIn(merged.tree).map((key) => {
    const secret = key.setting.kind === "secret"
    const from = originOf(key, merged)
    return {
      key,
      secret,
      from,
      value: secret ? undefined : (read(merged.tree, key.path) ?? key.setting.default),
      variable: from === "environment" ? merged.variables.get(key.name) : undefined,
    }
  })
