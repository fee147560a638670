// A process of its own for one solve or spectrum: takes a problem as JSON, prints the measurement as JSON. Started by matrix-problem.ts.

import { type MatrixProblem, measureMatrix } from "./matrix-problem.ts";

console.log(JSON.stringify(await measureMatrix(JSON.parse(process.argv[2]) as MatrixProblem)));
