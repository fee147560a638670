// The run in memory, held to what every store of runs must do.

import { createMemoryRun, type MemoryRunWriter } from "../../src/run/memory-run.ts";
import { testRunStore } from "../conformance/run-store.ts";

testRunStore("createMemoryRun", {
  create: async (run) => createMemoryRun(run),
  open: async (writer) => (writer as MemoryRunWriter).open(),
});
