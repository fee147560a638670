// A process of its own for one problem of scale: takes it as JSON, prints the measurement as JSON. Started by scale.ts.

import { measureScale, type ScaleProblem } from "./scale.ts";

console.log(JSON.stringify(await measureScale(JSON.parse(process.argv[2]) as ScaleProblem)));
