/** `node src/config/generate.ts`: writes the documents that are made from the configuration Schema. */
import { fileURLToPath } from "node:url"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Path } from "effect"
import { documents } from "./documents.ts"

const generate = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const root = fileURLToPath(new URL("../..", import.meta.url))
  for (const { path, text } of documents()) {
    yield* files.writeFileString(join(root, path), text)
    yield* Effect.logInfo(`wrote ${path}`)
  }
})

generate.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
