/** A configuration as YAML, each key with where it comes from. Pure. */
import { Yaml } from "effect/encoding"
import type { Explained } from "../../config/explain.ts"
import { printable } from "../printable.ts"
import type { Line } from "../terminal/line.ts"

export const HIDDEN = "<hidden>"
/** Where the origins begin, when the value before leaves the room. */
const COLUMN = 48

const isPlain = (text: string): boolean => /^[\w/][\w /.:*-]*$/.test(text) && Yaml.parse(text) === text

const valueText = ({ secret, value }: Explained): string => {
  if (secret) return HIDDEN
  if (typeof value !== "string") return String(value)
  return isPlain(value) ? value : printable(JSON.stringify(value))
}

const originText = ({ from, key, variable }: Explained): string => {
  switch (from) {
    case "environment":
      return variable ?? "environment"
    case "secret file":
      return `${key.path.at(-1) ?? ""}_file`
    default:
      return from ?? ""
  }
}

/** The sections that begin before this key, after the one before it. */
const headers = (path: ReadonlyArray<string>, before: ReadonlyArray<string>): ReadonlyArray<Line> => {
  const common = path.findIndex((level, at) => level !== before[at])
  return path
    .slice(0, -1)
    .flatMap((level, at): ReadonlyArray<Line> => (at < common ? [] : [[`${"  ".repeat(at)}${level}:`]]))
}

/** What has no value is left out. A line is as long as its value: one that is cut can't be used. */
export const settingLines = (settings: ReadonlyArray<Explained>): ReadonlyArray<Line> => {
  const given = settings.filter(({ from }) => from !== undefined)
  return given.flatMap((setting, at) => {
    const { path } = setting.key
    const text = `${"  ".repeat(path.length - 1)}${path.at(-1) ?? ""}: ${valueText(setting)}`
    const style = setting.from === "default" ? "dim" : setting.from === "file" ? undefined : "cyan"
    return [
      ...headers(path, given[at - 1]?.key.path ?? []),
      [text.padEnd(COLUMN), "  ", { text: `# ${originText(setting)}`, style }],
    ]
  })
}

export const settingJson = ({ from, key, secret, value, variable }: Explained) => ({
  key: key.name,
  value: secret && from !== undefined ? HIDDEN : (value ?? null),
  from: from ?? null,
  variable: variable ?? null,
})
