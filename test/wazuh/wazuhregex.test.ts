/**
 * The shipped patterns, and our own reading of patterns and XML, held to the `wazuhregex` of PyPI (an emulation of
 * Wazuh's engines) and to Python's XML parser. Skipped, and says why, where it can't be installed.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { parseIni } from "../support/wazuh/iniTests.ts"
import { compile, type Engine } from "../support/wazuh/patterns.ts"
import { contentFile, contentText, decoders, rulesOf } from "../support/wazuh/shipped.ts"
import { parseXml } from "../support/wazuh/xml.ts"

const VERSION = "0.3.0"
const FOLDER = fileURLToPath(new URL(`../../.cache/wazuhregex-${VERSION}`, import.meta.url))
const PYTHON = `${FOLDER}/bin/python`

/** Why it is not there, or undefined. */
const installed = ((): string | undefined => {
  if (existsSync(`${FOLDER}/ready`)) return undefined
  try {
    mkdirSync(FOLDER, { recursive: true })
    execFileSync("python3", ["-m", "venv", FOLDER], { stdio: "pipe" })
    execFileSync(PYTHON, ["-m", "pip", "install", "--quiet", `wazuhregex==${VERSION}`], {
      stdio: "pipe",
      timeout: 120_000,
    })
    mkdirSync(`${FOLDER}/ready`)
    return undefined
  } catch (cause) {
    return `wazuhregex ${VERSION} can't be installed: ${cause instanceof Error ? cause.message.split("\n")[0] : cause}`
  }
})()

interface Answer {
  readonly matches: ReadonlyArray<boolean | string>
  readonly xml: ReadonlyArray<string | null>
}

const ask = (request: {
  readonly patterns: ReadonlyArray<readonly [Engine, string, string]>
  readonly xml: ReadonlyArray<string>
}): Answer =>
  JSON.parse(
    execFileSync(PYTHON, [fileURLToPath(new URL("../support/wazuh/engines.py", import.meta.url))], {
      input: JSON.stringify(request),
      maxBuffer: 100_000_000,
    }).toString(),
  )

const rules = [...rulesOf("waybill_rules.xml"), ...rulesOf("waybill_threat_rules.xml")]
const messages = readdirSync(contentFile("tests/"))
  .flatMap((file) => parseIni(contentText(`tests/${file}`)))
  .flatMap(({ logs }) => logs.flatMap(({ events }) => events))

/** Beside what events hold: words inside words, case, ends of lines, nothing. */
const TEXTS = [
  ..."1 10 11 21 true TRUE untrue alarm flow lost kind ad adult intel".split(" "),
  ..."100000000 99999999 100000000.5 1234567890123 -100000000 5e9".split(" "),
  "",
  " 1",
  "1 ",
  "waybill: {}",
  "Waybill: {}",
  ' waybill: {"category":"x"}',
  'waybill: {"category":"x"}',
  'waybill: {"url":"\\"category\\":\\""}',
  'waybill: {"categor":"y"}',
]

describe.skipIf(installed !== undefined)(
  `Wazuh's engines${installed === undefined ? "" : ` (skipped: ${installed})`}`,
  () => {
    it("read every shipped pattern as the evaluator does, on every sample and on near misses", () => {
      const patterns = [
        ...rules.flatMap(({ fields, regexes }) => [...fields.map(({ pattern }) => pattern), ...regexes]),
        ...decoders().map(({ prematch }) => ({
          engine: "osregex" as const,
          source: "^waybill: ",
          regex: prematch,
        })),
      ]
      assert.isAbove(patterns.length, 30)
      const texts = [...TEXTS, ...new Set(messages)]
      const requests = patterns.flatMap(({ engine, source, regex }) =>
        texts.map((text) => ({ request: [engine, source, text] as const, ours: regex.test(text) })),
      )
      const { matches } = ask({ patterns: requests.map(({ request }) => request), xml: [] })
      const different = requests.filter(({ ours }, n) => matches[n] !== ours)
      assert.deepStrictEqual(
        different.slice(0, 5).map(({ request, ours }) => ({ request, ours })),
        [],
      )
      // Each pattern matches something and not everything.
      for (const { source, regex } of patterns) {
        assert.isTrue(
          texts.some((text) => regex.test(text)) ||
            messages.some((text) => text.includes(source.replaceAll(/[\^$]/g, ""))),
          source,
        )
        assert.isTrue(
          texts.some((text) => !regex.test(text)),
          source,
        )
      }
    })

    it("say the same of what OSRegex is, beyond what is shipped", () => {
      const cases = [
        ["\\d+", "a1"],
        ["^\\w+$", "a-b_c@1"],
        ["^\\w+$", "a b"],
        ["a|b$", "xb"],
        ["\\.+", "anything"],
        ["^\\S+ \\S+$", "two words"],
        ["TRUE", "true"],
        ["a.b", "axb"],
        ["a.b", "a.b"],
        ["\\$5", "$5"],
      ] as const
      const { matches } = ask({
        patterns: cases.map(([pattern, text]) => ["osregex", pattern, text]),
        xml: [],
      })
      assert.deepStrictEqual(
        cases.map(([pattern, text]) => compile("osregex", pattern).test(text)),
        [...matches],
      )
    })

    it("a real XML parser reads our files, and refuses what ours refuses", () => {
      const broken = ["<a>", "<a></b>", "<a>x & y</a>", "<!-- a -- b -->", "<a>1 < 2</a>"]
      const files = ["decoders/waybill.xml", "rules/waybill_rules.xml", "rules/waybill_threat_rules.xml"].map(
        contentText,
      )
      const { xml } = ask({ patterns: [], xml: [...files, ...broken] })
      assert.deepStrictEqual(xml.slice(0, files.length), [null, null, null])
      assert.isFalse(xml.slice(files.length).includes(null))
      for (const text of files) assert.isAbove(parseXml(text).length, 0)
    })
  },
)
