// The line that `npm test` ends with counts what ran, and what should have run and could not.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "../helpers/sources.ts";

const { closingLine } = await import(join(ROOT, "scripts/closing-line.mjs"));

it("closingLine(counts) names what was skipped only when something was", () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
});

it("the reporter counts tests, and as failures files and hooks that break and promises that nobody awaits", () => {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-reporter-"));
  const files = {
    "tests.test.js":
      "it('passes', () => {}); it('passes too', () => {}); it('fails', () => expect(1).toBe(2)); it.skip('no', () => {});",
    "body.test.js": "throw new Error('the body of a file');",
    "hook.test.js":
      "describe('a', () => { beforeAll(() => { throw new Error('a hook'); }); it('never runs', () => {}); });",
    "promise.test.js":
      "it('passes', () => { setTimeout(() => { throw new Error('later'); }, 0); return new Promise((r) => setTimeout(r, 50)); });",
  };
  writeFileSync(join(folder, "vitest.config.js"), "export default { test: { globals: true } };");
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(folder, name), body);
  }
  const counts = join(folder, "counts.json");
  const program = join(ROOT, "node_modules/vitest/vitest.mjs");
  const reporter = `--reporter=${join(ROOT, "scripts/closing-line.mjs")}`;
  const run = () =>
    execFileSync(process.execPath, [program, "run", reporter, "--root", folder], {
      env: { ...process.env, PATHKERNEL_COUNTS: counts },
      stdio: "pipe",
    });
  expect(run).toThrow();
  // Failed: the test, the body, the hook, the promise. Skipped: the marked one, and the one whose hook broke.
  expect(JSON.parse(readFileSync(counts, "utf8"))).toEqual({ passed: 3, failed: 4, skipped: 2 });
  rmSync(folder, { recursive: true });
});
