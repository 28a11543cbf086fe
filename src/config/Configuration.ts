/** The configuration as a service. */
import { Context, Layer } from "effect"
import type { Config } from "./Config.ts"
import { type LoadOptions, loadConfig } from "./loadConfig.ts"

export class Configuration extends Context.Service<Configuration, Config>()("waybill/config/Configuration") {}

/** Loads it once. Fails with `ConfigInvalid`, which names everything that is wrong. */
export const layer = (options: LoadOptions) => Layer.effect(Configuration, loadConfig(options))

/** One that has been loaded or built already. */
export const layerOf = (config: Config) => Layer.succeed(Configuration, config)
