// The two trainings of a GAN that `guo/gan` measures: against the best discriminator, and against one that learns.

import { type ExplanationParts, explainParts } from "../../explain/explain-parts.ts";
import { datasetQueries } from "../../explain/queries.ts";
import { tangentKernel } from "../../kernels/tangent-kernel.ts";
import { optimalLoss } from "../../losses/adversarial.ts";
import { reals, takeRows } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import { optimalOpponent } from "../../train/adversaries.ts";
import { meanOf } from "../arrays.ts";
import { closureShare } from "../small-problem.ts";
import type { MeasureContext } from "../types.ts";
import {
  byTenths,
  distancesTo,
  dotOf2,
  type Field,
  FORM,
  fieldOf,
  meanLists,
  optimal,
  RATE,
  rounded,
  signs,
  similarity,
  TESTS,
  vectorAt,
} from "./gan-fields.ts";
import {
  against,
  contributionVectors,
  generator,
  interleaved,
  latentDataset,
  learner,
  lengthsOf,
  modeShares,
  nearestModes,
  RING,
} from "./gans.ts";

export interface GanSize {
  readonly latents: number;
  /** Steps against the best discriminator, and against one that learns. */
  readonly steps: number;
  readonly learning: number;
  /** Latents that are explained. */
  readonly explained: number;
}

export interface GanMeasure {
  readonly covered: number;
  /** Shares of generated points, over looks. */
  readonly toMode: number;
  readonly offCrowd: number;
  readonly towards: number;
  readonly across: number;
  readonly misaligned: number;
  readonly similar: number;
  readonly closure: number;
  readonly residual: number;
  readonly apart: number;
  readonly ideal: number;
  readonly actualCovered: number;
  readonly actualClosure: number;
  /** Mean |contribution| over even, by tenths of the latents from the nearest on: in latent space, between final samples. */
  readonly byLatent: readonly number[];
  readonly bySample: readonly number[];
  /** The same against the actual discriminator, by latent distance. */
  readonly actualByLatent: readonly number[];
  /** Of the first seed: the fields in the middle of training, and the pulls of latents on one sample. */
  readonly field?: Field;
  readonly pulls?: Field & { readonly from: readonly number[]; readonly to: readonly number[] };
}

/** Against D*, with every number of the corollary. */
export async function ideal(size: GanSize, { seed, engine, signal, progress }: MeasureContext) {
  const dataset = latentDataset(seed, { latents: size.latents, tests: TESTS });
  const opponent = optimalOpponent(FORM, optimal(size.latents));
  const seeded = generator(
    { dataset, opponent, optimizer: "sgd", lr: RATE },
    { engine: await engine("float64"), seed },
  );
  const { task } = seeded;
  const run = await against(seeded, opponent, { steps: size.steps, seed, signal });
  progress(0.15);
  const { whole: _, ...parts } = optimalLoss(FORM, optimal(size.latents));
  const looks = [16, 8, 4, 2].map((share) => Math.round(size.steps / share));
  const fields: Field[] = [];
  for (const step of looks.map((look) => look - 1)) {
    const inputs = run.batches[step].lossInputs!;
    const attraction = await fieldOf({ ...task, loss: parts.attraction }, run, step, inputs);
    const repulsion = await fieldOf({ ...task, loss: parts.repulsion }, run, step, inputs);
    fields.push({
      points: rounded(inputs.generated.data as Float64Array),
      attraction: rounded(attraction),
      repulsion: rounded(repulsion),
    });
  }
  const [start, end] = [(await run.checkpoint(0)).params, (await run.checkpoint(size.steps)).params];
  const [prior, final] = [await predict(task, start, dataset.test), await predict(task, end, dataset.test)];
  const samples = await predict(task, end, dataset.train);
  const rows = Array.from({ length: size.explained }, (_, q) => q);
  const queries = datasetQueries(task, `test:${rows.join()}`);
  const both: ExplanationParts<keyof typeof parts>[] = [];
  for (const readout of ["output:0", "output:1"]) {
    both.push(await explainParts(task, run, { queries, readout, parts, tolerance: 1e-3, signal }));
    progress(0.15 + 0.25 * both.length);
  }
  const vectors = interleaved(both.map(({ whole }) => whole.contributions));
  const [attracted, repelled] = (["attraction", "repulsion"] as const).map((name) =>
    interleaved(both.map((own) => own.parts[name])),
  );
  const { kernel } = await tangentKernel(task, end, takeRows(dataset.test.x, rows), dataset.train.x, {
    normalize: true,
  });
  const [own, theirs] = [nearestModes(final, RING).mode, nearestModes(samples, RING).mode];
  const perQuery = rows.map((q) => {
    const from = q * size.latents;
    const lengths = lengthsOf(vectors.subarray(2 * from, 2 * (from + size.latents)));
    const aligned = Array.from(lengths, (_, i) => Math.abs(Number(kernel.data[from + i])));
    const order = aligned.map((_, i) => i).sort((i, k) => aligned[i] - aligned[k]);
    const quarter = Math.round(size.latents / 4);
    const net = [0, 1].map((k) => lengths.reduce((sum, _, i) => sum + attracted[2 * (from + i) + k], 0));
    const centre = RING.centres[own[q]];
    const others = lengths.reduce((sum, length, i) => sum + (theirs[i] === own[q] ? 0 : length), 0);
    return {
      towards: dotOf2(net, [centre[0] - prior[2 * q], centre[1] - prior[2 * q + 1]]) > 0 ? 1 : 0,
      across: others / lengths.reduce((sum, length) => sum + length, 0),
      misaligned:
        meanOf(order.slice(0, quarter).map((i) => lengths[i])) / meanOf(order.slice(-quarter).map((i) => lengths[i])),
      byLatent: byTenths(
        lengths,
        distancesTo(dataset.test.x.data as Float64Array, q, dataset.train.x.data as Float64Array),
      ),
      bySample: byTenths(lengths, distancesTo(final, q, samples)),
    };
  });
  const mean = (pick: (one: (typeof perQuery)[number]) => number): number => meanOf(perQuery.map(pick));
  const found = fields.map(signs);
  return {
    covered: modeShares(final, RING).covered,
    toMode: meanOf(found.map(({ toMode }) => toMode)),
    offCrowd: meanOf(found.map(({ offCrowd }) => offCrowd)),
    towards: mean(({ towards }) => towards),
    across: mean(({ across }) => across),
    misaligned: mean(({ misaligned }) => misaligned),
    similar: await similarity(task, run, looks),
    closure: Math.max(...both.map(({ whole }) => closureShare(whole))),
    residual: Math.max(...both.map(({ whole }) => Math.max(...whole.residual.map(Math.abs)) / whole.scale)),
    apart: Math.max(...both.map(({ apart }) => apart)),
    byLatent: meanLists(perQuery.map(({ byLatent }) => byLatent)),
    bySample: meanLists(perQuery.map(({ bySample }) => bySample)),
    ...(seed === 1 && {
      field: fields[1],
      pulls: {
        points: rounded(samples),
        attraction: rounded(attracted.subarray(0, 2 * size.latents)),
        repulsion: rounded(repelled.subarray(0, 2 * size.latents)),
        from: rounded(prior.subarray(0, 2)),
        to: rounded(final.subarray(0, 2)),
      },
    }),
  };
}

/** Against a discriminator that learns: how near its field is to that of D*, and the contributions. */
export async function actual(size: GanSize, context: MeasureContext) {
  const { seed, engine, signal } = context;
  const dataset = latentDataset(seed, { latents: size.latents, tests: TESTS });
  const opponent = await learner({ data: RING, form: FORM, lr: 0.02 }, context);
  const seeded = generator(
    { dataset, opponent, optimizer: "adam", lr: 0.005 },
    { engine: await engine("float64"), seed },
  );
  const { task } = seeded;
  const run = await against(seeded, opponent, { steps: size.learning, seed, signal });
  const best = { ...task, loss: optimalLoss(FORM, optimal(size.latents)).whole };
  const cosines: number[] = [];
  for (const share of [0.5, 0.625, 0.75, 0.875]) {
    const step = Math.round(share * size.learning);
    const generated = reals([size.latents, 2], await predict(task, (await run.checkpoint(step)).params, dataset.train));
    const learned = await fieldOf(task, run, step, run.batches[step].lossInputs!);
    const wanted = await fieldOf(best, run, step, { generated });
    const [a, b] = [lengthsOf(learned), lengthsOf(wanted)];
    cosines.push(meanOf(a.map((length, n) => dotOf2(vectorAt(learned, n), vectorAt(wanted, n)) / (length * b[n]))));
  }
  const final = await predict(task, (await run.checkpoint(size.learning)).params, dataset.test);
  const queries = Array.from({ length: Math.ceil(size.explained / 2) }, (_, q) => q);
  const { vectors, closure } = await contributionVectors(task, run, { queries, signal });
  const tenths = queries.map((q) =>
    byTenths(
      lengthsOf(vectors.subarray(2 * q * size.latents, 2 * (q + 1) * size.latents)),
      distancesTo(dataset.test.x.data as Float64Array, q, dataset.train.x.data as Float64Array),
    ),
  );
  return {
    ideal: meanOf(cosines),
    actualCovered: modeShares(final, RING).covered,
    actualClosure: closure,
    actualByLatent: meanLists(tenths),
  };
}
