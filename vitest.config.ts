import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need a container engine and minutes; `.ci/engine` runs them.
    exclude: ["test/engine/**"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Some tests run simulators and Waybill as processes and wait for them most of the time; many more at once than
    // cores would only slow them.
    maxWorkers: 3,
  },
})
