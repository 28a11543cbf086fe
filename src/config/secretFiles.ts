/** Reads the secrets that are given as files: `password_file`, `token_file`. */
import { Effect, FileSystem, Result } from "effect"
import { findKey, type Key, keysIn } from "./catalogue.ts"
import type { Merged } from "./merge.ts"
import { put, read, type Tree } from "./tree.ts"

/** Stands in for a secret that could not be read, so that it is not also reported as missing. */
export const UNREAD = "unread"

const secretsWithFile = (tree: Tree): ReadonlyArray<{ readonly secret: Key; readonly file: Key }> =>
  keysIn(tree).flatMap((secret) => {
    const file = findKey(`${secret.name}_file`)
    return secret.setting.kind === "secret" && file !== undefined ? [{ secret, file }] : []
  })

const readSecret = (
  path: string,
): Effect.Effect<Result.Result<string, string>, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((files) => files.readFileString(path)),
    Effect.match({
      onFailure: (error) => Result.fail(`${path} can't be read (${error.reason._tag})`),
      onSuccess: (content) => {
        // Editors and shells add them, and nobody sees them. A secret that is meant to have some can't be had.
        const secret = content.trim()
        return secret === "" ? Result.fail(`${path} is empty`) : Result.succeed(secret)
      },
    }),
  )

/** Puts the content of each file, less white space around it, in the place of the secret it stands for. */
export const resolveSecretFiles = (merged: Merged): Effect.Effect<Merged, never, FileSystem.FileSystem> =>
  Effect.reduce(
    secretsWithFile(merged.tree),
    () => merged,
    (sofar, { secret, file }) => {
      const path = read(sofar.tree, file.path)
      if (typeof path !== "string" || path === "" || read(sofar.tree, secret.path) !== undefined) {
        return Effect.succeed(sofar)
      }
      const where = sofar.variables.get(file.name) ?? file.name
      return Effect.map(
        readSecret(path),
        Result.match({
          onSuccess: (content): Merged => ({
            ...sofar,
            tree: put(sofar.tree, secret.path, content),
            files: new Map(sofar.files).set(secret.name, { where, path }),
          }),
          onFailure: (what): Merged => ({
            ...sofar,
            tree: put(sofar.tree, secret.path, UNREAD),
            problems: [
              ...sofar.problems,
              {
                where,
                what,
                fix: "Put the secret into this file, and check that the user Waybill runs as may read it.",
              },
            ],
          }),
        }),
      )
    },
  )
