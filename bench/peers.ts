// `npm run bench:peers -- [CASE ...] [--rounds N] [--write]`: our times beside PyTorch's, case by case in the same minutes.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measure } from "./case.ts";
import { cases, casesNamed, peerCases } from "./cases.ts";
import { command, countOf } from "./command.ts";
import { writeSection } from "./report.ts";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("torch_baseline.py", import.meta.url));

function python(args: string[]): string {
  return execFileSync(PYTHON, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The version of PyTorch; an Error that says what to do where it is missing. */
function torchVersion(): string {
  try {
    return python(["-c", "import torch, functorch; print(torch.__version__)"]).trim();
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const [last] = (stderr || message).trim().split("\n").slice(-1);
    const packages = "python3-torch python3-numpy libopenblas0-pthread";
    throw new Error(
      `${PYTHON} must have torch and functorch, got "${last}"; on Debian: apt-get install --no-install-recommends ${packages}`,
    );
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

await command(
  { write: { type: "boolean" }, rounds: { type: "string", default: "2" } },
  async ({ values, positionals }) => {
    const [names, rounds] = [casesNamed(positionals, peerCases), countOf(values.rounds, "--rounds")];
    const peer = `torch ${torchVersion()} ms`;
    const rows: string[][] = [];
    console.log(
      `${"case".padEnd(14)} ${"pathkernel ms".padStart(14)} ${peer.padStart(20)} ${"ours / peer".padStart(12)}`,
    );
    for (const name of names) {
      const pair = await comparePair(name, rounds);
      const cells = [pair.ours, pair.peer, pair.ours / pair.peer].map((number) => number.toFixed(2));
      console.log(`${name.padEnd(14)} ${cells[0].padStart(14)} ${cells[1].padStart(20)} ${cells[2].padStart(12)}`);
      rows.push([name, cases[name].about, ...cells]);
    }
    if (values.write) {
      writeSection("Beside PyTorch", { head: ["case", "what", "pathkernel ms", peer, "ours / peer"], rows });
    }
    console.log(JSON.stringify(Object.fromEntries(rows.map(([name, , , , ratio]) => [name, Number(ratio)]))));
  },
);
