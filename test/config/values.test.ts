/** Values that a header, a URL, a path or a socket's address can't carry are refused by their key, where they come from. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, FileSystem, Option, Path, Redacted, Result } from "effect"
import { configFrom, loadConfig } from "../../src/config/loadConfig.ts"
import { put, type Tree } from "../../src/config/tree.ts"

const BASE: Tree = {
  source: { firewalla: { domain: "a.example", token: "msp-token" } },
  indexer: { username: "u", password: "indexer-password" },
}

const problemsWith = (key: string, value: unknown) =>
  Result.match(configFrom(put(BASE, key.split("."), value)), {
    onSuccess: () => [],
    onFailure: ({ problems }) => problems,
  })

const ZERO_WIDTH = "\u200b"
const HEC = "source.hec.tokens.main.token"
const TOKENS = ["source.firewalla.token", "admin.token", HEC]

describe("a value is refused by its key:", () => {
  const refused: ReadonlyArray<readonly [string, string, ReadonlyArray<string>, RegExp?]> = [
    ["a token with a zero-width space", `abc${ZERO_WIDTH}`, TOKENS, /U\+200B/],
    ["a token in curly quotes", "\u201cabc\u201d", TOKENS, /U\+201C/],
    ["a token with a letter that a header can't carry", "abc\u0142", TOKENS, /ASCII/],
    ["a token in straight quotes", '"abc"', TOKENS, /quotes/],
    ["a token with an escape sequence", "abc\u001b[0m", TOKENS, /U\+001B/],
    ["a password that ends in a blank", "abc ", ["indexer.password", "writer.api.password"], /blank/],
    ["a password in quotes", "'abc'", ["indexer.password"], /quotes/],
    ["a password with a byte order mark", "\ufeffabc", ["indexer.password"], /U\+FEFF/],
    ["a password that was not UTF-8", "ab\ufffdc", ["indexer.password"], /U\+FFFD/],
    [
      "half a character",
      "abc\ud800",
      ["indexer.password", "writer.location", "source.firewalla.feeds.alarms.query", "state.path"],
      /half/,
    ],
    ["a user with a colon, which ends it in a header", "a:b", ["indexer.username", "writer.api.username"]],
    ["a URL with a blank", "https://host:9200/a b", ["indexer.url", "traces.endpoint"], /blank/],
    ["a URL with a blank at its end", "https://host:9200 ", ["indexer.url", "writer.api.url"], /blank/],
    ["a URL with a password", "https://u:p@host", ["indexer.url", "traces.endpoint"]],
    ["a URL with an empty user", "https://@host", ["indexer.url", "traces.endpoint"]],
    [
      "a URL of another scheme",
      "ftp://host",
      ["indexer.url", "traces.endpoint", "source.firewalla.base_url"],
    ],
    ["a URL without a host", "https:///path", ["indexer.url", "traces.endpoint"]],
    ["a URL with one slash", "https:/host", ["indexer.url"]],
    ["a URL with a backslash", "https:\\\\host", ["indexer.url"]],
    ["a URL in curly quotes", "https://host/v2\u201d", ["source.firewalla.base_url"], /U\+201D/],
    [
      "a URL with an invisible character",
      `https://host/v2${ZERO_WIDTH}`,
      ["source.firewalla.base_url"],
      /U\+200B/,
    ],
    ["a URL of port 0", "https://host:0", ["indexer.url"]],
    ["a URL with an empty query", "https://host?", ["indexer.url"]],
    ["a path with a NUL", "/a\u0000b", ["state.path", "dlq.base_path", "indexer.ca_file"], /U\+0000/],
    ["a path that ends in a blank", "/run/secrets/a ", ["indexer.ca_file", "state.path"], /blank/],
    ["a path with an invisible character", `/run/a${ZERO_WIDTH}`, ["state.path"], /U\+200B/],
    ["a path that no system takes", `/${"a".repeat(4096)}`, ["state.path"]],
    [
      "a socket's path over 107 bytes",
      `/${"ä".repeat(54)}`,
      ["writer.socket.path", "writer.socket.stats_path", "writer.wazuh5.socket"],
    ],
    ["a host name with an empty label", "a..example", ["source.firewalla.domain", "writer.api.server_name"]],
    ["a host name with a port that there is not", "a.example:70000", ["source.firewalla.domain"]],
    ["a server's name with a port", "localhost:55000", ["writer.api.server_name"]],
    ["a server's name that is an address, which TLS does not send", "127.0.0.1", ["writer.api.server_name"]],
    ["an index pattern with a blank", "wazuh-alerts-4.x-* ", ["indexer.index_pattern"], /blank/],
    ["an index pattern with a slash", "wazuh/alerts", ["indexer.index_pattern"]],
    ["an index pattern with a query", "wazuh?a=b", ["indexer.index_pattern"]],
    ["an index pattern that is an address of the API", "_all/_search", ["indexer.index_pattern"]],
    ["an index pattern with an empty part", "a,,b", ["indexer.index_pattern"]],
    ["an index pattern in capitals, which no index is named in", "Wazuh-*", ["indexer.index_pattern"]],
    ["a header's value with a line break", "a=b%0d%0ax: y", ["traces.headers"]],
    ["a header's value in curly quotes", "a=\u201cb\u201d", ["traces.headers"], /U\+201C/],
    ["a header's name with a blank", "a b=c", ["traces.headers"]],
    ["a text with an invisible character", `way${ZERO_WIDTH}bill`, ["writer.location"], /U\+200B/],
    [
      "a text that turns the writing round",
      "way\u202ebill",
      ["writer.location", "traces.service_name"],
      /U\+202E/,
    ],
  ]
  for (const [what, value, keys, says] of refused)
    for (const key of keys)
      it(`${what} (${key})`, () => {
        const problems = problemsWith(key, value)
        assert.deepStrictEqual(
          problems.map(({ where }) => where),
          [key],
        )
        const [problem] = problems
        if (says !== undefined) assert.match(problem?.what ?? "", says)
        assert.notInclude(problem?.what, value)
      })
})

describe("a value is taken:", () => {
  const taken: ReadonlyArray<readonly [string, string]> = [
    ["source.firewalla.token", "A-._~+/=!#$%&'*^`|{}<>()[]@,;:?\"0"],
    ["admin.token", "a token of words"],
    ["indexer.password", "pässwörd “with” blanks, and 'quotes' in it"],
    ["indexer.url", "https://indexer_1.example:9200/a%20path/"],
    ["indexer.url", "https://[2001:db8::1]:9200"],
    ["indexer.index_pattern", "wazuh-alerts-4.x-*,-wazuh-alerts-4.x-2020*,Remote_1:wazuh-*"],
    ["indexer.index_pattern", "_all"],
    ["writer.socket.path", `/${"a".repeat(106)}`],
    ["source.firewalla.domain", "my-company.firewalla.net:8443"],
    ["writer.api.server_name", "wazuh.manager"],
    ["traces.headers", "authorization=Bearer%20abc, x-tenant=a b"],
    ["source.firewalla.feeds.alarms.query", "device.name:“Küche” "],
    ["state.path", "/var/lib/my folder"],
  ]
  for (const [key, value] of taken)
    it(`${key}: ${value.slice(0, 60)}`, () => assert.deepStrictEqual(problemsWith(key, value), []))
})

/** A file with these bytes, and what loading the token from it gives. */
const fromFile = Effect.fnUntraced(function* (content: string | Uint8Array) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  const file = (yield* Path.Path).join(folder, "token")
  yield* typeof content === "string" ? fs.writeFileString(file, content) : fs.writeFile(file, content)
  const loaded = yield* Effect.result(
    loadConfig({
      path: Option.none(),
      env: {
        MSP_DOMAIN: "a.example",
        MSP_TOKEN_FILE: file,
        INDEXER_USERNAME: "u",
        INDEXER_PASSWORD: "p",
      },
    }),
  )
  return { file, loaded }
})

layer(NodeServices.layer)("a secret's file", (it) => {
  const trimmed: ReadonlyArray<readonly [string, string | Uint8Array]> = [
    ["a blank and a newline at its end", "abc \n"],
    ["several newlines at its end", "abc\n\n\n"],
    ["line ends of Windows", "abc\r\n"],
    ["blanks and tabs around it", " \tabc\t "],
    ["a byte order mark", "\ufeffabc\n"],
    ["a blank that does not break", "abc\u00a0\n"],
  ]
  for (const [what, content] of trimmed)
    it.effect(`may have ${what}`, () =>
      Effect.gen(function* () {
        const { source } = yield* Effect.fromResult((yield* fromFile(content)).loaded)
        assert.strictEqual(source.firewalla.token && Redacted.value(source.firewalla.token), "abc")
      }),
    )

  const refused: ReadonlyArray<readonly [string, string | Uint8Array, RegExp]> = [
    ["nothing but blanks", " \n", /is empty/],
    ["several lines", "abc\ndef\n", /line break|U\+000A/],
    ["quotes around it", '"abc"\n', /quotes/],
    ["a zero-width space", "abc\u200b\n", /U\+200B/],
    ["the bytes of UTF-16", Uint8Array.from([0xff, 0xfe, 0x61, 0, 0x62, 0]), /U\+FFFD|UTF-8/],
  ]
  for (const [what, content, says] of refused)
    it.effect(`with ${what} is refused by its key, and named`, () =>
      Effect.gen(function* () {
        const { file, loaded } = yield* fromFile(content)
        assert.isTrue(Result.isFailure(loaded))
        if (!Result.isFailure(loaded)) return
        const [problem, ...others] = loaded.failure.problems
        assert.deepStrictEqual(others, [])
        assert.strictEqual(problem?.where, "MSP_TOKEN_FILE")
        assert.match(problem?.what ?? "", says)
        assert.include(`${problem?.what} ${problem?.fix}`, file)
        assert.notInclude(loaded.failure.message, "abc")
      }),
    )
})
