/** A folder of the test's own that goes with it. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"

export const withTemporaryFolder = <A, E, R>(makeLayer: (folder: string) => Layer.Layer<A, E, R>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      return makeLayer(yield* fs.makeTempDirectoryScoped({ prefix: "waybill-" }))
    }),
  ).pipe(Layer.provideMerge(NodeServices.layer))
