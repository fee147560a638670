// Runs the command line from its TypeScript source.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { installMissing, ROOT } from "./install.mjs";

/**
 * Runs src/cli/main.ts with `args` in the user's own folder (npm changes to the package root and leaves the user's folder in
 * INIT_CWD) and ends this process as that one ends. A process of its own, because on Ctrl-C npm passes on the signal that the
 * terminal has sent already: this process takes both, the command line gets one.
 */
export function runFromSource(args) {
  installMissing();
  const child = spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx/esm"), join(ROOT, "src/cli/main.ts"), ...args],
    {
      cwd: process.env.INIT_CWD ?? process.cwd(),
      // Otherwise tsx reads the tsconfig.json of the user's folder.
      env: { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") },
      stdio: "inherit",
    },
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends Ctrl-C to the child itself; passing it on would make one press two.
    process.on(signal, () => (signal === "SIGINT" && process.stdin.isTTY) || child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code ?? 1;
  });
}
