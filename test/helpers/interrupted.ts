// A program for tests: listens to Ctrl-C as the command line does, by a clock that SIGUSR2 moves on, and stays.

import { interruptSignal } from "../../src/cli/signals.ts";

let time = 0;
interruptSignal(process.stderr, () => time).addEventListener("abort", () => console.log("aborted"));
const pressed = () => console.log("pressed");
process.on("SIGINT", pressed);
process.on("SIGUSR2", () => {
  time = 300;
  process.removeListener("SIGINT", pressed);
  console.log("later");
});
setInterval(() => {}, 1000);
console.log("ready");
