/** The engine, by its command line. `.ci/engine` says by DOCKER_HOST and PATH which one. */
import { spawn } from "node:child_process"
import process from "node:process"

export interface Ended {
  readonly code: number | null
  /** Standard output and standard error as they came. */
  readonly output: string
}

export const run = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: "pipe",
    })
    let output = ""
    const collect = (chunk: Buffer) => {
      output += chunk.toString("utf8")
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, output }))
    child.stdin.end(options.input ?? "")
  })

/** What `docker …` prints; rejects with it when it fails. */
export const docker = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { code, output } = await run("docker", args)
  if (code !== 0) throw new Error(`docker ${args.join(" ")} ended with ${code}:\n${output}`)
  return output.trim()
}

/** A figure, for whoever reads the run. */
export const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

/** Asks every 300 ms until the answer is what is waited for. */
export const eventually = async <A>(
  what: string,
  ask: () => Promise<A>,
  enough: (answer: A) => boolean,
  seconds = 60,
): Promise<A> => {
  const end = performance.now() + seconds * 1000
  while (true) {
    const answer = await ask()
    if (enough(answer)) return answer
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${seconds} s; the last answer was ${JSON.stringify(answer)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
}
