// `pathkernel kernel`: what it writes is the tangent kernel of the run, and what it refuses.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { type RealArray, sliceRows, takeRows } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const STEPS = 14; // 2 epochs of ceil(200 / 32) batches
const C = 10;

beforeAll(async () => {
  // Room for about 3 of the 15 checkpoints: steps between them are replayed.
  await cli([...SMALL_TRAINING, "--checkpoint-budget", "15kB", "-o", RUN]);
});

const npy = (name: string) => decodeNpy(new Uint8Array(readFileSync(join(folder, name))), name);

async function written(name: string, ...flags: string[]) {
  const path = join(folder, name);
  const { code, stdout, stderr } = await cli(["kernel", RUN, ...flags, "-o", path, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return { value: JSON.parse(stdout), array: npy(name), path };
}

describe("kernel", () => {
  it("writes the trace kernel of the first 100 training examples after the last step, and says what it did", async () => {
    const path = join(folder, "K.npy");
    const { code, stdout, stderr } = await cli(["kernel", RUN, "-o", path]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${path}\n` });
    expect(stderr).toMatch(
      /^float64 \(1, 100, 100\) before step 14, by factored \(\d.* GFLOP against \d.*\), \d+\.\d s$/m,
    );
    const run = await openRun(RUN);
    const task = await reopenTask(run);
    const { params } = await run.checkpoint(STEPS);
    const { kernel } = await tangentKernel(task, params, sliceRows(task.dataset.train.x, 0, 100));
    const { dtype, shape, data } = npy("K.npy");
    expect({ dtype, shape }).toEqual({ dtype: "float64", shape: [1, 100, 100] });
    expect(data as RealArray).toBeAllclose(kernel.data as RealArray, { atol: 0, rtol: 1e-13 });
    await task.engine.release();
  });

  it("takes steps, examples, form, normalising and algorithm, and tells of them with --json", async () => {
    const flags = ["--at", "0,5,last", "--of", "train:3,1", "--with", "test:0-3;train:3", "--form", "diagonal"];
    const { value, array, path } = await written("D.npy", ...flags, "--normalize", "--algorithm", "vector-products");
    expect(value).toMatchObject({
      schema: "pathkernel.kernel/1",
      run: RUN,
      path,
      steps: [0, 5, STEPS],
      form: "diagonal",
      normalize: true,
      dtype: "float64",
      shape: [3, 2, 5, C],
      algorithm: "vector-products",
      reason: "asked for",
    });
    expect(Object.keys(value.flops).sort()).toEqual(["factored", "jacobian-contraction", "vector-products"]);
    expect(value.seconds).toBeGreaterThan(0);
    expect(array.shape).toEqual([3, 2, 5, C]);
    const data = array.data as RealArray;
    // Column 4 is row 0's own example.
    for (let t = 0; t < 3; t++) for (let c = 0; c < C; c++) expect(data[(t * 2 * 5 + 4) * C + c]).toBeCloseTo(1, 12);
    const run = await openRun(RUN);
    const task = await reopenTask(run);
    const { params } = await run.checkpoint(0);
    const [xs, xs2] = [takeRows(task.dataset.train.x, [3, 1]), sliceRows(task.dataset.test.x, 0, 4)];
    const { kernel } = await tangentKernel(task, params, xs, xs2, { form: "diagonal", normalize: true });
    const first = Array.from({ length: 2 * 4 * C }, (_, k) => data[Math.floor(k / (4 * C)) * 5 * C + (k % (4 * C))]);
    expect(first).toBeAllclose(kernel.data as RealArray, { atol: 1e-12, rtol: 0 });
    await task.engine.release();
  });

  it("replays to a step between checkpoints", async () => {
    const run = await openRun(RUN);
    const between = Array.from({ length: STEPS }, (_, k) => k).find((k) => !run.checkpoints.includes(k)) as number;
    const full = join(folder, "full.pkrun");
    await cli([...SMALL_TRAINING, "-o", full]);
    const sparse = await written("sparse.npy", "--at", `${between}`, "--of", "train:0-2");
    const path = join(folder, "full.npy");
    await cli(["kernel", full, "--at", `${between}`, "--of", "train:0-2", "-o", path, "-q"]);
    expect(sparse.array).toEqual(npy("full.npy"));
  });

  it("blocks of one example against itself are symmetric", async () => {
    const { array } = await written("B.npy", "--form", "blocks", "--of", "test:2");
    expect(array.shape).toEqual([1, 1, 1, C, C]);
    const data = array.data as RealArray;
    expect(data).toBeAllclose(
      data.map((_, k) => data[(k % C) * C + Math.floor(k / C)]),
      { atol: 1e-12, rtol: 1e-12 },
    );
  });
});

describe("kernel refuses with one line", () => {
  it.each([
    [["--at", "15"], "--at must hold last or steps in 0..14, got 15"],
    [["--at", "0,soon"], '--at must hold last or whole numbers >= 0, as in 0,100,last, got "0,soon"'],
    [["--form", "trase"], '--form must be one of trace, diagonal, blocks, got "trase". did you mean trace?'],
    [
      ["--algorithm", "factord"],
      '--algorithm must be one of auto, factored, jacobian-contraction, vector-products, got "factord". did you mean factored?',
    ],
    [["--of", "train:200"], "query train:200: the index must lie in 0..199, got 200"],
    [["--with", "7"], 'query must be written test:INDICES or train:INDICES, got "7"'],
    [["-o", "K.txt"], '--out must end in .npy, got "K.txt"'],
    [["--threads", "0"], '--threads must be a whole number >= 1, got "0"'],
  ])("%j", async (flags, message) => {
    const out = join(folder, "refused.npy");
    const { code, stdout, stderr } = await cli(["kernel", RUN, "-o", out, ...flags]);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: `error: ${message}\n` });
    expect(existsSync(out)).toBe(false);
  });

  it("without a file to write", async () => {
    const { code, stderr } = await cli(["kernel", RUN]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "error: --out must be given, as in -o K.npy\n" });
  });

  it("when it is interrupted, and leaves nothing", async () => {
    const out = join(folder, "interrupted.npy");
    const { InterruptedError } = await import("../../src/cli/failure.ts");
    const { code, stderr } = await cli(["kernel", RUN, "-o", out], {
      signal: AbortSignal.abort(new InterruptedError()),
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted\n" });
    expect(existsSync(out)).toBe(false);
  });
});

describe("kernel --help", () => {
  it("says what each flag takes, with examples", async () => {
    const { code, stdout } = await cli(["kernel", "--help"]);
    expect(code).toBe(0);
    for (const flag of ["--at", "--of", "--with", "--form", "--normalize", "--algorithm", "--threads", "-o, --out"])
      expect(stdout).toContain(flag);
    expect(stdout).toContain("pathkernel kernel mnist.pkrun --at 0,100,last --with test:0-99 --normalize -o K.npy");
  });
});
