/**
 * Wazuh's two kinds of patterns as JavaScript's, as far as the shipped rules use them; anything else is refused. That
 * they agree with Wazuh is held against `wazuhregex` (wazuhregex.test.ts).
 *
 * OSRegex (src/os_regex/os_regex_compile.c): ASCII case is ignored, only the classes below and `^ $ | ( )` mean
 * anything, and `+` and `*` follow a class only. PCRE2: Wazuh's defaults, so case counts.
 */
export type Engine = "osregex" | "pcre2"

const CLASSES: Readonly<Record<string, string>> = {
  w: "[A-Za-z0-9@_-]",
  d: "[0-9]",
  s: " ",
  t: "\\t",
  S: "[^ ]",
  W: "[^A-Za-z0-9@_-]",
  D: "[^0-9]",
  ".": "[\\s\\S]",
}

const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")

const fromOsRegex = (pattern: string): RegExp => {
  let source = ""
  let afterClass = false
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern.charAt(i)
    if (char === "\\") {
      i += 1
      const next = pattern.charAt(i)
      const known = CLASSES[next]
      if (known === undefined && !/[$()\\|<]/.test(next))
        throw new Error(`OSRegex has no \\${next}: ${pattern}`)
      source += known ?? escaped(next)
      afterClass = known !== undefined
    } else if (char === "+" || char === "*") {
      if (!afterClass) throw new Error(`${char} follows no class, and is a plain character there: ${pattern}`)
      source += char
    } else {
      if (/[[\]{}?]/.test(char)) throw new Error(`${char} is a plain character in OSRegex: ${pattern}`)
      source += /[\^$|()]/.test(char) ? char : escaped(char)
      afterClass = false
    }
  }
  return new RegExp(source, "i")
}

/** What Node and PCRE2 read alike; `$` also matches before a last newline in PCRE2, which no event has. */
const fromPcre2 = (pattern: string): RegExp => {
  if (/\(\?[^:!=]|\\[^dws.\\]|\[\[/.test(pattern))
    throw new Error(`not read alike by PCRE2 and Node: ${pattern}`)
  return new RegExp(pattern)
}

export const compile = (engine: Engine, pattern: string): RegExp =>
  engine === "osregex" ? fromOsRegex(pattern) : fromPcre2(pattern)
