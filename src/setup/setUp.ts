/** Runs the steps in their order and gathers what became of each. */
import { Effect } from "effect"
import type { Outcome, Step } from "./Step.ts"

export interface StepReport {
  readonly step: string
  readonly outcome: Outcome
  readonly detail: string
}

/**
 * A step that fails does not keep the others from running, unless nothing would go better for them: a login that is
 * refused is tried once.
 *
 * @param change false: look only, and say what would be done
 */
export const setUp = Effect.fnUntraced(function* (
  steps: ReadonlyArray<Step>,
  change: boolean,
  told: (report: StepReport) => Effect.Effect<void>,
) {
  const reports: Array<StepReport> = []
  let over = false
  for (const step of steps) {
    const report: StepReport = over
      ? { step: step.name, outcome: "skipped", detail: "for the reason above" }
      : yield* step.run(change).pipe(
          Effect.map((done) => ({ step: step.name, ...done })),
          Effect.catch((error) => {
            over = error.fatal
            return Effect.succeed({ step: step.name, outcome: "failed" as const, detail: error.message })
          }),
        )
    reports.push(report)
    yield* told(report)
  }
  return reports
})
