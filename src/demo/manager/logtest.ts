/**
 * A simulator of `queue/sockets/logtest`: `log_processing` and `remove_session`, with replies of the shape of the real
 * ones (src/analysisd/logtest.c). What it says of an event is what this manager's own table of rules says (`alert.ts`).
 */
import { randomBytes } from "node:crypto"
import { Option, Schema } from "effect"
import { type Content, triedOn } from "./alert.ts"

const Request = Schema.fromJsonString(
  Schema.Struct({
    version: Schema.Number,
    origin: Schema.Struct({ name: Schema.String, module: Schema.String }),
    command: Schema.String,
    parameters: Schema.Struct({
      event: Schema.optionalKey(Schema.String),
      log_format: Schema.optionalKey(Schema.String),
      location: Schema.optionalKey(Schema.String),
      token: Schema.optionalKey(Schema.String),
    }),
  }),
)
const decode = Schema.decodeUnknownOption(Request)

/** @param content is asked at each request */
export const makeLogtest = (content: () => Content, now: () => number) => {
  const sessions = new Set<string>()
  return {
    /** Sessions that nobody has removed. */
    open: (): number => sessions.size,
    answer: (request: string): unknown => {
      const asked = Option.getOrUndefined(decode(request))
      if (asked === undefined) return { error: 4, message: "Invalid JSON input", data: {} }
      const { command, parameters } = asked
      const { event, location, log_format, token: given } = parameters
      if (command === "remove_session") {
        const known = given !== undefined && sessions.delete(given)
        const text = known
          ? `INFO: (7206): The session '${given}' was closed successfully`
          : "ERROR: (7310): No session"
        return { error: 0, data: { messages: [text], codemsg: known ? 0 : -1 } }
      }
      if (command !== "log_processing") return { error: 6, message: "Command not found", data: {} }
      if (event === undefined || location === undefined || log_format === undefined)
        return { error: 0, data: { messages: ["ERROR: (7302): a field is missing"], codemsg: -1 } }
      const isNew = given === undefined || !sessions.has(given)
      const token = isNew ? randomBytes(4).toString("hex") : given
      sessions.add(token)
      const messages = isNew ? [`INFO: (7202): Session initialized with token '${token}'`] : []
      const { alert, output } = triedOn(content(), `1:${location.replace(/[|:]/g, "|$&")}:${event}`, now())
      return { error: 0, data: { messages, token, output, alert, codemsg: 0 } }
    },
  }
}
