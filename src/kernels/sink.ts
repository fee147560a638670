// Where the tiles of a kernel go as they are finished: one array, a file, a function.

import { allocate, type RealArray, type RealDType, sizeOf, type Tensor } from "../numeric/tensor.ts";
import type { AlgorithmName, KernelDivision, KernelForm, KernelModel } from "./types.ts";

/** Entries of some rows and columns of a kernel. */
export interface KernelTile {
  /** The first row and column. */
  readonly row: number;
  readonly column: number;
  /** (n, m, ...form), or (G, n, m, ...form) of a divided kernel. */
  readonly kernel: Tensor;
}

/** Everything that the numbers of a kernel depend on, to the last bit. */
export interface KernelInputs {
  readonly model: KernelModel;
  readonly params: readonly [RealArray, RealArray];
  readonly examples: readonly [Tensor, Tensor?];
  readonly readouts: readonly [Tensor?, Tensor?];
  readonly weights: Float64Array | undefined;
  readonly form: KernelForm;
  readonly normalize: boolean;
  readonly per: KernelDivision | undefined;
  readonly algorithm: AlgorithmName;
  /** How examples are cut up and in which order their tiles come, in words. */
  readonly tiling: string;
}

/** What a kernel will be. */
export interface KernelSpec {
  readonly dtype: RealDType;
  /** (N, M, ...form), or (G, N, M, ...form) of a divided kernel. */
  readonly shape: readonly number[];
  /** Names of the G parts of a divided kernel. */
  readonly groups: readonly string[] | undefined;
  /** Tiles that will be computed; of a symmetric kernel, those on and above the diagonal. */
  readonly tiles: number;
  readonly inputs: KernelInputs;
}

/** Takes the tiles of one kernel. What it throws ends the computation. */
export interface KernelSink {
  /** Called once, before any tile: how many of the first tiles are there already and need not come. Default 0. */
  start?(spec: KernelSpec): number | Promise<number>;
  /** Called for each computed tile, always in the same order; with its mirror image where a symmetric kernel has one. */
  write(tile: KernelTile, mirror?: KernelTile): void | Promise<void>;
  /** Called after the last tile. */
  finish?(): void | Promise<void>;
  /** Called instead of `finish` where no more tiles will come: after a failure or an abort. */
  abandon?(): void | Promise<void>;
}

/** A sink that hands every tile, mirror images too, to a function. */
export function callbackSink(receive: (tile: KernelTile) => void | Promise<void>): KernelSink {
  return {
    async write(tile, mirror) {
      await receive(tile);
      if (mirror) await receive(mirror);
    },
  };
}

/** Hands the rows of a tile to `visit`, each with the place of its first number in a kernel of that shape. */
export function eachRow(
  { row, column, kernel }: KernelTile,
  { shape, groups }: Pick<KernelSpec, "shape" | "groups">,
  visit: (at: number, numbers: RealArray) => void,
): void {
  const lead = groups === undefined ? 0 : 1;
  const [n, m] = kernel.shape.slice(lead);
  const [rows, columns] = shape.slice(lead);
  const size = sizeOf(shape.slice(lead + 2));
  const parts = lead === 0 ? 1 : kernel.shape[0];
  for (let g = 0; g < parts; g++) {
    for (let i = 0; i < n; i++) {
      const from = (g * n + i) * m * size;
      const at = ((g * rows + row + i) * columns + column) * size;
      visit(at, (kernel.data as RealArray).subarray(from, from + m * size));
    }
  }
}

/** A sink that makes one array of all tiles; `kernel` is complete once it has finished. */
export function arraySink(): KernelSink & { readonly kernel: () => Tensor } {
  let spec: KernelSpec | undefined;
  let data: RealArray | undefined;
  const place = (tile: KernelTile): void => {
    const { dtype, shape } = spec as KernelSpec;
    data ??= allocate(dtype, sizeOf(shape)) as RealArray;
    const to = data;
    eachRow(tile, spec as KernelSpec, (at, numbers) => to.set(numbers, at));
  };
  return {
    start(given) {
      spec = given;
      data = undefined;
      return 0;
    },
    write(tile, mirror) {
      // A tile that is all of the kernel is not copied.
      if (spec?.tiles === 1) data = tile.kernel.data as RealArray;
      else place(tile);
      if (mirror) place(mirror);
    },
    kernel() {
      const { dtype, shape } = spec as KernelSpec;
      return { dtype, shape, data: data ?? (allocate(dtype, sizeOf(shape)) as RealArray) };
    },
  };
}
