// Builds the models of the PyTorch fixtures from their description: torch.nn.Sequential as Python prints it, with its parameter names.

import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Value } from "../../src/graph/types.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromBuilder } from "../../src/models/from-graph.ts";
import { activations, flatten, linear, maxPool2 } from "../../src/models/layers.ts";
import type { Model } from "../../src/models/types.ts";
import { type ModelDescription, readFixture } from "./fixtures.ts";

type B = GraphBuilder;

const numberIn = (layer: string, pattern: RegExp, fallback: number): number =>
  Number(pattern.exec(layer)?.[1] ?? fallback);

/** "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))": square kernels, stride 1. */
function convolution(b: B, x: Value, { layer, name }: { layer: string; name: string }): Value {
  const [inputs, outputs] = [numberIn(layer, /\((\d+)/, 0), numberIn(layer, /, (\d+)/, 0)];
  const kernel = numberIn(layer, /kernel_size=\((\d+)/, 1);
  const padding = numberIn(layer, /padding=\((\d+)/, 0);
  const weight = b.input(`${name}.weight`, "real", [outputs, inputs, kernel, kernel]);
  const bias = b.input(`${name}.bias`, "real", [outputs]);
  const square = (n: number) => [n, n];
  const window = { kernel_shape: square(kernel), strides: square(1), dilations: square(1) };
  return b.op("Conv", [x, weight, bias], { ...window, pads: [...square(padding), ...square(padding)], group: 1 });
}

const layers: Readonly<Record<string, (b: B, x: Value, at: { layer: string; name: string }) => Value>> = {
  Linear: (b, x, { layer, name }) => linear(b, x, { name, outputs: numberIn(layer, /(?:, |out_features=)(\d+)/, 0) }),
  Conv2d: convolution,
  Tanh: (b, x) => activations.tanh(b, x),
  ReLU: (b, x) => activations.relu(b, x),
  MaxPool2d: (b, x) => maxPool2(b, x),
  Flatten: (b, x) => flatten(b, x),
};

/** The model whose parameters are "0.weight", "0.bias", "2.weight", ... */
export function torchSequential(description: Pick<ModelDescription, "layers">, inputShape: readonly number[]): Model {
  const b = new GraphBuilder();
  let h = b.input("x", "real", ["N", ...inputShape]);
  description.layers.forEach((layer, i) => {
    const build = layers[layer.split("(")[0]];
    if (!build) throw new RangeError(`torchSequential: layer must be one of ${Object.keys(layers)}, got ${layer}`);
    h = build(b, h, { layer, name: `${i}` });
  });
  return modelFromBuilder("torch", b, h);
}

const fixture = readFixture("models");

/** The described models of the fixture. */
export const torchModels: readonly ModelDescription[] = fixture.description.models;

/** One model of the fixture with its arrays: n examples, q queries, c outputs, p parameters. */
export function torchModel(description: ModelDescription) {
  const array = (key: string) => fixture.real(`${description.name}.${key}`);
  const x = array("x");
  const model = torchSequential(description, x.shape.slice(1));
  return {
    array,
    x,
    y: fixture.arrays[`${description.name}.y`],
    model,
    loss: lossOf(description.loss),
    params: array("params").data,
    n: description.examples,
    q: description.queries,
    c: description.outputs,
    p: model.parameters.size,
  };
}
