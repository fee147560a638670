#!/usr/bin/env node
// The program `pathkernel`: this process's arguments, streams and signals, handed to runCli.

import { runCli } from "./run-cli.ts";
import { endWithReader, interruptSignal } from "./signals.ts";

endWithReader();
const { stdout, stderr, env } = process;
process.exitCode = await runCli(process.argv.slice(2), { stdout, stderr, env, signal: interruptSignal(stderr) });
