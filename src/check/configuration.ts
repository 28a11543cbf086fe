/** The configuration itself: valid or not, and what in it is allowed but not safe. */
import type { Config } from "../config/Config.ts"
import type { ConfigInvalid } from "../config/ConfigInvalid.ts"
import { limitOf, warnings } from "../config/warnings.ts"
import { type Finding, fail, ok, warn } from "./Check.ts"

export const invalid = ({ origin, problems }: ConfigInvalid): Finding =>
  fail(
    `The configuration is not valid (${origin}).`,
    problems.map(({ fix, what, where }) => `${where}: ${what}. ${fix}`).join(" "),
  )

export const valid = (config: Config): Finding => {
  const limit = limitOf(config)
  const said = [...warnings(config).map(({ message }) => message), ...(limit === undefined ? [] : [limit])]
  return said.length === 0
    ? ok("It is valid.")
    : warn(
        `It is valid, and ${said.length === 1 ? "one setting is" : `${said.length} settings are`} not safe.`,
        said.join(" "),
      )
}
