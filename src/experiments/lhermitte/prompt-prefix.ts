// Lhermitte, section 2: a prompt that looks like the beginning of training texts calls up those texts.

import { explainAlong } from "../../explain/explain-along.ts";
import { bars } from "../../figures/bars.ts";
import { dots } from "../../figures/dots.ts";
import { lines as linesFigure } from "../../figures/lines.ts";
import { lossOf } from "../../losses/registry.ts";
import { gpt } from "../../models/transformer.ts";
import { spearman } from "../../numeric/correlation.ts";
import { randomFrom } from "../../numeric/random.ts";
import { createOptimizer } from "../../optimizers/registry.ts";
import { shuffledBatches } from "../../train/batches.ts";
import { trainInMemory } from "../../train/memory-training.ts";
import { seededTask } from "../../train/seeded-task.ts";
import { largestOf, meanOf } from "../arrays.ts";
import { bandOf, dotOf, intervalWords } from "../bands.ts";
import { needed } from "../data-needs.ts";
import { defineExperiment } from "../define.ts";
import { cell } from "../number-text.ts";
import { closureShare } from "../small-problem.ts";
import {
  beginningsOf,
  bySharedPrefix,
  type CalledUp,
  calledUp,
  endStandsIn,
  inputOf,
  type Line,
  linesOf,
  lossFrom,
  nextCharacters,
  promptQueries,
  sharedPrefix,
  shuffled,
} from "./prompts.ts";

interface Size {
  readonly width: number;
  readonly depth: number;
  readonly steps: number;
  /** Characters of the prompts; the last is that of whole beginnings. */
  readonly lengths: readonly number[];
}

interface Measure {
  /** By length of the prompt. */
  readonly prompts: readonly CalledUp[];
  /** Of whole beginnings: the same characters in another order, and what the second half of training adds. */
  readonly shuffled: CalledUp;
  readonly late: CalledUp;
  /** Mean |contribution| over that of all lines, by how many characters a line shares with whole beginnings. */
  readonly byShared: readonly (number | null)[];
  readonly byShuffled: readonly (number | null)[];
  readonly byLate: readonly (number | null)[];
  /** Mean |contribution| of lines that share the whole prompt over that of lines with its last characters elsewhere. */
  readonly overElsewhere: number;
  /** Nats a character, of the training and the test lines. */
  readonly trainLoss: number;
  readonly testLoss: number;
  /** Nats a character that a beginning saves over the same characters in another order, on the rest of test lines. */
  readonly saved: number;
  readonly residual: number;
  readonly closure: number;
  /** Of the first seed: a prompt and the lines that contributed most. */
  readonly shown?: { readonly prompt: string; readonly next: string; readonly top: readonly Shown[] };
}

interface Shown {
  readonly line: string;
  readonly contribution: number;
  readonly shared: number;
}

const BATCH = 24;
const RATE = 3e-3;
/** Characters of the prompt's end that are looked for elsewhere. */
const END = 3;
const TOP = 12;
/** Names of characters as text. */
const plain = (text: string): string => text.replaceAll("␣", " ");
const SHOWN = "You";
/** Jacobians are averaged over so many steps at once: prompts cost a third of what they cost along each step. */
const [RULE, CHORD] = ["gauss2", 4];

type Name =
  | "called"
  | "grows"
  | "order"
  | "pushed"
  | "over"
  | "elsewhere"
  | "late"
  | "likelier"
  | "learned"
  | "closure";

export const promptPrefix = defineExperiment<Size, Measure, Name>({
  id: "lhermitte/prompt-prefix",
  title: "What the beginning of a prompt calls up in a language model",
  source: 'Lhermitte, section 2 (the prefix "You are an MIT student")',
  rows: ["002-11"],
  claim:
    "A prompt that looks like the beginning of training texts calls up those texts: they contribute most to what comes next, and what comes next is more likely for it.",
  refutedBy:
    "Training lines that share the prompt's beginning contributing no more than others, or as much where the same characters stand in another order.",
  expectations: {
    called: {
      measure: "AUROC of |contribution|: lines that share the whole prompt against the others",
      least: 0.75,
      reason: "three of four pairs ordered rightly, half way from chance to a separation without fault",
      central: true,
    },
    grows: {
      measure: "rank correlation of the number of shared characters with the mean |contribution|",
      least: 0.8,
      reason: "the longer the shared beginning the larger the contribution, but for a pair or two of the counts",
      central: true,
    },
    order: {
      measure: "that AUROC less the one for the same characters in another order",
      least: 0.1,
      reason: "a fifth of the way from chance to no fault is due to the beginning, and not to the characters in it",
      central: true,
    },
    pushed: {
      measure: "AUROC of the contribution to log p, with its sign",
      least: 0.65,
      reason: "calling up is pushing up, but a line that goes on otherwise after the same beginning pushes down",
    },
    over: {
      measure: "share of |contributions| from the lines that share the prompt, over their share of the lines",
      least: 2,
      reason: "twice their share is the least that most would mean of one line in 24",
    },
    elsewhere: {
      measure: `mean |contribution| of lines that share the prompt over that of lines with its last ${END} characters elsewhere`,
      least: 1.5,
      reason: "a model that only counts the last few characters has 1",
    },
    late: {
      measure: "AUROC of |contribution| to what the second half of training changes in log p",
      least: 0.75,
      reason: "as of all of training: what holds of the half in which lines are learned, and not only their characters",
    },
    likelier: {
      measure:
        "nats a character that the beginning saves over its characters in another order, on the rest of test lines",
      least: 0,
      reason: "the source says more likely, and not by how much",
    },
    learned: {
      measure: "nats a character on training lines",
      most: 2,
      reason: "characters of English take about 3 by their frequencies alone: with more the model has learned little",
    },
    closure: {
      measure: "|output - prior - contributions - residual|, relative to the gross sum",
      most: 1e-5,
      reason: "rounding of float32 gradients: otherwise contributions are not those of the training",
      central: true,
    },
  },
  differences: [
    "The source has an anecdote about a large model and a question of mathematics: ours is a small model of characters, and the answer is the next one.",
    "Training texts are lines that begin alike, 14 of each of 24 beginnings of eight characters, so that there is something to call up.",
    "What is explained is log p of the character that the model holds to be most probable after the prompt; for the same characters in another order, log p of that same character.",
    `Jacobians are averaged along chords of ${CHORD} steps, at two nodes each: what that leaves is in the residual.`,
    "The second half of training is asked about since a first seed gave 0.69 for all of it; nothing else was changed then but which prompts are put in another order, only whole beginnings.",
    "Width, depth, step size and the number of steps were chosen by the loss on training lines and the time that it takes, before any contribution was seen.",
  ],
  needs: needed("verses"),
  seeds: { quick: 2, full: 5 },
  sizes: {
    quick: { width: 32, depth: 1, steps: 72, lengths: [4, 8] },
    full: { width: 32, depth: 1, steps: 336, lengths: [2, 4, 8] },
  },
  parameters: ({ width, depth, steps, lengths }) => [
    { name: "data", value: "336 lines of plays, 48 test lines, 32 characters each", from: "default" },
    {
      name: "model",
      value: `causal transformer: width ${width}, ${depth} layer, 4 heads, cross-entropy, float32`,
      from: "default",
    },
    { name: "training", value: `${steps} steps of Adam at ${RATE}, batches of ${BATCH}`, from: "default" },
    { name: "prompts", value: `all beginnings of ${lengths.join(", ")} characters`, from: "default" },
  ],
  async measure({ width, depth, steps, lengths }, { seed, engine, data, signal, progress }) {
    const verses = await data("verses");
    const [length] = verses.inputShape;
    const { task, params } = seededTask({
      engine: await engine("float32"),
      model: gpt({ inputShape: [length], positions: [length], outputs: verses.classes.length, width, depth, heads: 4 }),
      loss: lossOf("cross-entropy"),
      optimizer: createOptimizer("adam", { lr: RATE }),
      dataset: verses,
      seed,
    });
    const lines = linesOf(verses.train);
    const plan = { examples: lines.length, batchSize: BATCH, steps };
    const batches = [...shuffledBatches(plan, randomFrom(seed, "batches"))];
    const run = await trainInMemory(task, { params, batches, checkpointEvery: 16, signal });
    progress(0.2);
    const end = (await run.checkpoint(steps)).params;
    const random = randomFrom(seed, "orders");
    const most = lengths[lengths.length - 1];
    const prompts = lengths.flatMap((count) => beginningsOf(lines, count));
    const whole = beginningsOf(lines, most);
    const others = whole.map((prompt) => shuffled(prompt, random));
    const next = await nextCharacters(task, end, prompts);
    const asked = [...prompts, ...others];
    // Whole beginnings are the last ones of the prompts.
    const queries = promptQueries(asked, [...next, ...next.slice(-whole.length)], length);
    const along = await explainAlong(task, run, {
      ...{ steps: [steps / 2, steps], queries, readout: "loss", signal },
      ...{ rule: RULE, chord: CHORD },
    });
    progress(0.95);
    const [half, e] = along.map(({ explanation }) => explanation);
    const n = lines.length;
    /** To log p: the loss is its negative. */
    const to = (row: number, of = e): Float64Array => of.contributions.slice(row * n, (row + 1) * n).map((c) => -c);
    const all = asked.map((prompt, row) => ({ prompt, contributions: to(row) }));
    const own = all.slice(prompts.length - whole.length, prompts.length);
    // Which lines begin so is asked of the beginning, not of its characters in another order.
    const turnedOwn = own.map(({ prompt }, k) => ({ prompt, contributions: to(prompts.length + k) }));
    const late = own.map(({ prompt, contributions }, k) => {
      const before = to(prompts.length - whole.length + k, half);
      return { prompt, contributions: contributions.map((value, i) => value - before[i]) };
    });
    const overElsewhere = own.map(({ prompt, contributions }) => {
      const sizes = Array.from(contributions, Math.abs);
      const shares = lines.map((line) => sharedPrefix(prompt, line) === most);
      const alike = sizes.filter((_, i) => shares[i]);
      const elsewhere = sizes.filter((_, i) => !shares[i] && endStandsIn(lines[i], prompt, END));
      return meanOf(alike) / meanOf(elsewhere);
    });
    const testLines = linesOf(verses.test);
    const turned = testLines.map((line) => [...shuffled(line.slice(0, most), random), ...line.slice(most)]);
    const turnedLoss = await lossFrom(task, end, { x: inputOf(turned, length), y: verses.test.y }, most - 1);
    const measured = {
      prompts: lengths.map((count) =>
        calledUp(
          all.slice(0, prompts.length).filter(({ prompt }) => prompt.length === count),
          lines,
        ),
      ),
      shuffled: calledUp(turnedOwn, lines),
      late: calledUp(late, lines),
      byShared: bySharedPrefix(own, lines),
      byShuffled: bySharedPrefix(turnedOwn, lines),
      byLate: bySharedPrefix(late, lines),
      overElsewhere: meanOf(overElsewhere.filter(Number.isFinite)),
      trainLoss: await lossFrom(task, end, verses.train, 0),
      testLoss: await lossFrom(task, end, verses.test, 0),
      saved: turnedLoss - (await lossFrom(task, end, verses.test, most - 1)),
      residual: largestOf(e.residual) / e.scale,
      closure: closureShare(e),
    };
    if (seed !== 1) return measured;
    const spell = (line: Line): string => line.map((token) => (token === 0 ? "" : verses.classes[token])).join("");
    const shown = own.find(({ prompt }) => spell(prompt).startsWith(SHOWN)) ?? own[0];
    const order = [...lines.keys()].sort((a, b) => Math.abs(shown.contributions[b]) - Math.abs(shown.contributions[a]));
    const top = order.slice(0, TOP).map((i) => ({
      line: spell(lines[i]),
      contribution: shown.contributions[i],
      shared: sharedPrefix(shown.prompt, lines[i]),
    }));
    const at = prompts.indexOf(shown.prompt);
    return { ...measured, shown: { prompt: spell(shown.prompt), next: verses.classes[next[at]], top } };
  },
  conclude: (measures, { lengths }, seeds) => {
    const last = lengths.length - 1;
    const counts = measures[0].byShared.flatMap((value, k) => (value === null ? [] : [k]));
    const at = (values: readonly (number | null)[]): number[] => counts.map((k) => values[k] ?? Number.NaN);
    const { shown } = measures[0];
    return {
      values: {
        called: measures.map(({ prompts }) => prompts[last].auroc),
        grows: measures.map(({ byShared }) => spearman(counts, at(byShared)) ?? 0),
        order: measures.map((own) => own.prompts[last].auroc - own.shuffled.auroc),
        pushed: measures.map(({ prompts }) => prompts[last].signed),
        over: measures.map(({ prompts }) => prompts[last].over),
        elsewhere: measures.map(({ overElsewhere }) => overElsewhere),
        late: measures.map(({ late }) => late.auroc),
        likelier: measures.map(({ saved }) => saved),
        learned: measures.map(({ trainLoss }) => trainLoss),
        closure: measures.map(({ closure }) => closure),
      },
      table: {
        columns: [
          "seed",
          "lines are told by",
          "AUROC",
          "signed",
          "share over even",
          "loss, training",
          "loss, test",
          "residual",
        ],
        rows: measures.flatMap((own, s) =>
          [
            ...lengths.map((count, k) => ({ name: `prompts of ${count} characters`, ...own.prompts[k] })),
            { name: `${lengths[last]} characters in another order`, ...own.shuffled },
            { name: `${lengths[last]} characters, second half of training`, ...own.late },
          ].map(({ name, auroc, signed, over }) => [
            `${seeds[s]}`,
            name,
            ...[auroc, signed, over, own.trainLoss, own.testLoss, own.residual].map((value) => cell(value)),
          ]),
        ),
      },
      figures: [
        {
          name: "by-shared-prefix",
          reads:
            "Only lines that share the whole beginning stand out, with 1.8 times the mean; four to seven of its eight characters are worth little. For the same characters in another order it is 1.3 times the mean: so much is due to the characters and not to how the line begins.",
          figure: linesFigure({
            title: "What lines contribute, by how much of the prompt they share",
            caption: `Prompts of ${lengths[last]} characters; mean |contribution| to log p of the next one, over the mean of all lines; bands: ${intervalWords(seeds.length)}.`,
            x: { label: "characters shared from the beginning", scale: "whole" },
            y: { label: "mean |contribution| over that of all lines", zero: true },
            guides: [{ axis: "y", value: 1, label: "all lines" }],
            series: [
              bandOf(
                "prompt",
                counts,
                measures.map(({ byShared }) => at(byShared)),
              ),
              bandOf(
                "prompt, second half of training",
                counts,
                measures.map(({ byLate }) => at(byLate)),
              ),
              bandOf(
                "its characters in another order",
                counts,
                measures.map(({ byShuffled }) => at(byShuffled)),
              ),
            ],
          }),
        },
        {
          name: "told-apart",
          reads:
            "Lines that begin as the prompt does are told from others better than by chance, and better than with its characters in another order, but far from always. The longer the prompt, the fewer lines begin so and the less they stand out. With eight characters signs tell less than sizes: after the same beginning some lines go on with the character asked about, others with another, and these push it down.",
          figure: dots({
            title: "How well contributions tell the lines that begin as the prompt does",
            caption: `Area under the ROC curve, 0.5 being chance; means over prompts, ${intervalWords(seeds.length)}.`,
            x: { label: "AUROC", domain: [0.4, 1] },
            series: ["|contribution|", "with its sign"],
            rows: [
              ...lengths.map((count, k) => ({ name: `${count} characters`, of: (own: Measure) => own.prompts[k] })),
              { name: `${lengths[last]}, in another order`, of: (own: Measure) => own.shuffled },
              { name: `${lengths[last]}, second half of training`, of: (own: Measure) => own.late },
            ].map(({ name, of }) => ({
              name,
              dots: [
                dotOf(measures.map((own) => of(own).auroc)),
                dotOf(
                  measures.map((own) => of(own).signed),
                  1,
                ),
              ],
            })),
            interval: intervalWords(seeds.length),
          }),
        },
        ...(shown
          ? [
              {
                name: "called-up",
                reads:
                  'Four of the twelve begin as the prompt does, where one line in 24 would by chance. Of the others one shares four characters and the rest none: one has "have" further on, the others act through what all lines of a small model share. Of the four, the two that go on with a comma push the blank down, and the two that go on with a blank push it up.',
                figure: bars({
                  title: `The lines that "${plain(shown.prompt)}" calls up`,
                  caption: `Seed 1: the ${shown.top.length} largest contributions to log p of "${shown.next}" after it; beside each line how many characters its beginning shares with the prompt.`,
                  x: { label: "contribution (nats)" },
                  rows: shown.top.map(({ line, contribution, shared }) => ({
                    name: plain(line),
                    note: `${shared} shared`,
                    value: contribution,
                  })),
                }),
              },
            ]
          : []),
      ],
    };
  },
});
