// Runs in Node: compares WebGPU of onnxruntime-node with its CPU provider; the last line of stdout is what it found.

import { compareProviders } from "./compare.ts";

console.log(JSON.stringify(await compareProviders()));
