/**
 * The configuration as it is now. It is read again on demand, and then all of what has changed holds, or nothing.
 *
 * What holds for a part is what `current` answers when that part asks; `liveKeys.ts` has the keys that every part asks
 * for at each use.
 */
import { Context, Data, Deferred, Effect, type FileSystem, Layer, Semaphore } from "effect"
import { LogLevel } from "../telemetry/LogLevel.ts"
import * as Log from "../telemetry/log.ts"
import type { Config } from "./Config.ts"
import type { ConfigInvalid, Problem } from "./ConfigInvalid.ts"
import { Configuration } from "./Configuration.ts"
import { type Change, changesBetween } from "./changes.ts"
import { NextReload } from "./NextReload.ts"

/** Nothing was changed, and why. */
export class ReloadRefused extends Data.TaggedError("ReloadRefused")<{
  readonly problems: ReadonlyArray<Problem>
}> {
  override get message(): string {
    const count = this.problems.length === 1 ? "1 problem" : `${this.problems.length} problems`
    const list = this.problems.map(({ fix, what, where }) => `${where}: ${what}. ${fix}`)
    return `The settings stay as they are: ${count}. ${list.join(" ")}`
  }
}

/** The configuration of this moment. Where nothing reloads it, it is always the same. */
export type Current = () => Config

export class LiveConfiguration extends Context.Service<
  LiveConfiguration,
  {
    readonly current: Current
    /**
     * Reads file, environment and secret files again, and succeeds with what has changed. `who` asked for it, for the
     * log: the signal, or a client of the admin API.
     */
    readonly reload: (who: string) => Effect.Effect<ReadonlyArray<Change>, ReloadRefused>
  }
>()("waybill/config/LiveConfiguration") {}

const restartNeeded = ({ key }: Change): Problem => ({
  where: key,
  what: "can't change while Waybill runs: restart needed",
  fix: "Set it back and reload, or restart Waybill.",
})

const make = Effect.fnUntraced(function* (load: Effect.Effect<Config, ConfigInvalid, FileSystem.FileSystem>) {
  const files = yield* Effect.context<FileSystem.FileSystem>()
  const level = yield* LogLevel
  const oneByOne = yield* Semaphore.make(1)
  let config: Config = yield* Configuration
  let next = Deferred.makeUnsafe<void>()

  const differing = Effect.fnUntraced(function* () {
    const loaded = yield* Effect.mapError(load, ({ problems }) => new ReloadRefused({ problems }))
    const changes = changesBetween(config, loaded)
    const problems = changes.filter(({ live }) => !live).map(restartNeeded)
    return problems.length > 0 ? yield* new ReloadRefused({ problems }) : { loaded, changes }
  }, Effect.provide(files))

  const apply = Effect.fnUntraced(function* (loaded: Config, isOther: boolean) {
    // A level that somebody has set by hand stays unless the file has changed it.
    if (loaded.log.level !== config.log.level) yield* level.set(loaded.log.level)
    if (isOther) config = loaded
    const told = next
    next = Deferred.makeUnsafe<void>()
    yield* Deferred.succeed(told, undefined)
  })

  const reload = Effect.fnUntraced(function* (who: string) {
    const { changes, loaded } = yield* differing()
    // Also where no key has changed: what the files hold that the keys name may be another.
    yield* apply(loaded, changes.length > 0)
    const number = changes.length === 1 ? "1 setting has" : `${changes.length} settings have`
    yield* Log.info("config.reloaded", `The configuration was read again: ${number} changed`, {
      who,
      changes: changes.map(({ from, key, to }) => ({ key, from, to })),
    })
    return changes
  })

  const service = LiveConfiguration.of({
    current: () => config,
    reload: (who) =>
      reload(who).pipe(
        Effect.tapError(({ message, problems }) =>
          Log.warning("config.reload_refused", message, { who, problems }),
        ),
        Effect.uninterruptible,
        oneByOne.withPermit,
      ),
  })
  return Context.make(LiveConfiguration, service).pipe(Context.add(NextReload, () => Deferred.await(next)))
})

/** Begins with what `Configuration` has. @param load what it is made of, once more */
export const layer = (load: Effect.Effect<Config, ConfigInvalid, FileSystem.FileSystem>) =>
  Layer.effectContext(make(load))
