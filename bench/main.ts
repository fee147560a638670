// `npm run bench -- [CASE ...] [--write]`: our own times, as one JSON object {case: ms} on the last line.

import { type Measurement, measure } from "./case.ts";
import { cases, casesNamed } from "./cases.ts";
import { command } from "./command.ts";
import { writeSection } from "./report.ts";

await command({ write: { type: "boolean" } }, async ({ values, positionals }) => {
  const all: [string, Measurement][] = [];
  for (const name of casesNamed(positionals)) {
    const measurement = await measure(cases[name]);
    all.push([name, measurement]);
    const { ms, threads, difference } = measurement;
    const checked = `checked to ${difference.toExponential(0)}`;
    console.log(`${name.padEnd(20)} ${ms.toFixed(3).padStart(9)} ms, threads ${threads}, ${checked}`);
  }
  if (values.write) {
    const cellsOf = ({ ms, threads, difference }: Measurement): string[] => [
      ms.toFixed(3),
      `${threads}`,
      difference.toExponential(0),
    ];
    writeSection("Times", {
      head: ["case", "what", "ms", "threads", "difference from the slow reference"],
      rows: all.map(([name, measurement]) => [name, cases[name].about, ...cellsOf(measurement)]),
    });
  }
  console.log(JSON.stringify(Object.fromEntries(all.map(([name, { ms }]) => [name, Number(ms.toFixed(3))]))));
});
