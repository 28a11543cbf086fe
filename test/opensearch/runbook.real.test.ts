/** What docs/operations.md tells people to ask of a full indexer, typed into a shell against a real one. */
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { PAGES } from "../docs/pages.ts"
import { asAdmin, lent, onOwnNode } from "./realNode.ts"

const LINES = PAGES.find(({ path }) => path === "docs/operations.md")?.blocks ?? []
const DEFINITION = LINES.find((line) => line.startsWith("ask() ")) ?? ""
const QUESTIONS = LINES.filter((line) => line.startsWith("ask "))

const LIMIT = "cluster.max_shards_per_node"

onOwnNode("the runbook on a real OpenSearch", (node, { admin }) => {
  const { host, port } = new URL(node.url)
  const ask = DEFINITION.replace("waybill-secrets/root-ca.pem", node.caFile ?? "")
    .replace(
      "--resolve wazuh.indexer:9200:127.0.0.1",
      `--fail-with-body --resolve wazuh.indexer:${port}:127.0.0.1`,
    )
    .replace("-u admin", `-u ${admin.username}:${admin.password}`)
    // The certificate of the test's node has no other name.
    .replace("wazuh.indexer:9200/", `${host}/`)
  const typed = (line: string) =>
    Effect.flatMap(ChildProcessSpawner.ChildProcessSpawner, (spawner) =>
      spawner.string(ChildProcess.make("bash", ["-euo", "pipefail", "-c", `${ask}\n${line}`]), {
        includeStderr: true,
      }),
    )

  it.live("answers each question, and makes room as it is told to", () =>
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() =>
        asAdmin(node, "PUT", "/_cluster/settings", { persistent: { [LIMIT]: null } }),
      )
      const oldest = "/wazuh-alerts-4.x-2025.01.01"
      yield* asAdmin(node, "PUT", oldest, { settings: { "index.blocks.read_only_allow_delete": true } })
      yield* lent(node, "/wazuh-alerts-4.x-2025.01.02", {})
      assert.isAtLeast(QUESTIONS.length, 8)
      const answers: Record<string, string> = {}
      for (const line of QUESTIONS) answers[line.slice(0, 24)] = yield* typed(line)
      const said = Object.values(answers).join("\n")
      for (const [line, answer] of Object.entries(answers)) assert.notMatch(answer, /"error"/, line)
      assert.match(said, /"shards":\{"total":\d+/)
      assert.match(said, /"max_shards_per_node":"1000"/)
      assert.match(said, /"index\.blocks\.read_only_allow_delete":"true"/)
      assert.match(said, /disk\.avail/)
      const { body } = yield* asAdmin(node, "GET", "/_cluster/settings?flat_settings=true")
      assert.include(JSON.stringify(body), `"${LIMIT}":"1500"`)
      const gone = yield* asAdmin(node, "GET", "/_cat/indices?format=json")
      assert.notInclude(JSON.stringify(gone.body), oldest.slice(1))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
