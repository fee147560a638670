// A network that learns to tell data from generated points, step by step on points that are handed to it.

import type { Engine, Program } from "../engine/engine.ts";
import { DivergedError } from "../errors.ts";
import { binaryCrossEntropy } from "../losses/binary-cross-entropy.ts";
import type { Model } from "../models/types.ts";
import { viewsOf } from "../numeric/layout.ts";
import { dot } from "../numeric/sum.ts";
import { allocate, type RealArray, reals, type Tensor, toReal, zeros } from "../numeric/tensor.ts";
import { createBuffers } from "../optimizers/buffers.ts";
import type { Buffers, Optimizer } from "../optimizers/types.ts";
import { gradientGraph, TARGET, WEIGHTS } from "./gradient-graph.ts";

export interface DiscriminatorOptions {
  readonly engine: Engine;
  /** One output, the logit of a point's being data. */
  readonly model: Model;
  /** All parameters it starts with, in the model's layout. */
  readonly params: RealArray;
  readonly optimizer: Optimizer;
}

function joined(first: Tensor, second: Tensor): Tensor {
  const data = new Float64Array(first.data.length + second.data.length);
  data.set(first.data as RealArray);
  data.set(second.data as RealArray, first.data.length);
  return reals([first.shape[0] + second.shape[0], ...first.shape.slice(1)], data);
}

/**
 * Minimises mean softplus(-u(real)) + mean softplus(u(generated)), the maximum of E log D + E log(1 - D) (Goodfellow et al. 2014, eq. 1), all parameters
 * trained. RangeError for a model with other than one output, or that is random while it is trained.
 */
export class Discriminator {
  private readonly options: DiscriminatorOptions;
  private readonly params: RealArray;
  private readonly gradient: RealArray;
  private readonly buffers: Buffers;
  private readonly program: Program;
  private done = 0;

  constructor(options: DiscriminatorOptions) {
    const { engine, model, params, optimizer } = options;
    const { size, entries } = model.parameters;
    const shape = model.graph.values.get("y")?.shape.slice(1) ?? [];
    if (shape.length !== 1 || shape[0] !== 1)
      throw new RangeError(`Discriminator: the model must have one output, got [${shape}]`);
    if (model.training) throw new RangeError("Discriminator: the model must not be random, got one with dropout");
    if (params.length !== size)
      throw new RangeError(`Discriminator: params must hold ${size} numbers, got ${params.length}`);
    this.options = options;
    if (model.fixed && model.fixed.length > 0)
      throw new RangeError("Discriminator: the model must train all its parameters, got some that it keeps");
    this.params = allocate(engine.dtype, size) as RealArray;
    this.params.set(params);
    this.gradient = allocate(engine.dtype, size) as RealArray;
    this.buffers = createBuffers(optimizer, size, engine.dtype);
    const names = entries.map(({ name }) => name);
    this.program = engine.compile(gradientGraph(model.graph, binaryCrossEntropy, names));
  }

  /** Steps taken. */
  get steps(): number {
    return this.done;
  }

  /** Its parameters as they stand, by name: copies. */
  parameters(): Record<string, Tensor> {
    return viewsOf(this.options.model.parameters, this.params.slice() as RealArray);
  }

  /** u at points (n, ...): (n). */
  async logits(points: Tensor): Promise<RealArray> {
    const { engine, model } = this.options;
    const x = toReal(points, engine.dtype);
    const { y } = await engine.compile(model.graph).run({ ...viewsOf(model.parameters, this.params), x });
    return y.data as RealArray;
  }

  /** One step on points of either kind; gives the loss before it. DivergedError where loss or gradient is not finite. */
  async learn(real: Tensor, generated: Tensor): Promise<number> {
    const { engine, model, optimizer } = this.options;
    const { dtype } = engine;
    const [n, m] = [real.shape[0], generated.shape[0]];
    const target = zeros(dtype, [n + m, 1]);
    target.data.fill(1 as never, 0, n);
    const weights = zeros(dtype, [n + m]);
    weights.data.fill((1 / n) as never, 0, n);
    weights.data.fill((1 / m) as never, n);
    const feeds = {
      ...viewsOf(model.parameters, this.params),
      x: toReal(joined(real, generated), dtype),
      [TARGET]: target,
      [WEIGHTS]: weights,
    };
    const { losses } = await this.program.run(feeds, viewsOf(model.parameters, this.gradient, "gradient."));
    const loss = dot(losses.data as RealArray, weights.data as RealArray, 0, 0, n + m);
    const gradientNorm = Math.sqrt(dot(this.gradient, this.gradient, 0, 0, this.gradient.length));
    if (!Number.isFinite(loss + gradientNorm))
      throw new DivergedError(`the discriminator diverged at its step ${this.done}: loss ${loss}`, this.done);
    const { params, gradient, buffers } = this;
    optimizer.update({ params, gradient, gradientNorm, buffers, step: this.done, stepSize: optimizer.stepSize });
    this.done++;
    return loss;
  }
}
