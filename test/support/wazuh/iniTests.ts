/**
 * Wazuh's own form of rule tests, as ruleset/testing/runtests.py reads them (Python's RawConfigParser): sections with
 * `rule`, `alert` (its level), `decoder`, and `log N pass = …` or `log N fail = …`. Indented lines continue a log; each
 * line is one event of the same session, and the last one's rule counts.
 */
export interface LogTest {
  readonly name: string
  readonly events: ReadonlyArray<string>
  readonly pass: boolean
}

export interface Section {
  readonly title: string
  readonly rule: string
  readonly alert: string
  readonly decoder: string
  readonly logs: ReadonlyArray<LogTest>
}

export const parseIni = (text: string): ReadonlyArray<Section> => {
  const sections: Array<{ title: string; options: Array<{ key: string; lines: Array<string> }> }> = []
  for (const line of text.split("\n")) {
    if (line.trim() === "" || /^[#;]/.test(line)) continue
    const options = sections.at(-1)?.options ?? []
    const title = /^\[([^\]]+)\]$/.exec(line)?.[1]
    const option = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*)$/.exec(line)
    if (title !== undefined) {
      if (sections.some((other) => other.title === title)) throw new Error(`[${title}] is there twice`)
      sections.push({ title, options: [] })
    } else if (/^\s/.test(line)) options.at(-1)?.lines.push(line.trim())
    else if (option === null || sections.length === 0) throw new Error(`not an option: ${line.slice(0, 60)}`)
    else options.push({ key: option[1] ?? "", lines: option[2] === "" ? [] : [option[2] ?? ""] })
  }
  return sections.map(({ title, options }) => {
    const only = (key: string) => {
      const found = options.filter((option) => option.key === key)
      if (found.length !== 1) throw new Error(`[${title}] needs one ${key}`)
      return found[0]?.lines.join() ?? ""
    }
    const logs = options.filter(({ key }) => key.startsWith("log "))
    for (const { key } of logs) if (!/^log \d+ (pass|fail)$/.test(key)) throw new Error(`[${title}] ${key}`)
    return {
      title,
      rule: only("rule"),
      alert: only("alert"),
      decoder: only("decoder"),
      logs: logs.map(({ key, lines }) => ({ name: key, events: lines, pass: key.endsWith("pass") })),
    }
  })
}
