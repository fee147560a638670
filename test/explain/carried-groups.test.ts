// Where the carries of each parameter live, by optimizer and by what the rows' inputs touch.

import { describe, expect, it } from "vitest";
import { kindsOf } from "../../src/explain/carried/coefficients.ts";
import { type Derivatives, derivativesOf } from "../../src/explain/carried/derivatives.ts";
import { groupsOf } from "../../src/explain/carried/groups.ts";
import { taskReadout } from "../../src/explain/prepare.ts";
import { reals } from "../../src/numeric/tensor.ts";
import { embeddingTask } from "../helpers/embedding-task.ts";
import { optimizerChoice } from "../helpers/optimizer-choices.ts";
import { squaredWeightsTask } from "../helpers/squared-weights.ts";
import { type SmallTask, smallTask } from "../helpers/tasks.ts";
import { tiedWeightsTask } from "../helpers/tied-weights.ts";

function derivatives({ task }: SmallTask): Derivatives | undefined {
  const { split, loss, layout } = task;
  return derivativesOf({ ...split, readout: taskReadout(task, undefined), targetType: loss.target, layout, loss });
}

const kindsIn = (made: SmallTask): string[] =>
  derivatives(made)!.held.map(({ parameter, kind, still }) => [parameter, kind, ...(still ? [still] : [])].join(" "));

describe("derivativesOf(options)", () => {
  it("keeps of a first layer what its inputs do not hold still, of large layers their factors, of all else the whole", async () => {
    expect(kindsIn(await smallTask({ hidden: [40, 30] }))).toEqual([
      "layers.0.weight moving right",
      "layers.0.bias whole",
      "layers.1.weight factored",
      "layers.1.bias whole",
      "layers.2.weight whole",
      "layers.2.bias whole",
    ]);
    expect(kindsIn(await smallTask({ model: "cnn" }))[0]).toBe("convolutions.0.weight whole");
    expect(kindsIn(await tiedWeightsTask())).toEqual(["V whole", "W whole", "b whole"]);
  });

  it("keeps of embedded tokens what is added to their rows, where they are fewer than these", async () => {
    expect(kindsIn(await embeddingTask({ classes: 17 }))[0]).toBe("E moving indices");
    expect(kindsIn(await embeddingTask({ classes: 15 }))[0]).toBe("E whole");
  });

  it("is nothing where some use of a parameter has no factored form", async () => {
    expect(derivatives(await squaredWeightsTask())).toBeUndefined();
  });
});

describe("groupsOf(options)", () => {
  const spaces = async (label: string, x: readonly number[]): Promise<string[][]> => {
    const made = await smallTask({ optimizer: optimizerChoice(label), hidden: [40, 30] });
    const kinds = kindsOf(made.task);
    const still = { "still.0": reals([3, 1, 2], x) };
    const groups = groupsOf({ derivatives: derivatives(made)!, kinds, still, count: 3, dtype: "float64" });
    return groups.map(({ channels }) => channels.map(({ space }) => space));
  };
  const whole = Array(5).fill("whole");

  it.each(["momentum", "nesterov"])("carries what moves where coefficients are numbers: %s", async (label) => {
    expect(await spaces(label, [1, 2, 3, 4, 5, 6])).toEqual([["moving", ...whole]]);
  });

  it.each(["adam", "rmsprop", "rmsprop momentum"])("carries lines that inputs touch, or all: %s", async (label) => {
    expect(await spaces(label, [1, 0, 0, 0, 0, 6])).toEqual([["entries"], whole]);
    expect(await spaces(label, [1, 0, 3, 0, 5, 6])).toEqual([["whole", ...whole]]);
  });

  it("lists the elements that a row touches, and none for a row of zeros", async () => {
    const made = await smallTask({ optimizer: optimizerChoice("adam"), hidden: [40, 30] });
    const still = { "still.0": reals([3, 1, 2], [0, 0, 7, 0, 0, -1]) };
    const options = { derivatives: derivatives(made)!, kinds: kindsOf(made.task), still, count: 3 };
    const [{ rows, tiles }] = groupsOf({ ...options, dtype: "float64" });
    expect(rows).toBe(3);
    const { feeds, carries, axis } = tiles[0];
    expect(axis).toBe(2);
    expect(carries[0]).toEqual(new Float64Array(2 * 40));
    expect(Array.from(feeds["entries.index"].data, Number)).toEqual([0, 1]);
    expect(Array.from(feeds["entries.row"].data, Number)).toEqual([1, 2]);
    expect(Array.from(feeds["entries.values"].data, Number)).toEqual([0, 0, 7, 0, 0, -1]);
  });
});
