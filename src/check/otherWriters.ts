/** The ways into Wazuh beside the socket: the manager's API, a file, and the socket of Wazuh 5. */
import { readFile } from "node:fs/promises"
import { Effect, type FileSystem, Option, Path, Redacted, Schema } from "effect"
import { HttpClientRequest } from "effect/http"
import type { Config } from "../config/Config.ts"
import { makeSession } from "../writers/api/Session.ts"
import { makeExchange, type NotAnswered } from "../writers/http/Exchange.ts"
import { type Check, type Finding, fail, inTwo, ok } from "./Check.ts"
import { checkFolder, whoWeAre } from "./folders.ts"

const MOST_SECONDS = 15

const Policies = Schema.fromJsonString(
  Schema.Struct({
    data: Schema.StructWithRest(Schema.Struct({ rbac_mode: Schema.String }), [
      Schema.Record(Schema.String, Schema.Unknown),
    ]),
  }),
)
const decodePolicies = Schema.decodeUnknownOption(Policies)

/** Whether the user's own policies say that it may not send events; where they can't be read, nobody knows. Pure. */
export const mayNotSend = (policies: string): boolean => {
  const { data } = Option.getOrElse(decodePolicies(policies), () => ({ data: undefined }))
  return data !== undefined && data.rbac_mode === "white" && data["event:ingest"] === undefined
}

/** The login is tried once, and the token is not used up: events have their own limit. */
const checkApi = Effect.fnUntraced(function* ({ retry, writer: { api } }: Config) {
  const { ca_file: caFile, password, server_name: servername, url, username = "" } = api
  const where = new URL(url).host
  const failed = (message: string): Finding => fail(...inTwo(`The manager's API at ${where}: ${message}`))
  const ca =
    caFile === undefined
      ? undefined
      : yield* Effect.tryPromise({ try: () => readFile(caFile, "utf8"), catch: (cause) => cause }).pipe(
          Effect.orElseSucceed((): string | undefined => undefined),
        )
  if (caFile !== undefined && ca === undefined)
    return fail(
      `The CA ${caFile} can't be read.`,
      "Check writer.api.ca_file, and that Waybill's user may read it.",
    )
  const exchange = yield* makeExchange({
    timeoutSeconds: Math.min(api.timeout_seconds ?? retry.timeout_seconds, MOST_SECONDS),
    tls: {
      rejectUnauthorized: api.verify_tls,
      ...(ca === undefined ? {} : { ca }),
      ...(servername === undefined ? {} : { servername }),
    },
  })
  const session = yield* makeSession(exchange, { url, username, password: password ?? Redacted.make("") })
  const logIn = yield* Effect.result(session.token)
  if (logIn._tag === "Failure") return failed(logIn.failure.message)
  const policies = yield* exchange(
    HttpClientRequest.get(`${url}/security/users/me/policies`).pipe(
      HttpClientRequest.bearerToken(logIn.success),
      HttpClientRequest.setHeader("user-agent", "waybill"),
    ),
  ).pipe(
    Effect.map(({ body, status }) => (status === 200 ? body : "")),
    Effect.orElseSucceed(() => ""),
  )
  return mayNotSend(policies)
    ? fail(
        `The manager's API at ${where} lets ${username} in, and takes no events from it.`,
        "Give a role of this user the policy event:ingest on *:*:*; docs/writers.md says how.",
      )
    : ok(`The manager's API at ${where} lets ${username} in.`)
}, Effect.scoped)

const explainWazuh5 = (socket: string, error: NotAnswered): Finding =>
  error.detail.startsWith("EACCES")
    ? fail(
        `May not write to ${socket} (EACCES); Waybill runs as ${whoWeAre()}.`,
        "Run Waybill as the user or group of that socket.",
      )
    : fail(
        `Nobody answers at ${socket} (${error.detail}).`,
        "Check that the manager of Wazuh 5 runs, and that the folder of writer.wazuh5.socket is mounted.",
      )

/** Any answer will do: its HTTP server is there. */
const checkWazuh5 = Effect.fnUntraced(function* (socket: string) {
  const exchange = yield* makeExchange({ timeoutSeconds: 5, socketPath: socket })
  return yield* exchange(HttpClientRequest.get("http://localhost/")).pipe(
    Effect.as(ok(`${socket} answers.`)),
    Effect.catch((error) => Effect.succeed(explainWazuh5(socket, error))),
  )
}, Effect.scoped)

const checkFile = Effect.fnUntraced(function* (file: string) {
  const path = yield* Path.Path
  const found = yield* checkFolder(path.dirname(file), "writer.file.path")
  return found.status === "ok"
    ? {
        ...found,
        message: `${found.message} Whether logcollector follows ${path.basename(file)}, the canary tells.`,
      }
    : found
})

export const apiCheck = (config: Config): Check => ({ hop: "api", needs: [], run: checkApi(config) })
export const wazuh5Check = ({ writer }: Config): Check => ({
  hop: "wazuh5",
  needs: [],
  run: checkWazuh5(writer.wazuh5.socket),
})
export const fileCheck = ({ writer }: Config): Check<FileSystem.FileSystem | Path.Path> => ({
  hop: "file",
  needs: [],
  run: checkFile(writer.file.path),
})
