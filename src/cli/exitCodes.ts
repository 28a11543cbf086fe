/** With which codes a command ends, as its help says it. Scripts rely on them. */
import { Context } from "effect"
import { Command } from "effect/cli"

export type ExitCodes = Readonly<Record<number, string>>

/** Every command ends so, unless it says otherwise. */
const COMMON: ExitCodes = {
  0: "done",
  1: "failed, or a flag makes no sense; standard error says what and what to do",
  78: "the configuration has problems; standard error names all of them",
}

export const ExitCodesOf = Context.Reference<ExitCodes>("waybill/cli/ExitCodes", {
  defaultValue: () => COMMON,
})

/** `codes` are added to the common ones, or stand in the place of the same code. */
export const withExitCodes = (codes: ExitCodes) => Command.annotate(ExitCodesOf, { ...COMMON, ...codes })

/** A command that reads no configuration can't end because of it. */
export const withoutConfiguration = (codes: ExitCodes) =>
  Command.annotate(
    ExitCodesOf,
    Object.fromEntries(Object.entries({ ...COMMON, ...codes }).filter(([code]) => code !== "78")),
  )
