/** Whether the cluster has room for the shards of the next day: without it, every event is refused. */
import { Effect } from "effect"
import { type Finding, fail, ok, skipped, warn } from "../Check.ts"
import { at, type IndexerAccess } from "./access.ts"

/** `cluster.max_shards_per_node` where nobody has set it. */
const DEFAULT_LIMIT = 1000
const NEAR = 0.9

/** Of an answer to `GET /_cluster/settings`: what was set last wins. */
const limitOf = (settings: unknown): number => {
  const set = ["transient", "persistent", "defaults"]
    .map((kind) => Number(at(settings, kind, "cluster", "max_shards_per_node") ?? Number.NaN))
    .find((limit) => Number.isFinite(limit))
  return set ?? DEFAULT_LIMIT
}

/** Pure. */
export const judgeShards = (health: unknown, settings: unknown): Finding => {
  const count = (key: string) => Number(at(health, key) ?? 0)
  const shards = count("active_shards") + count("initializing_shards") + count("unassigned_shards")
  const most = limitOf(settings) * count("number_of_data_nodes")
  const said = `${shards} of ${most} shards are open.`
  const advice =
    "At the limit no index of a new day can be made, and every event is refused: delete or close old indices, or have fewer shards and replicas by the day."
  if (shards >= most) return fail(said, advice)
  return shards >= most * NEAR ? warn(said, advice) : ok(said)
}

export const checkShards = Effect.fnUntraced(function* ({ ask }: IndexerAccess) {
  const health = yield* ask("GET", "/_cluster/health")
  if (health.status !== 200)
    return skipped(
      "It can't be seen with this role, and need not be.",
      "As an administrator: `active_shards` of GET /_cluster/health must stay below 1,000 (cluster.max_shards_per_node) for each data node.",
    )
  const settings = yield* ask(
    "GET",
    "/_cluster/settings?include_defaults=true&filter_path=**.max_shards_per_node",
  )
  return judgeShards(health.body, settings.status === 200 ? settings.body : undefined)
})
