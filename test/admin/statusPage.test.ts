import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { DeadLetterReason } from "../../src/dead-letters/DeadLetters.ts"
import type { ReceiptsShape, StoredReceipt } from "../../src/receipts/Receipts.ts"
import { settlement } from "../status/settlement.ts"
import { CHROMIUM, Chromium } from "../support/chromium.ts"
import { letter, waiting } from "./letters.ts"
import { onOpenPage, onPage } from "./onPage.ts"
import { ALARMS, FLOWS, NOTHING_REPLAYED, TOKEN } from "./stage.ts"

const settled = (lagMillis: number) => settlement({ taken: 1, written: 1, known: 0, dead: 0, lagMillis })
const HOSTILE =
  "</pre><img src=x onerror='window.broken=1'><script>window.broken=1</script><a href='javascript:window.broken=1'>x"

/** What comes from a record is in each place that a record fills. */
const hostile = (id: string) => {
  const { envelope, ...rest } = letter(0, "normalization_failed", HOSTILE)
  const attributes = { [HOSTILE]: HOSTILE }
  return {
    ...rest,
    error: HOSTILE,
    envelope: { ...envelope, id, payload: HOSTILE, source_type: HOSTILE, attributes },
  }
}

const receipt = (n: number): StoredReceipt => ({
  batch: `batch-${n}`,
  feed: FLOWS,
  state: "confirmed",
  events: 500,
  known: 0,
  dead: 0,
  duplicated: 0,
  firstEventAt: 1_700_000_000_000,
  lastEventAt: 1_700_000_060_000,
  begunAt: 1_700_000_100_000,
  writtenAt: 1_700_000_100_500,
  confirmedAt: 1_700_000_102_000,
  attempts: 1,
  index: "waybill-alerts",
})

/** As many receipts, and one event in the seventh. @param asked the ids that were looked for */
const keeping = (count: number, asked: Array<string>): ReceiptsShape => ({
  begun: () => Effect.void,
  written: () => Effect.void,
  settled: () => Effect.void,
  indexed: () => Effect.void,
  find: (id) =>
    Effect.sync(() => {
      asked.push(id)
      return [
        { receipt: receipt(7), receivedAt: 1_700_000_099_000, eventAt: 1_700_000_000_000, isDead: false },
      ]
    }),
  page: ({ cursor = count + 1, limit }) => {
    const receipts = Array.from({ length: Math.min(limit, cursor - 1) }, (_, n) => receipt(cursor - 1 - n))
    return Effect.succeed({ receipts, next: cursor - 1 > limit ? cursor - limit : undefined })
  },
  since: Effect.succeed(1_700_000_000_000),
})

describe.skipIf(CHROMIUM === undefined)(
  `the status page in a browser${CHROMIUM === undefined ? " (skipped: no Chromium here)" : ""}`,
  () => {
    layer(Chromium.layer, { excludeTestServices: true, timeout: "60 seconds" })("of Debian", (it) => {
      it.effect("asks for the token once a tab, refuses a wrong one, and never puts it in an address", () =>
        Effect.gen(function* () {
          const page = yield* onPage()
          yield* page.enter("wrong")
          yield* page.shows("#token-error", "not Waybill's token")
          assert.isTrue(yield* page.evaluate("document.querySelector('#status').hidden"))
          yield* page.enter()
          yield* page.shows("#feeds", FLOWS)

          yield* page.goTo(page.url)
          yield* page.shows("#feeds", FLOWS)
          assert.isTrue(yield* page.evaluate("document.querySelector('#entrance').hidden"))
          yield* page.click("#forget")
          yield* page.goTo(page.url)
          yield* page.until("document.activeElement?.id === 'token'")
          assert.isTrue(yield* page.evaluate("document.querySelector('#status').hidden"))

          const asked = page.told("Network.requestWillBeSent").map(({ params }) => JSON.stringify(params))
          assert.isAbove(asked.length, 20)
          for (const request of asked) {
            const [, url = ""] = /"url":"([^"]*)"/.exec(request) ?? []
            assert.isTrue(url.startsWith(page.url), url)
            assert.notInclude(url, TOKEN)
          }
          const other = yield* (yield* Chromium).newTab
          yield* other.goTo(page.url)
          yield* other.until("document.activeElement?.id === 'token'")
        }).pipe(Effect.scoped),
      )

      it.effect("asks for none where there is none", () =>
        Effect.gen(function* () {
          const page = yield* onPage({ token: null })
          yield* page.shows("#feeds", FLOWS)
          assert.isFalse(yield* page.evaluate("document.querySelector('#forget').checkVisibility()"))
        }).pipe(Effect.scoped),
      )

      it.effect("shows the lag move, without a reload", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage()
          const line = page.evaluate("document.querySelector('.plot .line')?.getAttribute('d') ?? ''")
          assert.strictEqual(yield* line, "")
          yield* page.status.settled(FLOWS, settled(800))
          yield* page.shows(".feed .lag", "800 ms")
          yield* page.until("document.querySelector('.plot figcaption').innerText.includes('highest 800 ms')")
          const before = yield* line
          yield* page.status.settled(FLOWS, settled(12_300))
          // Without being told to look.
          yield* page.until("document.querySelector('.feed .lag').innerText.includes('12 s')")
          assert.notStrictEqual(yield* line, before)
          assert.match(
            String(yield* page.evaluate("document.querySelector('.plot').getAttribute('aria-label')")),
            /^Lag of firewalla-msp\/flows in the last hour: highest 12 s at /,
          )
        }).pipe(Effect.scoped),
      )

      it.effect("asks nothing while nobody sees the tab", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage()
          // It is hidden while a look is under way.
          yield* page.evaluate(`
            document.dispatchEvent(new Event('visibilitychange'))
            Object.defineProperty(document, 'hidden', { configurable: true, value: true })
          `)
          yield* page.look
          yield* Effect.sleep("500 millis")
          const requests = page.told("Network.requestWillBeSent").length
          yield* Effect.sleep("6 seconds")
          assert.lengthOf(page.told("Network.requestWillBeSent"), requests)
          yield* page.evaluate("delete document.hidden")
          yield* page.status.settled(FLOWS, settled(777))
          yield* page.shows(".feed .lag", "777 ms")
        }).pipe(Effect.scoped),
      )

      it.effect("says what is held up and what to do, until it is over", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage()
          yield* page.status.pollingBegan
          yield* page.shows("#overall", "All parts work")
          assert.strictEqual(yield* page.text("#banner"), "")

          yield* page.status.written(FLOWS, 10)
          yield* page.verifier({ stalled: { since: 0, stage: "chain" } })
          yield* page.shows("#banner", "Look at the manager, Filebeat and the indexer's disk")
          assert.include(yield* page.text("#feeds"), "Nothing arrives")

          yield* page.verifier({ indexer: "unavailable" })
          yield* page.shows("#banner", "Indexer away")
          yield* page.shows("#feeds", "Waits")
          assert.notInclude(yield* page.text("#feeds"), "Delivers")
          yield* page.status.held("writer", "the socket is full")
          yield* page.shows("#banner", "Manager takes no events")
          yield* page.status.pollEnded(ALARMS, { reason: "RateLimited", message: "Wait a minute." }, 60_000)
          yield* page.shows("#feeds", "Wait a minute.")
          assert.strictEqual(yield* page.text("#overall"), "3 parts are held up")

          yield* page.verifier({})
          yield* page.status.released("writer")
          yield* page.status.pollEnded(ALARMS, undefined, 60_000)
          yield* page.shows("#overall", "All parts work")
          assert.strictEqual(yield* page.text("#banner"), "")

          yield* page.close
          yield* page.shows("#banner", "Waybill does not answer")
          assert.include(yield* page.text("#feeds"), FLOWS)
        }).pipe(Effect.scoped),
      )

      it.effect("replays a dead letter when asked twice, and says what came of it", () =>
        Effect.gen(function* () {
          const asked: Array<unknown> = []
          const page = yield* onOpenPage({
            letters: waiting(3),
            replay: (request) =>
              Effect.sync(() => {
                asked.push(request)
                const counts = { ...NOTHING_REPLAYED.counts, taken: 1, delivered: 1 }
                return { ...NOTHING_REPLAYED, counts }
              }),
          })
          yield* page.click("#letters li:nth-child(2) summary")
          yield* page.click("#letters [open] button")
          assert.include(yield* page.text("#confirm"), "evt-1")
          yield* page.press("Escape")
          assert.lengthOf(asked, 0)

          yield* page.click("#letters [open] button")
          yield* page.letters.remove(page.letters.find("evt-1") ?? "")
          yield* page.click("#confirm-yes")
          yield* page.until(
            "document.querySelector('#letters-outcome').innerText === 'Replayed: 1 delivered'",
          )
          assert.lengthOf(asked, 1)
          assert.deepInclude(asked[0], { id: "evt-1" })
          yield* page.until("document.querySelectorAll('#letters details').length === 2")
          assert.strictEqual(yield* page.ids, "evt-0,evt-2")
        }).pipe(Effect.scoped),
      )

      it.effect("says why a replay was not complete", () =>
        Effect.gen(function* () {
          const counts = { taken: 3, delivered: 0, known: 1, failed: 1, left: 1 }
          const failures = [
            { key: "k", event_id: "evt-0", reason: "storage_failed", error: "no room" } as const,
          ]
          const page = yield* onOpenPage({
            letters: waiting(3),
            replay: () => Effect.succeed({ counts, failures, complete: false, error: undefined }),
          })
          yield* page.click("#replay-all")
          assert.include(yield* page.text("#confirm"), "all 3 dead letters")
          yield* page.click("#confirm-yes")
          yield* page.shows("#letters-outcome", "1 failed again: no room. 1 left as they were. Not complete")
        }).pipe(Effect.scoped),
      )

      it.effect("purges what was filtered, when asked twice, and nothing else", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage({
            letters: waiting(6, (n) => letter(n, n < 4 ? "normalization_failed" : "storage_failed")),
          })
          assert.deepStrictEqual(
            yield* page.evaluate("[...document.querySelectorAll('#reason option')].map((one) => one.value)"),
            ["", ...DeadLetterReason.literals],
          )
          // While somebody reads, the list stays as it is; what is asked has the true count nevertheless.
          yield* page.click("#letters summary")
          yield* page.letters.remove(page.letters.find("evt-3") ?? "")
          yield* page.shows("#letters-count", "5")
          assert.strictEqual(yield* page.evaluate("document.querySelectorAll('#letters details').length"), 6)
          yield* page.evaluate("document.querySelector('#reason').value = 'storage_failed'")
          // Chosen, and not applied yet: what is asked must be what is done.
          yield* page.click("#purge-all")
          assert.include(yield* page.text("#confirm"), "all 5 dead letters")
          yield* page.click("#confirm-no")
          yield* page.click("#letters-filter [type=submit]")
          yield* page.until("document.querySelectorAll('#letters details').length === 2")
          yield* page.click("#purge-all")
          assert.include(yield* page.text("#confirm"), "reason “storage_failed”")
          assert.strictEqual((yield* page.letters.stats).pending, 5)
          // What was answered before must not answer this one.
          yield* page.evaluate(`
            document.querySelector('#confirm-no').click()
            document.querySelector('#purge-all').click()
          `)
          yield* Effect.sleep("200 millis")
          yield* page.click("#confirm-yes")
          yield* page.shows("#letters-outcome", "Purged")
          assert.strictEqual((yield* page.letters.stats).pending, 3)
          yield* page.shows("#letters-count", "3")
        }).pipe(Effect.scoped),
      )

      it.effect("goes through the letters by the page", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage({ letters: waiting(43) })
          const first = yield* page.ids
          yield* page.click("#letters-next")
          yield* page.until("document.querySelector('#letters .id').textContent === 'evt-20'")
          yield* page.click("#letters-next")
          yield* page.until("document.querySelectorAll('#letters details').length === 3")
          assert.isTrue(yield* page.evaluate("document.querySelector('#letters-next').disabled"))
          yield* page.click("#letters-previous")
          yield* page.until("document.querySelector('#letters .id').textContent === 'evt-20'")
          yield* page.click("#letters-previous")
          yield* page.until("document.querySelector('#letters .id').textContent === 'evt-0'")
          assert.strictEqual(yield* page.ids, first)
        }).pipe(Effect.scoped),
      )

      it.effect("shows a hostile record as text, and lets it remove nothing else", () =>
        Effect.gen(function* () {
          const ids = [HOSTILE, "purge", "..", "\ud800"]
          const page = yield* onOpenPage({ letters: waiting(ids.length, (n) => hostile(ids[n] ?? "")) })
          yield* page.evaluate("document.querySelectorAll('#letters summary').forEach((one) => one.click())")
          assert.strictEqual(yield* page.text("#letters pre"), HOSTILE)
          yield* page.click("#letters [open] .danger")
          assert.include(yield* page.text("#confirm-text"), HOSTILE)
          yield* page.press("Escape")
          assert.strictEqual(
            yield* page.evaluate(
              "document.querySelectorAll('main img, main script, main a, dialog img').length",
            ),
            0,
          )
          assert.isTrue(yield* page.evaluate("window.broken === undefined"))
          // Only an id that means nothing else in a path can be removed by it.
          assert.strictEqual(yield* page.evaluate("document.querySelectorAll('#letters .danger').length"), 1)
          yield* page.click("#letters [open] .danger")
          yield* page.click("#confirm-yes")
          yield* page.shows("#letters-outcome", "Removed")
          assert.strictEqual((yield* page.letters.stats).pending, 3)
        }).pipe(Effect.scoped),
      )

      it.effect("finds an event by its id, and shows the receipts by the page", () =>
        Effect.gen(function* () {
          const asked: Array<string> = []
          const page = yield* onOpenPage({ receipts: keeping(25, asked) })
          const id = "flow/1?x=<b>#%2e ü"
          yield* page.evaluate(`document.querySelector('#event-id').value = ${JSON.stringify(id)}`)
          yield* page.click("#trace-form button")
          yield* page.shows("#trace", "batch-7")
          assert.deepStrictEqual(asked, [id])
          assert.strictEqual(yield* page.evaluate("document.querySelectorAll('#trace b').length"), 0)

          const newest = "document.querySelector('#receipts .id')?.textContent"
          yield* page.until(`${newest} === 'batch-25'`)
          yield* page.click("#receipts-next")
          yield* page.until(`${newest} === 'batch-15'`)
          yield* page.click("#receipts summary")
          yield* page.shows("#receipts [open]", "waybill-alerts")
          yield* page.click("#receipts-next")
          yield* page.until("document.querySelectorAll('#receipts details').length === 5")
          yield* page.click("#receipts-previous")
          yield* page.until(`${newest} === 'batch-15'`)
        }).pipe(Effect.scoped),
      )

      it.effect("can't be made to run or load anything else", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage()
          const inserted = yield* page.evaluate(
            "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'done' } catch (error) { return error.name } })()",
          )
          assert.strictEqual(inserted, "TypeError")
          for (const attempt of [
            "document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/x' }))",
            "document.body.setAttribute('onclick', 'window.broken=1')",
            "document.body.setAttribute('style', 'color:red')",
            "document.body.append(Object.assign(document.createElement('script'), { src: '/x.js' }))",
            "fetch('http://127.0.0.1:9/x').catch(() => undefined)",
          ]) {
            yield* page
              .evaluate(
                `new Promise((done) => {
                document.addEventListener('securitypolicyviolation', done, { once: true })
                try { ${attempt} } catch {}
              }).then(() => true)`,
              )
              .pipe(
                Effect.timeout("5 seconds"),
                Effect.mapError(() => `not refused: ${attempt}`),
              )
          }
          assert.isTrue(yield* page.evaluate("window.broken === undefined"))
        }).pipe(Effect.scoped),
      )

      it.effect("can be used with the keyboard alone", () =>
        Effect.gen(function* () {
          const page = yield* onOpenPage({ letters: waiting(2) })
          /** Presses Tab until the focus is there. */
          const tabTo = Effect.fnUntraced(function* (isThere: string) {
            for (let n = 0; n < 30; n++) {
              if (
                (yield* page.evaluate(
                  `(() => { const at = document.activeElement; return ${isThere} })()`,
                )) === true
              )
                return
              yield* page.press("Tab")
            }
            assert.fail(`Tab never comes to ${isThere}`)
          })
          yield* tabTo("at.matches('#letters li:nth-child(2) summary')")
          assert.strictEqual(
            yield* page.evaluate("getComputedStyle(document.activeElement).outlineStyle"),
            "solid",
          )
          yield* page.press("Enter")
          yield* tabTo("at.textContent === 'Remove…'")
          yield* page.press("Space")
          yield* page.until("document.activeElement.id === 'confirm-no'")
          for (let n = 0; n < 6; n++) {
            yield* page.press("Tab")
            // Neither behind the dialog nor anywhere else in the page.
            assert.isTrue(
              yield* page.evaluate(
                "document.activeElement === document.body || document.activeElement.closest('dialog') !== null",
              ),
            )
          }
          yield* page.press("Escape")
          yield* page.until("document.activeElement.textContent === 'Remove…'")
          yield* page.press("Enter")
          yield* tabTo("at.id === 'confirm-yes'")
          yield* page.press("Enter")
          yield* page.shows("#letters-outcome", "Removed evt-1")
          assert.strictEqual((yield* page.letters.stats).pending, 1)
          yield* page.until("document.activeElement !== document.body")
          const unnamed =
            "[...document.querySelectorAll('input, select')].filter((one) => one.labels.length === 0).length"
          assert.strictEqual(yield* page.evaluate(unnamed), 0)
        }).pipe(Effect.scoped),
      )

      for (const theme of ["light", "dark"] as const)
        it.effect(`is readable in ${theme} colours, and fits a phone`, () =>
          Effect.gen(function* () {
            const page = yield* onPage({
              letters: waiting(2, (n) => ({ ...hostile(`evt-${n}`), error: "x".repeat(400) })),
            })
            yield* page.theme(theme)
            assert.deepStrictEqual(yield* page.evaluate(FAINT), [])
            yield* page.enter()
            yield* page.until("document.querySelector('#letters details') !== null")
            yield* page.status.settled(FLOWS, settled(800))
            yield* page.status.pollEnded(ALARMS, { reason: "RateLimited", message: "y".repeat(300) }, 60_000)
            yield* page.shows("#feeds", "RateLimited")
            yield* page.evaluate("document.querySelector('#letters summary').click()")
            for (const width of [320, 375, 768, 1280]) {
              yield* page.size(width, 800)
              assert.isAtMost(Number(yield* page.evaluate("document.documentElement.scrollWidth")), width)
            }
            assert.deepStrictEqual(yield* page.evaluate(FAINT), [])
            yield* page.click("#purge-all")
            assert.deepStrictEqual(yield* page.evaluate(FAINT), [])
            const [back = ""] = [yield* page.evaluate("getComputedStyle(document.body).backgroundColor")]
            assert.strictEqual(back, theme === "dark" ? "rgb(16, 20, 24)" : "rgb(244, 246, 248)")
          }).pipe(Effect.scoped),
        )
    })
  },
)

/** Texts whose contrast with what is behind them is below 4.5 to 1, the least of WCAG 2.2 (1.4.3). */
const FAINT = `(() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number)
  const light = (color) => {
    const [r, g, b] = parts(color).map((part) => part / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor
      if ((parts(color)[3] ?? 1) === 1) return color
    }
    return "rgb(255, 255, 255)"
  }
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && !one.disabled && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""))
    .map((one) => {
      const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x)
      return [one.innerText, ((a + 0.05) / (b + 0.05)).toFixed(2)]
    })
    .filter(([, contrast]) => contrast < 4.5)
})()`
