/**
 * The administrator's login, asked for by `waybill setup` and by nothing else: from the environment, or typed where a
 * person sits at a terminal. It is never written anywhere.
 */
import process from "node:process"
import { Data, Effect, FileSystem, Redacted, Runtime } from "effect"
import { CliError, Prompt } from "effect/cli"
import { type Environment, said } from "../config/environment.ts"
import type { Login } from "./Peer.ts"

export class NoLogin extends Data.TaggedError("NoLogin")<{ readonly message: string }> {
  override readonly [Runtime.errorExitCode] = 1
  override get [CliError.userMessage]() {
    return this.message
  }
}

export const USERNAME = "INDEXER_ADMIN_USERNAME"
export const PASSWORD = "INDEXER_ADMIN_PASSWORD"
export const PASSWORD_FILE = "INDEXER_ADMIN_PASSWORD_FILE"

const fromFile = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    fs.readFileString(path),
    (error) => new NoLogin({ message: `${PASSWORD_FILE}: ${path} can't be read (${error.reason._tag}).` }),
  )
  const password = text.trim()
  return password === "" ? yield* new NoLogin({ message: `${PASSWORD_FILE}: ${path} is empty.` }) : password
})

const typed = Effect.fnUntraced(function* (username: string) {
  if (!(process.stdin.isTTY && process.stdout.isTTY))
    return yield* new NoLogin({
      message: `Nobody is here to be asked for the administrator's password: set ${PASSWORD} or ${PASSWORD_FILE} (and ${USERNAME}, if it is not admin).`,
    })
  return yield* Prompt.run(Prompt.Hidden({ message: `The indexer's password of ${username}:` })).pipe(
    Effect.mapError(() => new NoLogin({ message: "Given up; nothing was changed." })),
  )
})

/** @param env where the variables are */
export const adminLogin = Effect.fnUntraced(function* (env: Environment) {
  const username = said(env, USERNAME) ?? "admin"
  const file = said(env, PASSWORD_FILE)
  const given = said(env, PASSWORD) ?? (file === undefined ? undefined : yield* fromFile(file))
  const password = given === undefined ? yield* typed(username) : Redacted.make(given)
  return { username, password } satisfies Login
})
