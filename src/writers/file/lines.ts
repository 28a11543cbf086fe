/**
 * The lines that wazuh-logcollector reads: `waybill: {json}`, for `<log_format>syslog</log_format>`. Pure.
 *
 * Why not JSON lines for `<log_format>json</log_format>`: that reader takes JSON objects only (src/logcollector/
 * read_json.c), and a bare object goes to the stock decoder `json`, whose rules take events away from Waybill's own.
 * The `syslog` reader hands a line on as it is, so decoder and rules are those of every other writer.
 */
import { MAX_MESSAGE_BYTES } from "../../domain/Event.ts"

/** What the shipped decoder matches. */
const PREFIX = "waybill: "
/** With its newline: OS_MAXSTR less OS_LOG_HEADER less the closing NUL. A longer line is cut (read_syslog.c). */
export const MAX_LINE_BYTES = 65_279
/** `1:`, `:` and the file's path, with which logcollector hands a line to analysisd. */
const HEADER_BYTES = 3
/** Written at once at most; a line may go beyond it. */
const CHUNK_BYTES = 256 * 1024

/** The most bytes that an event may have so that its line is read whole from a file at `path`. */
export const maxEventBytes = (path: string): number =>
  Math.min(MAX_LINE_BYTES - 1, MAX_MESSAGE_BYTES - HEADER_BYTES - Buffer.byteLength(path)) - PREFIX.length

export interface Lines {
  readonly bytes: Buffer
  /** Where each line ends, its newline included. */
  readonly ends: ReadonlyArray<number>
}

/** The lines of as many events as go into one write, at least one. */
export const linesOf = (events: ReadonlyArray<string>): Lines => {
  const parts: Array<Buffer> = []
  const ends: Array<number> = []
  let length = 0
  for (const event of events) {
    const line = Buffer.from(`${PREFIX}${event}\n`)
    parts.push(line)
    length += line.length
    ends.push(length)
    if (length >= CHUNK_BYTES) break
  }
  return { bytes: Buffer.concat(parts), ends }
}

export interface Written {
  /** Lines that are whole in the file. */
  readonly whole: number
  /** Bytes of the line after them that are in the file. */
  readonly torn: number
}

/** What is in the file after a write of which only the first `bytes` were taken. */
export const written = ({ ends }: Lines, bytes: number): Written => {
  const whole = ends.filter((end) => end <= bytes).length
  return { whole, torn: bytes - (ends[whole - 1] ?? 0) }
}
