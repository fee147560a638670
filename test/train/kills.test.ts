// A few kills of a small training; `npm run test:kills` does two hundred of a longer one.

import { expect, it } from "vitest";
import { killTrainings } from "../helpers/kill-training.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

it.skipIf(process.platform === "win32")(
  "a training that is killed leaves a record that reads and goes on to the same end",
  { timeout: 180_000 },
  async () => {
    const report = await killTrainings({
      kills: 2,
      // Where the machine stands still for a moment a kill comes too late, and others must follow.
      incomplete: 1,
      seed: 1,
      folder: folder.at(),
      request: {
        data: "digits",
        limit: 200,
        model: "mlp:8:tanh",
        loss: "cross-entropy",
        optimizer: "momentum",
        optimizerOptions: { lr: 0.05 },
        steps: 600,
        seed: 0,
        dtype: "float32",
        threads: 1,
        checkpointBudget: 100_000,
        flushEvery: 20,
      },
    });
    expect(report.failures).toEqual([]);
    expect(report.kills).toBeGreaterThanOrEqual(2);
    expect(report.incomplete).toBeGreaterThan(0);
  },
);
