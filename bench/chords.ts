// Tables of theory 1.8: chords and superpositions beside rules along steps and TracIn, on 240 steps of a small network and of MNIST.
// `npm run tables:chords -- [small] [mnist] [--write]`

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Comparison, compareMethods, compareShifts, isPareto, type Measured } from "./chord-methods.ts";
import {
  mnistOptimizers,
  mnistSetting,
  type OptimizerSetting,
  type Setting,
  smallOptimizers,
  smallSetting,
} from "./chord-settings.ts";
import { command } from "./command.ts";
import { paretoFigure } from "./pareto-figure.ts";
import { markdownTable, type Table, writeSectionOf } from "./report.ts";

const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));

interface Page {
  readonly title: string;
  readonly about: string;
  readonly optimizers: readonly OptimizerSetting[];
  readonly make: (optimizer: OptimizerSetting) => Promise<Setting>;
  /** Lengths of chords at which the estimate of the shift is compared. */
  readonly estimated: readonly number[];
}

const PAGES: Readonly<Record<string, Page>> = {
  small: {
    title: "240 steps of a small network",
    about: "tanh 2-16-16-1, half-mse, float64, 16 points, batch 4, 5 queries; rule gauss4 along steps and chords.",
    optimizers: smallOptimizers,
    make: smallSetting,
    estimated: [5, 10],
  },
  mnist: {
    title: "240 steps on MNIST",
    about:
      "784-64-10 relu, cross-entropy, float32, 2,000 images, batch 64, 5 queries (margin); a checkpoint every 10 steps. The reference is auto along steps at tolerance 1e-6.",
    optimizers: mnistOptimizers,
    make: mnistSetting,
    estimated: [5, 10],
  },
};

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const small = (value: number): string => value.toExponential(1);

function tableOf(methods: readonly Measured[]): Table {
  const rows = methods.map((one) => [
    one.method,
    one.gradients.toFixed(one.gradients < 10 ? 1 : 0),
    one.slopes.toFixed(0),
    one.ms.toFixed(one.ms < 10 ? 1 : 0),
    small(one.residual),
    one.error === 0 ? "reference" : one.error < 1e-4 ? small(one.error) : percent(one.error),
    one.correlation.toFixed(4),
    isPareto(one, methods) ? "yes" : "",
  ]);
  const head = [
    "method",
    "gradients a query",
    "slopes a query",
    "ms",
    "residual",
    "error by example",
    "correlation",
    "nothing cheaper is nearer",
  ];
  return { head, rows };
}

const storeLine = ({ superposition: { closure, way, ms } }: Comparison): string =>
  `Superposition: built in ${(ms / 1000).toPrecision(2)} s, |w_S − w_0 − Σδ_i − terms| is ${small(closure)} of the largest change of a parameter; ‖w_S − w_0‖/‖w_0‖ = ${way.toPrecision(2)}.`;

/** One setting with all its optimizers; gives what is written. */
async function measurePage(name: string, { title, about, optimizers, make, estimated }: Page, write: boolean) {
  const parts: (Table | string)[] = [about];
  const shifts: string[][] = [];
  for (const optimizer of optimizers) {
    const setting = await make(optimizer);
    const told = (line: string) => console.error(`${optimizer.label} · ${line}`);
    const comparison = await compareMethods(setting, told);
    parts.push(`### ${optimizer.label}`, tableOf(comparison.methods), storeLine(comparison));
    for (const chord of estimated) {
      const { estimated: guess, measured } = await compareShifts(setting, chord);
      const known = guess ? `${percent(guess.relative)} (${guess.chords} of ${guess.ofChords} chords)` : "too dear";
      shifts.push([
        optimizer.label,
        String(chord),
        known,
        guess ? guess.cost.toPrecision(2) : "",
        percent(measured!.relative),
      ]);
    }
    const file = `chords-${name}-${optimizer.name}.svg`;
    const figure = paretoFigure({
      title: `${optimizer.label}, ${title}`,
      methods: comparison.methods,
    });
    if (write) {
      mkdirSync(join(DOCS, "chords"), { recursive: true });
      writeFileSync(join(DOCS, "chords", file), figure.svg({ width: 620 }));
      parts.push(`![Error by example against gradients a query](chords/${file})`);
    }
    await setting.task.engine.release();
  }
  const head = ["optimizer", "k", "estimated for test:0 at --shift 0.25", "cost", "measured"];
  parts.push("### The estimate of the shift", { head, rows: shifts });
  return parts;
}

await command({ write: { type: "boolean", default: false } }, async ({ positionals, values }) => {
  const names = positionals.length > 0 ? positionals : Object.keys(PAGES);
  for (const name of names) {
    const page = PAGES[name];
    if (!page) throw new RangeError(`settings must be among ${Object.keys(PAGES).join(", ")}, got ${name}`);
    const parts = await measurePage(name, page, values.write);
    const text = parts.map((part) => (typeof part === "string" ? part : markdownTable(part))).join("\n\n");
    console.log(`## ${page.title}\n\n${text}\n`);
    if (values.write) writeSectionOf(join(DOCS, "chords.md"), page.title, parts);
  }
});
