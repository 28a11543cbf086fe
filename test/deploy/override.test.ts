import { existsSync, readFileSync } from "node:fs"
import { relative } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option } from "effect"
import { loadConfig } from "../../src/config/loadConfig.ts"
import { MERGERS, mergedBy, mountsOf, waybillOf } from "./mergedProject.ts"

/** What config/waybill.env sets. */
const shippedEnvironment = Object.fromEntries(
  readFileSync("config/waybill.env", "utf8")
    .split("\n")
    .filter((line) => /^\w+=/.test(line))
    .map((line) => line.split("=", 2)),
)

for (const merger of MERGERS) {
  describe.skipIf(!merger.have)(`docker-compose.override.yml, merged by ${merger.name}`, () => {
    const project = merger.have ? mergedBy(merger) : undefined
    const merged = async () => {
      if (project === undefined) throw new Error(`${merger.name} is not here`)
      const { base, folder, merged } = await project
      return { base, folder, merged, waybill: waybillOf(merged) }
    }

    it("changes nothing of the user's own, but for two files mounted into the manager", async () => {
      const { base, merged: whole } = await merged()
      const { waybill: _, ...services } = whole.services
      const { "wazuh.manager": manager, ...others } = services
      const { "wazuh.manager": managerBefore, ...othersBefore } = base.services
      assert.deepStrictEqual(others, othersBefore)
      assert.deepStrictEqual({ ...manager, volumes: [] }, { ...managerBefore, volumes: [] })
      const before = mountsOf(managerBefore)
      const mounts = mountsOf(manager)
      assert.deepStrictEqual(mounts.slice(0, before.length), before)
      assert.deepStrictEqual(
        mounts.slice(before.length).map(({ read_only, target }) => [target, read_only]),
        [
          ["/wazuh-config-mount/etc/decoders/waybill.xml", true],
          ["/wazuh-config-mount/etc/rules/waybill_rules.xml", true],
        ],
      )
      const { waybill_data: __, ...volumes } = whole.volumes
      assert.deepStrictEqual(volumes, base.volumes)
      assert.deepStrictEqual(whole.networks, base.networks)
    })

    it("runs as 999 and can change nothing but its data and a small /tmp", async () => {
      const { waybill } = await merged()
      assert.strictEqual(waybill.user, "999:999")
      assert.isTrue(waybill.read_only)
      assert.deepStrictEqual(waybill.cap_drop, ["ALL"])
      assert.isUndefined(waybill.cap_add)
      assert.notStrictEqual(waybill.privileged, true)
      assert.deepStrictEqual(waybill.security_opt, ["no-new-privileges:true"])
      assert.match(waybill.tmpfs.join(), /^\/tmp:size=16m.*noexec/)
      const writable = waybill.volumes.filter(({ read_only }) => read_only !== true)
      assert.deepStrictEqual(
        writable.map(({ source, target }) => [source, target]),
        [["waybill_data", "/var/lib/waybill"]],
      )
    })

    it("sees the manager's sockets by their folder, in the manager's own volume", async () => {
      const { merged: whole, waybill } = await merged()
      const manager = mountsOf(whole.services["wazuh.manager"])
      const queue = manager.find(({ target }) => target === "/var/ossec/queue")
      const mine = waybill.volumes.find(({ target }) => target === "/var/ossec/queue")
      assert.strictEqual(mine?.source, queue?.source)
      assert.isTrue(mine?.read_only)
    })

    it("never lets Docker make a folder where a file is missing", async () => {
      const { merged: whole, waybill } = await merged()
      const added = [...waybill.volumes, ...mountsOf(whole.services["wazuh.manager"]).slice(-2)]
      const binds = added.filter(({ type }) => type === "bind")
      assert.lengthOf(binds, 3)
      for (const { bind, source } of binds) assert.isFalse(bind?.create_host_path ?? false, source)
    })

    it("mounts files that are in this repository", async () => {
      const { folder, merged: whole } = await merged()
      for (const { source } of mountsOf(whole.services["wazuh.manager"]).slice(-2)) {
        const path = relative(`${folder}/waybill`, source)
        assert.isTrue(existsSync(path), path)
      }
    })

    it("takes every secret from a file, and opens no port", async () => {
      const { merged: whole, waybill } = await merged()
      assert.deepStrictEqual(
        waybill.secrets.map(({ target }) => target).sort(),
        [waybill.environment.INDEXER_PASSWORD_FILE, waybill.environment.MSP_TOKEN_FILE].sort(),
      )
      assert.deepStrictEqual(
        Object.keys(whole.secrets ?? {}),
        waybill.secrets.map(({ source }) => source).sort(),
      )
      assert.deepStrictEqual(Object.keys(waybill.networks), ["default"])
      assert.deepStrictEqual(waybill.ports ?? [], [])
    })

    it.effect("gives settings that Waybill takes, and more time to stop than Waybill needs", () =>
      Effect.gen(function* () {
        const { waybill } = yield* Effect.promise(merged)
        const { INDEXER_PASSWORD_FILE: _, MSP_TOKEN_FILE: __, ...environment } = waybill.environment
        const config = yield* loadConfig({
          path: Option.none(),
          env: { ...environment, ...shippedEnvironment, MSP_TOKEN: "token", INDEXER_PASSWORD: "password" },
        })
        assert.strictEqual(config.indexer.ca_file, waybill.volumes[1]?.target)
        const seconds = Number(/^(\d+)s$/.exec(waybill.stop_grace_period)?.[1])
        assert.isAbove(seconds, Duration.toSeconds(config.shutdown.drain_timeout) + 10)
      }).pipe(Effect.provide(NodeServices.layer)),
    )

    it("is built here, and never looked for in a registry, where its name is nobody's", async () => {
      const { waybill } = await merged()
      assert.strictEqual(waybill.pull_policy, "never")
    })

    it("comes back by itself, keeps a bounded log, and starts after the manager", async () => {
      const { waybill } = await merged()
      assert.strictEqual(waybill.restart, "unless-stopped")
      assert.hasAllKeys(waybill.logging.options, ["max-size", "max-file"])
      assert.deepStrictEqual(Object.keys(waybill.depends_on), ["wazuh.manager"])
    })
  })
}
