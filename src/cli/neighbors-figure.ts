// `neighbors --figure`: strips of the nearest examples, or purity along training where several steps were asked for.

import type { NeighbourList } from "../diagnose/neighbour-lists.ts";
import type { NeighboursAtStep } from "../diagnose/neighbours-along.ts";
import type { Figure } from "../figures/figure.ts";
import { isImageShape, type Picture, pictureOf, valueRange } from "../figures/image.ts";
import { type NeighbourAnchor, neighboursFigure } from "../figures/neighbours.ts";
import { purityFigure } from "../figures/purity.ts";
import { type Tensor, takeRows } from "../numeric/tensor.ts";
import type { Task } from "../train/task.ts";
import { labelOf } from "./explained-row.ts";
import type { NeighbourQuery } from "./neighbors-queries.ts";

/** Queries that get strips; the table beside a figure has no others either. */
const MOST_ANCHORS = 5;

const QUANTITY: Readonly<Record<string, string>> = {
  kernel: "distance in features",
  cosine: "1 - cosine",
  raw: "K(x, x')",
  euclidean: "distance of inputs",
};

function stripOf(
  { metric, examples, distances }: NeighbourList,
  task: Task,
  picture: (x: Tensor) => Picture | undefined,
) {
  return {
    name: metric,
    quantity: QUANTITY[metric],
    neighbours: Array.from(examples, (example, n) => {
      const own = picture(takeRows(task.dataset.train.x, [example]));
      const value = metric === "raw" ? -distances[n] : distances[n];
      return { id: `train:${example}`, label: labelOf(task, "train", example), value, ...(own && { picture: own }) };
    }),
  };
}

/** Lines of mean purity by metric over the steps; strips of the first queries at one step. */
export function neighborsFigure(
  task: Task,
  queries: readonly NeighbourQuery[],
  along: readonly NeighboursAtStep[],
): Figure {
  const [{ neighbours: first }] = along;
  if (along.length > 1) {
    return purityFigure({
      steps: along.map(({ step }) => step),
      measured: first.metrics.map((name, m) => ({
        name,
        values: along.map(({ neighbours: { means } }) => means?.lists[m].purity),
      })),
      k: first.k,
    });
  }
  const { train, inputShape } = task.dataset;
  const range = isImageShape(inputShape) ? valueRange(train.x.data as ArrayLike<number>) : undefined;
  const picture = (x: Tensor) => range && pictureOf(x, { range, maxSide: 44 });
  const anchors = queries.slice(0, MOST_ANCHORS).map((query, q): NeighbourAnchor => {
    const own = picture(query.x);
    const metrics = first.queries[q].lists.map((list) => stripOf(list, task, picture));
    const { id, label } = query;
    return { id, metrics, ...(label !== undefined && { label }), ...(own && { picture: own }) };
  });
  return neighboursFigure({ anchors });
}
