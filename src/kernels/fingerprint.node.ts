// Names by hashes everything that the numbers of a kernel depend on, so that two kernels of one name are equal byte for byte.

import { cpus } from "node:os";
import { writeOnnx } from "../graph/onnx/writer.ts";
import { bytesOf } from "../numeric/bytes.ts";
import { sha256 } from "../numeric/sha256.node.ts";
import type { RealArray, Tensor } from "../numeric/tensor.ts";
import { SOFTWARE } from "../version.ts";
import type { KernelSpec } from "./sink.ts";
import type { KernelModel } from "./types.ts";

/** Each field in words, or as a hash where it is an array. */
export type Fingerprint = Readonly<Record<string, string>>;

const HASH = "sha256 ";

function hashOf(tensor: Tensor | undefined): string {
  if (tensor === undefined) return "none";
  const { dtype, shape, data } = tensor;
  return HASH + sha256(`${dtype} [${shape}]`, bytesOf(data));
}

function hashOfModel({ split, layout, frozen, engine }: KernelModel): string {
  const graphs = [split.head, ...(split.features ? [split.features] : [])];
  const names = layout.entries.map(({ name, shape }) => `${name} [${shape}]`);
  const fixed = Object.entries(frozen).map(([name, tensor]) => `${name} ${hashOf(tensor)}`);
  return HASH + sha256(...graphs.map((graph) => writeOnnx(graph, { real: engine.dtype })), [...names, ...fixed].join());
}

/** Everything but the parameters. The processor counts: its kind decides in which order the engine adds up. */
export function fingerprintOf({ shape, dtype, inputs }: KernelSpec): Fingerprint {
  const { model, examples, readouts, weights, form, normalize, per, algorithm, tiling } = inputs;
  const { name, version, threads } = model.engine.info;
  const ofWeights = weights && ({ dtype: "float64", shape: [weights.length], data: weights } as const);
  return {
    form,
    normalize: String(normalize),
    per: per ?? "none",
    shape: `(${shape.join(", ")})`,
    dtype,
    algorithm,
    tiling,
    model: hashOfModel(model),
    rows: hashOf(examples[0]),
    columns: examples[1] === undefined ? "those of the rows" : hashOf(examples[1]),
    readouts: `${hashOf(readouts[0])} ${hashOf(readouts[1])}`,
    weights: hashOf(ofWeights),
    software: SOFTWARE,
    engine: `${name} ${version}, ${threads} threads`,
    processor: cpus()[0]?.model ?? "unknown",
  };
}

/** The parameters of both sides. */
export function fingerprintOfParams({ inputs: { params } }: KernelSpec): string {
  const hash = (values: RealArray): string => HASH + sha256(bytesOf(values));
  return params[0] === params[1] ? hash(params[0]) : params.map(hash).join(" ");
}

/** What has changed, in words: `form was trace, is diagonal; weights differ`. Empty when nothing has. */
export function differencesOf(before: Fingerprint, now: Fingerprint): string {
  const fields = [...new Set([...Object.keys(now), ...Object.keys(before)])];
  const differing = fields.filter((field) => before[field] !== now[field]);
  return differing
    .map((field) => {
      const [was, is] = [before[field] ?? "unknown", now[field] ?? "unknown"];
      return was.includes(HASH) || is.includes(HASH)
        ? `${field} ${field.endsWith("s") ? "differ" : "differs"}`
        : `${field} was ${was}, is ${is}`;
    })
    .join("; ");
}
