/** The contract on the simulated indexer of the demo, through the real client. */
import { Effect, Layer, Redacted } from "effect"
import { makeSimulatedIndexer } from "../../src/demo/indexer/SimulatedIndexer.ts"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { dataOf, MAX_IDS, suite, TestDocuments } from "../contracts/Indexer.ts"

const simulated = Layer.unwrap(
  Effect.gen(function* () {
    const indexer = yield* makeSimulatedIndexer({
      username: "waybill",
      password: "p",
      refreshInterval: 0,
      keepDocuments: false,
    })
    const client = OpenSearchIndexer.layer({
      url: indexer.url,
      username: "waybill",
      password: Redacted.make("p"),
      maxIds: MAX_IDS,
    })
    const documents = Layer.succeed(TestDocuments, {
      index: (given) =>
        Effect.asVoid(
          indexer.index(
            given.map((document) =>
              JSON.stringify({
                timestamp: new Date(document.arrivedAt).toISOString().replace("Z", "+0000"),
                data: dataOf(document),
              }),
            ),
          ),
        ),
    })
    return Layer.merge(client, documents)
  }),
)

suite("the client against the simulated indexer", simulated)
