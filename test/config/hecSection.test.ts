import { NodeServices } from "@effect/platform-node"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Option, Path, Redacted } from "effect"
import type { ConfigInvalid } from "../../src/config/ConfigInvalid.ts"
import type { Environment } from "../../src/config/environment.ts"
import { loadConfig } from "../../src/config/loadConfig.ts"

const indexer = { INDEXER_USERNAME: "reader", INDEXER_PASSWORD: "p" }

const load = (yaml: string, env: Environment = {}, files: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* Effect.orDie(fs.makeTempDirectoryScoped())
    const inFolder = (text: string) => text.replaceAll("$FOLDER", folder)
    for (const [name, text] of Object.entries(files))
      yield* Effect.orDie(fs.writeFileString(path.join(folder, name), text))
    const file = path.join(folder, "waybill.yaml")
    yield* Effect.orDie(fs.writeFileString(file, inFolder(yaml)))
    return yield* loadConfig({ path: Option.some(file), env: { ...indexer, ...env } })
  }).pipe(Effect.scoped)

const problemsOf = <R>(loading: Effect.Effect<unknown, ConfigInvalid, R>) =>
  Effect.map(Effect.flip(loading), ({ problems }) => problems.map(({ where, what }) => `${where}: ${what}`))

const ON = "source:\n  hec:\n    enabled: true\n"

layer(NodeServices.layer)("source.hec", (it) => {
  it.effect("is off, and needs nothing then", () =>
    Effect.gen(function* () {
      const { source } = yield* load("{}", { MSP_DOMAIN: "a.net", MSP_TOKEN: "t" })
      assert.isFalse(source.hec.enabled)
      assert.deepStrictEqual(source.hec.tokens, {})
    }),
  )
  it.effect(
    "takes any number of named senders, from the file, from files of their own and from variables",
    () =>
      Effect.gen(function* () {
        const { source } = yield* load(
          `${ON}    tokens:\n      one:\n        token: first\n        source_type: nginx\n      two-b:\n        token_file: $FOLDER/two\n`,
          { WAYBILL_SOURCE__HEC__TOKENS__THREE_C__TOKEN: "third", WAYBILL_SOURCE__HEC__PORT: "9088" },
          { two: "second\n" },
        )
        assert.strictEqual(source.hec.port, 9088)
        assert.deepStrictEqual(
          Object.entries(source.hec.tokens).map(([name, { token, source_type }]) => [
            name,
            token && Redacted.value(token),
            source_type,
          ]),
          [
            ["one", "first", "nginx"],
            ["two-b", "second", "httpevent"],
            ["three_c", "third", "httpevent"],
          ],
        )
      }),
  )
  it.effect("lets a variable's token_file take the place of the file's token", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.orDie(
        Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped()),
      )
      yield* Effect.orDie(
        Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(`${folder}/t`, "stronger")),
      )
      const { source } = yield* load(`${ON}    tokens:\n      one:\n        token: weak\n`, {
        WAYBILL_SOURCE__HEC__TOKENS__ONE__TOKEN_FILE: `${folder}/t`,
      })
      const token = source.hec.tokens.one?.token
      assert.strictEqual(token && Redacted.value(token), "stronger")
    }).pipe(Effect.scoped),
  )
  it.effect("says everything that is wrong with them", () =>
    Effect.gen(function* () {
      const problems = yield* problemsOf(
        load(
          `${ON}    tls:\n      cert_file: c\n    tokens:\n      Big Name:\n        token: a\n      one:\n        tokn: b\n      two:\n        token: same\n      three:\n        token: same\n        ack: maybe\n      four:\n        token: x\n        token_file: y\n`,
          { WAYBILL_SOURCE__HEC__TOKENS__ONE__TOKEM: "x" },
        ),
      )
      for (const expected of [
        "source.hec.tokens.Big Name: can't be a name",
        "source.hec.tokens.one.tokn: there is no such setting",
        "source.hec.tokens.one.token: is missing",
        "source.hec.tokens.three.token: is the same as source.hec.tokens.two.token",
        'source.hec.tokens.three.ack: expected one of optional, required, off, got "maybe"',
        "source.hec.tokens.four.token: is given, and so is source.hec.tokens.four.token_file",
        "source.hec.tls.key_file: is missing, and the other one of the two is given",
        "WAYBILL_SOURCE__HEC__TOKENS__ONE__TOKEM: there is no such setting",
      ])
        assert.include(problems, expected)
    }),
  )
  it.effect("refuses limits by which a request could never be taken, and names both keys", () =>
    Effect.gen(function* () {
      const problems = yield* problemsOf(
        load(
          `${ON}    port: 8089\n    max_body_bytes: 2097152\n    max_buffered_bytes: 1048576\n    spool:\n      max_bytes: 1048576\n    tokens:\n      one:\n        token: t\ndlq:\n  max_bytes: 1000000\n`,
        ),
      )
      assert.deepStrictEqual(problems, [
        "source.hec.max_body_bytes: expected at most source.hec.spool.max_bytes, which is 1048576; got 2097152",
        "source.hec.max_body_bytes: expected at most source.hec.max_buffered_bytes, which is 1048576; got 2097152",
        "source.hec.max_body_bytes: expected at most dlq.max_bytes, which is 1000000; got 2097152",
        "source.hec.port: is 8089, and so is admin.port",
      ])
    }),
  )
  it.effect("needs a sender, and no portal; a portal that is half configured is told all the same", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* problemsOf(load(ON)), [
        "source.hec.tokens: is empty, and source.hec.enabled is true",
      ])
      const one = `${ON}    tokens:\n      one:\n        token: t\n`
      assert.isTrue((yield* load(one)).source.hec.enabled)
      assert.deepStrictEqual(yield* problemsOf(load(one, { MSP_DOMAIN: "a.net" })), [
        "source.firewalla.token: is missing, and a feed is enabled",
      ])
    }),
  )
})
