/**
 * A headless Chromium, told what to do over its DevTools protocol (chromedevtools.github.io/devtools-protocol). Only
 * what the tests of the status page need.
 */
import { spawn } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { NodeServices } from "@effect/platform-node"
import { Context, Data, Effect, FileSystem, Layer, Result, Schedule, Schema, type Scope } from "effect"

const isProgram = (path: string): boolean =>
  Result.isSuccess(Result.try(() => accessSync(path, constants.X_OK)))

/** Debian's, or the one that CHROMIUM names; undefined where there is none. */
export const CHROMIUM = [process.env.CHROMIUM || "/usr/bin/chromium"].find(isProgram)

export class BrowserFailed extends Data.TaggedError("BrowserFailed")<{ readonly message: string }> {}

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
]

const started = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(CHROMIUM ?? "chromium", [...FLAGS, `--user-data-dir=${folder}`, "about:blank"], {
        stdio: ["ignore", "ignore", "pipe"],
        // A group of its own, to be ended as one.
        detached: true,
        env: { ...process.env, HOME: folder },
      }),
    ),
    (child) =>
      Effect.callback<void>((resume) => {
        if (child.exitCode !== null || child.pid === undefined) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        // With its own processes, which would go on writing to the folder.
        process.kill(-child.pid, "SIGKILL")
      }).pipe(Effect.andThen(Effect.sleep("200 millis"))),
  )

/** Where it listens, as it says on standard error. */
const addressOf = (child: ReturnType<typeof spawn>) =>
  Effect.callback<string, BrowserFailed>((resume) => {
    let said = ""
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString()
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (found !== undefined) resume(Effect.succeed(found))
    })
    child.once("exit", () => resume(Effect.fail(new BrowserFailed({ message: `Chromium ended: ${said}` }))))
  }).pipe(
    Effect.timeoutOrElse({
      duration: "30 seconds",
      orElse: () => Effect.fail(new BrowserFailed({ message: "Chromium does not say where it listens" })),
    }),
  )

const decodeMessage = Schema.decodeUnknownSync(
  Schema.fromJsonString(
    Schema.Struct({
      id: Schema.optionalKey(Schema.Int),
      method: Schema.optionalKey(Schema.String),
      sessionId: Schema.optionalKey(Schema.String),
      params: Schema.optionalKey(Schema.Unknown),
      result: Schema.optionalKey(Schema.Unknown),
      error: Schema.optionalKey(Schema.Struct({ message: Schema.String })),
    }),
  ),
)

/** What the browser told unasked, e.g. `Network.requestWillBeSent`. */
export interface Told {
  readonly sessionId: string | undefined
  readonly method: string
  readonly params: unknown
}

const connected = Effect.fnUntraced(function* (address: string) {
  const told: Array<Told> = []
  const waiting = new Map<number, (answer: Effect.Effect<unknown, BrowserFailed>) => void>()
  const socket = yield* Effect.acquireRelease(
    Effect.callback<WebSocket, BrowserFailed>((resume) => {
      const opened = new WebSocket(address)
      opened.addEventListener("open", () => resume(Effect.succeed(opened)))
      opened.addEventListener("error", () => resume(Effect.fail(new BrowserFailed({ message: address }))))
    }),
    (opened) => Effect.sync(() => opened.close()),
  )
  socket.addEventListener("message", ({ data }) => {
    const { error, id, method, params, result, sessionId } = decodeMessage(String(data))
    if (id === undefined) told.push({ sessionId, method: method ?? "", params })
    else
      waiting.get(id)?.(
        error === undefined
          ? Effect.succeed(result)
          : Effect.fail(new BrowserFailed({ message: error.message })),
      )
  })
  let last = 0
  const send = (method: string, params: object = {}, sessionId?: string) =>
    Effect.callback<unknown, BrowserFailed>((resume) => {
      last += 1
      waiting.set(last, resume)
      socket.send(
        JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
      )
    })
  return { send, told }
})

const decodeTarget = Schema.decodeUnknownSync(Schema.Struct({ targetId: Schema.String }))
const decodeSession = Schema.decodeUnknownSync(Schema.Struct({ sessionId: Schema.String }))
const decodeScreenshot = Schema.decodeUnknownSync(Schema.Struct({ data: Schema.String }))
const decodeEvaluated = Schema.decodeUnknownSync(
  Schema.Struct({
    result: Schema.Struct({ value: Schema.optionalKey(Schema.Unknown) }),
    exceptionDetails: Schema.optionalKey(Schema.Unknown),
  }),
)

/** Keys by name, as a keyboard sends them. */
const KEYS = {
  Tab: { key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 },
  Enter: { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" },
  Space: { key: " ", code: "Space", windowsVirtualKeyCode: 32, text: " " },
  Escape: { key: "Escape", code: "Escape", windowsVirtualKeyCode: 27 },
} as const

const AGAIN = Schedule.spaced("50 millis")

const openTab = Effect.fnUntraced(function* ({ send, told }: Effect.Success<ReturnType<typeof connected>>) {
  const { targetId } = decodeTarget(
    yield* Effect.acquireRelease(send("Target.createTarget", { url: "about:blank" }), (made) =>
      Effect.ignore(send("Target.closeTarget", decodeTarget(made))),
    ),
  )
  const { sessionId } = decodeSession(yield* send("Target.attachToTarget", { targetId, flatten: true }))
  const tell = (method: string, params: object = {}) => send(method, params, sessionId)
  yield* Effect.forEach(["Page", "Runtime", "Log", "Network"], (part) => tell(`${part}.enable`))
  // Else only the tab that was opened last has the focus.
  yield* tell("Emulation.setFocusEmulationEnabled", { enabled: true })

  /** The value of an expression in the page; a promise is waited for. */
  const evaluate = Effect.fnUntraced(function* (expression: string) {
    const { exceptionDetails, result } = decodeEvaluated(
      yield* tell("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }),
    )
    if (exceptionDetails !== undefined)
      return yield* new BrowserFailed({ message: `${expression}: ${JSON.stringify(exceptionDetails)}` })
    return result.value
  })

  /** Until the expression is true; fails after 15 seconds with what the page shows. */
  const until = (expression: string) =>
    Effect.flatMap(evaluate(expression), (value) =>
      value === true ? Effect.void : Effect.fail(new BrowserFailed({ message: `not yet: ${expression}` })),
    ).pipe(
      Effect.retry(AGAIN),
      Effect.timeoutOrElse({
        duration: "15 seconds",
        orElse: () =>
          Effect.flatMap(evaluate("document.body.innerText"), (shown) =>
            Effect.fail(
              new BrowserFailed({
                message: `never true: ${expression}; the page shows: ${String(shown).slice(-900)}`,
              }),
            ),
          ),
      }),
    )

  const press = Effect.fnUntraced(function* (key: keyof typeof KEYS, shift = false) {
    const modifiers = shift ? 8 : 0
    yield* tell("Input.dispatchKeyEvent", { type: "keyDown", modifiers, ...KEYS[key] })
    yield* tell("Input.dispatchKeyEvent", { type: "keyUp", modifiers, ...KEYS[key] })
  })

  return {
    /** What it told so far of this kind, e.g. `Network.requestWillBeSent`. */
    told: (kind: string) =>
      told.filter(({ method, sessionId: from }) => from === sessionId && method === kind),
    tell,
    evaluate,
    until,
    press,
    goTo: (url: string) =>
      Effect.andThen(tell("Page.navigate", { url }), until("document.readyState === 'complete'")),
    type: (text: string) => tell("Input.insertText", { text }),
    click: (selector: string) => evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`),
    size: (width: number, height: number) =>
      tell("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 600,
      }),
    theme: (value: "dark" | "light") =>
      tell("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] }),
    screenshot: Effect.map(
      tell("Page.captureScreenshot", { format: "png", captureBeyondViewport: true }),
      (answer) => Buffer.from(decodeScreenshot(answer).data, "base64"),
    ),
  }
})

export type Tab = Effect.Success<ReturnType<typeof openTab>>

/** One browser for a file's tests. */
export class Chromium extends Context.Service<
  Chromium,
  {
    /** A tab with a storage of its own, until the scope ends. */
    readonly newTab: Effect.Effect<Tab, BrowserFailed, Scope.Scope>
  }
>()("test/Chromium") {
  static readonly layer = Layer.effect(
    Chromium,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "waybill-chromium-" })
      const browser = yield* connected(yield* addressOf(yield* started(folder)))
      return Chromium.of({ newTab: openTab(browser) })
    }),
  ).pipe(Layer.provide(NodeServices.layer))
}
