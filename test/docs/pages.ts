/** The pages for people, and what can be held to the program in them. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

export interface Page {
  /** From the root of the project: `docs/hec.md`. */
  readonly path: string
  readonly text: string
  /** Lines of fenced blocks; one that ends in `\` is joined with the next. */
  readonly blocks: ReadonlyArray<string>
  /** Texts between single backticks, outside of fenced blocks. */
  readonly spans: ReadonlyArray<string>
  /** Targets of links, as they are written. */
  readonly links: ReadonlyArray<string>
  /** Anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}

const FENCE = /^([ \t]*)(`{3,})[^\n`]*\n([\s\S]*?)^\1\2[ \t]*$/gm

const anchorsOf = (prose: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  for (const [, heading = ""] of prose.matchAll(/^#{1,6} +(.+?)\s*$/gm)) {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-")
    let free = anchor
    for (let n = 1; anchors.has(free); n += 1) free = `${anchor}-${n}`
    anchors.add(free)
  }
  return anchors
}

export const pageOf = (path: string, text: string): Page => {
  const blocks = Array.from(text.matchAll(FENCE), ([, , , block = ""]) => block)
  const prose = text.replaceAll(FENCE, "")
  return {
    path,
    text,
    blocks: blocks.flatMap((block) => block.replaceAll(/\s*\\\n\s*/g, " ").split("\n")),
    spans: Array.from(prose.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g), ([, span = ""]) => span),
    links: Array.from(
      prose.replaceAll(/(?<!`)`[^`\n]+`(?!`)/g, "").matchAll(/\]\(([^)\s]+)\)/g),
      ([, target = ""]) => target,
    ),
    anchors: anchorsOf(prose),
  }
}

const read = (path: string): string => Fs.readFileSync(Path.join(ROOT, path), "utf8")

const markdownIn = (folder: string): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(ROOT, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`)

export const PAGES: ReadonlyArray<Page> = ["README.md", ...markdownIn("docs"), ...markdownIn("wazuh")].map(
  (path) => pageOf(path, read(path)),
)

export const textOf = read
export const exists = (path: string): boolean => Fs.existsSync(Path.join(ROOT, path))
export const foldersIn = (path: string): ReadonlyArray<string> =>
  Fs.readdirSync(Path.join(ROOT, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
