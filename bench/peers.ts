// `npm run bench:peers -- [CASE ...] [--rounds N] [--write]`: our times beside PyTorch's, case by case in the same minutes.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { benchCases, FULL, namesAmong, peerTargets } from "./cases.ts";
import { command, countOf } from "./command.ts";
import { writeSection } from "./report.ts";
import { torchResult, torchVersion } from "./torch.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

/** Milliseconds of a case as `npm run bench` measures it, in a process of its own: nothing of an earlier case is warm or full. */
function ourResult(name: string): number {
  const args = ["--import", "tsx/esm", MAIN, name];
  const stdout = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const { [name]: ms } = JSON.parse(stdout.trim().split("\n").at(-1) as string) as Record<string, number>;
  return ms;
}

interface Pair {
  readonly ours: number;
  readonly peer: number;
}

/** Least times over rounds in which both sides start anew and run one after the other, never together. */
function comparePair(name: string, rounds: number): Pair {
  let [ours, peer] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round++) {
    peer = Math.min(peer, torchResult(name));
    ours = Math.min(ours, ourResult(name));
  }
  return { ours, peer };
}

const digits = (value: number): string => String(Number(value.toPrecision(3)));

/** Cells of one row: both times, their ratio, the target and whether it is met. */
function cellsOf({ ours, peer }: Pair, target: number | undefined): string[] {
  const ratio = ours / peer;
  const asked = target === undefined ? ["", ""] : [`<= ${digits(target)}`, ratio <= target ? "yes" : "no"];
  return [digits(ours), digits(peer), digits(ratio), ...asked];
}

const WIDTHS = [14, 22, 12, 10, 5];
const line = (name: string, cells: readonly string[]): string =>
  `${name.padEnd(14)}${cells.map((cell, k) => cell.padStart(WIDTHS[k])).join("")}`;

await command(
  { write: { type: "boolean" }, rounds: { type: "string", default: "3" } },
  async ({ values, positionals }) => {
    const names = namesAmong([...peerTargets.keys()], positionals);
    const [rounds, cases] = [countOf(values.rounds, "--rounds"), benchCases(FULL)];
    const columns = ["pathkernel ms", `torch ${torchVersion()} ms`, "ours / peer", "target", "met"];
    const rows: string[][] = [];
    console.log(line("case", columns));
    for (const name of names) {
      const cells = cellsOf(comparePair(name, rounds), peerTargets.get(name));
      console.log(line(name, cells));
      rows.push([name, cases[name].about, ...cells]);
    }
    if (values.write) writeSection("Beside PyTorch", { head: ["case", "what", ...columns], rows });
    console.log(JSON.stringify(Object.fromEntries(rows.map(([name, , , , ratio]) => [name, Number(ratio)]))));
  },
);
