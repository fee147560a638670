// A vitest reporter that counts the tests that ran and writes the counts to the file that PATHKERNEL_COUNTS names.

import { writeFileSync } from "node:fs";

/** What runs without being a test fails without being one: the body of a file, a hook, a promise that nobody awaited. */
export function countTests(modules, unhandledErrors) {
  const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state in counts) counts[state]++;
    }
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
  }
  return counts;
}

/** `12 passed, 0 failed`, and `, 3 skipped` where there are some. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

export default class ClosingLineReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.PATHKERNEL_COUNTS;
    if (file) writeFileSync(file, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}
