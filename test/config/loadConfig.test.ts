import { NodeServices } from "@effect/platform-node"
import { assert, describe, it, layer } from "@effect/vitest"
import { Duration, Effect, FileSystem, Option, Path, Redacted, Result, Runtime } from "effect"
import { CliError } from "effect/cli"
import type { ConfigInvalid } from "../../src/config/ConfigInvalid.ts"
import type { Environment } from "../../src/config/environment.ts"
import { configFrom, DEFAULT_PATH, loadConfig } from "../../src/config/loadConfig.ts"

const SECRET = "hunter2"

/** What is needed and has no default. */
const needed: Environment = {
  MSP_DOMAIN: "example.firewalla.net",
  MSP_TOKEN: SECRET,
  INDEXER_USERNAME: "reader",
  INDEXER_PASSWORD: SECRET,
}

const inFolder = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    FileSystem.FileSystem.pipe(
      Effect.flatMap((files) => Effect.orDie(files.makeTempDirectoryScoped())),
      Effect.flatMap(use),
    ),
  )

const writeFile = Effect.fnUntraced(function* (folder: string, name: string, text: string) {
  const path = (yield* Path.Path).join(folder, name)
  yield* (yield* FileSystem.FileSystem).writeFileString(path, text).pipe(Effect.orDie)
  return path
})

const loadYaml = (yaml: string, env: Environment = needed) =>
  inFolder((folder) =>
    Effect.flatMap(writeFile(folder, "waybill.yaml", yaml), (path) =>
      loadConfig({ path: Option.some(path), env }),
    ),
  )
const loadEnv = (env: Environment) => loadConfig({ path: Option.none(), env })

/** Each problem as `where: what. fix`. */
const problemsOf = <R>(load: Effect.Effect<unknown, ConfigInvalid, R>) =>
  Effect.map(Effect.flip(load), ({ problems }) =>
    problems.map(({ where, what, fix }) => `${where}: ${what}. ${fix}`),
  )
const revealed = (secret: Redacted.Redacted | undefined) => secret && Redacted.value(secret)

layer(NodeServices.layer)("loadConfig", (it) => {
  describe("precedence", () => {
    it.effect("starts from four variables and the defaults", () =>
      Effect.gen(function* () {
        const config = yield* loadEnv(needed)
        assert.strictEqual(config.source.firewalla.domain, "example.firewalla.net")
        assert.strictEqual(config.indexer.url, "https://wazuh.indexer:9200")
        assert.strictEqual(revealed(config.indexer.password), SECRET)
        assert.strictEqual(Duration.toMillis(config.source.firewalla.feeds.alarms.interval), 300_000)
      }),
    )
    it.effect("default < file < well-known name < WAYBILL_ name", () =>
      Effect.gen(function* () {
        const yaml = "indexer:\n  url: https://file:1\n"
        const url = (env: Environment) =>
          Effect.map(loadYaml(yaml, { ...needed, ...env }), ({ indexer }) => indexer.url)
        assert.strictEqual(yield* url({}), "https://file:1")
        assert.strictEqual(yield* url({ INDEXER_URL: "https://known:1" }), "https://known:1")
        assert.strictEqual(
          yield* url({ INDEXER_URL: "https://known:1", WAYBILL_INDEXER__URL: "https://own:1/" }),
          "https://own:1",
        )
        assert.strictEqual(yield* url({ INDEXER_URL: "" }), "https://file:1")
      }),
    )
    it.effect("reads a variable as what its key is, and keeps a secret of digits a text", () =>
      Effect.gen(function* () {
        const config = yield* loadEnv({
          ...needed,
          INDEXER_PASSWORD: "0123",
          INGEST_DLQ_ENABLED: "False",
          INGEST_DLQ_BASE_PATH: "/dlq",
          WAYBILL_WRITER__PACING__QUEUE_SHARE: "0.25",
          WAYBILL_BATCH__MAX_EVENTS: "7",
          WAYBILL_VERIFY__GRACE: "9 seconds",
        })
        assert.strictEqual(revealed(config.indexer.password), "0123")
        assert.deepInclude(config.dlq, { enabled: false, base_path: "/dlq" })
        assert.strictEqual(config.writer.pacing.queue_share, 0.25)
        assert.strictEqual(config.batch.max_events, 7)
        assert.strictEqual(Duration.toMillis(config.verify.grace), 9000)
      }),
    )
    it.effect("keeps the other keys of a section the environment sets one of", () =>
      Effect.gen(function* () {
        const config = yield* loadYaml("writer:\n  pacing:\n    burst: 7\n", {
          ...needed,
          WAYBILL_WRITER__PACING__CHUNK: "8",
        })
        assert.deepInclude(config.writer.pacing, { burst: 7, chunk: 8 })
      }),
    )
    it.effect("takes a section with nothing but comments as its defaults", () =>
      Effect.map(loadYaml("batch:\n  #max_events: 3\nlog:\n"), ({ batch, log }) => {
        assert.strictEqual(batch.max_events, 500)
        assert.strictEqual(log.format, "json")
      }),
    )
  })

  describe("the file", () => {
    it.effect("must be there when somebody named it", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* problemsOf(loadConfig({ path: Option.some("/no/such.yaml"), env: needed })),
          ["/no/such.yaml: there is no such file. Correct --config, or mount the file there."],
        )
        assert.deepStrictEqual(yield* problemsOf(loadEnv({ ...needed, WAYBILL_CONFIG: "/no/such.yaml" })), [
          "/no/such.yaml: there is no such file. Correct WAYBILL_CONFIG, or mount the file there.",
        ])
      }),
    )
    it.effect("is named by WAYBILL_CONFIG, and --config wins", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const one = yield* writeFile(folder, "one.yaml", "batch: { max_events: 1 }\n")
          const two = yield* writeFile(folder, "two.yaml", "batch: { max_events: 2 }\n")
          const env = { ...needed, WAYBILL_CONFIG: one }
          assert.strictEqual((yield* loadEnv(env)).batch.max_events, 1)
          assert.strictEqual((yield* loadConfig({ path: Option.some(two), env })).batch.max_events, 2)
        }),
      ),
    )
    it.effect("that is absent is mentioned when something is missing", () =>
      Effect.map(Effect.flip(loadEnv({})), ({ message }) => {
        assert.include(message, `there is no file ${DEFAULT_PATH}`)
        for (const name of ["MSP_DOMAIN", "MSP_TOKEN_FILE", "INDEXER_USERNAME", "INDEXER_PASSWORD_FILE"]) {
          assert.include(message, name)
        }
      }),
    )
    it.effect("needs no access to an indexer that is never asked", () =>
      Effect.gen(function* () {
        const { MSP_DOMAIN, MSP_TOKEN } = needed
        const access = { MSP_DOMAIN, MSP_TOKEN }
        const off = yield* loadEnv({ ...access, WAYBILL_VERIFY__MODE: "off" })
        assert.isUndefined(off.indexer.password)
        const problems = yield* problemsOf(loadEnv({ ...access, WAYBILL_VERIFY__MODE: "startup-only" }))
        assert.deepStrictEqual(
          problems.map((problem) => problem.slice(0, problem.indexOf(","))),
          ["indexer.username: is missing", "indexer.password: is missing"],
        )
      }),
    )
    it.effect("that is a folder can't be read", () =>
      inFolder((folder) =>
        Effect.map(problemsOf(loadConfig({ path: Option.some(folder), env: needed })), ([problem]) =>
          assert.include(problem, "can't be read"),
        ),
      ),
    )
    for (const [what, yaml, line] of [
      ["a wrong indentation", "batch:\n  max_events: 1\n log: 2\n", 3],
      ["a tab", "batch:\n\tmax_events: 1\n", 2],
      ["a key given twice", "batch:\n  max_events: 1\n  max_events: 2\n", 3],
      ["a quote left open", 'log:\n  level: info\nwriter:\n  location: "abc\n', 4],
      ["a bracket left open", "log:\n  level: info\nbatch: { max_events: 1\nstate:\n  path: x\n", 3],
    ] as const) {
      it.effect(`with ${what} is refused with its line`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(loadYaml(yaml))
          assert.lengthOf(error.problems, 1)
          assert.match(error.problems[0]?.where ?? "", new RegExp(`/waybill\\.yaml:${line}$`))
          assert.match(error.problems[0]?.what ?? "", /^not valid YAML: [A-Z]/)
        }),
      )
    }
    it.effect("must hold sections", () =>
      Effect.map(problemsOf(loadYaml("- 1\n")), ([problem]) => assert.include(problem, "expected sections")),
    )
  })

  describe("problems", () => {
    it.effect("are told all at once: of the file, of the environment, of secrets, and between keys", () =>
      Effect.gen(function* () {
        const problems = yield* problemsOf(
          loadYaml(
            [
              "source: { firewalla: { domain: https://x.net, feeds: { flows: { interval: 5m, page_size: 900 } } } }",
              "indexer: { url: http://wazuh.indexer:9200, usename: x, password: 123 }",
              "batch: { max_evnts: 3 }",
              "writer: { kind: api, file: { keep: 0 } }",
              "verify: { mode: sometimes, min_interval: 10 seconds }",
              "log: 3",
            ].join("\n"),
            { WAYBILL_DLQ__ENABLED: "maybe", WAYBILL_BATCH__MAX_EVETNS: "3", MSP_TOKEN_FILE: "/no/such" },
          ),
        )
        assert.deepStrictEqual(problems, [
          "WAYBILL_BATCH__MAX_EVETNS: there is no such setting. Did you mean WAYBILL_BATCH__MAX_EVENTS?",
          "MSP_TOKEN_FILE: /no/such can't be read (NotFound). Put the secret into this file, and check that the user Waybill runs as may read it.",
          "source.firewalla.domain: expected a host name without https:// and without a path, got another text. Correct it in the file.",
          'source.firewalla.feeds.flows.interval: expected a duration such as "250 millis" or "5 minutes", more than zero, got "5m". Correct it in the file, or remove it for the default "15 minutes".',
          "source.firewalla.feeds.flows.page_size: expected a whole number from 1 to 500, got 900. Correct it in the file, or remove it for the default 500.",
          "writer.file.keep: expected a whole number from 1 to 1000, got 0. Correct it in the file, or remove it for the default 3.",
          'indexer.url: expected an https:// URL (http:// only to localhost, 127.0.0.0/8 or [::1]) without user, password or query, got another text. Correct it in the file, or remove it for the default "https://wazuh.indexer:9200".',
          "indexer.password: expected a secret on one line, not empty, without blanks or quotes around it, got a number. Put the value in quotes.",
          'verify.mode: expected one of always, startup-only, off, got "sometimes". Correct it in the file, or remove it for the default "always".',
          'dlq.enabled: expected true or false, got "maybe". Correct the environment variable WAYBILL_DLQ__ENABLED.',
          "log: expected a section with keys under it. Its keys are level, format, repeat_every.",
          "batch.max_evnts: there is no such setting. Did you mean batch.max_events?",
          "indexer.usename: there is no such setting. Did you mean indexer.username?",
          'indexer.username: is missing, and verify.mode is not "off". Set it, or INDEXER_USERNAME, to a user that may search the index pattern.',
          "writer.api.username: is missing, and writer.kind is api. Set it to a user of the Wazuh API whose role has event:ingest on *:*:*.",
          "writer.api.password: is missing, and writer.kind is api. Put it into a file and name that as writer.api.password_file.",
          "verify.min_interval: expected at most verify.max_interval, which is 5 seconds; got 10 seconds. Lower it, or raise verify.max_interval.",
        ])
      }),
    )
    for (const [what, env, where] of [
      ["http to another machine", { INDEXER_URL: "http://wazuh.indexer:9200" }, "indexer.url"],
      ["a password in a URL", { INDEXER_URL: "https://admin:hunter2@wazuh.indexer:9200" }, "indexer.url"],
      ["a URL that only begins like loopback", { INDEXER_URL: "http://127.0.0.1.evil.net" }, "indexer.url"],
      ["a path in the domain", { MSP_DOMAIN: "a.net/v2" }, "source.firewalla.domain"],
      ["a token of two lines", { MSP_TOKEN: "hunter2\nhunter2" }, "source.firewalla.token"],
      [
        "a duration of zero",
        { WAYBILL_SOURCE__FIREWALLA__FEEDS__FLOWS__INTERVAL: "0 seconds" },
        "source.firewalla.feeds.flows.interval",
      ],
      [
        "a negative duration",
        { WAYBILL_SOURCE__FIREWALLA__FEEDS__FLOWS__OVERLAP: "-1 hour" },
        "source.firewalla.feeds.flows.overlap",
      ],
      ["a duration for ever", { WAYBILL_RETRY__MAX_DELAY: "Infinity" }, "retry.max_delay"],
      [
        "a queue share over 0.9",
        { WAYBILL_WRITER__PACING__QUEUE_SHARE: "0.95" },
        "writer.pacing.queue_share",
      ],
      ["half an event", { WAYBILL_BATCH__MAX_EVENTS: "0.5" }, "batch.max_events"],
      ["a number with a unit", { WAYBILL_BATCH__MAX_EVENTS: "5k" }, "batch.max_events"],
      [
        "a batch larger than what may be unconfirmed",
        { WAYBILL_VERIFY__MAX_UNCONFIRMED_EVENTS: "499" },
        "batch.max_events",
      ],
    ] as const satisfies ReadonlyArray<readonly [string, Environment, string]>) {
      it.effect(`refuses ${what}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(loadEnv({ ...needed, ...env }))
          assert.deepStrictEqual(
            error.problems.map((problem) => problem.where),
            [where],
          )
          assert.notInclude(error.message, SECRET)
        }),
      )
    }
    for (const url of ["http://127.0.0.1:9200", "http://localhost:1", "http://[::1]:1", "https://a.b/c"]) {
      it.effect(`accepts ${url}`, () =>
        Effect.map(loadEnv({ ...needed, INDEXER_URL: url }), ({ indexer }) =>
          assert.strictEqual(indexer.url, url),
        ),
      )
    }
    it.effect("are not made of what others set for a service called waybill, nor of an unset name", () =>
      loadEnv({
        ...needed,
        WAYBILL_SERVICE_HOST: "x",
        WAYBILL_PORT: "x",
        WAYBILL_PORT_80_TCP_ADDR: "x",
        WAYBILL_X: undefined,
        WAYBILL_SET_TO_NOTHING: "",
      }),
    )
    it.effect("need no Firewalla settings when all its feeds are off", () =>
      loadEnv({
        INDEXER_USERNAME: "u",
        INDEXER_PASSWORD: "p",
        WAYBILL_SOURCE__FIREWALLA__FEEDS__ALARMS__ENABLED: "false",
        WAYBILL_SOURCE__FIREWALLA__FEEDS__FLOWS__ENABLED: "false",
        WAYBILL_SOURCE__FIREWALLA__FEEDS__DEVICES__ENABLED: "false",
      }),
    )
    it.effect(
      "end the process with the code for a wrong configuration, and are shown by the command line",
      () =>
        Effect.map(Effect.flip(loadEnv({})), (error) => {
          assert.strictEqual(error[Runtime.errorExitCode], 78)
          assert.strictEqual(error[CliError.userMessage], error.message)
          assert.strictEqual(error.message.split("\n").length, 1 + error.problems.length)
        }),
    )
  })

  describe("the admin API", () => {
    const ADMIN_HOST = "WAYBILL_ADMIN__HOST"
    it.effect("is refused on an address that others reach, without a token", () =>
      Effect.gen(function* () {
        for (const host of ["0.0.0.0", "::", "10.1.2.3"]) {
          const [problem, ...rest] = yield* problemsOf(loadEnv({ ...needed, [ADMIN_HOST]: host }))
          assert.include(problem, `admin.token: is missing, and ${ADMIN_HOST} is ${host}`)
          assert.deepStrictEqual(rest, [])
        }
        yield* loadEnv({ ...needed, [ADMIN_HOST]: "0.0.0.0", WAYBILL_ADMIN__TOKEN: SECRET })
        yield* loadEnv({ ...needed, [ADMIN_HOST]: "0.0.0.0", WAYBILL_ADMIN__ENABLED: "false" })
      }),
    )
    it.effect("needs no token on a loopback address, and takes no name for an address", () =>
      Effect.gen(function* () {
        for (const host of ["127.0.0.1", "::1", "localhost"])
          assert.strictEqual((yield* loadEnv({ ...needed, [ADMIN_HOST]: host })).admin.host, host)
        const [problem] = yield* problemsOf(
          loadEnv({ ...needed, [ADMIN_HOST]: "127.0.0.1.evil.example", WAYBILL_ADMIN__TOKEN: SECRET }),
        )
        assert.include(problem, "admin.host: expected an IP address")
      }),
    )
  })

  describe("secrets", () => {
    const { INDEXER_PASSWORD: _password, ...withoutPassword } = needed
    for (const [what, end] of [
      ["a newline", "\n"],
      ["a Windows newline", "\r\n"],
      ["nothing", ""],
    ] as const) {
      it.effect(
        `come from a file with blanks around them that ends in ${what}, named by any of the three ways`,
        () =>
          inFolder((folder) =>
            Effect.gen(function* () {
              const file = yield* writeFile(folder, "secret", ` ${SECRET} ${end}`)
              const yaml = yield* writeFile(folder, "waybill.yaml", `indexer:\n  password_file: ${file}\n`)
              for (const config of [
                yield* loadEnv({ ...withoutPassword, INDEXER_PASSWORD_FILE: file }),
                yield* loadEnv({ ...withoutPassword, WAYBILL_INDEXER__PASSWORD_FILE: file }),
                yield* loadConfig({ path: Option.some(yaml), env: withoutPassword }),
              ]) {
                assert.strictEqual(revealed(config.indexer.password), SECRET)
              }
            }),
          ),
      )
    }
    it.effect("that are empty files are refused once, not also as missing", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const file = yield* writeFile(folder, "secret", "\n")
          const problems = yield* problemsOf(loadEnv({ ...withoutPassword, INDEXER_PASSWORD_FILE: file }))
          assert.lengthOf(problems, 1)
          assert.include(problems[0], `INDEXER_PASSWORD_FILE: ${file} is empty`)
        }),
      ),
    )
    it.effect("given twice by one origin are refused; from a stronger one they replace", () =>
      inFolder((folder) =>
        Effect.gen(function* () {
          const file = yield* writeFile(folder, "secret", SECRET)
          const both = `indexer:\n  password: a\n  password_file: ${file}\n`
          assert.deepStrictEqual(yield* problemsOf(loadYaml(both, withoutPassword)), [
            "indexer.password: is given, and so is indexer.password_file. Remove one of the two.",
          ])
          assert.deepStrictEqual(yield* problemsOf(loadEnv({ ...needed, INDEXER_PASSWORD_FILE: file })), [
            "INDEXER_PASSWORD: is given, and so is INDEXER_PASSWORD_FILE. Remove one of the two.",
          ])
          const config = yield* loadYaml("indexer:\n  password_file: /no/such\n", needed)
          assert.strictEqual(revealed(config.indexer.password), SECRET)
          const other = yield* loadEnv({
            ...needed,
            INDEXER_PASSWORD: "weak",
            WAYBILL_INDEXER__PASSWORD_FILE: file,
          })
          assert.strictEqual(revealed(other.indexer.password), SECRET)
        }),
      ),
    )
    it.effect("can't be printed", () =>
      Effect.map(loadEnv(needed), (config) => {
        assert.notInclude(JSON.stringify(config), SECRET)
        assert.include(JSON.stringify(config), "<redacted:indexer.password>")
        assert.notInclude(`${config.indexer.password} ${config.source.firewalla.token}`, SECRET)
      }),
    )
    it.effect("stay out of every message, wherever they were put", () =>
      Effect.gen(function* () {
        for (const yaml of [
          `indexer: { password: [${SECRET}] }`,
          `indexer: { password: { x: ${SECRET} } }`,
          `indexer: { passwd: ${SECRET} }`,
          `indexer: { url: "https://u:${SECRET}@h" }`,
          `indexer: { password: "${SECRET}`,
          `indexer: ${SECRET}`,
          `source: { firewalla: { base_url: "https://h/?token=${SECRET}" } }`,
        ]) {
          const { message } = yield* Effect.flip(loadYaml(yaml, {}))
          assert.notInclude(message, SECRET)
        }
      }),
    )
  })

  it.effect("one of two keys that exclude each other replaces the other from a weaker origin", () =>
    Effect.gen(function* () {
      const config = yield* loadYaml("source: { firewalla: { domain: a.net, token: x } }\n", {
        INDEXER_USERNAME: "u",
        INDEXER_PASSWORD: "p",
        WAYBILL_SOURCE__FIREWALLA__BASE_URL: "http://127.0.0.1:8080/v2/",
      })
      assert.isUndefined(config.source.firewalla.domain)
      assert.strictEqual(config.source.firewalla.base_url, "http://127.0.0.1:8080/v2")
    }),
  )
})

describe("configFrom", () => {
  it("builds a configuration from values, with the same checks", () => {
    const built = configFrom({
      source: { firewalla: { base_url: "http://127.0.0.1:1/v2", token: SECRET } },
      indexer: { username: "u", password: SECRET },
    })
    assert.isTrue(Result.isSuccess(built))
    const refused = configFrom({ indexer: { username: "u", password: SECRET } })
    assert.deepStrictEqual(
      Result.match(refused, {
        onSuccess: () => [],
        onFailure: ({ problems }) => problems.map(({ where }) => where),
      }),
      ["source.firewalla.domain", "source.firewalla.token"],
    )
  })
})
