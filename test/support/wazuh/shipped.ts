/** The shipped decoder and rules, read. */
import { readFileSync } from "node:fs"
import type { Decoder } from "./analysisd.ts"
import { compile } from "./patterns.ts"
import { type Rule, readRules } from "./ruleset.ts"
import { parseXml } from "./xml.ts"

/** A file of `wazuh/`. */
export const contentFile = (name: string): URL => new URL(`../../../wazuh/${name}`, import.meta.url)
export const contentText = (name: string): string => readFileSync(contentFile(name), "utf8")

/** In load order: the manager sorts the files of a folder by name. */
export const RULE_FILES = ["waybill_rules.xml", "waybill_threat_rules.xml"] as const

export const rulesOf = (file: (typeof RULE_FILES)[number]): ReadonlyArray<Rule> =>
  readRules(contentText(`rules/${file}`))

export const decoders = (): ReadonlyArray<Decoder> =>
  parseXml(contentText("decoders/waybill.xml")).map(({ attributes, children }) => {
    const child = (name: string) => children.find((one) => one.name === name)
    const plugin = child("plugin_decoder")
    if (plugin?.text !== "JSON_Decoder" || plugin.attributes.offset !== "after_prematch")
      throw new Error("the evaluator knows only a JSON_Decoder after the prematch")
    return { name: attributes.name ?? "", prematch: compile("osregex", child("prematch")?.text ?? "") }
  })
