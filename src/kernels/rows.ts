// Rows of Jacobians one by one, by reverse mode at N = 1: slow, obvious, and possible for every model.

import type { Program } from "../engine/engine.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sliceRows, type Tensor, zeros } from "../numeric/tensor.ts";
import type { Execution, SideRequest } from "./algorithm.ts";
import { COTANGENT, PULLED, pullGraph } from "./derivative-graphs.ts";
import { SEEDS, seedCount } from "./form.ts";
import { cachedGraph } from "./graph-cache.ts";
import type { KernelForm, KernelModel } from "./types.ts";

/** J of every example and seed, times the weights of the side, in float64. */
export class JacobianRows {
  /** S. */
  readonly seeds: number;
  private readonly model: KernelModel;
  private readonly form: KernelForm;
  private readonly signal: AbortSignal | undefined;
  private readonly program: Program;
  private readonly row: RealArray;

  constructor(model: KernelModel, form: KernelForm, { signal }: Pick<Execution, "signal">) {
    this.model = model;
    this.form = form;
    this.signal = signal;
    this.seeds = seedCount(form, model.outputs);
    this.program = model.engine.compile(cachedGraph(model, "pull", pullGraph));
    this.row = allocate(model.engine.dtype, model.layout.size) as RealArray;
  }

  /** The rows of all examples and seeds in turn, each (p) and written over by the next. */
  async *of({ params, feeds, count, weights }: SideRequest): AsyncGenerator<Float64Array> {
    const { layout, frozen } = this.model;
    const result = new Float64Array(layout.size);
    const fixed = { ...frozen, ...viewsOf(layout, params) };
    for (let n = 0; n < count; n++) {
      const one: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) one[name] = sliceRows(tensor, n, n + 1);
      for (let s = 0; s < this.seeds; s++) {
        this.signal?.throwIfAborted();
        const into = viewsOf(layout, this.row, PULLED);
        await this.program.run({ ...fixed, ...one, [COTANGENT]: this.cotangent(one, s) }, into);
        result.set(this.row);
        if (weights) for (let k = 0; k < result.length; k++) result[k] *= weights[k];
        yield result;
      }
    }
  }

  private cotangent(one: Readonly<Record<string, Tensor>>, s: number): Tensor {
    if (this.form === "readout") return one[SEEDS];
    const unit = zeros(this.model.engine.dtype, [1, this.model.outputs]);
    unit.data[s] = 1;
    return unit;
  }
}
