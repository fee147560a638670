// A program for tests: says that it is ready, locks a run's folder when a file appears, says whether it was let in, and stays.

import { existsSync } from "node:fs";
import { lockRun } from "../../src/run/run-lock.node.ts";

const [path, go] = process.argv.slice(2);
console.log("ready");
while (!existsSync(go));
try {
  lockRun(path, "make");
  console.log("in");
} catch (error) {
  console.log((error as Error).message);
}
setInterval(() => {}, 1000);
