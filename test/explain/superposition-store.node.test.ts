// A superposition on disk: written whole, read a few rows at a time, and refused where it is not of the run.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { explainSuperposition, superpositionShift } from "../../src/explain/explain-superposition.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import { superpose } from "../../src/explain/superpose.ts";
import {
  openSuperposition,
  storeSuperposition,
  superpositionPath,
} from "../../src/explain/superposition-store.node.ts";
import { decodeNpy } from "../../src/numeric/npy.ts";
import type { Run } from "../../src/run/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { temporaryFolder } from "../helpers/cli.ts";
import { errorOf } from "../helpers/errors.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { smallTask } from "../helpers/tasks.ts";

const folder = temporaryFolder();
const made = await smallTask({
  steps: 6,
  hidden: [4],
  examples: 8,
  batchSize: 4,
  optimizer: optimizerChoice("adamw"),
});
const { task } = made;
const run: Run = { ...(await trainInMemory(task, made)), path: join(folder, "small.pkrun") };
mkdirSync(run.path);
const queries = datasetQueries(task, "test:0");
const built = await superpose(task, run);

describe("storeSuperposition(task, run, options) and openSuperposition(run)", () => {
  it("keep it in the run's folder, readable as arrays, with what was measured", async () => {
    const stored = await storeSuperposition(task, run, { measure: { queries } });
    const path = join(run.path, "superposition");
    expect(readdirSync(run.path)).toEqual(["superposition"]);
    expect(readdirSync(path).sort()).toEqual(["displacements.npy", "manifest.json", "terms.npy"]);
    const array = decodeNpy(new Uint8Array(readFileSync(join(path, "displacements.npy"))), "displacements");
    expect(array).toEqual({ dtype: "float64", shape: [8, task.layout.size], data: built.rows(0, 8) });
    const { rows, close, bytes, path: at, shift, ...rest } = stored;
    expect({ ...rest, rows: undefined, shift: undefined }).toMatchObject({
      ...built,
      rows: undefined,
      shift: undefined,
    });
    expect([at, bytes]).toEqual([path, 128 + 8 * 8 * task.layout.size]);
    expect(rows(3, 5)).toEqual(built.rows(3, 5));
    expect(shift).toEqual(await superpositionShift(task, run, built, { queries }));
    const explained = await explainSuperposition(task, run, stored, { queries });
    expect(explained).toEqual({ ...(await explainSuperposition(task, run, built, { queries })), shift });
    close();
  });

  it("take one that was booked already, and replace one only when told to", async () => {
    expect(await errorOf(() => storeSuperposition(task, run))).toBe(
      `FileError: cannot make ${join(run.path, "superposition")}: a superposition is there (replace it with --force)`,
    );
    const stored = await storeSuperposition(task, run, {
      superposition: { ...built, madeBy: "training" },
      force: true,
    });
    stored.close();
    const opened = await openSuperposition(run);
    expect(opened).toMatchObject({ madeBy: "training", closure: built.closure, shift: undefined });
    expect(opened.rows(0, 8)).toEqual(built.rows(0, 8));
    opened.close();
  });

  it("leave nothing behind where it is broken off", async () => {
    const path = join(folder, "apart", "s");
    mkdirSync(join(folder, "apart"));
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(storeSuperposition(task, run, { path, signal })).rejects.toThrow("enough");
    expect(readdirSync(join(folder, "apart"))).toEqual([]);
    writeFileSync(path, "mine");
    expect(await errorOf(() => storeSuperposition(task, run, { path, force: true }))).toBe(
      `FileError: cannot make ${path}: something else has that name`,
    );
  });

  it("stand beside a run that is a file", () => {
    const file = join(folder, "run.zip");
    writeFileSync(file, "");
    expect(superpositionPath({ path: file })).toBe(`${file}.superposition`);
  });
});

describe("openSuperposition refuses", () => {
  it("a run without one", async () => {
    const other = { ...run, path: join(folder, "other.pkrun") };
    expect(await errorOf(() => openSuperposition(other, join(folder, "none")))).toBe(
      `FileError: no superposition at ${join(folder, "none")} (make one with pathkernel superposition ${other.path})`,
    );
  });

  it("that of another run, by its batches, step sizes, data, model or ends", async () => {
    const changed: readonly Partial<Run>[] = [
      { batches: run.batches.map(({ indices, weights }) => ({ indices: indices.toReversed(), weights })) },
      { scalars: run.scalars.map((row) => ({ ...row, stepSize: row.stepSize * 2 })) },
      { manifest: { ...run.manifest, data: { ...run.manifest.data, sha256: "other" } } },
      { manifest: { ...run.manifest, model: { ...run.manifest.model, sha256: "other" } } },
      { checkpoint: (step) => run.checkpoint(step === 6 ? 5 : step) },
    ];
    for (const change of changed) {
      expect(await errorOf(() => openSuperposition({ ...run, ...change }))).toMatch(
        /^InvalidDataError: .* must belong to the run .* \([0-9a-f]{12}\.\.\.\), got one of [0-9a-f]{12}\.\.\. \(build it again\)$/,
      );
    }
  });

  it("parts that lie outside of the run, and sizes that are not the run's", async () => {
    (await storeSuperposition(task, run, { superposition: built, force: true })).close();
    const part = (name: string) => join(run.path, "superposition", name);
    const text = readFileSync(part("manifest.json"), "utf8");
    writeFileSync(part("manifest.json"), text.replace(/"examples": 8/, '"examples": 1000000000'));
    expect(await errorOf(() => openSuperposition(run))).toMatch(/must have 8 examples and \d+ parameters, as the run/);
    writeFileSync(part("manifest.json"), text);
    renameSync(part("displacements.npy"), join(folder, "outside.npy"));
    symlinkSync(join(folder, "outside.npy"), part("displacements.npy"));
    expect(await errorOf(() => openSuperposition(run))).toMatch(
      /^InvalidRunError: .*displacements\.npy: must lie in the run, got a link that leads out of it$/,
    );
    rmSync(part("displacements.npy"));
    mkdirSync(part("displacements.npy"));
    expect(await errorOf(() => openSuperposition(run))).toMatch(/must be a file, got another thing$/);
    rmSync(part(""), { recursive: true });
  });

  it("parts that are missing, truncated or of another shape", async () => {
    const path = join(folder, "broken");
    const store = async () =>
      (await storeSuperposition(task, run, { path, superposition: built, force: true })).close();
    await store();
    truncateSync(join(path, "displacements.npy"), 500);
    expect(await errorOf(() => openSuperposition(run, path))).toMatch(
      /^InvalidDataError: .*displacements\.npy: must hold float64 \(8, \d+\), got 500 bytes of something else$/,
    );
    await store();
    writeFileSync(join(path, "manifest.json"), '{"schema":"pathkernel.superposition/1"}');
    expect(await errorOf(() => openSuperposition(run, path))).toMatch(
      /^InvalidDataError: .*manifest\.json: software: /,
    );
    writeFileSync(join(path, "manifest.json"), "{");
    expect(await errorOf(() => openSuperposition(run, path))).toMatch(
      /^InvalidDataError: .*manifest\.json: must be JSON/,
    );
    expect(existsSync(path)).toBe(true);
  });
});
