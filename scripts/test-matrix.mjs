// `npm run test:matrix`: the files whose matrices `npm test` runs in part, in full.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installMissing, ROOT } from "./install.mjs";

const FILES = [
  "test/kernels/algorithms.test.ts",
  "test/kernels/families.test.ts",
  "test/kernels/matrix-memory.test.ts",
  "test/experiments/experiments.test.ts",
  "test/explain/budgets.test.ts",
  "test/explain/exactness.test.ts",
  "test/explain/orders.test.ts",
];

installMissing();
const { status } = spawnSync(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...FILES], {
  cwd: ROOT,
  env: { ...process.env, PATHKERNEL_MATRIX: "full" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
