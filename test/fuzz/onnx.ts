// Fuzzed ONNX files: read, shapes inferred, differentiated, compiled by the native engine, and run.

import { type Engine, openEngine } from "../../src/engine/engine.ts";
import { valueIn } from "../../src/graph/builder.ts";
import { isBatch, resolveDim } from "../../src/graph/dim.ts";
import type { Graph } from "../../src/graph/types.ts";
import { lossOf } from "../../src/losses/registry.ts";
import { modelFromOnnx } from "../../src/models/onnx-file.ts";
import type { Model } from "../../src/models/types.ts";
import { viewsOf } from "../../src/numeric/layout.ts";
import { allocate, type RealArray, type RealDType, sizeOf, type Tensor, zeros } from "../../src/numeric/tensor.ts";
import { gradientGraph } from "../../src/train/gradient-graph.ts";
import { damaged } from "./bytes.ts";
import type { Chance } from "./chance.ts";
import { bytesOfSingle, type Family, type Input, single } from "./input.ts";
import { smallModels, wholeModels } from "./onnx-corpus.ts";
import { damagedModel } from "./onnx-damage.ts";

/** Examples that a model is run on. */
const BATCH = 2;

/** Longer models are valid and take their time: ONNX Runtime opens a chain of 6,000 operators in 6 s. They are read and differentiated. */
const MOST_NODES = 800;

/** What a run may take: the engine's arena holds up to three times as much. */
const MEMORY_LIMIT = 2 ** 25;

const engines = new Map<RealDType, Promise<Engine>>();
function engineOf(dtype: RealDType): Promise<Engine> {
  const known = engines.get(dtype) ?? openEngine({ dtype, threads: 1, cachedPrograms: 2, memoryLimit: MEMORY_LIMIT });
  engines.set(dtype, known);
  return known;
}

/** Ones for an input that is no parameter; ReLUs and logarithms have something to work on then. */
function feedFor(graph: Graph, name: string, dtype: RealDType): Tensor {
  const { dtype: type, shape } = valueIn(graph, name);
  const filled = zeros(
    type === "real" ? dtype : type,
    shape.map((dim) => resolveDim(dim, BATCH)),
  );
  (filled.data as Float64Array).fill((type === "int64" ? 1n : 1) as number);
  return filled;
}

/** Runs a graph; what is wrong with its results, by the shapes that were inferred, or undefined. */
async function runGraph(
  engine: Engine,
  graph: Graph,
  parameters: Readonly<Record<string, Tensor>>,
): Promise<string | undefined> {
  const feeds = Object.fromEntries(
    graph.inputs.map((name) => [name, parameters[name] ?? feedFor(graph, name, engine.dtype)]),
  );
  if (graph.nodes.length > MOST_NODES) return undefined;
  const inputs = graph.inputs.reduce((size, name) => size + sizeOf(feeds[name].shape), 0);
  if (inputs > MEMORY_LIMIT / 8) return undefined;
  const results = await engine.compile(graph).run(feeds);
  for (const name of graph.outputs) {
    const inferred = valueIn(graph, name).shape.map((dim) => resolveDim(dim, BATCH));
    if (inferred.join() !== results[name].shape.join())
      return `${name} was inferred as [${inferred}], got [${results[name].shape}]`;
  }
  return undefined;
}

async function runModel(model: Model, dtype: RealDType): Promise<string | undefined> {
  const engine = await engineOf(dtype);
  const params = allocate(dtype, model.parameters.size) as RealArray;
  model.initialise(params, () => 0);
  const parameters = viewsOf(model.parameters, params);
  const inputs = valueIn(model.graph, "x").shape.reduce<number>((size, dim) => size * resolveDim(dim, BATCH), 1);
  if (!(inputs < MEMORY_LIMIT / 8)) return undefined;
  const fault = await runGraph(engine, model.graph, parameters);
  if (fault) return fault;
  if (valueIn(model.graph, "y").shape.slice(1).some(isBatch)) return "y has the batch axis twice";
  const names = model.parameters.entries.map(({ name }) => name);
  return runGraph(engine, gradientGraph(model.graph, lossOf("mse"), names), parameters);
}

/** Reads a model and runs it and its gradient; what is wrong with it, or undefined. */
export async function readModel(bytes: Uint8Array): Promise<string | undefined> {
  const model = modelFromOnnx(bytes, { name: "input.onnx" });
  return runModel(model, bytes.length % 2 === 0 ? "float32" : "float64");
}

const read = (input: Input): Promise<string | undefined> => readModel(bytesOfSingle(input));

function makeFrom(models: readonly Uint8Array[], structural: number): (chance: Chance) => Input {
  return (chance) => {
    const original = chance.pick(models);
    const result = chance.flip(structural) ? damagedModel(original, chance) : undefined;
    const { bytes, note } = result ?? damaged(original, chance, chance.pick(models));
    const twice = result && chance.flip(0.1) ? damaged(bytes, chance, original) : undefined;
    return single("input.onnx", twice ? `${note}, ${twice.note}` : note, twice?.bytes ?? bytes);
  };
}

/** Whole models. */
export const onnx: Family = { name: "onnx", make: makeFrom(wholeModels, 0.8), read };

/** Models of a few nodes, nearly all in their own terms. */
export const operators: Family = { name: "operators", make: makeFrom(smallModels, 0.9), read };
