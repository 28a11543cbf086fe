/** The image and the override in a real container engine, which `.ci/engine` brings. */
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/engine/**/*.engine.test.ts"],
    // Each test goes on where the one before it stopped.
    bail: 1,
    testTimeout: 120_000,
    hookTimeout: 240_000,
  },
})
