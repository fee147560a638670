import { describe, expect, it } from "vitest";
import { createModel, modelNames } from "../../src/models/registry.ts";
import { errorOf } from "../helpers/errors.ts";

const shape = { inputShape: [1, 8, 8], outputs: 10 };

describe("createModel(spec, shape)", () => {
  it.each([
    ["mlp", "mlp", [10, 64]],
    ["mlp:16", "mlp:16:relu", [16, 64]],
    ["mlp:16,8:tanh", "mlp:16,8:tanh", [16, 64]],
    ["mlp:8:tanh:parametrisation=mup,base=4,alpha=2", "mlp:8:tanh:parametrisation=mup,base=4,alpha=2", [8, 64]],
    ["mlp:8:tanh:base=64,parametrisation=ntk", "mlp:8:tanh:parametrisation=ntk", [8, 64]],
    ["cnn:4", "cnn:4", [4, 1, 3, 3]],
    ["cnn:4,6:12", "cnn:4,6:12", [4, 1, 3, 3]],
    ["cnn:4:0", "cnn:4:0", [4, 1, 3, 3]],
    ["cnn", "cnn:16,32,64", [16, 1, 3, 3]],
    ["resnet", "resnet:16,32", [16, 1, 3, 3]],
    ["resnet:4,6:2", "resnet:4,6:2", [4, 1, 3, 3]],
    ["transformer", "transformer:32:2:4", [32, 1, 2, 2]],
    ["attention:8:1:2", "attention:8:1:2", [8, 1, 2, 2]],
  ])("%s", (spec, full, first) => {
    const model = createModel(spec, shape);
    expect(model.spec).toBe(full);
    expect(model.parameters.entries[0].shape).toEqual(first);
    expect(model.graph.values.get("y")!.shape).toEqual(["N", 10]);
  });

  it("makes the same model again from what the model calls itself", () => {
    for (const spec of [
      "mlp",
      "mlp:16,8",
      "mlp:16,8:tanh:parametrisation=ntk",
      "cnn:4:0",
      "cnn:4:16,8:dropout=0.3",
      "cnn",
      "resnet",
      "resnet:4:2",
      "transformer:8",
      "attention",
    ]) {
      const model = createModel(spec, shape);
      expect(createModel(model.spec, shape)).toEqual({ ...model, initialise: expect.any(Function) });
    }
  });

  const form =
    "model must be mlp:WIDTHS:ACTIVATION:OPTIONS[:dropout=RATIO], cnn:CHANNELS:HIDDEN[:dropout=RATIO], resnet:CHANNELS:BLOCKS, transformer:WIDTH:DEPTH:HEADS, attention:WIDTH:DEPTH:HEADS, gpt:WIDTH:DEPTH:HEADS or a file ending in .onnx";
  it.each([
    ["unet", `${form}, got "unet"`],
    ["resnet:4:1:2", `${form}, got "resnet:4:1:2"`],
    ["resnet:4:0", 'model resnet:4:0: the number of blocks must be a positive integer, got "0"'],
    ["transformer:8:1.5", 'model transformer:8:1.5: the depth must be a positive integer, got "1.5"'],
    ["attention:9:1:2", "attention: heads must divide the width 9, got 2"],
    ["gpt", "gpt: examples must be tokens (length), got shape [1,8,8]"],
    ["", `${form}, got ""`],
    ["constructor", `${form}, got "constructor"`],
    ["mlp:8:relu:base=9:2", `${form}, got "mlp:8:relu:base=9:2"`],
    [
      "mlp:8:relu:9",
      'model mlp:8:relu:9: options must be parametrisation=NAME, base=WIDTH, alpha=NUMBER, separated by commas, got "9"',
    ],
    ["mlp:8:relu:base=9", "model mlp:8:relu:base=9: base belongs to parametrisation ntk or mup, got 9 for standard"],
    ["mlp:8:relu:parametrisation=ntk,base=x", "mlp: the base width must be a finite number > 0, got NaN"],
    ["mlp:8:relu:alpha=0", "output scale: alpha must be a finite number other than 0, got 0"],
    ["mlp:8:relu:parametrisation=mu", "mlp: parametrisation must be one of standard, ntk, mup, got mu"],
    ["mlp:8,x", 'model mlp:8,x: widths must be positive integers separated by commas, got "8,x"'],
    ["mlp:0", 'model mlp:0: widths must be positive integers separated by commas, got "0"'],
    ["mlp:8,,4", 'model mlp:8,,4: widths must be positive integers separated by commas, got "8,,4"'],
    ["mlp:2.5", 'model mlp:2.5: widths must be positive integers separated by commas, got "2.5"'],
    ["cnn:", 'model cnn:: widths must be positive integers separated by commas, got ""'],
    ["cnn:4:-1", 'model cnn:4:-1: widths must be positive integers separated by commas, got "-1"'],
    ["cnn:4:relu", 'model cnn:4:relu: widths must be positive integers separated by commas, got "relu"'],
    ["cnn:4:2.5", 'model cnn:4:2.5: widths must be positive integers separated by commas, got "2.5"'],
  ])("refuses %j", async (spec, message) => {
    expect(await errorOf(() => createModel(spec, shape))).toBe(`RangeError: ${message}`);
  });

  it("knows the names of its models", () => {
    expect(modelNames).toEqual(["mlp", "cnn", "resnet", "transformer", "attention", "gpt"]);
  });
});
