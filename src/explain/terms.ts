// Names of the terms that an explanation of a task may have, in the order in which they are told.

import type { Task } from "../train/task.ts";
import type { Term } from "./types.ts";

/** The name of a regulariser's term: "regulariser l1". */
export function regulariserTerm({ name }: { readonly name: string }): Term["name"] {
  return `regulariser ${name}`;
}

/** The optimizer's decay, the task's regularisers, and what replay does. */
export function termNames({ regularisers }: Pick<Task, "regularisers">): Term["name"][] {
  return ["coupled decay", "decoupled decay", ...regularisers.map(regulariserTerm), "replay"];
}
