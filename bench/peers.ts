// `npm run bench:peers -- [CASE ...] [--rounds N] [--write]`: our times beside PyTorch's, case by case in the same minutes.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measure } from "./case.ts";
import { cases, casesNamed, peerCases } from "./cases.ts";
import { writeSection } from "./report.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("torch_baseline.py", import.meta.url));

const options = { write: { type: "boolean" }, rounds: { type: "string", default: "2" } } as const;
const { values, positionals } = parseArgs({ allowPositionals: true, options });

function python(args: readonly string[]): string {
  return execFileSync(PYTHON, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The version of PyTorch; undefined, with a word on what to do, where it is missing. */
function torchVersion(): string | undefined {
  try {
    return python(["-c", "import torch, functorch; print(torch.__version__)"]).trim();
  } catch (error) {
    const last = String((error as { stderr?: string }).stderr || error)
      .trim()
      .split("\n")
      .at(-1);
    console.error(`error: ${PYTHON} must have torch and functorch, got ${last}`);
    console.error(
      "install them: apt-get install --no-install-recommends python3-torch python3-numpy libopenblas0-pthread",
    );
    return undefined;
  }
}

interface Pair {
  ours: number;
  peer: number;
}

/** Least times over rounds in which both sides run one after the other, never together. */
async function comparePair(name: string, rounds: number): Promise<Pair> {
  const pair: Pair = { ours: Number.POSITIVE_INFINITY, peer: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    const { [name]: peer } = JSON.parse(python([SCRIPT, name])) as Record<string, number>;
    pair.peer = Math.min(pair.peer, peer);
    pair.ours = Math.min(pair.ours, (await measure(cases[name])).ms);
  }
  return pair;
}

async function compare(torch: string): Promise<void> {
  const rows: string[][] = [];
  const ratios: Record<string, number> = {};
  console.log(
    `${"case".padEnd(14)} ${"pathkernel ms".padStart(14)} ${`torch ${torch} ms`.padStart(20)} ${"ours / peer".padStart(12)}`,
  );
  for (const name of casesNamed(positionals, peerCases)) {
    const { ours, peer } = await comparePair(name, Math.max(1, Number(values.rounds)));
    const cells = [ours.toFixed(2), peer.toFixed(2), (ours / peer).toFixed(2)];
    console.log(`${name.padEnd(14)} ${cells[0].padStart(14)} ${cells[1].padStart(20)} ${cells[2].padStart(12)}`);
    rows.push([name, cases[name].about, ...cells]);
    ratios[name] = Number(cells[2]);
  }
  if (values.write) {
    writeSection("Beside PyTorch", {
      head: ["case", "what", "pathkernel ms", `PyTorch ${torch} ms`, "ours / peer"],
      rows,
    });
  }
  console.log(JSON.stringify(ratios));
}

const torch = torchVersion();
if (torch === undefined) process.exitCode = 1;
else await compare(torch);
