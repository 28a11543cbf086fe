/** The hops at the indexer, which share the answer to one search. */
import { Clock, Effect } from "effect"
import type { Config } from "../../config/Config.ts"
import type { NotAnswered } from "../../writers/http/Exchange.ts"
import { type Check, type Finding, skipped } from "../Check.ts"
import { makeAccess } from "./access.ts"
import { askFieldCaps, fieldCapsOf, judgeIndices, judgeTemplate, OURS } from "./mapping.ts"
import { explainNotAnswered, judgeLogin, judgeReached, probe } from "./reach.ts"
import { checkRole } from "./role.ts"
import { checkShards } from "./shards.ts"

export const indexerChecks = Effect.fnUntraced(function* (config: Config) {
  const access = makeAccess(config)
  const { host, pattern, username } = access
  const { mode } = config.verify
  if (mode === "off")
    return [
      {
        hop: "indexer",
        needs: [],
        run: Effect.succeed(skipped("verify.mode is off: the indexer is never asked.")),
      },
    ] satisfies ReadonlyArray<Check>

  const search = yield* Effect.cached(probe(access))
  const { fields } = config.indexer
  const caps = yield* Effect.cached(Effect.map(askFieldCaps(access, pattern, [fields.id]), fieldCapsOf))
  const answered = (run: Effect.Effect<Finding, NotAnswered>) =>
    Effect.catch(run, (error) => Effect.succeed(explainNotAnswered(host, error)))

  const reached: Check = {
    hop: "indexer",
    needs: [],
    run: answered(Effect.map(search, (answer) => judgeReached(host, answer))),
  }
  const login: Check = {
    hop: "login",
    needs: ["indexer"],
    run: answered(Effect.map(search, (answer) => judgeLogin(username, answer))),
  }
  const role: Check = {
    hop: "role",
    needs: ["login"],
    run: answered(
      Effect.gen(function* () {
        const index = (yield* caps)?.indices.at(-1)
        return yield* checkRole(access, yield* search, index)
      }),
    ),
  }
  const indices: Check = {
    hop: "indices",
    needs: ["role"],
    run: answered(
      Effect.gen(function* () {
        return judgeIndices(pattern, yield* caps, yield* Clock.currentTimeMillis)
      }),
    ),
  }
  const template: Check = {
    hop: "template",
    needs: ["indices"],
    run: answered(
      Effect.gen(function* () {
        const newest = (yield* caps)?.indices.at(-1)
        if (newest === undefined) return skipped("There is no index yet to look at.")
        const answer = yield* askFieldCaps(access, newest, [fields.id, fields.batch, OURS])
        return judgeTemplate(config, fieldCapsOf(answer))
      }),
    ),
  }
  const shards: Check = { hop: "shards", needs: ["role"], run: answered(checkShards(access)) }
  return [reached, login, role, indices, template, shards]
})
