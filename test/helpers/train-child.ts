// A program for tests: trains as the JSON of its argument says, or goes on with the run that is there; it expects to be killed.

import { existsSync } from "node:fs";
import { resumeTraining } from "../../src/train/resume.node.ts";
import { runTraining, type TrainingRequest } from "../../src/train/training.node.ts";

const request: TrainingRequest = JSON.parse(process.argv[2]);
const { out: run, flushEvery } = request;
const { task } = existsSync(run) ? await resumeTraining({ run, flushEvery }) : await runTraining(request);
await task.engine.release();
