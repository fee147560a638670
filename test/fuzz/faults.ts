// Inputs that are failures, each in its way: what shows that the fuzzer sees them.

import { InvalidDataError } from "../../src/errors.ts";
import { type Family, single } from "./input.ts";

const kept: unknown[] = [];

/** What reading does, by the input's number; the first is refused as it should be. */
export const FAULTS: Readonly<Record<string, () => unknown>> = {
  refused: () => {
    throw new InvalidDataError("must be something, got another thing");
  },
  wrong: () => "what was read is wrong",
  untyped: () => {
    throw new RangeError("Invalid array length");
  },
  slow: () => {
    const start = process.cpuUsage();
    while (process.cpuUsage(start).user < 300_000);
  },
  large: () => void kept.push(new Uint8Array(400 * 2 ** 20).fill(1)),
  crash: () => process.kill(process.pid, "SIGSEGV"),
  hang: () => new Promise(() => {}),
};

export const faults: Family = {
  name: "faults",
  make: (_, index) => single("fault", Object.keys(FAULTS)[index], new Uint8Array()),
  read: async ({ note }) => (await FAULTS[note]()) as string | undefined,
};
