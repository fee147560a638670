// placeholder
import type { CommandDefinition } from "./command.ts";
export const demoCommand: CommandDefinition = { configure: () => {}, run: async () => 0 };
