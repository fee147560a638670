// Compares the WebGPU provider with the CPU provider, in Node and in headless Chromium: `npm run check:webgpu [-- node|browser]`.
// Without a graphics card both run on SwiftShader, Chromium's software adapter; WEBGPU_ADAPTER=own takes the machine's own.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { compareInBrowser } from "./webgpu/browser.ts";
import type { Compared } from "./webgpu/compare.ts";

// Six steps of training and sums of a few hundred products in float32: another order of the same sums gives 1e-6.
const LIMIT = 1e-4;
const software = process.env.WEBGPU_ADAPTER !== "own";
// Where Debian's chromium keeps the Vulkan driver of its software adapter.
const CHROMIUM_FOLDER = process.env.CHROMIUM_FOLDER ?? "/usr/lib/chromium";

/** In a process of its own: drivers are found by its environment, and a crash of one is an error here. */
async function compareInNode(): Promise<Compared> {
  const driver = join(CHROMIUM_FOLDER, "vk_swiftshader_icd.json");
  if (software && !existsSync(driver))
    throw new Error(`${driver} must be there (apt-get install chromium), or WEBGPU_ADAPTER=own`);
  const env = { ...process.env, LD_LIBRARY_PATH: CHROMIUM_FOLDER, VK_ICD_FILENAMES: driver };
  const script = new URL("./webgpu/node.ts", import.meta.url).pathname;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--import", "tsx/esm", script], software ? { env } : {});
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Compared;
}

/** Prints what was found; the number of comparisons that do not hold. */
function report({ engines, comparisons, error }: Compared): number {
  if (error) {
    console.log(error);
    return 1;
  }
  console.log(`${engines.join(" against ")}, ${software ? "software adapter" : "own adapter"}`);
  for (const { what, difference, milliseconds } of comparisons) {
    const mark = difference <= LIMIT ? "ok " : "BAD";
    console.log(`${mark} ${difference.toExponential(1)}  ${what}  (${milliseconds[0]} ms, cpu ${milliseconds[1]} ms)`);
  }
  const bad = comparisons.filter(({ difference }) => !(difference <= LIMIT)).length;
  // Another device never adds up in the same order everywhere: equal bits mean that the CPU did the work.
  const elsewhere = comparisons.some(({ difference }) => difference > 0);
  if (!elsewhere) console.log("BAD all results are bit-equal: nothing ran on the adapter");
  return bad + (elsewhere ? 0 : 1);
}

const asked = process.argv[2];
const places = { node: compareInNode, browser: () => compareInBrowser(software) };
let failed = 0;
for (const [place, compare] of Object.entries(places)) {
  if (asked === undefined || asked === place) failed += report(await compare());
}
console.log(failed === 0 ? "all hold" : `${failed} do not hold`);
process.exitCode = failed === 0 ? 0 : 1;
