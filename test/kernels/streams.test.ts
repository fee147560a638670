// Streamed kernels: the same numbers to the last bit wherever they go, and byte for byte the same file after any interruption.

import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openEngine } from "../../src/engine/engine.ts";
import { NpyKernelFile, npyKernelSink } from "../../src/kernels/npy-sink.node.ts";
import type { KernelSpec, KernelTile } from "../../src/kernels/sink.ts";
import { streamTangentKernel, type TangentKernelOptions, tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import type { KernelForm } from "../../src/kernels/types.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { type RealArray, type RealDType, type Tensor, takeRows } from "../../src/numeric/tensor.ts";
import { C, smallKernel } from "../helpers/kernels.ts";

const folder = mkdtempSync(join(tmpdir(), "pathkernel-kernels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
const freshPath = () => join(folder, `${files++}.npy`);
const bytesAt = (path: string) => new Uint8Array(readFileSync(path));
/** Names in the folder that begin with the file's. */
const beside = (path: string) => readdirSync(folder).filter((name) => join(folder, name).startsWith(path));

interface Case {
  readonly label: string;
  readonly dtype?: RealDType;
  readonly second?: boolean;
  readonly options: TangentKernelOptions;
}

const cases: readonly Case[] = [
  { label: "a trace in tiles of two", options: { tile: 2 } },
  { label: "blocks in tiles of two", options: { tile: 2, form: "blocks" } },
  {
    label: "a normalised diagonal of layers in float32",
    dtype: "float32",
    options: { tile: 2, form: "diagonal", per: "layer", normalize: true },
  },
  { label: "normalised blocks of parameters", options: { tile: 3, form: "blocks", per: "parameter", normalize: true } },
  { label: "against others", second: true, options: { tile: 2, form: "diagonal" } },
  { label: "layers against others, normalised", second: true, options: { tile: 2, per: "layer", normalize: true } },
  { label: "vector products in float32", dtype: "float32", options: { tile: 2, algorithm: "vector-products" } },
];

async function subject({ dtype = "float64", second = false, options }: Omit<Case, "label">) {
  const { task, params, xs, xs2 } = await smallKernel({ dtype });
  const stream = (sink: Parameters<typeof streamTangentKernel>[4]["sink"], more: TangentKernelOptions = {}) =>
    streamTangentKernel(task, params, xs, second ? xs2 : undefined, { ...options, ...more, sink });
  const { kernel, tiles } = await tangentKernel(task, params, xs, second ? xs2 : undefined, options);
  return { task, params, xs, xs2, stream, kernel, tiles };
}

describe.each(cases)("a kernel that is streamed: $label", (given) => {
  it("has the bits of the array, in a file as numpy would write it", async () => {
    const { stream, kernel } = await subject(given);
    const path = freshPath();
    await stream(npyKernelSink(path));
    expect(bytesAt(path)).toEqual(encodeNpy(kernel));
    expect(beside(path)).toHaveLength(1);
  });

  it("comes to a function in tiles that cover it once", async () => {
    const { stream, kernel } = await subject(given);
    const lead = given.options.per === undefined ? 0 : 1;
    const [rows, columns] = kernel.shape.slice(lead);
    const size = kernel.shape.slice(lead + 2).reduce((product, axis) => product * axis, 1);
    const found = new Float64Array(kernel.data.length).fill(Number.NaN);
    const take = ({ row, column, kernel: { shape, data } }: KernelTile) => {
      const [n, m] = shape.slice(lead);
      for (let k = 0; k < data.length; k++) {
        const [entry, pair] = [k % size, Math.floor(k / size)];
        const [j, i, g] = [pair % m, Math.floor(pair / m) % n, Math.floor(pair / (m * n))];
        const at = ((g * rows + row + i) * columns + column + j) * size + entry;
        expect(found[at]).toBeNaN();
        found[at] = Number(data[k]);
      }
    };
    await stream(take);
    expect(found).toEqual(Float64Array.from(kernel.data as RealArray));
  });

  it("broken off after any tile and resumed, is the same file byte for byte", async () => {
    const { stream, kernel, tiles } = await subject(given);
    expect(tiles).toBeGreaterThan(2);
    for (let stop = 1; stop < tiles; stop++) {
      const path = freshPath();
      const told: number[] = [];
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) => {
        told.push(done);
        if (done === stop) controller.abort(new Error("enough"));
      };
      await expect(stream(npyKernelSink(path), { signal: controller.signal, onProgress })).rejects.toThrow("enough");
      expect(existsSync(path)).toBe(false);
      await stream(npyKernelSink(path, { resume: true }), { onProgress: ({ done }) => told.push(done) });
      // No tile is computed twice.
      expect(told).toEqual(Array.from({ length: tiles }, (_, k) => k + 1));
      expect(bytesAt(path)).toEqual(encodeNpy(kernel));
      expect(beside(path)).toHaveLength(1);
    }
  });
});

const [plain] = cases;

/** A file that was broken off after `stop` tiles. */
async function broken(stop: number, given: Omit<Case, "label"> = plain) {
  const own = await subject(given);
  const path = freshPath();
  const controller = new AbortController();
  const onProgress = ({ done }: { done: number }) => done === stop && controller.abort(new Error("enough"));
  await expect(own.stream(npyKernelSink(path), { signal: controller.signal, onProgress })).rejects.toThrow("enough");
  return { ...own, path, data: `${path}.partial`, state: `${path}.partial.json` };
}

describe("a file that was broken off", () => {
  it("is resumed as often as it takes", async () => {
    const { stream, kernel, tiles, path } = await broken(1);
    for (let done = 2; done <= tiles; done++) {
      const controller = new AbortController();
      const going = stream(npyKernelSink(path, { resume: true }), {
        signal: controller.signal,
        onProgress: () => controller.abort(new Error("enough")),
      });
      if (done < tiles) await expect(going).rejects.toThrow("enough");
      else await going;
    }
    expect(bytesAt(path)).toEqual(encodeNpy(kernel));
  });

  it("by the end of the process has more numbers than its record says, and is the same in the end", async () => {
    const { stream, kernel, tiles, data, state, path } = await broken(4);
    const record = JSON.parse(readFileSync(state, "utf8"));
    expect(record.done).toBe(4);
    for (let done = 0; done <= 4; done++) {
      const copy = freshPath();
      copyFileSync(data, `${copy}.partial`);
      writeFileSync(`${copy}.partial.json`, JSON.stringify({ ...record, done }));
      const told: number[] = [];
      await stream(npyKernelSink(copy, { resume: true }), { onProgress: ({ done }) => told.push(done) });
      expect(told).toHaveLength(tiles - done);
      expect(bytesAt(copy)).toEqual(encodeNpy(kernel));
    }
    expect(existsSync(path)).toBe(false);
  });

  it("is refused where its record is cut at any byte, and nothing is lost by that", async () => {
    const { stream, kernel, path, state } = await broken(3);
    const record = readFileSync(state);
    let spec: KernelSpec | undefined;
    const start = (given: KernelSpec): number => {
      spec = given;
      return given.tiles;
    };
    await stream({ start, write: () => {} });
    // Without its last byte, the end of the line, the record is whole.
    for (let length = 0; length < record.length - 1; length++) {
      writeFileSync(state, record.subarray(0, length));
      const sink = npyKernelSink(path, { resume: true });
      expect(() => sink.start!(spec!)).toThrow(`cannot resume ${path}.partial: ${state} must say what is done`);
    }
    writeFileSync(state, record.subarray(0, -1));
    await stream(npyKernelSink(path, { resume: true }));
    expect(bytesAt(path)).toEqual(encodeNpy(kernel));
  });

  it("is refused where its numbers are cut off", async () => {
    const { stream, path, data } = await broken(3);
    truncateSync(data, bytesAt(data).length - 8);
    await expect(stream(npyKernelSink(path, { resume: true }))).rejects.toThrow(
      `cannot resume ${data}: the file is cut off`,
    );
  });

  it("is not touched unless that is asked for, and dropped on demand", async () => {
    const { stream, kernel, path, data, state } = await broken(3);
    const before = [bytesAt(data), bytesAt(state)];
    await expect(stream(npyKernelSink(path))).rejects.toMatchObject({
      tag: "File",
      message: `cannot write ${path}: ${data} holds a part of a kernel`,
      hint: "go on with --resume, or start again with --force",
    });
    expect([bytesAt(data), bytesAt(state)]).toEqual(before);
    const told: number[] = [];
    await stream(npyKernelSink(path, { restart: true }), { onProgress: ({ done }) => told.push(done) });
    expect(told[0]).toBe(1);
    expect(bytesAt(path)).toEqual(encodeNpy(kernel));
  });

  it("without its record, or a record without it, is no part of a kernel", async () => {
    for (const lost of ["data", "state"] as const) {
      const own = await broken(3);
      rmSync(own[lost]);
      await own.stream(npyKernelSink(own.path));
      expect(bytesAt(own.path)).toEqual(encodeNpy(own.kernel));
      expect(beside(own.path)).toHaveLength(1);
    }
  });

  it("before its first tile leaves nothing", async () => {
    const { stream } = await subject(plain);
    const path = freshPath();
    const failing = npyKernelSink(path);
    const sink = { ...failing, write: () => Promise.reject(new Error("no room")) };
    await expect(stream(sink)).rejects.toThrow("no room");
    expect(beside(path)).toEqual([]);
  });
});

describe("a file is not resumed as another kernel", () => {
  type Changed = {
    readonly options?: TangentKernelOptions;
    readonly params?: RealArray;
    readonly xs?: Tensor;
    readonly xs2?: Tensor;
  };
  const changes: readonly (readonly [string, (own: Awaited<ReturnType<typeof broken>>) => Changed])[] = [
    ["params differ", ({ params }) => ({ params: params.map((value, k) => (k === 7 ? value * (1 + 1e-15) : value)) })],
    ["rows differ", ({ xs }) => ({ xs: takeRows(xs, [1, 0, 2, 3, 4]) })],
    ["columns differ", ({ xs2 }) => ({ xs2: takeRows(xs2, [0, 1, 1]) })],
    ["normalize was false, is true", () => ({ options: { normalize: true } })],
    [
      "weights differ",
      ({ params }) => ({ options: { algorithm: "factored", weights: new Float64Array(params.length).fill(2) } }),
    ],
    [
      "form was diagonal, is trace; shape was (5, 3, 3), is (5, 3)",
      () => ({ options: { form: "trace" as KernelForm } }),
    ],
    ["per was none, is layer; shape was (5, 3, 3), is (3, 5, 3, 3)", () => ({ options: { per: "layer" } })],
    ["algorithm was factored, is vector-products", () => ({ options: { algorithm: "vector-products" } })],
    ["tiling was tiles of 2, 2 at once, 5 held, is tiles of 1, 1 at once, 8 held", () => ({ options: { tile: 1 } })],
  ];

  it.each(changes)("%s", async (message, change) => {
    const own = await broken(2, { second: true, options: { tile: 2, form: "diagonal" } });
    const before = [bytesAt(own.data), bytesAt(own.state)];
    const { params = own.params, xs = own.xs, xs2 = own.xs2, options } = change(own);
    const sink = npyKernelSink(own.path, { resume: true });
    const going = streamTangentKernel(own.task, params, xs, xs2, { tile: 2, form: "diagonal", ...options, sink });
    await expect(going).rejects.toMatchObject({
      tag: "File",
      message: `cannot resume ${own.data}: ${message}`,
      hint: "ask for the same again, or start again with --force",
    });
    expect([bytesAt(own.data), bytesAt(own.state)]).toEqual(before);
  });

  it("of an engine with more threads", async () => {
    const own = await broken(2);
    const engine = await openEngine({ dtype: "float64", threads: 2 });
    const sink = npyKernelSink(own.path, { resume: true });
    await expect(
      streamTangentKernel({ ...own.task, engine }, own.params, own.xs, undefined, { tile: 2, sink }),
    ).rejects.toThrow(/engine was onnxruntime-node \S+, 1 threads, is onnxruntime-node \S+, 2 threads/);
    await engine.release();
  });
});

describe("several kernels in one file", () => {
  it("stand one after another, and are resumed in whichever it was broken off", async () => {
    const { task, params, xs } = await smallKernel();
    const all = [params, params.map((value) => 1.1 * value), params.map((value) => value - 0.1)] as RealArray[];
    const wanted = await Promise.all(
      all.map(async (own) => (await tangentKernel(task, own, xs, undefined, { tile: 2 })).kernel.data as Float64Array),
    );
    const shape = [3, 5, 5];
    const expected = encodeNpy({ dtype: "float64", shape, data: Float64Array.from(wanted.flatMap((k) => [...k])) });
    const write = async (file: NpyKernelFile, order = all, signal?: AbortSignal, onProgress = () => {}) => {
      for (const [k, own] of order.entries())
        await streamTangentKernel(task, own, xs, undefined, {
          tile: 2,
          sink: file.sink(k),
          ...(signal && { signal }),
          onProgress,
        });
    };
    for (const stop of [1, 5, 6, 7, 12, 17]) {
      const path = freshPath();
      const controller = new AbortController();
      const first = new NpyKernelFile(path, { kernels: 3 });
      const onProgress = () => first.done === stop && controller.abort(new Error("enough"));
      await expect(write(first, all, controller.signal, onProgress as () => void)).rejects.toThrow("enough");
      first.abandon();
      expect({ done: first.done, total: first.total }).toEqual({ done: stop, total: 18 });
      // Other parameters of a kernel that was begun are refused.
      const others = all.with(Math.floor((stop - 1) / 6), params.map((value) => value + 1) as RealArray);
      await expect(write(new NpyKernelFile(path, { kernels: 3, resume: true }), others)).rejects.toThrow(
        "params differ",
      );
      const again = new NpyKernelFile(path, { kernels: 3, resume: true });
      await write(again);
      expect({ found: again.found, done: again.done }).toEqual({ found: stop, done: 18 });
      expect(bytesAt(path)).toEqual(expected);
    }
    expect(C).toBe(3);
  });
});

describe("a place that cannot be written to is refused at once", () => {
  it("a folder, a device", () => {
    expect(() => npyKernelSink(folder)).toThrow(`cannot write ${folder}: it is a folder, a file is needed`);
    expect(() => npyKernelSink("/dev/null")).toThrow("cannot write /dev/null: it must be a file");
  });
});
