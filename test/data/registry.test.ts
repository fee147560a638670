import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { datasetNames, loadDataset } from "../../src/data/registry.ts";
import { FileError, InvalidDataError } from "../../src/errors.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const { at, write } = useTemporaryFolder();

describe("loadDataset", () => {
  test("knows its sources by name", () => {
    expect(datasetNames).toEqual([
      ...["mnist", "fashion-mnist", "digits", "printed-digits", "printed-letters"],
      ...["notmnist", "cifar10", "verses"],
    ]);
  });

  test("refuses an unknown name with the nearest known one and the list", async () => {
    const error = loadDataset("minst");
    await expect(error).rejects.toThrow(RangeError);
    await expect(error).rejects.toThrow(
      "data must be one of mnist, fashion-mnist, digits, printed-digits, printed-letters, notmnist, cifar10, verses or a file .npz, .csv, .tsv, .txt, got minst (did you mean mnist?)",
    );
    await expect(loadDataset("Digits")).rejects.toThrow("did you mean digits?");
    await expect(loadDataset("imagenet")).rejects.toThrow(/got imagenet$/);
    await expect(loadDataset("")).rejects.toThrow(RangeError);
  });

  test.each(["none.npz", "none.csv", "none.TSV"])("says that %s is missing", async (name) => {
    await expect(loadDataset(at(name))).rejects.toThrow(
      new FileError(`cannot read ${at(name)}: no such file or folder`, at(name)),
    );
  });

  test("takes a directory with a folder named after the source for that folder", async () => {
    mkdirSync(at("cifar10"));
    await expect(loadDataset("cifar10", { directory: at() })).rejects.toThrow(`must be in ${at("cifar10")}`);
    await expect(loadDataset("cifar10", { directory: at("cifar10") })).rejects.toThrow(`must be in ${at("cifar10")}`);
  });

  test("refuses a folder and a file of another ending", async () => {
    await expect(loadDataset(at())).rejects.toThrow("it is a folder, a file is needed");
    await expect(loadDataset(write("d.md", "a"))).rejects.toThrow(
      "a data file must end in .npz, .csv, .tsv, .txt, got .md",
    );
    await expect(loadDataset(write("plain", "a"))).rejects.toThrow(InvalidDataError);
  });

  test.each([0, -1, 1.5, Number.NaN])("refuses the limit %d before it reads anything", async (limit) => {
    await expect(loadDataset(at("none.csv"), { limit })).rejects.toThrow(
      `loadDataset: limit must be a whole number of at least 1, got ${limit}`,
    );
  });
});
