import { describe, expect, it } from "vitest";
import type { EngineRecord } from "../../src/run/types.ts";
import { type ReplayPlace, replayDifferences, replayPlace } from "../../src/train/replay-differences.ts";
import { SOFTWARE } from "../../src/version.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const cpu = { model: "EPYC (x64)", features: ["avx2", "fma", "avx512f"] };
const engine: EngineRecord = { name: "onnxruntime-node", version: "1.30.0", threads: 2, cpu };
const recorded: ReplayPlace = {
  software: "pathkernel 0.1.0",
  dtype: "float32",
  engine,
  loss: "mse",
  optimizer: { name: "sgd", options: { lr: 0.1, momentum: 0 } },
  data: { sha256: "ab" },
};

describe("replayDifferences(manifest, here)", () => {
  it("are none where all is as it was, in whatever order it is told", () => {
    expect(replayDifferences(recorded, recorded)).toEqual([]);
    const told: ReplayPlace = {
      ...recorded,
      engine: { ...engine, provider: "cpu", cpu: { model: "EPYC (x64)", features: ["fma", "avx2", "avx512f"] } },
      optimizer: { name: "sgd", options: { momentum: 0, lr: 0.1 } },
    };
    expect(replayDifferences(recorded, told)).toEqual([]);
  });

  it.each<[string, Partial<ReplayPlace>, string, string]>([
    ["software", { software: "pathkernel 0.2.0" }, "pathkernel 0.1.0", "pathkernel 0.2.0"],
    ["engine", { engine: { ...engine, name: "onnxruntime-web" } }, "onnxruntime-node", "onnxruntime-web"],
    ["engine version", { engine: { ...engine, version: "1.31.0" } }, "1.30.0", "1.31.0"],
    ["provider", { engine: { ...engine, provider: "webgpu" } }, "cpu", "webgpu"],
    ["threads", { engine: { ...engine, threads: 1 } }, "2", "1"],
    ["dtype", { dtype: "float64" }, "float32", "float64"],
    ["data", { data: { sha256: "cd" } }, "ab", "cd"],
    ["loss", { loss: "half-mse" }, "mse", "half-mse"],
    [
      "optimizer",
      { optimizer: { name: "sgd", options: { lr: 0.2, momentum: 0 } } },
      "sgd lr 0.1 momentum 0",
      "sgd lr 0.2 momentum 0",
    ],
  ])("name the %s", (what, part, before, now) => {
    expect(replayDifferences(recorded, { ...recorded, ...part })).toEqual([{ what, recorded: before, here: now }]);
  });

  it("name the instruction sets that only one processor has, and models where these are not known", () => {
    const on = (here: EngineRecord["cpu"]) =>
      replayDifferences(recorded, { ...recorded, engine: { ...engine, cpu: here } });
    expect(on({ model: "Core (x64)", features: ["avx2", "fma", "avx_vnni"] })).toEqual([
      { what: "processor", recorded: "EPYC (x64) with avx512f", here: "Core (x64) with avx_vnni" },
    ]);
    expect(on({ model: "M1 (arm64)", features: [] })).toEqual([
      { what: "processor", recorded: "EPYC (x64)", here: "M1 (arm64)" },
    ]);
    // Kernels are chosen by instruction sets, not by the model's name.
    expect(on({ ...cpu, model: "Xeon (x64)" })).toEqual([]);
    // A browser knows nothing of its processor.
    expect(on(undefined)).toEqual([]);
  });
});

it("count every session of a run that was resumed, and whose loop made the steps", () => {
  const session = { step: 5, createdAt: "", software: "pathkernel 0.1.0", engine: { ...engine, threads: 4 } };
  const other = { ...recorded, resumed: [session, { ...session, step: 9 }] };
  expect(replayDifferences(other, recorded)).toEqual([{ what: "threads", recorded: "4", here: "2" }]);
  const foreign = { ...recorded, recording: { by: "torch 1.13.0", state: "derived" } as const };
  expect(replayDifferences(foreign, recorded)).toEqual([
    { what: "training loop", recorded: "torch 1.13.0", here: "pathkernel 0.1.0" },
  ]);
});

it("replayPlace(task) is what a run of the task records of this place", async () => {
  const { task } = await smallTask({ optimizer: optimizerChoice("adam"), dtype: "float32" });
  expect(replayPlace(task, cpu)).toEqual({
    software: SOFTWARE,
    dtype: "float32",
    engine: { ...task.engine.info, cpu },
    loss: "mse",
    optimizer: { name: "adam", options: task.optimizer.options },
    data: { sha256: "" },
  });
});
