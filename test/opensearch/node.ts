/**
 * Starts a real OpenSearch by hand and keeps it until Ctrl-C:
 *
 *     node test/opensearch/node.ts [--secure]
 *
 * Its first line is `OPENSEARCH_URL=…`, for example for `OPENSEARCH_URL=… npm run demo`.
 */
import { once } from "node:events"
import { startNode } from "../support/opensearch/startNode.ts"

const say = (line: string) => process.stdout.write(`${line}\n`)

const secure = process.argv.includes("--secure")
const interrupted = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")])
const node = await startNode({ secure })
say(`OPENSEARCH_URL=${node.url}`)
if (node.caFile !== undefined && node.users !== undefined) {
  say(`OPENSEARCH_CA_FILE=${node.caFile}`)
  say(`OPENSEARCH_USERNAME=${node.users.admin.username}`)
  say(`OPENSEARCH_PASSWORD=${node.users.admin.password}`)
}
await interrupted
await node.stop()
