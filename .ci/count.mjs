// Adds up vitest's JSON reports and the steps that failed, and prints the line that closes the run.
import { readFileSync } from "node:fs"

const [failedSteps = "0", ...reports] = process.argv.slice(2)
const total = { passed: 0, failed: 0, skipped: 0 }
let withoutAnyTest = 0
for (const file of reports) {
  const report = JSON.parse(readFileSync(file, "utf8"))
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests
  total.skipped += report.numPendingTests + report.numTodoTests
  // A tier that skipped whole is fine on a desk, and not here: what it needs is installed.
  if (report.numPassedTests === 0) withoutAnyTest += 1
}
// A step that failed without a failing test (a type error, a lint, a crash) counts too.
if (total.failed === 0) total.failed = Number(failedSteps) + withoutAnyTest
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed > 0 ? 1 : 0
