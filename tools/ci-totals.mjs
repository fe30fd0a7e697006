// Adds up the runner's own reports and prints CI's last line. Usage: ci-totals.mjs EXIT_CODE REPORT...; exits 1 unless all passed.
import { readFileSync } from 'node:fs';

const [exitCode, ...files] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    continue;
  }
  totals.passed += report.numPassedTests;
  // A suite that could not even be loaded ran no test, and is a failure all the same.
  totals.failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  totals.skipped += report.numPendingTests + report.numTodoTests;
}
// The static checks, or a runner that did not get as far as a report.
if (exitCode !== '0' && totals.failed === 0) totals.failed = 1;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
