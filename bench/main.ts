// `npm run bench -- [CASE ...] [--write]`: our own times, as one JSON object {case: ms} on the last line.

import { parseArgs } from "node:util";
import { type Measurement, measure } from "./case.ts";
import { cases, casesNamed } from "./cases.ts";
import { writeSection } from "./report.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { write: { type: "boolean" } } });

const all: [string, Measurement][] = [];
for (const name of casesNamed(positionals)) {
  const measurement = await measure(cases[name]);
  all.push([name, measurement]);
  const { ms, threads, difference } = measurement;
  console.log(
    `${name.padEnd(20)} ${ms.toFixed(3).padStart(9)} ms, threads ${threads}, checked to ${difference.toExponential(0)}`,
  );
}
if (values.write) {
  writeSection("Times", {
    head: ["case", "what", "ms", "threads", "difference from the slow reference"],
    rows: all.map(([name, m]) => [
      name,
      cases[name].about,
      m.ms.toFixed(3),
      `${m.threads}`,
      m.difference.toExponential(0),
    ]),
  });
}
console.log(JSON.stringify(Object.fromEntries(all.map(([name, { ms }]) => [name, Number(ms.toFixed(3))]))));
