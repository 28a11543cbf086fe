import { cpSync, writeFileSync } from "node:fs"
import { defineConfig, type Plugin } from "rolldown"

/**
 * V8 keeps a source with a single character beyond Latin-1 in two bytes a character, all 1.9 MB of it. In a bundle such
 * characters are in literals only, where an escape says the same.
 */
const inAscii: Plugin = {
  name: "in-ascii",
  generateBundle(_, files) {
    for (const file of Object.values(files))
      if (file.type === "chunk")
        file.code = file.code.replace(
          /[\u0080-\uffff]/g,
          (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
        )
  },
}

/**
 * Of the OpenSearch client's 600 calls these two are made (src/indexer); the others are 0.9 MB of source. Nothing else
 * holds the list to what is called: `.ci/bundle` lets the bundle deliver.
 */
const callsMade: Plugin = {
  name: "calls-made",
  load: {
    filter: { id: /@opensearch-project\/opensearch\/api\/OpenSearchApi\.js$/ },
    handler: () => `
      const { kConfigErr } = require("./utils")
      const search = require("./_core/search")
      const resolveIndex = require("./indices/resolveIndex")
      module.exports = class OpenSearchAPI {
        constructor({ ConfigurationError }) {
          this[kConfigErr] = ConfigurationError
          this.search = search.bind(this)
          this.indices = { resolveIndex: resolveIndex.bind(this) }
        }
      }`,
  },
}

/**
 * CommonJS, because `import … from "node:http"` reads every export of it, and one of them loads all of Node's own fetch
 * and WebSocket: 14 MB that nobody here needs.
 */
const program = defineConfig({
  input: "src/main.ts",
  platform: "node",
  // A native addon: its binary lies beside the bundle in the image.
  external: ["koffi"],
  transform: { define: { "import.meta.url": "BUNDLE_URL", "import.meta": "{}" } },
  plugins: [
    callsMade,
    inAscii,
    {
      name: "entry",
      writeBundle: () =>
        writeFileSync(
          "dist/main.mjs",
          'import { createRequire } from "node:module"\ncreateRequire(import.meta.url)("./waybill.cjs")\n',
        ),
    },
    {
      name: "status-page",
      writeBundle: () =>
        cpSync("src/admin/page", "dist/page", { recursive: true, filter: (name) => !name.endsWith(".json") }),
    },
  ],
  output: {
    file: "dist/waybill.cjs",
    format: "cjs",
    minify: true,
    codeSplitting: false,
    intro: 'const BUNDLE_URL = require("node:url").pathToFileURL(__filename).href;',
  },
})

export default [
  program,
  // A thread of `waybill demo`, which needs a file of its own.
  defineConfig({
    input: "src/demo/manager/inputWorker.ts",
    platform: "node",
    external: ["koffi"],
    output: { file: "dist/inputWorker.mjs", format: "esm", minify: true, codeSplitting: false },
  }),
]
