/** The status page in a browser's tab, over a stage. */
import { Effect, Exit, Scope } from "effect"
import { Chromium } from "../support/chromium.ts"
import { makeStage, type StageOptions, TOKEN } from "./stage.ts"

/** What it does when somebody comes back to the tab: it looks at once. */
const COMES_BACK = "document.dispatchEvent(new Event('visibilitychange'))"

export const onPage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const stage = yield* makeStage(options).pipe(Scope.provide(scope))
  const tab = yield* (yield* Chromium).newTab
  const url = `http://127.0.0.1:${stage.port}/`
  yield* tab.size(1280, 900)
  yield* tab.goTo(url)
  const text = (selector: string) =>
    Effect.map(tab.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`), String)
  return {
    ...stage,
    ...tab,
    url,
    text,
    /** Ends Waybill, and leaves the tab. */
    close: Scope.close(scope, Exit.void),
    look: tab.evaluate(COMES_BACK),
    /** Until the page shows it, after a look. */
    shows: (selector: string, words: string) =>
      Effect.andThen(
        tab.evaluate(COMES_BACK),
        tab.until(
          `(document.querySelector(${JSON.stringify(selector)})?.innerText ?? "").includes(${JSON.stringify(words)})`,
        ),
      ),
    /** Ids of the letters that are shown. */
    ids: Effect.map(
      tab.evaluate("[...document.querySelectorAll('#letters .id')].map((one) => one.textContent).join()"),
      String,
    ),
    enter: Effect.fnUntraced(function* (token = TOKEN) {
      yield* tab.until("document.activeElement?.id === 'token'")
      yield* tab.type(token)
      yield* tab.press("Enter")
    }),
  }
})

/** With the token given, and the letters loaded. */
export const onOpenPage = Effect.fnUntraced(function* (options: StageOptions = {}) {
  const page = yield* onPage(options)
  yield* page.enter()
  yield* page.until("document.querySelector('#letters li') !== null")
  return page
})
