// A process of its own for one kernel: takes a request as JSON, prints the measurement as JSON. Started by gram.ts.

import { type GramRequest, measureGram } from "./gram.ts";

console.log(JSON.stringify(await measureGram(JSON.parse(process.argv[2]) as GramRequest)));
