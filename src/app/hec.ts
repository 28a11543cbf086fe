/** The HEC source as it is configured. */
import { Effect, Layer, Stream } from "effect"
import type { Config } from "../config/Config.ts"
import type { Current } from "../config/LiveConfiguration.ts"
import { ALARM, FLOW } from "../normalizers/firewalla/registrations.ts"
import { hecFamily } from "../normalizers/hec/family.ts"
import { type HecOptions, hecFeeds } from "../sources/hec/layer.ts"
import { allowing, type Sender } from "../sources/hec/tokens.ts"
import { Feeds } from "../sources/Source.ts"

const sendersOf = ({ source }: Config): ReadonlyArray<Sender> =>
  Object.entries(source.hec.tokens).flatMap(([name, { ack, replay, source_type, source_types, token }]) =>
    // The configuration is refused when HEC is enabled and a token is missing.
    token === undefined
      ? []
      : [
          {
            name,
            token,
            sourceType: source_type,
            allows: allowing(source_types, source_type),
            ack,
            mayReplay: replay,
          },
        ],
  )

/** Which pushed events a normalizer is there for; also those of an earlier run, which are replayed. */
export const pushedEvents = (config: Config) => {
  const allows = new Map(sendersOf(config).map((sender) => [sender.name, sender.allows]))
  return hecFamily((sender, sourceType) => allows.get(sender)?.(sourceType))
}

/** Made anew only when the configuration is another. */
const sendersNow = (current: Current) => {
  let config = current()
  let senders = sendersOf(config)
  return () => {
    if (config !== current()) {
      config = current()
      senders = sendersOf(config)
    }
    return senders
  }
}

const optionsOf = (current: Current): HecOptions => {
  const config = current()
  const { hec } = config.source
  const { cert_file, key_file } = hec.tls
  return {
    host: hec.host,
    port: hec.port,
    tls:
      cert_file === undefined || key_file === undefined
        ? undefined
        : { certFile: cert_file, keyFile: key_file },
    maxConnections: hec.max_connections,
    requestTimeoutMillis: hec.request_timeout_seconds * 1000,
    maxBodyBytes: hec.max_body_bytes,
    maxBufferedBytes: hec.max_buffered_bytes,
    retryAfterSeconds: hec.retry_after_seconds,
    senders: sendersNow(current),
    spool: {
      folder: hec.spool.path,
      maxBytes: hec.spool.max_bytes,
      maxEvents: hec.spool.max_events,
    },
    channelIdle: hec.channel_idle,
    batchEvents: config.batch.max_events,
  }
}

/** The same record may come from both, so the poller looks for everything before it sends it. */
const lookingFirst = Layer.effect(
  Feeds,
  Effect.map(Feeds, (feeds) =>
    feeds.map((feed) => ({
      ...feed,
      poll: (checkpoint: Parameters<typeof feed.poll>[0]) =>
        Stream.map(feed.poll(checkpoint), (page) => ({ ...page, maybeSent: true })),
    })),
  ),
)

/** Adds the senders' feeds to those that are polled, and listens; nothing of either where HEC is off. */
export const withPushed = <E, R>(current: Current, polled: Layer.Layer<Feeds, E, R>) => {
  if (!current().source.hec.enabled) return polled
  const options = optionsOf(current)
  const isBoth = options.senders().some(({ allows }) => allows(ALARM) || allows(FLOW))
  const others = isBoth ? lookingFirst.pipe(Layer.provide(polled)) : polled
  return hecFeeds(options).pipe(Layer.provide(others))
}
