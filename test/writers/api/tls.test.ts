/**
 * The certificate that Wazuh's API makes for itself: self-signed, CN=wazuh.com, and as its alternative name localhost,
 * which alone counts (generate_self_signed_certificate, api/api/configuration.py).
 */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:https"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { defaultRetrySettings } from "../../../src/retry/decide.ts"
import { type ApiWriterOptions, apiWriterLayer } from "../../../src/writers/api/ApiWriter.ts"
import { Writer } from "../../../src/writers/Writer.ts"
import { withoutLogs } from "../../support/logRecorder.ts"
import { haveOpenssl } from "../../support/opensearch/certificates.ts"
import { temporaryFolder } from "../socket/receiver.ts"

const listen = (folder: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly close: () => void }>((resume) => {
      const names = ["-subj", "/CN=wazuh.com", "-addext", "subjectAltName=DNS:localhost"]
      const options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...names]
      execFileSync("openssl", ["req", ...options, "-keyout", "server.key", "-out", "server.crt"], {
        cwd: folder,
        stdio: "ignore",
      })
      const server = createServer(
        { key: readFileSync(join(folder, "server.key")), cert: readFileSync(join(folder, "server.crt")) },
        (request, response) => {
          request.resume()
          const body =
            request.url === "/events" ? { data: { failed_items: [] } } : { data: { token: "a.b.c" } }
          response.end(JSON.stringify(body))
        },
      )
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        resume(Effect.succeed({ url: `https://127.0.0.1:${port}`, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close),
  )

const writes = Effect.fnUntraced(
  function* (options: (folder: string) => Partial<ApiWriterOptions>) {
    const folder = yield* temporaryFolder
    const { url } = yield* listen(folder)
    const context = yield* Layer.build(
      apiWriterLayer({
        url,
        username: "waybill",
        password: Redacted.make("password"),
        requestsPerMinute: () => 6000,
        eventsPerRequest: 100,
        retry: { ...defaultRetrySettings, timeoutSeconds: 5 },
        doubtfulIsTaken: true,
        ...options(folder),
      }),
    )
    return yield* Context.get(context, Writer).write(["{}"])
  },
  Effect.scoped,
  withoutLogs,
)

describe.skipIf(!(await haveOpenssl()))("api writer and a self-signed certificate", () => {
  it.live("without a CA it is not trusted, and told which settings help", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(writes(() => ({})))
      assert.include(error.message, "writer.api.ca_file")
      assert.include(error.message, "writer.api.server_name")
    }),
  )

  it.live("as its own CA it is trusted under the name that it has, and under no other", () =>
    Effect.gen(function* () {
      const caFile = (folder: string) => join(folder, "server.crt")
      yield* writes((folder) => ({ caFile: caFile(folder), serverName: "localhost" }))
      for (const serverName of [undefined, "wazuh.com"]) {
        const error = yield* Effect.flip(writes((folder) => ({ caFile: caFile(folder), serverName })))
        assert.include(error.message, "ERR_TLS_CERT_ALTNAME_INVALID")
      }
    }),
  )

  it.live("is accepted where nothing is checked", () => writes(() => ({ verifyTls: false })))

  it.live("a CA that can't be read keeps it from starting, and names the setting", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(writes(() => ({ caFile: "/no/such.pem" })))
      assert.strictEqual(error._tag, "InvalidWriterOptions")
      assert.include(error.message, "writer.api.ca_file")
    }),
  )
})
