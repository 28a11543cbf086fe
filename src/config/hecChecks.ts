/** What must hold between the keys under `source.hec`. */
import type { Problem } from "./ConfigInvalid.ts"
import { UNREAD } from "./secretFiles.ts"
import { isTree, read, type Tree } from "./tree.ts"

const TOKENS = "source.hec.tokens"

/** @param at the value of a key, or its default */
export const checkHec = (tree: Tree, at: (name: string) => unknown): ReadonlyArray<Problem> => {
  if (at("source.hec.enabled") !== true) return []
  const found = read(tree, TOKENS.split("."))
  const names = isTree(found) ? Object.keys(found) : []
  const problems: Array<Problem> = []
  if (names.length === 0)
    problems.push({
      where: TOKENS,
      what: "is empty, and source.hec.enabled is true",
      fix: `Name a sender and give it a token, such as ${TOKENS}.main.token_file.`,
    })
  const owners = new Map<unknown, string>()
  for (const name of names) {
    const key = `${TOKENS}.${name}.token`
    const token = at(key)
    if (token === undefined && at(`${key}_file`) === undefined)
      problems.push({
        where: key,
        what: "is missing",
        fix: `Put a token into a file and name it as ${key}_file.`,
      })
    const owner = owners.get(token)
    if (token !== undefined && token !== UNREAD && owner !== undefined)
      problems.push({
        where: key,
        what: `is the same as ${owner}`,
        fix: "Give each sender a token of its own: it decides whose event it is.",
      })
    owners.set(token, key)
  }
  const [cert, key] = ["source.hec.tls.cert_file", "source.hec.tls.key_file"] as const
  if ((at(cert) === undefined) !== (at(key) === undefined))
    problems.push({
      where: at(cert) === undefined ? cert : key,
      what: "is missing, and the other one of the two is given",
      fix: "Give both, or neither for plain HTTP.",
    })
  return problems
}
