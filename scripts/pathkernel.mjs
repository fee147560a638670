// `npm run -s pathkernel -- ARGS`: the command line from source.

import { runFromSource } from "./run-from-source.mjs";

runFromSource(process.argv.slice(2));
