/** `npm run bench -- NAME [--json]`: runs one bench program and prints its table, or with --json its object, last. */
import { type Bench, table } from "./Bench.ts"

const benches: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  normalize: () => import("./normalize.ts"),
  refill: () => import("./refill.ts"),
  hec: () => import("./hec.ts"),
  "push-kills": () => import("./push-kills.ts"),
  "push-overload": () => import("./push-overload.ts"),
  "verify-overhead": () => import("./verify-overhead.ts"),
  dlq: () => import("./dlq.ts"),
  memory: () => import("./memory.ts"),
  "kill-loop": () => import("./kill-loop.ts"),
  recovery: () => import("./recovery.ts"),
  lossy: () => import("./lossy.ts"),
  "commit-lag": () => import("./commit-lag.ts"),
  "search-share": () => import("./search-share.ts"),
  idle: () => import("./idle.ts"),
  telemetry: () => import("./telemetry.ts"),
}

const [name = "", ...flags] = process.argv.slice(2)
const json = flags.includes("--json")
const load = benches[name]
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join("|")} [--json]\n`)
  process.exitCode = 1
} else {
  const { bench } = await load()
  process.stdout.write(`${bench.name}: ${bench.about}\n`)
  const { passed, unit, figures } = await bench.run((line) => process.stdout.write(`  ${line}\n`))
  process.stdout.write(
    `${table([...Object.entries(figures), ["unit", unit], ["passed", passed ? "yes" : "no"]])}\n`,
  )
  if (json) process.stdout.write(`${JSON.stringify({ name: bench.name, passed, unit, ...figures })}\n`)
  if (!passed) process.exitCode = 1
}
