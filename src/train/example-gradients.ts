// Gradients of each example of a batch, multiplied out: as long as the parameters for each of them.

import { materialise } from "../differentiate/factored.ts";
import { usesOf } from "../differentiate/per-example.ts";
import { fullLike } from "../graph/ops.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import type { RealArray } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import { gradientGraph, objectiveOf } from "./gradient-graph.ts";
import { occurrenceFeeds, pickedFrom } from "./occurrences.ts";
import { examplesPerTile } from "./stepper.ts";
import type { Task } from "./task.ts";

const GRADIENT = "gradient.";

/** Takes one parameter's part of an occurrence's gradient: `part[from + k]` belongs to element `offset + k` of the flat parameters. */
export type ReceiveGradient = (
  position: number,
  part: RealArray,
  place: { readonly from: number; readonly offset: number; readonly size: number },
) => void;

/** Outputs `gradient.NAME` (N, ...shape); undefined where some use of a parameter has no factored form. */
export function apartGraph({ training, loss, layout }: Task): Graph | undefined {
  const { b, inputs, losses, weights, seeds } = objectiveOf(training.head, loss);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const examples = training.exampleInputs.map((name) => inputs[name]);
  const uses = usesOf(b, { seeds: seeds(), examples, parameters });
  if (!uses) return undefined;
  const outputs: Record<string, Value> = {};
  for (const { name } of layout.entries) {
    const derivative = materialise(b, uses, inputs[name]);
    // A parameter that does not reach the loss has none: it is left out.
    if (derivative) outputs[GRADIENT + name] = derivative;
  }
  // The losses keep a graph without any gradient from being empty.
  return b.build({ ...outputs, losses: uses.length > 0 ? losses : fullLike(b, weights, 0) });
}

/** Computes g_{s,i} = c_{s,i} dl_i/dw of the occurrences of a batch, a tile of them at a time. Memory: a tile times the parameters. */
export class ExampleGradients {
  private readonly task: Task;
  /** Undefined: one example at a time. */
  private readonly apart: Graph | undefined;
  private readonly graph: Graph;
  private readonly tile: number;
  private readonly occurrences: ReturnType<typeof occurrenceFeeds>;

  constructor(task: Task) {
    const names = task.layout.entries.map(({ name }) => name);
    this.task = task;
    this.apart = apartGraph(task);
    this.graph = this.apart ?? gradientGraph(task.training.head, task.loss, names);
    this.tile = this.apart ? examplesPerTile(this.graph) : 1;
    this.occurrences = occurrenceFeeds(task);
  }

  /** Calls `receive` for each parameter of each occurrence in `positions` of the batch, at `params`. */
  async of(params: RealArray, batch: Batch, positions: readonly number[], receive: ReceiveGradient): Promise<void> {
    const { engine, layout, frozen } = this.task;
    const program = engine.compile(this.graph);
    for (let start = 0; start < positions.length; start += this.tile) {
      const taken = positions.slice(start, start + this.tile);
      const results = await program.run({
        ...frozen,
        ...viewsOf(layout, params),
        ...(await this.occurrences(pickedFrom(batch, taken))),
      });
      for (const { name, offset, size } of layout.entries) {
        const part = results[GRADIENT + name]?.data as RealArray | undefined;
        if (part)
          for (const [k, position] of taken.entries()) receive(position, part, { from: k * size, offset, size });
      }
    }
  }
}
