import { describe, expect, it } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { datasetQueries } from "../../src/explain/queries.ts";
import type { Explanation } from "../../src/explain/types.ts";
import { trainInMemory } from "../../src/train/memory-training.ts";
import { explainForward, type ForwardExplanation, type ForwardOptions } from "../helpers/forward-explanation.ts";
import { optimizerChoice, optimizerChoices } from "../helpers/optimizer-choices.ts";
import { oneOfEach, regularisedChoices } from "../helpers/step-choices.ts";
import { type SmallTaskOptions, smallTask } from "../helpers/tasks.ts";

interface Both {
  readonly backward: Explanation;
  readonly forward: ForwardExplanation;
}

/** One run explained both ways with the same averaged Jacobians. */
async function explainBoth(small: SmallTaskOptions, membership?: ForwardOptions["membership"]): Promise<Both> {
  const { task, params, batches } = await smallTask({ steps: 8, hidden: [8], ...small });
  const run = await trainInMemory(task, { params, batches });
  const queries = datasetQueries(task, "test:0-2");
  const backward = await explain(task, run, { queries, rule: "gauss3" });
  const forward = await explainForward(task, run, { queries, rule: "gauss3", ...(membership && { membership }) });
  return { backward, forward };
}

const largest = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));

describe("the backward sweep and per-example momenta carried forwards", () => {
  it.each(optimizerChoices.map(({ label }) => label))("agree on every contribution for %s", async (label) => {
    const { backward, forward } = await explainBoth({ optimizer: optimizerChoice(label) });
    const atol = 1e-12 * largest(backward.contributions);
    expect(forward.contributions).toBeAllclose(backward.contributions, { atol, rtol: 0 });
    const decay = backward.output.map((_, r) => backward.terms.reduce((total, term) => total + term.values[r], 0));
    expect(forward.decay).toBeAllclose(decay, { atol: 1e-12 * largest(forward.gross), rtol: 0 });
    expect(largest(forward.closure)).toBeLessThan(1e-13 * largest(forward.gross));
  });

  it.each(oneOfEach(regularisedChoices).map((choice) => [choice.label, choice] as const))(
    "agree for %s, each regulariser by itself",
    async (_, optimizer) => {
      const { backward, forward } = await explainBoth({ optimizer });
      const atol = 1e-12 * largest(forward.gross);
      expect(forward.contributions).toBeAllclose(backward.contributions, { atol, rtol: 0 });
      const added = backward.terms.filter(({ name }) => name.startsWith("regulariser"));
      expect(added).toHaveLength(2);
      for (const [j, { values }] of added.entries())
        expect(forward.regularisers[j]).toBeAllclose(values, { atol, rtol: 0 });
      expect(largest(forward.closure)).toBeLessThan(1e-13 * largest(forward.gross));
    },
  );

  it("agree on a convolutional network and another loss", async () => {
    const { backward, forward } = await explainBoth({
      optimizer: optimizerChoice("adam decay"),
      model: "cnn",
      loss: "cross-entropy",
    });
    const atol = 1e-12 * largest(backward.contributions);
    expect(forward.contributions).toBeAllclose(backward.contributions, { atol, rtol: 0 });
  });
});

describe("booking a momentum on the batch that it is applied with, not on the examples that it came from,", () => {
  it.each(["momentum", "nesterov", "adam", "adamw", "rmsprop momentum"])(
    "does not give the output back for %s",
    async (label) => {
      const { backward, forward } = await explainBoth({ optimizer: optimizerChoice(label) }, "application");
      const change = backward.output.map((f, r) => f - backward.prior[r]);
      expect(largest(forward.closure)).toBeGreaterThan(1e-2 * largest(change));
    },
  );

  it("changes nothing for an optimizer without momentum", async () => {
    const { backward, forward } = await explainBoth({ optimizer: optimizerChoice("sgd") }, "application");
    expect(forward.contributions).toBeAllclose(backward.contributions, {
      atol: 1e-12 * largest(backward.contributions),
      rtol: 0,
    });
  });
});
