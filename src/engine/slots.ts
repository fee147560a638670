// The inputs or the outputs of a session by the C API: a value of the runtime's on the memory of each array.

import { type CApi, type Pointer, words } from "./c-api.ts";

export type Data = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** Element types of the C API by the names of the common one, and the arrays that hold them. */
export const TYPES: Readonly<Record<string, readonly [code: number, array: new (buffer: ArrayBuffer) => Data]>> = {
  float32: [1, Float32Array],
  float64: [11, Float64Array],
  int64: [7, BigInt64Array],
  int32: [6, Int32Array],
  uint8: [2, Uint8Array],
  bool: [9, Uint8Array],
};

/** A tensor as sessions read it. That its data fill its shape is left to the runtime, which looks before it takes an address. */
export class DirectTensor {
  readonly type: string;
  readonly data: Data;
  readonly dims: readonly number[];
  readonly location = "cpu";

  constructor(type: string, data: Data, dims: readonly number[]) {
    this.type = type;
    this.data = data;
    this.dims = dims;
  }
}

/** A value that is kept for the array that it lies on, which may be gone meanwhile. */
interface Kept {
  readonly data: WeakRef<Data>;
  readonly byteLength: number;
  readonly type: string;
  readonly dims: readonly number[];
  readonly pointer: Pointer;
}

/** Arrays of a slot for which a value is kept: parameters and the next ones take turns. */
const MOST_KEPT = 2;
/** What a tensor without elements points to. */
const NOTHING = new Uint8Array(new ArrayBuffer(8));

/** Bytes as the C API may keep their address. */
function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${value}\0`);
  const own = new Uint8Array(new ArrayBuffer(bytes.length));
  own.set(bytes);
  return own;
}

const sameDims = (x: readonly number[], y: readonly number[]): boolean =>
  x.length === y.length && x.every((axis, k) => axis === y[k]);

/** Values by name. One that lies on the array of an earlier run is used again: that takes 0.3 microseconds, making and freeing one 5. */
export class Slots {
  readonly names: readonly string[];
  /** Addresses of the names, and the values of a run; 0 where the runtime makes one. */
  readonly addresses: BigUint64Array;
  readonly values: BigUint64Array;
  private readonly texts: readonly Uint8Array[];
  private readonly kept: readonly Kept[][];
  private readonly api: CApi;
  private readonly memory: Pointer;
  private readonly place = words(1);

  constructor(names: readonly string[], api: CApi, memory: Pointer) {
    this.names = names;
    this.api = api;
    this.memory = memory;
    this.texts = names.map(text);
    this.addresses = BigUint64Array.from(this.texts, (bytes) => api.koffi.address(bytes));
    this.values = words(names.length);
    this.kept = names.map(() => []);
  }

  /** Sets value k to one on the memory of a tensor. Error where the data do not fill the shape. */
  put(k: number, { type, data, dims }: DirectTensor): void {
    const kept = this.kept[k];
    for (const one of kept) {
      // An array that was handed to another thread has lost its memory and its length.
      if (one.data.deref() !== data || one.byteLength !== data.byteLength) continue;
      if (one.type !== type || !sameDims(one.dims, dims)) continue;
      this.values[k] = one.pointer;
      return;
    }
    const pointer = this.valueOn(type, data, dims);
    if (kept.length === MOST_KEPT) this.api.releaseValue((kept.shift() as Kept).pointer);
    kept.push({ data: new WeakRef(data), byteLength: data.byteLength, type, dims: [...dims], pointer });
    this.values[k] = pointer;
  }

  /** Leaves value k to the runtime. */
  leave(k: number): void {
    this.values[k] = 0n;
  }

  /** Frees all values. */
  release(): void {
    for (const kept of this.kept) for (const { pointer } of kept.splice(0)) this.api.releaseValue(pointer);
  }

  private valueOn(type: string, data: Data, dims: readonly number[]): Pointer {
    const axes = new BigInt64Array(new ArrayBuffer(8 * dims.length));
    dims.forEach((axis, k) => {
      axes[k] = BigInt(axis);
    });
    const { byteLength } = data;
    const bytes = byteLength === 0 ? NOTHING : data;
    this.api.createTensorWithData(this.memory, bytes, byteLength, axes, dims.length, TYPES[type][0], this.place);
    return this.place[0];
  }
}
