/** The tier against a real OpenSearch: one node for all files. See test/opensearch/README.md. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/opensearch/**/*.real.test.ts"],
    globalSetup: ["test/opensearch/globalSetup.ts"],
    // The files share one node and two cores with it.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
})
