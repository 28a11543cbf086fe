import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { layerHttp } from "../../../src/sources/firewalla/httpMspApi.ts"
import { MspApi } from "../../../src/sources/firewalla/MspApi.ts"
import type { Way } from "../../../src/sources/outside.ts"
import { connectProxy, tlsServer } from "../../support/forwardProxy.ts"
import { type LogLine, recordLogs } from "../../support/logRecorder.ts"
import { haveOpenssl, makeCa, signedBy } from "../../support/opensearch/certificates.ts"
import { optionsWith, TOKEN } from "./feeds.ts"

const openssl = await haveOpenssl()
const LOGIN = "user:proxy-p%40ss"
const BASIC = `Basic ${Buffer.from("user:proxy-p@ss").toString("base64")}`
const good = { results: [], next_cursor: null }

const folder = await mkdtemp(join(tmpdir(), "waybill-proxy-"))
afterAll(() => rm(folder, { recursive: true }))
const makeCertificates = async () => {
  const ca = await makeCa(folder, "ca")
  return { ca: ca.certificate, signed: await signedBy(ca, folder, "api") }
}
const nothing = { certificate: "", key: "" }
const { ca, signed } = openssl ? await makeCertificates() : { ca: "", signed: nothing }

/** One request to an API over TLS, by this way; no secret is in what it fails with or logs. */
const ask = Effect.fnUntraced(function* (way: (ca: string) => Way) {
  const port = yield* tlsServer(signed, (_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(good))
  })
  const lines: Array<LogLine> = []
  const options = optionsWith({ baseUrl: `https://localhost:${port}/v2`, way: way(ca) })
  const api = Context.get(yield* Layer.build(layerHttp(() => options)), MspApi)
  const result = yield* api
    .get({ feed: "firewalla-msp/flows", path: "/flows", params: {} })
    .pipe(Effect.provide(recordLogs(lines)), Effect.result)
  const error = result._tag === "Failure" ? result.failure : undefined
  for (const secret of [TOKEN, "proxy-p", BASIC.slice(6)])
    assert.notInclude(JSON.stringify([error, error?.message, error?.stack, lines]), secret)
  return { error, reason: error?.reason, retries: lines.length, proxy: api.proxy?.(), port }
})

const through =
  (port: number, more: Way = {}) =>
  (caFile: string): Way => ({
    proxy: Redacted.make(`http://${LOGIN}@127.0.0.1:${port}`),
    caFile,
    ...more,
  })

describe.skipIf(!openssl)(`through a proxy${openssl ? "" : " (skipped: no openssl here)"}`, () => {
  it.live("an API is asked with the proxy's login, and the token goes past the proxy", () =>
    Effect.gen(function* () {
      const proxy = yield* connectProxy()
      const { port, ...asked } = yield* ask(through(proxy.port))
      assert.isUndefined(asked.error)
      assert.strictEqual(asked.proxy, `http://127.0.0.1:${proxy.port}`)
      assert.deepStrictEqual(
        proxy.asked.map(({ headers, url }) => [url, headers["proxy-authorization"], headers.authorization]),
        [[`localhost:${port}`, BASIC, undefined]],
      )
    }),
  )

  const refusals: ReadonlyArray<readonly [number, number, string]> = [
    [407, 0, "source.firewalla.proxy_file"],
    [403, 0, "policy"],
    [502, 3, "can't reach the portal"],
  ]
  for (const [status, retries, advice] of refusals)
    it.live(`that answers ${status} the error is the proxy's, and says what to do`, () =>
      Effect.gen(function* () {
        const proxy = yield* connectProxy(() => status)
        const found = yield* ask(through(proxy.port))
        const name = `http://127.0.0.1:${proxy.port}`
        assert.deepStrictEqual(found.reason, { _tag: "ProxyRefused", status, proxy: name })
        assert.include(found.error?.message, name)
        assert.include(found.error?.message, advice)
        assert.strictEqual(found.retries, retries)
      }),
    )

  it.live("that is not there, the proxy's address is told", () =>
    Effect.gen(function* () {
      const { port } = yield* Effect.scoped(connectProxy())
      const { error, reason } = yield* ask(through(port))
      assert.strictEqual(reason?._tag, "Unreachable")
      assert.include(error?.message, `the proxy http://127.0.0.1:${port} (ECONNREFUSED`)
      assert.include(error?.message, "source.firewalla.proxy (or HTTPS_PROXY)")
    }),
  )

  it.live("that dies and comes back, the request is made again", () =>
    Effect.gen(function* () {
      const proxy = yield* connectProxy((nth) => (nth < 3 ? 0 : 200))
      const { error, retries } = yield* ask(through(proxy.port))
      assert.isUndefined(error)
      assert.strictEqual(retries, 2)
    }),
  )

  it.live("that hangs longer than it has connections, the API is asked again when it answers", () =>
    Effect.gen(function* () {
      // Four connections at most, and each hanging try takes one.
      let isHanging = true
      const proxy = yield* connectProxy(() => (isHanging ? "hang" : 200))
      const port = yield* tlsServer(signed, (_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(good))
      })
      const api = Context.get(
        yield* Layer.build(
          layerHttp(() =>
            optionsWith({
              baseUrl: `https://localhost:${port}/v2`,
              way: through(proxy.port)(ca),
              retry: { ...optionsWith().retry, maxRetries: 0, timeoutSeconds: 0.5 },
            }),
          ),
        ),
        MspApi,
      )
      const asking = api.get({ feed: "firewalla-msp/flows", path: "/flows", params: {} })
      for (let n = 0; n < 6; n++) yield* Effect.flip(asking)
      isHanging = false
      const answer = yield* asking.pipe(Effect.retry({ times: 8 }), Effect.result)
      assert.strictEqual(answer._tag, "Success")
    }),
  )

  it.live("that shows a certificate of a CA of its own, the key for that CA is told", () =>
    Effect.gen(function* () {
      const proxy = yield* connectProxy()
      const { error, reason } = yield* ask(through(proxy.port, { caFile: undefined }))
      assert.strictEqual(reason?._tag, "Untrusted")
      assert.include(error?.message, `http://127.0.0.1:${proxy.port}`)
      assert.include(error?.message, "source.firewalla.ca_file or NODE_EXTRA_CA_CERTS")
    }),
  )

  const lists: ReadonlyArray<readonly [string, boolean]> = [
    ["", true],
    ["elsewhere.example, other.example", true],
    ["127.0.0.1", true],
    ["localhost:1", true],
    ["*.localhost", true],
    ["host", true],
    ["elsewhere.example LOCALHOST", false],
    [".localhost", false],
    ["*", false],
  ]
  for (const [noProxy, isThrough] of lists)
    it.live(`but for NO_PROXY "${noProxy}": ${isThrough ? "through it" : "directly"}`, () =>
      Effect.gen(function* () {
        const proxy = yield* connectProxy()
        const { error, proxy: told } = yield* ask(through(proxy.port, { noProxy }))
        assert.isUndefined(error)
        assert.strictEqual(proxy.asked.length, isThrough ? 1 : 0)
        assert.strictEqual(told !== undefined, isThrough)
      }),
    )

  it.live("a CA's file that is not there is told by its key", () =>
    Effect.gen(function* () {
      const options = optionsWith({ way: { caFile: "/nowhere/ca.pem" } })
      const { message } = yield* Effect.flip(Layer.build(layerHttp(() => options)))
      assert.include(message, "source.firewalla.ca_file: /nowhere/ca.pem can't be read (ENOENT)")
    }),
  )
})
