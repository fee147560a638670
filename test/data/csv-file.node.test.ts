import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/registry.ts";
import type { LoadOptions } from "../../src/data/types.ts";
import { InvalidDataError } from "../../src/errors.ts";
import { integers, reals } from "../../src/numeric/tensor.ts";
import { useTemporaryFolder } from "../helpers/temporary-folder.ts";

const { at, write } = useTemporaryFolder();
const load = (text: string, options: LoadOptions = {}, name = "d.csv") => loadDataset(write(name, text), options);

async function refusal(text: string, options: LoadOptions = {}): Promise<string> {
  const error: unknown = await load(text, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InvalidDataError);
  return (error as Error).message.replace(`${at("d.csv")}: `, "");
}

describe("a CSV file", () => {
  test("gives every fifth row to the test part, and text targets as sorted classes", async () => {
    const data = await load("a,b,kind\n1,10,dog\n2,20,cat\n3,30,dog\n4,40,ant\n5,50,cat\n6,60,ant\n");
    expect(data).toMatchObject({
      source: at("d.csv"),
      task: "classification",
      classes: ["ant", "cat", "dog"],
      inputShape: [2],
    });
    expect(data.train.x).toEqual(reals([5, 2], [1, 10, 2, 20, 3, 30, 4, 40, 6, 60]));
    expect(data.train.y).toEqual(integers([5], [2, 1, 2, 0, 0]));
    expect(data.test).toEqual({ x: reals([1, 2], [5, 50]), y: integers([1], [1]) });
  });

  test("takes all rows for training when FILE.test.csv stands beside it", async () => {
    write("d.test.csv", "a,y\n7,0.5\n");
    const data = await load("a,y\n1,0.25\n2,1\n3,2\n4,3\n5,4\n");
    expect(data.task).toBe("regression");
    expect(data.train).toEqual({ x: reals([5, 1], [1, 2, 3, 4, 5]), y: reals([5, 1], [0.25, 1, 2, 3, 4]) });
    expect(data.test).toEqual({ x: reals([1, 1], [7]), y: reals([1, 1], [0.5]) });
  });

  test("takes integers of at most 20 distinct values for classes in numeric order, more for amounts", async () => {
    const rows = (n: number) => Array.from({ length: n }, (_, i) => `${i},${i}.0`).join("\n");
    const few = await load(`a,y\n${rows(20)}\n0,-3`);
    expect(few.task).toBe("regression"); // 21 values
    const classes = await load(`a,y\n${rows(20)}\n0,+3`);
    expect(classes.classes.slice(0, 12)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
    expect(classes.classes.length).toBe(20);
  });

  test.each<[string, LoadOptions, string[]]>([
    ["p,y,target,q", {}, ["y", "p", "q"]],
    ["class,y,p,q", {}, ["class", "p", "q"]],
    ["label,y,p,q", {}, ["y", "p", "q"]],
    ["p,q,r,s", {}, ["p", "q", "r"]],
    ["p,y,target,q", { target: "p" }, ["y", "target", "q"]],
  ])("with header %s and options %o has the features %o", async (header, options, features) => {
    const columns = header.split(",");
    const data = await load(`${header}\n${columns.map((_, i) => i + 0.5).join(",")}\n`, options);
    const values = [...data.train.x.data].map((value) => columns[Math.floor(value)]);
    expect([...values].sort()).toEqual([...features].sort());
  });

  test("may be quoted, have a byte order mark, blank lines, Windows line ends, semicolons, or tabs in .tsv", async () => {
    const plain = await load("a,b,y\n1,2,3.5\n-4e-1,.5,6\n");
    const texts = ['\ufeffa, b ,y\r\n\r\n"1",2,3.5\r\n-4e-1,.5,6', "a;b;y\n1;2;3.5\n-4e-1;.5;6\n"];
    for (const text of texts) expect((await load(text)).sha256).toBe(plain.sha256);
    expect((await load("a\tb\ty\n1\t2\t3.5\n-4e-1\t.5\t6\n", {}, "d.tsv")).sha256).toBe(plain.sha256);
    expect([...plain.train.x.data]).toEqual([1, 2, -0.4, 0.5]);
  });

  test("with a limit keeps the first training rows", async () => {
    const text = `a,y\n${Array.from({ length: 10 }, (_, i) => `${i},${i / 2}`).join("\n")}`;
    const data = await load(text, { limit: 5 });
    expect([...data.train.x.data]).toEqual([0, 1, 2, 3, 5]);
    expect([...data.test.x.data]).toEqual([4, 9]);
  });

  test.each<[string, string, string]>([
    ["an empty feature", "a,b,y\n1,2,3\n1,,3\n", 'row 2, column b must be a finite number, got ""'],
    ["text as a feature", "a,y\n1,2\nblue,3\n", 'row 2, column a must be a finite number, got "blue"'],
    ["NaN as a feature", "a,y\n1,2\nNaN,3\n", 'row 2, column a must be a finite number, got "NaN"'],
    ["a number too large", "a,y\n1e999,2\n", 'row 1, column a must be a finite number, got "1e999"'],
    ["a bad cell in a test row", "a,y\n1,2\n1,2\n1,2\n1,2\nx,2\n", 'row 5, column a must be a finite number, got "x"'],
    ["an empty target", "a,y\n1,2\n1, \n", 'row 2, column y must not be empty, got ""'],
    ["a short row", "a,b,y\n1,2,3\n1,2\n", "row 2 must have 3 cells as the header, got 2"],
    ["a long row", "a,b,y\n1,2,3,4\n", "row 1 must have 3 cells as the header, got 4"],
    ["no header", "1,2,3\n4,5,6\n", 'the first row must name the columns, got "1", "2", "3"'],
    ["an unnamed column", ",a,y\n0,1,2\n", "must name every column (a row index? leave it out)"],
    ["a name twice", "a,a,y\n0,1,2\n", "must name every column differently"],
    ["one column", "y\n1\n2\n", "must name at least two columns, features and a target"],
    ["nothing in it", "", "got an empty file"],
    ["no rows", "a,y\n", "must have rows after its header, got none"],
    ["an open quote", 'a,y\n"1,2\n', "quotes must be closed"],
  ])("with %s is refused", async (_, text, message) => {
    expect(await refusal(text)).toContain(message);
  });

  test("of numbers with a missing target among many is refused, not taken for classes", async () => {
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${i === 17 ? "n/a" : i / 2}`).join("\n");
    expect(await refusal(`a,y\n${rows}`)).toBe('row 18, column y must be a number as others in its column, got "n/a"');
  });

  test("is refused with a target that it has not, naming the nearest", async () => {
    expect(await refusal("price,area,rooms\n1,2,3\n", { target: "pirce" })).toBe(
      "the target must be one of the columns price, area, rooms, got pirce (did you mean price?)",
    );
  });

  test("is refused with a test file of other columns or a class that only it has", async () => {
    write("d.test.csv", "b,y\n7,dog\n");
    expect(await refusal("a,y\n1,dog\n2,cat\n")).toContain(`d.test.csv: must have the columns of ${at("d.csv")}`);
    write("d.test.csv", "a,y\n7,dog\n7,cow\n");
    expect(await refusal("a,y\n1,dog\n2,cat\n")).toContain(
      'd.test.csv: row 2, column y must be one of the classes cat, dog, got "cow"',
    );
  });

  test("that is not text is refused", async () => {
    await expect(loadDataset(write("d.csv", Uint8Array.of(0x61, 0x2c, 0xff, 0xfe)))).rejects.toThrow(
      "must be text in UTF-8",
    );
  });
});
