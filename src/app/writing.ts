/** The writer that the configuration asks for. */
import { Duration, type FileSystem, Layer, type Path, Redacted } from "effect"
import type { Config } from "../config/Config.ts"
import type { Current } from "../config/LiveConfiguration.ts"
import { retrySettingsOf } from "../retry/settings.ts"
import { apiWriterLayer } from "../writers/api/ApiWriter.ts"
import { fileWriterLayer } from "../writers/file/FileWriter.ts"
import { ratePacingLayer } from "../writers/pacing/RatePacing.ts"
import { pacingLayer } from "../writers/pacing/StatsPacing.ts"
import { socketWriterLayer } from "../writers/socket/SocketWriter.ts"
import type { InvalidWriterOptions, Writer } from "../writers/Writer.ts"
import { wazuh5WriterLayer } from "../writers/wazuh5/Wazuh5Writer.ts"

const socketWriter = ({ writer: { location, socket } }: Config, current: Current) =>
  socketWriterLayer({
    path: socket.path,
    location,
    sendTimeout: Duration.seconds(socket.send_timeout_seconds),
  }).pipe(
    // Also for whoever asks for it: only a writer that is paced by it brings it.
    Layer.provideMerge(
      pacingLayer(socket.stats_path, () => {
        const { pacing } = current().writer
        return {
          queueShare: pacing.queue_share,
          eventsPerSecond: pacing.events_per_second,
          burst: pacing.burst,
          chunk: pacing.chunk,
        }
      }),
    ),
  )

const blindPacing = (current: Current) =>
  ratePacingLayer(() => {
    const { burst, events_per_second: eventsPerSecond } = current().writer.pacing
    return { eventsPerSecond, burst }
  })

const apiWriter = ({ retry, writer: { api } }: Config, current: Current, isSearched: boolean) =>
  apiWriterLayer({
    url: api.url,
    username: api.username ?? "",
    password: api.password ?? Redacted.make(""),
    caFile: api.ca_file,
    serverName: api.server_name,
    verifyTls: api.verify_tls,
    requestsPerMinute: () => current().writer.api.requests_per_minute,
    eventsPerRequest: api.events_per_request,
    retry: retrySettingsOf(retry, api),
    doubtfulIsTaken: isSearched,
  })

const fileWriter = ({ writer: { file } }: Config, current: Current) =>
  fileWriterLayer({
    path: file.path,
    maxBytes: file.max_bytes,
    keep: file.keep,
    settle: file.settle,
    minInterval: file.min_interval,
    sync: file.sync,
    group: file.group,
  }).pipe(Layer.provideMerge(blindPacing(current)))

const wazuh5Writer = (
  { retry, writer: { location, wazuh5 } }: Config,
  current: Current,
  isSearched: boolean,
) =>
  wazuh5WriterLayer({
    socket: wazuh5.socket,
    queue: wazuh5.queue,
    location,
    agent: { id: wazuh5.agent_id, name: wazuh5.agent_name },
    retry: retrySettingsOf(retry, wazuh5),
    doubtfulIsTaken: isSearched,
  }).pipe(Layer.provideMerge(blindPacing(current)))

/**
 * @param current asked at each use for what may change
 * @param isSearched whether what is written is searched for while it runs
 */
export const writer = (
  current: Current,
  isSearched: boolean,
): Layer.Layer<Writer, InvalidWriterOptions, FileSystem.FileSystem | Path.Path> => {
  const config = current()
  switch (config.writer.kind) {
    case "socket":
      return socketWriter(config, current)
    case "api":
      return apiWriter(config, current, isSearched)
    case "file":
      return fileWriter(config, current)
    case "wazuh5":
      return wazuh5Writer(config, current, isSearched)
  }
}
