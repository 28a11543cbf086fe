import { Effect, Layer } from "effect"
import * as OpenSearchIndexer from "../../src/indexer/OpenSearchIndexer.ts"
import { dataOf, MAX_IDS, suite, TestDocuments } from "../contracts/Indexer.ts"
import { asAdmin, clientOptions, onRealNode, ownIndices } from "./realNode.ts"

const MAPPINGS = {
  properties: { "@timestamp": { type: "date" } },
  // As Wazuh's template has it.
  dynamic_templates: [{ text: { match_mapping_type: "string", mapping: { type: "keyword" } } }],
  date_detection: false,
}

onRealNode("a real OpenSearch", (node) => {
  const layer = Layer.unwrap(
    Effect.gen(function* () {
      const prefix = yield* ownIndices(node, "contract")
      const template = `/_index_template/${prefix}template`
      yield* Effect.acquireRelease(
        asAdmin(node, "PUT", template, {
          index_patterns: [`${prefix}*`],
          priority: 1000,
          template: { settings: { number_of_shards: 3, number_of_replicas: 0 }, mappings: MAPPINGS },
        }),
        () => asAdmin(node, "DELETE", template),
      )
      const documents = Layer.succeed(TestDocuments, {
        index: (given) =>
          Effect.asVoid(
            asAdmin(
              node,
              "POST",
              "/_bulk?refresh=true",
              given
                .map((given) => {
                  const arrived = new Date(given.arrivedAt).toISOString()
                  const index = `${prefix}${arrived.slice(0, 10).replaceAll("-", ".")}`
                  const document = { "@timestamp": arrived, data: dataOf(given) }
                  return `${JSON.stringify({ create: { _index: index } })}\n${JSON.stringify(document)}\n`
                })
                .join(""),
            ),
          ),
      })
      const client = OpenSearchIndexer.layer(
        clientOptions(node, { indexPattern: `${prefix}*`, maxIds: MAX_IDS }),
      )
      return Layer.merge(client, documents)
    }),
  )
  suite("the client against a real OpenSearch", layer)
})
