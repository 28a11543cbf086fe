/** The writer that the configuration asks for. */
import { Duration, type FileSystem, Layer, type Path, Redacted } from "effect"
import type { Config } from "../config/Config.ts"
import { retrySettingsOf } from "../retry/settings.ts"
import { apiWriterLayer } from "../writers/api/ApiWriter.ts"
import { fileWriterLayer } from "../writers/file/FileWriter.ts"
import { ratePacingLayer } from "../writers/pacing/RatePacing.ts"
import { pacingLayer } from "../writers/pacing/StatsPacing.ts"
import { socketWriterLayer } from "../writers/socket/SocketWriter.ts"
import type { InvalidWriterOptions, Writer } from "../writers/Writer.ts"
import { wazuh5WriterLayer } from "../writers/wazuh5/Wazuh5Writer.ts"

const socketWriter = ({ writer: { location, pacing, socket } }: Config) =>
  socketWriterLayer({
    path: socket.path,
    location,
    sendTimeout: Duration.seconds(socket.send_timeout_seconds),
  }).pipe(
    // Also for whoever asks for it: only a writer that is paced by it brings it.
    Layer.provideMerge(
      pacingLayer({
        statsPath: socket.stats_path,
        queueShare: pacing.queue_share,
        eventsPerSecond: pacing.events_per_second,
        burst: pacing.burst,
        chunk: pacing.chunk,
      }),
    ),
  )

const blindPacing = ({ burst, events_per_second: eventsPerSecond }: Config["writer"]["pacing"]) =>
  ratePacingLayer({ eventsPerSecond, burst })

const apiWriter = ({ retry, writer: { api } }: Config, isSearched: boolean) =>
  apiWriterLayer({
    url: api.url,
    username: api.username ?? "",
    password: api.password ?? Redacted.make(""),
    caFile: api.ca_file,
    serverName: api.server_name,
    verifyTls: api.verify_tls,
    requestsPerMinute: api.requests_per_minute,
    eventsPerRequest: api.events_per_request,
    retry: retrySettingsOf(retry, api),
    doubtfulIsTaken: isSearched,
  })

const fileWriter = ({ writer: { file, pacing } }: Config) =>
  fileWriterLayer({
    path: file.path,
    maxBytes: file.max_bytes,
    keep: file.keep,
    settle: file.settle,
    minInterval: file.min_interval,
    sync: file.sync,
    group: file.group,
  }).pipe(Layer.provideMerge(blindPacing(pacing)))

const wazuh5Writer = ({ retry, writer: { location, pacing, wazuh5 } }: Config, isSearched: boolean) =>
  wazuh5WriterLayer({
    socket: wazuh5.socket,
    queue: wazuh5.queue,
    location,
    agent: { id: wazuh5.agent_id, name: wazuh5.agent_name },
    retry: retrySettingsOf(retry, wazuh5),
    doubtfulIsTaken: isSearched,
  }).pipe(Layer.provideMerge(blindPacing(pacing)))

/** @param isSearched whether what is written is searched for while it runs */
export const writer = (
  config: Config,
  isSearched: boolean,
): Layer.Layer<Writer, InvalidWriterOptions, FileSystem.FileSystem | Path.Path> => {
  switch (config.writer.kind) {
    case "socket":
      return socketWriter(config)
    case "api":
      return apiWriter(config, isSearched)
    case "file":
      return fileWriter(config)
    case "wazuh5":
      return wazuh5Writer(config, isSearched)
  }
}
