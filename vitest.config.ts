import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Some tests run simulators and Waybill as processes; more at once than cores would only slow them.
    maxWorkers: 2,
  },
})
