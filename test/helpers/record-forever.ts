// A program for tests: records the small run until it fails or is killed, flushing every second step; prints steps flushed.

import { createRunWriter } from "../../src/run/run-writer.node.ts";
import { smallBatch, smallCheckpoint, smallRun, smallScalars } from "./small-run.ts";

const run = smallRun({ checkpointEvery: 2 });
const writer = await createRunWriter(process.argv[2], run);
try {
  for (let step = 0; ; step++) {
    if (step % 2 === 0) {
      await writer.writeCheckpoint(smallCheckpoint(step));
      await writer.flush();
      console.log(step);
    }
    writer.appendStep(smallBatch(step), smallScalars(step));
  }
} catch (error) {
  const { name, message } = error as Error;
  console.log(`${name}: ${message}`);
  await writer.abort();
}
