// Runs in a browser: compares its WebGPU with the WebAssembly CPU provider and sends what it found to the page's server.

import { compareProviders } from "./compare.ts";

await fetch("/result", { method: "POST", body: JSON.stringify(await compareProviders()) });
