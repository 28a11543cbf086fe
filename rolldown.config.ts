import { defineConfig } from "rolldown"

const bundle = (input: string, file: string) =>
  defineConfig({
    input,
    platform: "node",
    // A native addon: its binary lies beside the bundle in the image.
    external: ["koffi"],
    output: { file, format: "esm", minify: true, codeSplitting: false },
  })

export default [
  bundle("src/main.ts", "dist/main.mjs"),
  // A thread of `waybill demo`, which needs a file of its own.
  bundle("src/demo/manager/inputWorker.ts", "dist/inputWorker.mjs"),
]
