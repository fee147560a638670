// Rows of Jacobians one by one, by reverse mode at N = 1: slow, obvious, and possible for every model.

import { vjp } from "../differentiate/reverse.ts";
import type { Program } from "../engine/engine.ts";
import { builderOf } from "../graph/builder.ts";
import { fullLike } from "../graph/ops.ts";
import { flatInput } from "../graph/outputs.ts";
import type { Graph, Value } from "../graph/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { allocate, type RealArray, sliceRows, type Tensor, zeros } from "../numeric/tensor.ts";
import type { SideRequest } from "./algorithm.ts";
import { SEEDS, seedCount } from "./form.ts";
import { cachedGraph } from "./graph-cache.ts";
import type { KernelForm, KernelModel } from "./types.ts";

const COTANGENT = "cotangent";

function rowGraph({ split, layout }: KernelModel): Graph {
  const { head } = split;
  const { b, inputs, values } = builderOf(head);
  const y = values.get("y") as Value;
  const cotangent = flatInput(b, COTANGENT, y);
  const parameters = layout.entries.map(({ name }) => inputs[name]);
  const gradients = vjp(b, [{ value: y, cotangent }], parameters);
  return b.build(
    Object.fromEntries(parameters.map(({ name }, i) => [`row.${name}`, gradients[i] ?? fullLike(b, parameters[i], 0)])),
  );
}

/** J of every example and seed, times the weights of the side: (n, S, p) in float64, by n S runs at N = 1. */
export class JacobianRows {
  private readonly model: KernelModel;
  private readonly form: KernelForm;
  private readonly program: Program;

  constructor(model: KernelModel, form: KernelForm) {
    this.model = model;
    this.form = form;
    this.program = model.engine.compile(cachedGraph(model, "rows", rowGraph));
  }

  async of({ params, feeds, count, weights }: SideRequest): Promise<Float64Array> {
    const { engine, layout, frozen, outputs } = this.model;
    const seeds = seedCount(this.form, outputs);
    const rows = new Float64Array(count * seeds * layout.size);
    const row = allocate(engine.dtype, layout.size) as RealArray;
    const fixed = { ...frozen, ...viewsOf(layout, params) };
    for (let n = 0; n < count; n++) {
      const one: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) one[name] = sliceRows(tensor, n, n + 1);
      for (let s = 0; s < seeds; s++) {
        await this.program.run({ ...fixed, ...one, [COTANGENT]: this.cotangent(one, s) }, viewsOf(layout, row, "row."));
        rows.set(row, (n * seeds + s) * layout.size);
      }
    }
    if (weights) for (let k = 0; k < rows.length; k++) rows[k] *= weights[k % layout.size];
    return rows;
  }

  private cotangent(one: Readonly<Record<string, Tensor>>, s: number): Tensor {
    if (this.form === "readout") return one[SEEDS];
    const unit = zeros(this.model.engine.dtype, [1, this.model.outputs]);
    unit.data[s] = 1;
    return unit;
  }
}
