// The process that reads fuzzed inputs of the families that its arguments name: it may be killed, and its death is a failure of the input that it was reading.

import { isPathkernelError } from "../../src/errors.ts";
import { chanceOf } from "./chance.ts";
import { familyOf } from "./families.ts";
import { type Family, type Input, writeInput } from "./input.ts";
import { markMemory } from "./peak-memory.ts";
import type { Request, Response } from "./protocol.ts";
import type { JobFamily } from "./shares.ts";

/** Longer messages, or those of several lines, do not fit where people read them. */
const LONGEST_MESSAGE = 2100;

/** What is wrong with an error that came out, or undefined. */
function faultOfError(error: unknown): string | undefined {
  if (!isPathkernelError(error)) {
    const { name, message, stack = "" } = error as Error;
    const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && line.includes("/src/"));
    return `${name}: ${message?.slice(0, 200)} ${frames
      .slice(0, 3)
      .map((line) => line.trim().replace(/\(?file:\S*\/src\//, "src/"))
      .join(" ")}`;
  }
  if (/\p{Cc}/u.test(error.message))
    return `the message has control characters: ${JSON.stringify(error.message.slice(0, 200))}`;
  if (error.message.length > LONGEST_MESSAGE)
    return `the message has ${error.message.length} characters: ${error.message.slice(0, 120)}`;
  return undefined;
}

async function makeInput({ seed, job }: Request): Promise<{ family: Family; input: Input }> {
  const family = await familyOf(job.family);
  return { family, input: await family.make(chanceOf(seed, `${job.family} ${job.index}`), job.index) };
}

async function answer(request: Request): Promise<Response> {
  const { family, input } = await makeInput(request);
  if (request.save !== undefined) {
    writeInput(input, request.save);
    return { note: input.note, outcome: "saved", milliseconds: 0, elapsed: 0, bytes: 0 };
  }
  const memory = markMemory();
  const [start, used] = [performance.now(), process.cpuUsage()];
  let outcome = "read";
  let fault: string | undefined;
  try {
    fault = await family.read(input, request.folder);
  } catch (error) {
    outcome = isPathkernelError(error) ? error.tag : "untyped";
    fault = faultOfError(error);
  }
  const { user, system } = process.cpuUsage(used);
  const [milliseconds, elapsed] = [(user + system) / 1000, performance.now() - start];
  return { note: input.note, outcome, milliseconds, elapsed, bytes: memory(), ...(fault && { fault }) };
}

// Before it says that it is ready: what a family brings to read with takes seconds to load, which no input shall answer for.
for (const name of process.argv.slice(2)) await familyOf(name as JobFamily);

process.on("message", (request: Request) => {
  answer(request).then(
    (response) => process.send?.(response),
    (error: unknown) => {
      console.error(error);
      process.exit(70);
    },
  );
});
process.on("disconnect", () => process.exit(0));
process.send?.({ note: "ready", outcome: "ready", milliseconds: 0, elapsed: 0, bytes: 0 } satisfies Response);
