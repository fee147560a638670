// `npm test`: types, lint and format, tests; ends with `N passed, N failed`. With arguments (`npm test -- test/run`) only vitest.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closingLine } from "./closing-line.mjs";
import { installMissing, ROOT } from "./install.mjs";

/** Runs a package's program with this Node; whether it succeeded. */
function succeeds(program, args, env = process.env) {
  const { status } = spawnSync(process.execPath, [join(ROOT, "node_modules", program), ...args], {
    cwd: ROOT,
    env,
    stdio: "inherit",
  });
  return status === 0;
}

/** Runs vitest; the tests that passed, failed and were skipped. */
function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "pathkernel-test-"));
  const file = join(folder, "counts.json");
  const reporters = ["--reporter=default", "--reporter=./scripts/closing-line.mjs"];
  const ok = succeeds("vitest/vitest.mjs", ["run", ...reporters, ...args], { ...process.env, PATHKERNEL_COUNTS: file });
  let counts;
  try {
    counts = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    counts = { passed: 0, failed: 0, skipped: 0 };
  }
  rmSync(folder, { recursive: true });
  // No count without a cause: vitest also fails when it finds no test or cannot start.
  if (!ok && counts.failed === 0) counts.failed = 1;
  return counts;
}

installMissing();
const args = process.argv.slice(2);
const checks =
  args.length > 0
    ? []
    : [
        ["typescript/bin/tsc", "-p", "."],
        ["@biomejs/biome/bin/biome", "check", "."],
      ];
const failedChecks = checks.filter(([program, ...rest]) => !succeeds(program, rest));
const counts = runVitest(args);
for (const [program] of failedChecks)
  console.error(`failed: ${program.includes("tsc") ? "npm run check" : "npm run lint"}`);
counts.failed += failedChecks.length;
console.log(closingLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
