// `pathkernel kernel`: what it writes is the tangent kernel of the run, and what it refuses.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { InterruptedError } from "../../src/cli/failure.ts";
import { tangentKernel } from "../../src/kernels/tangent-kernel.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import { type RealArray, sliceRows, takeRows } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { abortedWhen, times } from "../helpers/aborted-when.ts";
import { cli, ended, listing, SMALL_TRAINING, startCli, temporaryFolder, withFlag } from "../helpers/cli.ts";

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
      /^float64 \(1, 100, 100\) before step 14, by factored \(\d.* GFLOP against \d.*\), [\d.]+ s$/m,
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
    [["--per", "layers"], '--per must be one of parameter, layer, got "layers". did you mean layer?'],
    [["--memory", "much"], '--memory must be a size like 256MB or 1GiB, got "much"'],
    [["--resume", "--force"], "--resume goes on and --force starts again: one of them must be left out"],
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

  it("when it is interrupted before the first tile, and leaves nothing", async () => {
    const out = join(folder, "interrupted.npy");
    const { code, stderr } = await cli(["kernel", RUN, "-o", out], {
      signal: AbortSignal.abort(new InterruptedError()),
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted\n" });
    expect(listing(folder).filter((name) => name.startsWith("interrupted"))).toEqual([]);
  });
});

describe("kernel --per", () => {
  it("writes one kernel for each part, which add up to the whole, and names them", async () => {
    const whole = await written("whole.npy", "--of", "train:0-4", "--form", "diagonal", "--at", "0,last");
    const layers = await written(
      "L.npy",
      "--of",
      "train:0-4",
      "--form",
      "diagonal",
      "--at",
      "0,last",
      "--per",
      "layer",
    );
    expect(layers.value).toMatchObject({ per: "layer", groups: ["layers.0", "layers.1"], shape: [2, 2, 5, 5, C] });
    const size = 25 * C;
    const data = layers.array.data as RealArray;
    const sums = Float64Array.from({ length: 2 * size }, (_, k) => {
      const [step, entry] = [Math.floor(k / size), k % size];
      return data[2 * step * size + entry] + data[(2 * step + 1) * size + entry];
    });
    expect(sums).toBeAllclose(whole.array.data as RealArray, { atol: 1e-12, rtol: 1e-12 });
    const path = join(folder, "P.npy");
    const { stderr } = await cli(["kernel", RUN, "--of", "train:0-1", "--per", "parameter", "-o", path]);
    expect(stderr).toContain("float64 (1, 4, 2, 2) before step 14");
    expect(stderr).toContain("parts: layers.0.weight, layers.0.bias, layers.1.weight, layers.1.bias\n");
  });
});

describe("kernel --memory", () => {
  it("cuts the work into tiles that fit, with the same numbers to rounding", async () => {
    const flags = ["--of", "train:0-99", "--normalize"];
    const [small, large] = [await written("m.npy", ...flags, "--memory", "100kB"), await written("M.npy", ...flags)];
    expect(small.array.data as RealArray).toBeAllclose(large.array.data as RealArray, { atol: 1e-12, rtol: 1e-12 });
    expect({ small: small.value.tiles > 10, large: large.value.tiles }).toEqual({ small: true, large: 1 });
  });

  it("that no example fits is refused with what it takes", async () => {
    const { code, stderr } = await cli(["kernel", RUN, "--memory", "1kB", "-o", join(folder, "none.npy")]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: --memory must be at least \d+ bytes for .*, got 1000\n$/);
    expect(listing(folder).filter((name) => name.startsWith("none"))).toEqual([]);
  });
});

describe("a kernel that is broken off", () => {
  const FLAGS = ["--at", "0,5,last", "--of", "train:0-29", "--memory", "100kB", "--form", "diagonal", "--normalize"];

  /** Breaks off once tiles of the second kernel are there. */
  async function broken(name: string, ...more: string[]) {
    const out = join(folder, name);
    const args = ["kernel", RUN, ...FLAGS, ...more, "-o", out];
    const partial = `${out}.partial`;
    const begunIn = (): number => {
      const state = `${partial}.json`;
      return existsSync(state) ? JSON.parse(readFileSync(state, "utf8")).params.length : 0;
    };
    const result = await cli(args, { signal: abortedWhen(times(3, () => begunIn() === 2)) });
    return { out, partial, args, ...result };
  }

  it("is kept, says how to go on, and is resumed to the same bytes", async () => {
    const { out, partial, args, code, stdout, stderr } = await broken("B2.npy");
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(
      /^error: interrupted\. \d+ of \d+ tiles are kept in .*B2\.npy\.partial: the same command with --resume goes on$/m,
    );
    expect(existsSync(out)).toBe(false);
    const kept = Number(/(\d+) of/.exec(stderr)?.[1]);

    const again = await cli(args);
    expect(again).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: cannot write ${out}: ${partial} holds a part of a kernel. go on with --resume, or start again with --force\n`,
    });

    const other = await cli([...withFlag(args, "--form", "trace"), "--resume"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(
      /^error: cannot resume .*B2\.npy\.partial: form was diagonal, is trace; .*\. ask for the same again, or start again with --force\n$/,
    );

    const resumed = await cli([...args, "--resume"]);
    expect({ code: resumed.code, stdout: resumed.stdout }).toEqual({ code: 0, stdout: `${out}\n` });
    expect(resumed.stderr).toMatch(new RegExp(`^${kept} of \\d+ tiles were there$`, "m"));
    const { path } = await written("uninterrupted.npy", ...FLAGS);
    expect(readFileSync(out).equals(readFileSync(path))).toBe(true);
    expect(listing(folder).filter((name) => name.startsWith("B2"))).toEqual(["B2.npy"]);
  });

  it("is started again with --force; --resume of nothing starts", async () => {
    const { out, args } = await broken("B3.npy");
    expect((await cli([...args, "--force", "-q"])).code).toBe(0);
    const { path } = await written("B4.npy", ...FLAGS, "--resume");
    expect(readFileSync(out).equals(readFileSync(path))).toBe(true);
  });

  it("by Ctrl-C in a process of its own: exit code 130, and resumed to the same bytes", async () => {
    const out = join(folder, "child.npy");
    // A second or two of work, in hundreds of tiles.
    const flags = ["--at", "0,2,4,6,8,10,12,last", "--of", "train:0-99", "--memory", "100kB"];
    const child = startCli(["kernel", RUN, ...flags, "-o", out]);
    const poll = setInterval(() => {
      if (!existsSync(`${out}.partial.json`)) return;
      if (JSON.parse(readFileSync(`${out}.partial.json`, "utf8")).params.length < 2) return;
      clearInterval(poll);
      child.kill("SIGINT");
    }, 5);
    const { code, stdout, stderr } = await ended(child);
    clearInterval(poll);
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/stopping; what is done is kept/);
    expect(stderr).toMatch(
      /error: interrupted\. [\d,]+ of [\d,]+ tiles are kept in .*: the same command with --resume goes on\n$/,
    );
    const resumed = await cli(["kernel", RUN, ...flags, "--resume", "-o", out, "-q"]);
    expect(resumed).toEqual({ code: 0, stdout: `${out}\n`, stderr: "" });
    const { path } = await written("parent.npy", ...flags);
    expect(readFileSync(out).equals(readFileSync(path))).toBe(true);
  }, 180_000);
});

describe("kernel --help", () => {
  it("says what each flag takes, with examples", async () => {
    const { code, stdout } = await cli(["kernel", "--help"]);
    expect(code).toBe(0);
    const about = ["--data", "--at", "--of", "--with", "--form", "--per", "--normalize"];
    const how = ["--algorithm", "--memory", "--threads", "-o, --out", "--resume", "--force"];
    for (const flag of [...about, ...how]) expect(stdout).toContain(flag);
    expect(stdout).toContain("pathkernel kernel mnist.pkrun --at 0,100,last --with test:0-99 --normalize -o K.npy");
  });
});
