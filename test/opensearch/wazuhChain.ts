/** Wazuh's own index template and pipeline, and ours above it, for indices of a test's own. */
import { Effect, type Scope } from "effect"
import type { Answer } from "../support/opensearch/request.ts"
import { contentText } from "../support/wazuh/shipped.ts"
import { asAdmin, ownIndices, type RealNode, wazuhFile } from "./realNode.ts"

/** Both files, or undefined where they do not lie beside this checkout. */
export const stockFiles = (() => {
  const template = wazuhFile("wazuh-template.json")
  const pipeline = wazuhFile("pipeline.json")
  return template === undefined || pipeline === undefined ? undefined : { template, pipeline }
})()

export interface WazuhChain {
  /** The beginning of the indices' names. */
  readonly prefix: string
  /** Lines of alerts.json as Filebeat hands them to the pipeline. Nothing tells what was refused. */
  readonly ship: (alerts: ReadonlyArray<object>) => Effect.Effect<Answer>
  /** Puts Waybill's template above the stock one, for the indices that come. */
  readonly installOurs: Effect.Effect<void, never, Scope.Scope>
  readonly refresh: Effect.Effect<Answer>
}

/**
 * Template and pipeline under names and a pattern of the test's own, so that a given node is left as it was; the
 * orders are raised together, so that they stand to each other as in an installation.
 */
export const wazuhChain = Effect.fnUntraced(function* (
  node: RealNode,
  test: string,
  files: NonNullable<typeof stockFiles>,
): Effect.fn.Return<WazuhChain, never, Scope.Scope> {
  const prefix = yield* ownIndices(node, test)
  const lent = (path: string, body: object) =>
    Effect.acquireRelease(asAdmin(node, "PUT", path, body), () => asAdmin(node, "DELETE", path))
  const template = (name: string, text: string, order: number) =>
    lent(`/_template/${prefix}${name}`, { ...JSON.parse(text), index_patterns: [`${prefix}*`], order })
  yield* template("stock", files.template, 1000)
  yield* lent(`/_ingest/pipeline/${prefix}pipeline`, JSON.parse(files.pipeline))
  return {
    prefix,
    ship: (alerts) =>
      asAdmin(
        node,
        "POST",
        `/_bulk?pipeline=${prefix}pipeline`,
        alerts
          .map((one) => ({ message: JSON.stringify(one), fields: { index_prefix: prefix } }))
          .map((document) => `{"create":{"_index":"${prefix}unrouted"}}\n${JSON.stringify(document)}\n`)
          .join(""),
      ),
    installOurs: Effect.suspend(() => {
      const ours = contentText("template/waybill-template.json")
      return Effect.asVoid(template("waybill", ours, 1000 + JSON.parse(ours).order))
    }),
    refresh: asAdmin(node, "POST", `/${prefix}*/_refresh`),
  }
})
