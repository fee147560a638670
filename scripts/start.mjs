// `npm start`: installs what is missing, then shows the main job on real MNIST; further arguments go to the demo.

import { runFromSource } from "./run-from-source.mjs";

runFromSource(["demo", "mnist", ...process.argv.slice(2)]);
