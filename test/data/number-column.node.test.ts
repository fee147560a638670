// One number a training example, from arrays and from columns of tables.

import { describe, expect, it } from "vitest";
import { readNumberColumn } from "../../src/data/number-column.node.ts";
import { encodeNpy } from "../../src/numeric/npy.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { errorOf } from "../helpers/errors.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const folder = useTemporaryFolder();

describe("readNumberColumn(spec)", () => {
  it("reads arrays of numbers or integers, (n) or (n, 1), and columns of tables", () => {
    const arrays = [reals([3], [1, 2.5, 0]), integers([3, 1], [1, 2, 0])];
    const read = arrays.map((array) => [...readNumberColumn(folder.write("w.npy", encodeNpy(array))).values]);
    expect(read).toEqual([
      [1, 2.5, 0],
      [1, 2, 0],
    ]);
    const table = folder.write("w.csv", "name, weight\na,1\nb, 2.5\nc,0\n");
    expect([...readNumberColumn(`${table}:weight`).values]).toEqual([1, 2.5, 0]);
    expect([...readNumberColumn(folder.write("one.tsv", "weight\n3\n4\n")).values]).toEqual([3, 4]);
  });

  it("says what is wrong", async () => {
    const table = folder.write("w.csv", "name,weight\na,1\nb,\n");
    const square = folder.write("w.npy", encodeNpy(reals([2, 2], [1, 2, 3, 4])));
    const told = [table, `${table}:height`, `${table}:weight`, square].map((spec) =>
      errorOf(() => readNumberColumn(spec), folder.at()),
    );
    expect(await Promise.all(told)).toEqual([
      "InvalidDataError: w.csv: the column must be one of name, weight, got none (write it behind the file, as in w.csv:weight)",
      "InvalidDataError: w.csv: the column must be one of name, weight, got height (write it behind the file, as in w.csv:weight)",
      "InvalidDataError: w.csv:weight: must hold finite numbers, got NaN in row 1",
      "InvalidDataError: w.npy: must have one number a row, got shape [2,2]",
    ]);
  });
});
