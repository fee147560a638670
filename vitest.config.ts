// How the tests run: in Node, files one after another in as many processes as there are cores.

import { defineConfig } from "vitest/config";

/** Tests that replace modules: each file in a process of its own, so that no other sees what they put there. */
const APART = ["test/run/every-instant.test.ts"];

export default defineConfig({
  test: {
    environment: "node",
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    // Vitest leaves a core free otherwise, and on two cores that is half of them.
    maxWorkers: "100%",
    // Limits end what hangs and measure nothing. Training a small network to a tolerance of 1e-10 takes seconds, and several times that where
    // others use the two cores too; a test that needs more says so itself.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      // What is imported stays: importing it anew for each file took half of the time of most.
      {
        extends: true,
        test: { name: "together", include: ["test/**/*.test.ts"], exclude: APART, isolate: false },
      },
      { extends: true, test: { name: "apart", include: APART, isolate: true } },
    ],
  },
});
