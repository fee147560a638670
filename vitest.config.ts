// How the tests run: in Node, one process per file (the native engine keeps its thread pool per process).

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    // Vitest leaves a core free otherwise, and on two cores that is half of them.
    maxWorkers: "100%",
    // Training a small network to a tolerance of 1e-10 on two cores takes seconds; a test that needs more says so itself.
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
