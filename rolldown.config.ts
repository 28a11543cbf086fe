import { defineConfig } from "rolldown"

export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  // A native addon: its binary lies beside the bundle in the image.
  external: ["koffi"],
  output: { file: "dist/main.mjs", format: "esm", minify: true, codeSplitting: false },
})
