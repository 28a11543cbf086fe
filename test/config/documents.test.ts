import * as Fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Yaml } from "effect/encoding"
import { Config } from "../../src/config/Config.ts"
import { ANY_NAME, keys, sections } from "../../src/config/catalogue.ts"
import { documents } from "../../src/config/documents.ts"
import { read } from "../../src/config/tree.ts"
import { parseYaml } from "../../src/config/yamlFile.ts"

const root = new URL("../../", import.meta.url)
const fileText = (path: string) => Fs.readFileSync(new URL(path, root), "utf8")

/** What a reader who uncomments every key gets. */
const exampleName = (level: string) => (level === ANY_NAME ? "main" : level)
const uncommented = (yaml: string) => yaml.replaceAll(/^( *)#(\w+:)/gm, "$1$2")

describe("the generated documents", () => {
  for (const { path, text } of documents()) {
    it(`${path} is current (else run: node src/config/generate.ts)`, () => {
      assert.strictEqual(fileText(path), text)
    })
  }
  it.effect("config/waybill.yaml says nothing as it is", () =>
    Effect.map(Effect.fromResult(parseYaml("waybill.yaml", fileText("config/waybill.yaml"))), (tree) => {
      for (const { path } of keys) assert.isUndefined(read(tree, path))
    }),
  )
  it.effect("config/waybill.yaml holds every key with its default, and no other", () =>
    Effect.map(
      Effect.fromResult(parseYaml("waybill.yaml", uncommented(fileText("config/waybill.yaml")))),
      (tree) => {
        for (const { path, name, setting } of keys) {
          const shown = setting.default ?? setting.example
          assert.isDefined(shown, name)
          assert.strictEqual(read(tree, path.map(exampleName)), shown, name)
        }
        const leaves = (value: unknown): number =>
          typeof value === "object" && value !== null
            ? Object.values(value).reduce<number>((sum, one) => sum + leaves(one), 0)
            : 1
        assert.strictEqual(leaves(tree), keys.length)
      },
    ),
  )
  it("explains every key and section", () => {
    for (const { setting, name } of keys) assert.match(setting.description, /\.\)?$/, name)
    for (const { description, name } of sections) assert.match(description, /\.$/, name)
  })
  it("what a key says of its default and limits is what the Schema does", () => {
    const effectDocument: unknown = Schema.toJsonSchemaDocument(Config).schema
    const { tokens } = Config.fields.source.fields.hec.fields
    const senderDocument: unknown = Schema.toJsonSchemaDocument(tokens.value).schema
    const ours: unknown = JSON.parse(fileText("config/waybill.schema.json"))
    const at = (document: unknown, path: ReadonlyArray<string>): unknown =>
      path.reduce<unknown>(
        (node, step) =>
          (step === ANY_NAME ? ["additionalProperties"] : ["properties", step]).reduce<unknown>(
            (inner, key) =>
              typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
            node,
          ),
        document,
      )
    const facts = (node: unknown) => {
      assert.isObject(node)
      // A choice of one is written as `anyOf` with one member.
      const only = typeof node === "object" && node !== null ? Reflect.get(node, "anyOf") : undefined
      const {
        type,
        minimum,
        maximum,
        enum: choices,
      } = JSON.parse(JSON.stringify(Array.isArray(only) ? only[0] : node))
      return { type, minimum, maximum, choices }
    }
    for (const { path, name } of keys) {
      const chosen = path.indexOf(ANY_NAME)
      // Effect's document leaves out what stands under a name that must have a certain form.
      const theirs = chosen === -1 ? at(effectDocument, path) : at(senderDocument, path.slice(chosen + 1))
      assert.deepStrictEqual(facts(at(ours, path)), facts(theirs), name)
    }
  })
  it("reads the environment's name of every key out of its path", () => {
    assert.strictEqual(keys.find(({ name }) => name === "indexer.url")?.variable, "WAYBILL_INDEXER__URL")
    assert.strictEqual(new Set(keys.map(({ variable }) => variable)).size, keys.length)
    assert.isTrue(keys.every(({ path }) => path.every((level) => !level.includes("__"))))
  })
  it("has a yaml that effect's parser reads back", () => {
    assert.isObject(Yaml.parse(fileText("config/waybill.yaml")))
  })
})
