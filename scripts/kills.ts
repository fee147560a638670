// Kills trainings at random instants and goes on with them: every record must be readable, every end the same (`npm run test:kills`).

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { killTrainings } from "../test/helpers/kill-training.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "0" },
    steps: { type: "string", default: "4000" },
  },
});

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
const folder = mkdtempSync(join(tmpdir(), "pathkernel-kills-"));
const began = performance.now();
try {
  const report = await killTrainings({
    kills: Number(values.kills),
    seed: Number(values.seed),
    folder,
    request: {
      data: "digits",
      model: "mlp:64:tanh",
      loss: "cross-entropy",
      optimizer: "adam",
      optimizerOptions: {},
      steps: Number(values.steps),
      seed: 0,
      dtype: "float32",
      threads: 1,
      checkpointBudget: 2_000_000,
      flushEvery: 150,
    },
    log: (line) => console.log(line),
  });
  for (const failure of report.failures) console.log(`FAILED ${failure}`);
  const { duration, kills, incomplete, whileWriting, ofResumed, failures } = report;
  console.log(
    [
      `${kills} kills of a training of ${seconds(duration.shortest)} to ${seconds(duration.first)} s and more, in ${((performance.now() - began) / 60_000).toFixed(1)} minutes`,
      `${incomplete} found an incomplete record, ${whileWriting} of them while it was written, ${ofResumed} after it had been gone on with`,
      `${failures.length} failures: every record read, every training ended with the same hash where there are none`,
    ].join("\n"),
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
