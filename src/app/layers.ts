/** The parts of a run, put together from the configuration. This is the only place that knows all of them. */
import { Duration, Effect, Layer, type Redacted } from "effect"
import * as AdminServer from "../admin/server.ts"
import * as FileCheckpoints from "../checkpoints/FileCheckpoints.ts"
import type { Config } from "../config/Config.ts"
import { Configuration } from "../config/Configuration.ts"
import { type Current, LiveConfiguration } from "../config/LiveConfiguration.ts"
import { DeadLetters } from "../dead-letters/DeadLetters.ts"
import * as FileDeadLetters from "../dead-letters/FileDeadLetters.ts"
import * as NoDeadLetters from "../dead-letters/NoDeadLetters.ts"
import * as OpenSearchIndexer from "../indexer/OpenSearchIndexer.ts"
import * as Normalizers from "../normalizers/Registry.ts"
import { InFlight } from "../pipeline/InFlight.ts"
import { Policies } from "../pipeline/Policies.ts"
import { Run } from "../pipeline/Run.ts"
import { Stop } from "../pipeline/Stop.ts"
import * as KeptReceipts from "../receipts/keepReceipts.ts"
import * as ReadReceipts from "../receipts/readReceipts.ts"
import * as Replay from "../replay/Replay.ts"
import { LongestWait } from "../retry/LongestWait.ts"
import { retrySettingsOf } from "../retry/settings.ts"
import { firewallaFeeds } from "../sources/firewalla/layer.ts"
import { baseUrlOfDomain, type FirewallaOptions, wayOf } from "../sources/firewalla/options.ts"
import { Feeds } from "../sources/Source.ts"
import * as StateLock from "../state-lock/StateLock.ts"
import * as RunStatus from "../status/RunStatus.ts"
import { StatusEvents } from "../status/StatusEvents.ts"
import { reportingGaps } from "../sync/gaps.ts"
import * as StartUp from "../sync/StartUp.ts"
import { ProcessFigures } from "../telemetry/ProcessFigures.ts"
import * as TraceExport from "../telemetry/traceExport.ts"
import * as SearchingVerifier from "../verify/SearchingVerifier.ts"
import * as WritingVerifier from "../verify/WritingVerifier.ts"
import { pushedEvents, withPushed } from "./hec.ts"
import { writer } from "./writing.ts"

const indexerOf = (config: Config, hadIndices: boolean) => {
  const retry = retrySettingsOf(config.retry, config.indexer)
  return OpenSearchIndexer.layer({
    url: config.indexer.url,
    username: config.indexer.username,
    password: config.indexer.password,
    caFile: config.indexer.ca_file,
    verifyTls: config.indexer.verify_tls,
    indexPattern: config.indexer.index_pattern,
    fields: {
      id: config.indexer.fields.id,
      arrival: config.indexer.fields.arrival,
      eventTime: config.indexer.fields.event_time,
      source: config.indexer.fields.source,
      eventType: config.indexer.fields.event_type,
      batch: config.indexer.fields.batch,
    },
    timeout: Duration.seconds(retry.timeoutSeconds),
    maxIds: config.indexer.max_ids_per_search,
    retry,
    hadIndices,
  })
}

const indexer = (config: Config) =>
  Layer.unwrap(
    Effect.map(FileCheckpoints.everConfirmed(config.state.path), (confirmed) => indexerOf(config, confirmed)),
  )

const verifier = (current: Current) =>
  SearchingVerifier.layerLive(() => {
    const { canary, indexer, verify } = current()
    return {
      minInterval: verify.min_interval,
      maxInterval: verify.max_interval,
      warnAfter: verify.warn_after,
      clockSkew: verify.clock_skew,
      maxIdsPerSearch: indexer.max_ids_per_search,
      grace: verify.grace,
      stalledAfter: verify.stalled_after,
      resendAfter: canary.resend_after,
      volley: canary.volley,
    }
  })

/** Who says what has become of written events, and what comes before the first poll. */
const verifying = (current: Current) => {
  const config = current()
  const { state, verify } = config
  const options = {
    timeout: verify.startup_timeout,
    clockSkew: verify.clock_skew,
    stateFolder: state.path,
    canary: { resendAfter: () => current().canary.resend_after },
  }
  switch (verify.mode) {
    case "always":
      return StartUp.layerAlways(options).pipe(
        Layer.provideMerge(verifier(current)),
        // Merged, because whoever asks where an event is gets the last word from it.
        Layer.provideMerge(indexer(config)),
      )
    case "startup-only":
      return StartUp.layerStartupOnly(options, verifier(current)).pipe(
        Layer.provideMerge(WritingVerifier.layerLookingBack(Duration.toMillis(verify.clock_skew))),
        Layer.provideMerge(indexer(config)),
      )
    case "off":
      return StartUp.layerOff(options).pipe(Layer.provideMerge(WritingVerifier.layer))
  }
}

const firewallaOptions = (
  { retry, source: { firewalla } }: Config,
  baseUrl: string,
  token: Redacted.Redacted,
): FirewallaOptions => {
  const { alarms, devices, flows } = firewalla.feeds
  return {
    baseUrl,
    token,
    way: wayOf(firewalla),
    box: firewalla.box,
    group: firewalla.group,
    requestsPerMinute: firewalla.requests_per_minute,
    retention: firewalla.retention,
    maxPageBytes: firewalla.max_page_bytes,
    retry: retrySettingsOf(retry, firewalla),
    feeds: {
      alarms: alarms.enabled
        ? { ...alarms, firstRun: alarms.first_run, pageSize: alarms.page_size }
        : undefined,
      flows: flows.enabled ? { ...flows, firstRun: flows.first_run, pageSize: flows.page_size } : undefined,
      devices: devices.enabled ? devices : undefined,
    },
  }
}

const feeds = (current: Current) => {
  const { firewalla } = current().source
  const baseUrl =
    firewalla.base_url ?? (firewalla.domain === undefined ? undefined : baseUrlOfDomain(firewalla.domain))
  // The configuration is refused when a feed is enabled and one of these is missing; so no feed is.
  const { token } = firewalla
  if (baseUrl === undefined || token === undefined) return Layer.succeed(Feeds, [])
  return firewallaFeeds(() => firewallaOptions(current(), baseUrl, current().source.firewalla.token ?? token))
}

const deadLetters = ({ dlq }: Config, make = FileDeadLetters.layer) =>
  dlq.enabled
    ? make({ folder: dlq.base_path, maxFiles: dlq.max_files, maxBytes: dlq.max_bytes })
    : NoDeadLetters.layer

const policies = (current: Current) => {
  const { batch, retry } = current()
  return Layer.merge(
    Layer.succeed(Policies, {
      maxBatchEvents: batch.max_events,
      maxAttempts: () => current().verify.max_attempts,
    }),
    Layer.succeed(LongestWait, retry.max_delay),
  )
}

/** The letters that wait, to look at: none is added, and no folder is made. */
const lettersToLookAt = ({ dlq }: Config) =>
  Layer.effect(
    DeadLetters,
    Effect.map(DeadLetters, (letters) => DeadLetters.of({ ...letters, put: () => Effect.void })),
  ).pipe(
    Layer.provide(dlq.enabled ? FileDeadLetters.layerLooking(dlq.base_path) : NoDeadLetters.layerLooking),
  )

export const receiptsFolder = ({ receipts, state }: Config): string => receipts.path ?? state.path

/** Nothing where `receipts.enabled` is false. */
const receipts = (config: Config, isProven = config.verify.mode === "always") => {
  const { receipts } = config
  return receipts.enabled
    ? KeptReceipts.layer({
        folder: receiptsFolder(config),
        keep: receipts.keep,
        maxBytes: receipts.max_bytes,
        isProven,
      })
    : Layer.empty
}

const RUN_ADVICE = "Stop that one first, or give this one a state.path and a dlq.base_path of its own."

const lockFor = ({ state }: Config, advice: string, command: string) =>
  StateLock.layer({ folder: state.path, command, advice })

/** The feeds, which tell of time that their source no longer has. */
const tellingFeeds = (current: Current) =>
  Layer.effect(Feeds, Effect.flatMap(Feeds, reportingGaps)).pipe(
    Layer.provide(withPushed(current, feeds(current))),
  )

/** Everything that `run` works with. */
export const layer = Layer.unwrap(
  Effect.map(LiveConfiguration, ({ current }) => {
    const config = current()
    const telling = StatusEvents.layer.pipe(
      Layer.provideMerge(writer(current, config.verify.mode === "always")),
    )
    const parts = Layer.mergeAll(
      Normalizers.layer([pushedEvents(config)]),
      FileCheckpoints.layer(config.state.path),
      // Read beside the start-up sync, so that the admin API answers at once however many wait.
      deadLetters(config, FileDeadLetters.layerReading),
      policies(current),
      InFlight.layer(config.verify.max_unconfirmed_events),
      Run.layer,
      Stop.layer,
      ProcessFigures.layer,
      RunStatus.layer,
      receipts(config),
      TraceExport.layer(config.traces),
    )
    return AdminServer.layer.pipe(
      Layer.provideMerge(Replay.layer(config.verify.mode === "always")),
      Layer.provideMerge(verifying(current)),
      Layer.provideMerge(tellingFeeds(current)),
      Layer.provideMerge(telling),
      Layer.provideMerge(parts),
      // Outermost, so that it is taken before anything else and let go of last.
      Layer.provide(lockFor(config, RUN_ADVICE, "waybill run")),
    )
  }),
)

/** What compares source and index and sends nothing. It neither locks nor writes anything. */
export const lookingLayer = Layer.unwrap(
  Effect.map(Configuration, (config) =>
    Layer.mergeAll(
      feeds(() => config),
      Normalizers.layer([pushedEvents(config)]),
      indexer(config),
      lettersToLookAt(config),
      policies(() => config),
      Run.layer,
      Stop.layer,
    ),
  ),
)

/** What delivers a window by itself, in whatever mode `run` is: it always searches. */
export const deliveringLayer = (command: string, advice: string) =>
  Layer.unwrap(
    Effect.map(Configuration, (config) =>
      Layer.mergeAll(
        feeds(() => config),
        Normalizers.layer([pushedEvents(config)]),
        verifier(() => config).pipe(
          Layer.provide(indexer(config)),
          Layer.provideMerge(writer(() => config, true)),
        ),
        deadLetters(config),
        policies(() => config),
        receipts(config, true),
        InFlight.layer(config.verify.max_unconfirmed_events),
        Run.layer,
        Stop.layer,
      ).pipe(Layer.provide(lockFor(config, advice, command))),
    ),
  )

/** The writer and the indexer alone, for a canary. It takes no lock: a `run` may work beside it. */
export const chainLayer = (config: Config) =>
  Layer.merge(
    writer(() => config, true),
    indexer(config),
  )

/** The dead letters alone, to be changed. */
export const lettersLayer = (command: string, advice: string) =>
  Layer.unwrap(
    Effect.map(Configuration, (config) =>
      deadLetters(config).pipe(Layer.provide(lockFor(config, advice, command))),
    ),
  )

/** The dead letters and the normalizers, to say what a replay would do. It neither locks nor writes anything. */
export const lettersLookingLayer = Layer.unwrap(
  Effect.map(Configuration, (config) =>
    Layer.merge(
      FileDeadLetters.layerLooking(config.dlq.base_path),
      Normalizers.layer([pushedEvents(config)]),
    ),
  ),
)

/** The receipts, to look at. It neither locks nor changes anything. */
export const receiptsLayer = Layer.unwrap(
  Effect.map(Configuration, (config) => ReadReceipts.layer(receiptsFolder(config))),
)

/** What tells where an event is. The indexer is not asked where nobody has said who may ask it. */
export const tracingLayer = Layer.unwrap(
  Effect.map(Configuration, (config) =>
    config.indexer.username === undefined || config.indexer.password === undefined
      ? receiptsLayer
      : Layer.merge(receiptsLayer, indexer(config)),
  ),
)
