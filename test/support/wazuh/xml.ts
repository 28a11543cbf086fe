/**
 * Reads Wazuh's rule and decoder files, strictly: whatever it can't read is an error. Such a file may have several
 * roots and no declaration. A test holds it to a real XML parser.
 */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<Element>
  /** The text directly inside, trimmed. */
  readonly text: string
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }

const plain = (text: string): string =>
  text.replaceAll(/&([a-z]*;)?/g, (_all, name: string | undefined) => {
    const value = ENTITIES[name?.slice(0, -1) ?? ""]
    if (value === undefined) throw new Error(`a bare & or an unknown entity: &${name ?? ""}`)
    return value
  })

const TOKEN = /<!--([\s\S]*?)-->|<(\/?)([a-z_]+)((?:\s+[a-z_]+="[^"<]*")*)\s*>|([^<>]+)/gy

interface Open {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: Array<Element>
  text: string
}

export const parseXml = (xml: string): ReadonlyArray<Element> => {
  const root: Open = { name: "", attributes: {}, children: [], text: "" }
  const open = [root]
  let at = 0
  TOKEN.lastIndex = 0
  for (let token = TOKEN.exec(xml); token !== null; token = TOKEN.exec(xml)) {
    at = TOKEN.lastIndex
    const [, comment, close, name, attributes, text] = token
    const inside = open.at(-1) ?? root
    if (comment !== undefined) {
      if (comment.includes("--")) throw new Error("-- in a comment")
    } else if (text !== undefined) inside.text += plain(text)
    else if (close === "/") {
      if (open.length === 1 || inside.name !== name) throw new Error(`</${name}> closes <${inside.name}>`)
      open.pop()
      open.at(-1)?.children.push({ ...inside, text: inside.text.trim() })
    } else {
      const pairs = Array.from((attributes ?? "").matchAll(/([a-z_]+)="([^"]*)"/g))
      open.push({
        name: name ?? "",
        attributes: Object.fromEntries(pairs.map(([, key, value]) => [key, plain(value ?? "")])),
        children: [],
        text: "",
      })
    }
  }
  if (at !== xml.length) throw new Error(`no XML from ${JSON.stringify(xml.slice(at, at + 40))}`)
  if (open.length > 1) throw new Error(`never closed: ${open.slice(1).map(({ name }) => name)}`)
  return root.children
}
