// `pathkernel neighbors`: lists of the library in words and JSON, queries from elsewhere, what it refuses; `explain --group` beside it.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { neighbours } from "../../src/diagnose/neighbours.ts";
import { tangentMachineKernel } from "../../src/kernels/machine-kernel.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { sum } from "../../src/numeric/sum.ts";
import { sliceRows } from "../../src/numeric/tensor.ts";
import { openRun } from "../../src/run/run-reader.node.ts";
import { reopenTask } from "../../src/train/reopen.node.ts";
import { cli, SMALL_TRAINING, temporaryFolder } from "../helpers/cli.ts";

const folder = temporaryFolder();
const RUN = join(folder, "small.pkrun");
const STEPS = 14; // 2 epochs of ceil(200 / 32) batches

beforeAll(async () => {
  await cli([...SMALL_TRAINING, "-o", RUN]);
});

async function asked(...flags: string[]) {
  const { code, stdout, stderr } = await cli(["neighbors", RUN, ...flags, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

const refusal = async (...flags: string[]): Promise<string> => {
  const { code, stderr } = await cli(["neighbors", RUN, ...flags]);
  expect(code).toBe(2);
  return stderr;
};

describe("neighbors", () => {
  it("finds what the library finds, with labels in words", async () => {
    const value = await asked("--query", "test:3,5", "-k", "7");
    const run = await openRun(RUN);
    const task = await reopenTask(run);
    const { train, test } = task.dataset;
    const { params } = await run.checkpoint(STEPS);
    const queries = {
      ...test.x,
      shape: [2, 1, 8, 8],
      data: Float64Array.from([...sliceRows(test.x, 3, 4).data, ...sliceRows(test.x, 5, 6).data], Number),
      dtype: "float64",
    } as const;
    const examples = Array.from(train.y.data, Number);
    const labels = { examples, queries: [3, 5].map((index) => Number(test.y.data[index])) };
    const found = await neighbours(tangentMachineKernel(task, params, train.x), queries, { k: 7, labels });
    await task.engine.release();
    expect(value).toMatchObject({ schema: "pathkernel.neighbors/1", kernel: "tangent kernel", k: 7, examples: 200 });
    expect(value.steps).toHaveLength(1);
    expect(value.steps[0].step).toBe(STEPS);
    for (const [q, { query, lists, pairs }] of value.steps[0].queries.entries()) {
      expect(query).toBe(`test:${[3, 5][q]}`);
      for (const [m, list] of lists.entries()) {
        const own = found.queries[q].lists[m];
        expect(list.examples).toEqual([...own.examples]);
        expect(Float64Array.from(list.distances)).toBeAllclose(own.distances, { rtol: 1e-10 });
        expect([list.purity, list.labels]).toEqual([own.purity, [...own.examples].map((n) => String(examples[n]))]);
      }
      expect(pairs.map(({ shared }: { shared: number }) => shared)).toEqual(
        found.queries[q].pairs.map(({ shared }) => shared),
      );
    }
  });

  it("shows one query's lists side by side, several queries line by line, and purity along training", async () => {
    const one = (await cli(["neighbors", RUN, "--query", "17", "-k", "12"])).stdout;
    expect(one).toContain(`the 12 nearest of 200 training examples, tangent kernel before step ${STEPS} of ${STEPS}`);
    expect(one).toMatch(/^test:17: label \d, predicted \d$/m);
    expect(one).toMatch(/^ {2}label \d +\d+ % +\d+ % +\d+ %$/m);
    expect(one).toMatch(/^ {2}nearest( +#\d+ \d +[\d.]+){3}$/m);
    expect(one).toMatch(
      /^kernel and euclidean: \d+ of 12 in both lists \(Jaccard 0\.\d\d\); order of all distances 0\.\d\d/m,
    );
    const many = (await cli(["neighbors", RUN, "--query", "test:0-2;train:4", "--at", "0,last"])).stdout;
    expect(many).toMatch(/^train:4( +\d){2}( +\d+ %){6}$/m);
    expect(many).toMatch(/^mean( +\d+ %){6}$/m);
    expect(many).toMatch(/^order of all distances, Spearman's mean: kernel\/cos -?0\.\d\d, /m);
    expect(many).toMatch(/^0( +\d+ %){6}\n14( +\d+ %){6}$/m);
    expect(many.split("\n").every((line) => line.length <= 130)).toBe(true);
  });

  it("leaves a training example out of its own list, and ranks by the kernel itself or along the path when asked", async () => {
    const own = await asked("--query", "train:4", "--metric", "raw,euclidean", "-k", "199");
    for (const list of own.steps[0].queries[0].lists) expect(list.examples).not.toContain(4);
    expect(own.metrics).toEqual(["raw", "euclidean"]);
    const path = await asked("--query", "test:0", "--kernel", "path");
    expect(path).toMatchObject({ kernel: "path kernel", k: 100, steps: [{ step: STEPS }] });
    expect(path.steps[0].queries[0].lists[2]).toEqual((await asked("--query", "test:0")).steps[0].queries[0].lists[2]);
  });

  it("draws strips at one step and purity over several, with the numbers beside them", async () => {
    const [strips, purity] = ["strips.svg", "purity.svg"].map((name) => join(folder, name));
    const drawn = await cli(["neighbors", RUN, "--query", "test:0-49", "-k", "6", "--figure", strips]);
    expect(drawn.stderr).toContain(`figure written to ${strips}, its numbers to ${strips}.csv`);
    expect(drawn.stdout).toContain("the mean is of 10 more queries too (all of them with --json)");
    // Five queries, three metrics, six neighbours, a head.
    expect(readFileSync(`${strips}.csv`, "utf8").trim().split("\n")).toHaveLength(1 + 5 * 3 * 6);
    expect(readFileSync(strips, "utf8")).toContain("data:image/png;base64,");
    const along = ["--query", "test:0-49", "--at", "0,5,last"];
    const value = await asked(...along);
    await cli(["neighbors", RUN, ...along, "--figure", purity]);
    const table = readFileSync(`${purity}.csv`, "utf8");
    for (const { step, means } of value.steps) expect(table).toContain(`${step},${means.lists[0].purity}`);
    expect(await refusal("--query", "test:0", "--figure", "a.pdf")).toContain(
      "--figure must be a file that ends in .svg or .png",
    );
  });

  it("takes queries from a file and from other data, whose labels count where they are the run's", async () => {
    const file = join(folder, "mine.npy");
    writeFileSync(file, encodeNpy({ dtype: "float32", shape: [1, 8, 8], data: new Float32Array(64).fill(0.5) }));
    const mine = await asked("--input", file, "-k", "3");
    expect(mine.steps[0].queries[0]).toMatchObject({ query: "input:0" });
    expect(mine.steps[0].queries[0].lists[0].purity).toBeUndefined();
    const again = await asked("--other", "digits", "--query", "test:3", "-k", "7");
    const { lists } = (await asked("--query", "test:3", "-k", "7")).steps[0].queries[0];
    expect(again.steps[0].queries[0]).toMatchObject({ query: "digits test:3", lists });
    expect(await refusal("--other", "printed-digits", "--query", "test:0")).toContain(
      "--other must hold examples of shape (1, 8, 8) as the run's data, got (1, 28, 28) of printed-digits",
    );
  });

  it("refuses what cannot be meant in one line", async () => {
    expect(await refusal()).toContain("--query or --input must be given");
    expect(await refusal("--query", "test:0", "-k", "201")).toContain(
      "-k must be at most 200, the training examples, got 201",
    );
    expect(await refusal("--query", "train:0", "-k", "200")).toContain("at most 199, the other training examples");
    expect(await refusal("--query", "test:0", "--metric", "kernle")).toContain("did you mean kernel?");
    expect(await refusal("--query", "test:0", "--at", "15")).toContain("--at must hold last or steps in 0..14, got 15");
    expect(await refusal("--query", "test:0", "--at", "0", "--kernel", "path")).toContain(
      "--at does not belong to --kernel path",
    );
    expect(await refusal("--input", "a.npy", "--other", "digits")).toContain("--other belongs to --query");
    expect(await refusal("--query", "test:0", "--data-dir", "d")).toContain("--data-dir belongs to --other");
    expect(await refusal("--query", "test:0", "--other", "digit")).toContain("did you mean digits?");
  });
});

describe("explain --group --figure", () => {
  const GROUPED = ["explain", RUN, "--rule", "gauss2", "--group", "label"];

  it("draws a bar a group, a panel a query, with the numbers beside", async () => {
    const file = join(folder, "groups.svg");
    const { code } = await cli([...GROUPED, "--query", "test:3,4", "--figure", file]);
    expect(code).toBe(0);
    const svg = readFileSync(file, "utf8");
    for (const words of ["test:3, the margin of", "test:4, the margin of", "contributions by label"])
      expect(svg.replace(/<\/?tspan[^>]*>/g, " ")).toContain(words);
    expect(readFileSync(`${file}.csv`, "utf8")).toContain("test:3, the margin of");
  });

  it("joins what is beyond the strongest, so that its numbers add up to the net", async () => {
    const file = join(folder, "clusters.svg");
    const args = [...GROUPED.slice(0, -1), "clusters:40", "--query", "test:3", "--figure", file, "--json"];
    const { net } = JSON.parse((await cli(args)).stdout).rows[0];
    const [, ...rows] = readFileSync(`${file}.csv`, "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(25);
    expect(readFileSync(file, "utf8")).toContain("40 groups by cluster");
    expect(rows.some((row) => row.startsWith("16 weaker"))).toBe(true);
    // The net is the last column.
    const total = rows.reduce((all, row) => all + Number(row.split(",").at(-1)), 0);
    expect(total).toBeAllclose(net, { rtol: 1e-9 });
  });

  it("is refused without groups and for more queries than there are panels", async () => {
    const without = await cli(["explain", RUN, "--query", "test:3", "--figure", "a.svg"]);
    expect([without.code, without.stderr]).toEqual([
      2,
      "error: --figure belongs to --group. it draws contributions by group\n",
    ]);
    const many = await cli([...GROUPED, "--query", "test:0-6", "--figure", join(folder, "many.svg")]);
    expect([many.code, many.stderr]).toEqual([2, "error: --figure must go with at most 6 queries, got 7\n"]);
  });
});

describe("explain --group", () => {
  const explained = async (how: string) => {
    const { code, stdout, stderr } = await cli([
      "explain",
      RUN,
      "--query",
      "test:3",
      "--rule",
      "gauss2",
      "--group",
      how,
      "--json",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout).rows[0];
  };

  it("adds contributions up by labels, clusters and a file's names, each to the net", async () => {
    const file = join(folder, "groups.txt");
    writeFileSync(file, Array.from({ length: 200 }, (_, n) => `part ${n % 3}\n`).join(""));
    for (const [how, count] of [
      ["label", 10],
      ["clusters:7", 7],
      [file, 3],
    ] as const) {
      const { groups, net, gross, concentration } = await explained(how);
      expect(groups).toHaveLength(count);
      const pulls = groups.map(({ pull }: { pull: number }) => pull);
      expect(Math.abs(sum(pulls) - net)).toBeLessThanOrEqual(2 ** -50 * gross);
      expect(sum(groups.map(({ members }: { members: number }) => members))).toBe(200);
      expect(concentration.effectiveContributors).toBeGreaterThan(concentration.participationRatio);
    }
    const { stdout } = await cli(["explain", RUN, "--query", "test:3", "--rule", "gauss2", "--group", file]);
    expect(stdout).toMatch(/^ {2}part \d +[+-][\d.]+ +6[67] examples {2}gross [\d.]+$/m);
    expect(stdout).toMatch(/^carried as by \d+ equal contributors of 200 \(entropy; \d+ by squares\), Gini 0\.\d\d$/m);
  });

  it("refuses other divisions before it explains", async () => {
    const file = join(folder, "short.txt");
    writeFileSync(file, "a\nb\n");
    const said = async (how: string) => (await cli(["explain", RUN, "--query", "test:3", "--group", how])).stderr;
    expect(await said(file)).toContain("must have a line for each of the 200 training examples, got 2");
    expect(await said("clusters:0")).toContain("--group clusters must be from 1 to the 200 training examples, got 0");
    expect(await said("colour")).toContain('--group must be label, clusters:K or a file .txt, got "colour"');
  });
});
