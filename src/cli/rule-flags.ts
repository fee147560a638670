// The flags of every command that explains: rule, tolerance, data, threads.

import type { Command } from "commander";
import { ruleNames } from "../explain/rules.ts";

/** Queries that verify checks unless the user says which. */
export const VERIFY_QUERIES = 20;
/** Queries whose readouts `replay --without` compares unless the user says which. */
export const COUNTERFACTUAL_QUERIES = 10;

/** What explains the flag --data of every command that reads a run. */
export const DATA_HELP = "where the data of the run are now, if no longer where they were";

/** --rule, --tolerance, --data and --threads. */
export function addRuleFlags(command: Command, tolerance: string): void {
  command
    .option("--rule <name>", `quadrature along each step: ${ruleNames.join(", ")} (default auto)`)
    .option("--tolerance <x>", `residual allowed by auto, relative to the largest change (default ${tolerance})`)
    .option("--data <file>", DATA_HELP)
    .option("--threads <n>", "threads of the engine (default: as in training; others give other last bits)");
}
