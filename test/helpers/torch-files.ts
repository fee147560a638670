// The models of fixtures/torch.npz: files that PyTorch exported, with inputs, outputs and derivatives.

import { readFileSync } from "node:fs";
import { decodeNpz } from "../../src/numeric/npz.ts";
import { reals, sizeOf, type Tensor, toIntegers } from "../../src/numeric/tensor.ts";

interface CaseDescription {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly arrays: Readonly<Record<string, readonly number[]>>;
  readonly integers?: boolean;
  readonly pattern?: string;
}

export interface TorchFile {
  readonly name: string;
  /** Bytes of the .onnx file. */
  readonly bytes: Uint8Array;
  /** Names of the parameters, in PyTorch's order. */
  readonly parameters: readonly string[];
  /** What reading is told: which initializers are parameters, where some are buffers. */
  readonly options: { readonly name: string; readonly parameters?: string | undefined };
  readonly x: Tensor;
  readonly y: Tensor<"float64">;
  readonly u: Tensor<"float64">;
  /** (N, p): of <u_n, y_n>. */
  readonly gradients: Tensor<"float64">;
  /** (N, N, C, C), for some. */
  readonly kernel: Tensor<"float64"> | undefined;
}

const fixture = (file: string): Uint8Array => readFileSync(new URL(`../../fixtures/${file}`, import.meta.url));
const arrays = decodeNpz(fixture("torch.npz"), "torch.npz");
const bytesOf = (name: string): Uint8Array => arrays[name].data as Uint8Array;
const numbers = arrays.numbers.data as Float64Array;
const described = JSON.parse(new TextDecoder().decode(fixture("torch.json"))) as {
  cases: readonly CaseDescription[];
  refused: readonly string[];
};

function filesOf(): TorchFile[] {
  let offset = 0;
  const files = described.cases.map(({ name, parameters, arrays: shapes, integers, pattern }): TorchFile => {
    const cut = Object.entries(shapes).map(([key, shape]) => {
      const start = offset;
      offset += sizeOf(shape);
      return [key, reals(shape, numbers.subarray(start, offset))] as const;
    });
    const { x, y, u, gradients, kernel } = Object.fromEntries(cut) as Readonly<Record<string, Tensor<"float64">>>;
    const examples: Tensor = integers ? toIntegers(x)! : x;
    return {
      name,
      bytes: bytesOf(name),
      parameters,
      options: { name, parameters: pattern },
      x: examples,
      y,
      u,
      gradients,
      kernel,
    };
  });
  if (offset !== numbers.length) throw new Error(`torch.npz must hold ${offset} numbers, got ${numbers.length}`);
  return files;
}

/** All models that are read. */
export const torchFiles: readonly TorchFile[] = filesOf();
export const torchFile = (name: string): TorchFile => torchFiles.find((file) => file.name === name)!;

/** Those that must be refused. */
export const refusedFiles = described.refused.map((name) => ({ name, bytes: bytesOf(name) }));
