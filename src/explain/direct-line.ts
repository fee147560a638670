// The steps of one straight line where pulls are direct: their batches' factors are gathered, and meet the rows' at each node together.

import type { Feeds } from "../engine/engine.ts";
import { allocate, type RealArray, type RealDType, type Tensor } from "../numeric/tensor.ts";
import type { Batch } from "../run/types.ts";
import type { Node, RowEvaluator } from "./segment.ts";

/** What the rows' derivatives give along a line, beside the pulls: each (R). */
export interface AlongLine {
  /** J (w_end - w_first), by forward mode. */
  readonly linear: Float64Array;
  /** What each term moves the rows by, with the sign of a gradient: lambda J sum_s eta_s w_s for decay, by name. */
  readonly pushed: Readonly<Record<string, Float64Array>>;
}

export interface DirectStep {
  /** w_s, at which the batch's gradients are taken. */
  readonly params: RealArray;
  readonly batch: Batch;
  /** eta_s. */
  readonly stepSize: number;
  /** alpha_s. */
  readonly share: number;
  /** rho_j(w_s) of each regulariser. */
  readonly regularisers: readonly RealArray[];
}

/** Takes eta_s alpha_s weight <J_row, g_n> of one occurrence of an example, once for each node. */
export type ReceivePull = (row: number, example: number, pull: number) => void;

/** What one node gives, row by row of the node, each times its weight. */
export interface AtNode {
  readonly linear: Float64Array;
  /** Of each term. */
  readonly pushed: readonly Float64Array[];
}

export interface Meeting {
  readonly factors: Feeds;
  /** Examples that the factors are of. */
  readonly count: number;
  /** What of each term is applied: sum eta_s w_s for decay, sum eta_s alpha_s rho_j for a regulariser. */
  readonly pushed: readonly RealArray[];
  readonly receive: (row: number, n: number, pull: number) => void;
}

/** What computes factors and pairs them. */
export interface FactorSource {
  readonly dtype: RealDType;
  /** p. */
  readonly size: number;
  /** lambda of the optimizer. */
  readonly weightDecay: number;
  /** Names of the terms: the decay where there is some, then the regularisers. */
  readonly terms: readonly string[];
  /** Examples whose factors are computed at once. */
  readonly tile: number;
  /** Examples that meet the rows at once. */
  readonly capacity: number;
  factors(params: RealArray, batch: Batch, range: { readonly start: number; readonly end: number }): Promise<Feeds>;
  /** Of no examples. */
  noFactors(): Promise<Feeds>;
  atNode(rows: RowEvaluator, node: Node, meeting: Meeting): Promise<AtNode>;
}

/** Examples of several batches one after the other, as the graph of pairs takes them. */
function joined(parts: readonly Feeds[]): Feeds {
  if (parts.length === 1) return parts[0];
  return Object.fromEntries(
    Object.keys(parts[0]).map((name) => {
      const tensors = parts.map((part) => part[name]);
      const { dtype, shape } = tensors[0];
      const data = allocate(
        dtype,
        tensors.reduce((size, tensor) => size + tensor.data.length, 0),
      );
      let at = 0;
      for (const tensor of tensors) {
        data.set(tensor.data as never, at);
        at += tensor.data.length;
      }
      const count = tensors.reduce((total, tensor) => total + tensor.shape[0], 0);
      return [name, { dtype, shape: [count, ...shape.slice(1)], data } as Tensor];
    }),
  );
}

/** One line; obtained by a puller's `line`. Memory: the factors of `capacity` examples. */
export class DirectLine {
  private readonly puller: FactorSource;
  private readonly rows: RowEvaluator;
  private readonly nodes: readonly Node[];
  private readonly receive: ReceivePull;
  private readonly linear: Float64Array;
  /** Of each term. */
  private readonly amounts: readonly Float64Array[];
  /** Whether `linear` is complete: every run at the nodes gives it again. */
  private measured = false;
  private factors: Feeds[] = [];
  /** Whose the factors are, and eta_s alpha_s. */
  private places: { readonly example: number; readonly applied: number }[] = [];
  /** What of each term the steps gathered apply. */
  private readonly pushed: readonly RealArray[];

  constructor(
    puller: FactorSource,
    rows: RowEvaluator,
    { nodes, receive }: { nodes: readonly Node[]; receive: ReceivePull },
  ) {
    this.puller = puller;
    this.rows = rows;
    this.nodes = nodes;
    this.receive = receive;
    this.linear = new Float64Array(rows.count);
    this.amounts = puller.terms.map(() => new Float64Array(rows.count));
    this.pushed = puller.terms.map(() => allocate(puller.dtype, puller.size) as RealArray);
  }

  /** A step of the line; its pulls are received now or, with those of other steps, later. */
  async step({ params, batch, stepSize, share, regularisers }: DirectStep): Promise<void> {
    const { tile, capacity } = this.puller;
    const count = batch.indices.length;
    for (let start = 0; start < count; start += tile) {
      const end = Math.min(count, start + tile);
      if (this.places.length > 0 && this.places.length + end - start > capacity) await this.meet();
      this.factors.push(await this.puller.factors(params, batch, { start, end }));
      for (const example of batch.indices.subarray(start, end))
        this.places.push({ example, applied: share * stepSize });
    }
    const decays = this.puller.weightDecay !== 0;
    this.pushed.forEach((d, j) => {
      const isDecay = decays && j === 0;
      const [push, applied] = isDecay ? [params, stepSize] : [regularisers[j - (decays ? 1 : 0)], share * stepSize];
      for (let k = 0; k < d.length; k++) d[k] += applied * push[k];
    });
  }

  /** After the last step: what is left is received, and what holds of the whole line is given. */
  async end(): Promise<AlongLine> {
    await this.meet();
    const { weightDecay, terms } = this.puller;
    const factorOf = (name: string): number => (name === "coupled decay" ? weightDecay : 1);
    const pushed = terms.map((name, j) => [name, this.amounts[j].map((amount) => factorOf(name) * amount)] as const);
    return { linear: this.linear, pushed: Object.fromEntries(pushed) };
  }

  /** The rows at each node meet the examples gathered. */
  private async meet(): Promise<void> {
    const { nodes, places, pushed, linear, amounts } = this;
    const factors = this.factors.length > 0 ? joined(this.factors) : await this.puller.noFactors();
    for (const node of nodes) {
      const receive = (row: number, n: number, pull: number) =>
        this.receive(row, places[n].example, places[n].applied * pull);
      const found = await this.puller.atNode(this.rows, node, { factors, count: places.length, pushed, receive });
      node.rows.forEach((row, k) => {
        if (!this.measured) linear[row] += found.linear[k];
        amounts.forEach((total, j) => {
          total[row] += found.pushed[j][k];
        });
      });
    }
    this.measured = true;
    this.factors = [];
    this.places = [];
    for (const d of pushed) d.fill(0);
  }
}
