// The flags of every command that explains: rule, tolerance, threads.

import type { Command } from "commander";
import { ruleNames } from "../explain/rules.ts";

/** Queries that verify checks unless the user says which. */
export const VERIFY_QUERIES = 20;

/** --rule, --tolerance and --threads. */
export function addRuleFlags(command: Command, tolerance: string): void {
  command
    .option("--rule <name>", `quadrature along each step: ${ruleNames.join(", ")} (default auto)`)
    .option("--tolerance <x>", `residual allowed by auto, relative to the largest change (default ${tolerance})`)
    .option("--threads <n>", "threads of the engine (default: as in training; others give other last bits)");
}
