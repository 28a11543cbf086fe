import { readFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { VERSION } from "../../src/app/version.ts"
import { haveTool, runTool } from "./tools.ts"

const FILES = ["Dockerfile", "test/compose/Dockerfile"]

describe("the Dockerfile", () => {
  it.skipIf(!haveTool("hadolint"))("has nothing for hadolint to say", async () => {
    assert.strictEqual(await runTool("hadolint", FILES), "")
  })

  it.for(FILES)("%s is read alike by every builder", async (file) => {
    const lines = (await readFile(file, "utf8")).split("\n")
    for (const special of [
      /^#\s*syntax\s*=/i,
      /^(RUN|COPY).*<<-?['"]?[A-Z]/,
      /^COPY.*--link/,
      /^RUN.*--mount/,
    ]) {
      assert.deepStrictEqual(
        lines.filter((line) => special.test(line)),
        [],
      )
    }
  })

  it("carries the version of the package, and so does the override", async () => {
    const dockerfile = await readFile("Dockerfile", "utf8")
    const override = await readFile("docker-compose.override.yml", "utf8")
    assert.include(dockerfile, `ARG VERSION=${VERSION}\n`)
    assert.include(override, `image: waybill:${VERSION}\n`)
  })

  it.for([
    ["not set", undefined, "8089"],
    ["set to nothing", "", "8089"],
    ["set", "9000", "9000"],
  ] as const)(
    "asks for health on the right port where WAYBILL_ADMIN__PORT is %s",
    async ([, value, port]) => {
      const command =
        /^HEALTHCHECK[^[]*CMD (\[.*\])$/m.exec(await readFile("Dockerfile", "utf8"))?.[1] ?? "[]"
      const [code, ...before] = JSON.parse(command).toReversed()
      assert.deepStrictEqual(before, ["-e", "--no-use-env-proxy", "node"])
      const asked: Array<string> = []
      const fetched = (url: string) => {
        asked.push(url)
        return Promise.resolve({ ok: true })
      }
      // Where it runs, `process` and `fetch` are Node's own.
      new Function("process", "fetch", code)({ env: { WAYBILL_ADMIN__PORT: value }, exit() {} }, fetched)
      assert.deepStrictEqual(asked, [`http://127.0.0.1:${port}/healthz`])
    },
  )

  it("ends as uid and gid 999, by number", async () => {
    const users = (await readFile("Dockerfile", "utf8")).match(/^USER .*$/gm)
    assert.deepStrictEqual(users, ["USER 999:999"])
  })
})
