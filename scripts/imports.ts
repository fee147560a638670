// Measures imported PyTorch loops: every model and optimizer of scripts/torch_loops.py, explained at 1e-10 and beside the same training here.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareWithTraining, recordTorchLoops, torchLoops } from "../test/helpers/torch-loops.ts";

const folder = mkdtempSync(join(tmpdir(), "pathkernel-imports-"));
try {
  const missing = recordTorchLoops(folder, []);
  if (missing !== undefined) throw new Error(missing);
  console.log(
    "| loop | residual / scale | closure / gross | replay / scale | jump / way | contributions apart / gross |",
  );
  console.log("|---|---|---|---|---|---|");
  for (const name of torchLoops) {
    const { verdict, replay, jump, agreement } = await compareWithTraining(
      join(folder, name),
      join(folder, `${name}.pkrun`),
    );
    const numbers = [verdict.residual.relative, verdict.closure.relative, replay, jump, agreement];
    console.log(`| ${name} | ${numbers.map((value) => value.toExponential(1)).join(" | ")} |`);
    if (!verdict.passed) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
