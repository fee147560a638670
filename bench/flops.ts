// How many floating-point operations a result needs, from the shapes alone: what times are held against.

/** A layer with parameters. Weights (outputs, inputs) or (outputs, inputs, 3, 3), applied at that many positions of the input. */
export type LayerShape =
  | { readonly kind: "linear"; readonly inputs: number; readonly outputs: number }
  | { readonly kind: "convolution"; readonly inputs: number; readonly outputs: number; readonly positions: number };

/** The linear layers of a perceptron: `mlpLayers(784, 512, 10)` are two. */
export function mlpLayers(...sizes: readonly number[]): LayerShape[] {
  return sizes.slice(1).map((outputs, l) => ({ kind: "linear", inputs: sizes[l], outputs }));
}

/** Convolutions 3x3 with padding 1, each followed by max-pooling 2, then linear layers, as `cnn` builds them. */
export function cnnLayers(
  { channels, size, hidden, outputs }: { channels: readonly number[]; size: number; hidden: number; outputs: number },
  inputs = 1,
): LayerShape[] {
  const layers: LayerShape[] = [];
  let [side, before] = [size, inputs];
  for (const count of channels) {
    layers.push({ kind: "convolution", inputs: before, outputs: count, positions: side * side });
    [side, before] = [Math.floor(side / 2), count];
  }
  return [...layers, ...mlpLayers(before * side * side, hidden, outputs)];
}

/** Multiplications and additions of a layer on one example; its derivatives by input and by weight cost as many each. */
function passOf(layer: LayerShape): number {
  const window = layer.kind === "linear" ? 1 : 9 * layer.positions;
  return 2 * window * layer.inputs * layer.outputs;
}

const total = (layers: readonly LayerShape[]): number => layers.reduce((sum, layer) => sum + passOf(layer), 0);

/**
 * The trace kernel of n examples against themselves by factors: products alone, element by element work left out.
 *
 * - forward: every layer but the last, whose outputs no factor needs;
 * - backward: a cotangent for each of the C outputs. It is a row of the last weight behind the last layer, without a product, and
 *   goes through every layer between the second and the last;
 * - convolutions: the derivative of the weight for every example and output;
 * - pairs, each once, n (n + 1) / 2: for a linear layer <h, h'> and the sum over outputs of <d, d'> (C for the last layer, known). Of the
 *   layer before the last, d is a weight times a slope: the sum over outputs is one inner product of slopes;
 *   for a convolution the inner product of all C derivatives; biases are in the <d, d'> that are there already.
 *
 * @see Novak, Sohl-Dickstein, Schoenholz 2022, arXiv:2206.08720
 */
export function traceGramFlops(layers: readonly LayerShape[], n: number): number {
  const last = layers.length - 1;
  const c = layers[last].outputs;
  const convolutions = layers.filter(({ kind }) => kind === "convolution");
  const each = total(layers.slice(0, last)) + c * (total(layers.slice(1, last)) + total(convolutions));
  const pair = layers.reduce((sum, { kind, inputs, outputs }, l) => {
    if (kind === "convolution") return sum + 2 * c * 9 * inputs * outputs;
    return sum + 2 * inputs + (l < last ? 2 * (l === last - 1 ? 1 : c) * outputs : 0);
  }, 0);
  return n * each + ((n * (n + 1)) / 2) * pair;
}

export interface ExplanationSize {
  readonly layers: readonly LayerShape[];
  /** R. */
  readonly rows: number;
  /** Examples of a batch. */
  readonly batch: number;
  readonly steps: number;
  /** Points of each step at which Jacobians are taken. */
  readonly nodes: number;
}

/**
 * Forward and backward passes of an explanation, products alone. For each step:
 * - the readout of R rows at one end (the other is the next step's): a forward pass;
 * - at each node, R rows: a forward pass, and backward by inputs (not those of the first layer) and by weights;
 * - the batch: a forward pass, and backward by inputs alone: a weight's derivative is contracted, not formed.
 * Not in it: replaying steps between checkpoints, pulling vectors on the batch, and the host's sums over vectors of R p numbers.
 */
export function explanationPasses({ layers, rows, batch, steps, nodes }: ExplanationSize): number {
  const [forward, byInputs] = [total(layers), total(layers.slice(1))];
  return steps * (rows * forward + nodes * rows * (2 * forward + byInputs) + batch * (forward + byInputs));
}

/**
 * <u_r, g_n> for R vectors u_r without structure and the examples of each batch: one product by every weight for each pair. An optimizer
 * with a memory needs it; under plain SGD u_r is itself made of factors, and inner products of these would do.
 */
export function explanationPulls({ layers, rows, batch, steps }: ExplanationSize): number {
  return steps * rows * batch * total(layers);
}
