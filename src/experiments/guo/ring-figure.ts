// The plane of the ring and the disk as Guo, He and Morel draw it: decisions, examples, and the neighbours of two anchors.

import type { Dataset } from "../../data/types.ts";
import { type DecisionRegions, decisionRegions, regionKey } from "../../figures/decision-regions.ts";
import { type Panels, panels } from "../../figures/panels.ts";
import { type RealArray, reals, sliceRows, type Tensor } from "../../numeric/tensor.ts";
import { predict } from "../../train/accuracy.ts";
import type { Task } from "../../train/task.ts";
import { spaced } from "../arrays.ts";

/** Cells along a side of the picture, and what it covers. */
const CELLS = 48;
const SIDE = [-1.5, 1.5] as const;

/** Probability of the ring less one half, at the centres of equal cells of the plane, to three digits. */
export async function ringRegions(task: Task, params: RealArray): Promise<number[]> {
  const half = (SIDE[1] - SIDE[0]) / CELLS / 2;
  const centres = spaced(SIDE[0] + half, SIDE[1] - half, CELLS);
  const x = reals(
    [CELLS * CELLS, 2],
    centres.flatMap((b) => centres.flatMap((a) => [a, b])),
  );
  const logits = await predict(task, params, { x });
  return Array.from(logits, (logit) => Number((1 / (1 + Math.exp(-logit)) - 0.5).toFixed(3)));
}

const placeOf = ({ data }: Tensor, n: number): readonly [number, number] => [
  Number(data[2 * n]),
  Number(data[2 * n + 1]),
];

/** The example of the disk that is farthest from its centre, and that of the ring that is nearest to it. */
export function edgeExamples({ train: { x } }: Dataset): readonly [disk: number, ring: number] {
  let [disk, ring] = [0, 1];
  const radius = (n: number): number => Math.hypot(...placeOf(x, n));
  for (let n = 0; n < x.shape[0]; n++) {
    if (n % 2 === 0 && radius(n) > radius(disk)) disk = n;
    if (n % 2 === 1 && radius(n) < radius(ring)) ring = n;
  }
  return [disk, ring];
}

/** Rows of some examples: (n, 2). */
export const rowsAt = (x: Tensor, rows: readonly number[]): Tensor =>
  reals(
    [rows.length, 2],
    rows.flatMap((n) => [...(sliceRows(x, n, n + 1).data as RealArray)]),
  );

export interface RingPanel {
  readonly head: string;
  /** As `ringRegions` gives them. */
  readonly regions: readonly number[];
  /** Examples that are near each of the two anchors. */
  readonly neighbours: readonly (readonly number[])[];
}

/** A panel for each kind of neighbours, with the same examples and anchors, the edge examples, in all of them. */
export function ringFigure(
  dataset: Dataset,
  list: readonly RingPanel[],
  text: Pick<Panels, "title" | "caption">,
): ReturnType<typeof panels> {
  const { x } = dataset.train;
  const pointsOf = (rows: readonly number[]) => ({
    x: rows.map((n) => placeOf(x, n)[0]),
    y: rows.map((n) => placeOf(x, n)[1]),
  });
  const all = Array.from({ length: x.shape[0] }, (_, n) => n);
  const edges = edgeExamples(dataset);
  const regionsOf = ({ head, regions, neighbours }: RingPanel): DecisionRegions => ({
    title: head,
    caption: "",
    grid: { values: regions, rows: CELLS, columns: CELLS },
    x: SIDE,
    y: SIDE,
    quantity: "probability of the ring less one half",
    domain: [-0.5, 0.5],
    keyed: false,
    classes: dataset.classes.map((name, label) => ({ name, ...pointsOf(all.filter((n) => n % 2 === label)) })),
    anchors: edges.map((n, k) => {
      const [px, py] = placeOf(x, n);
      return { name: dataset.classes[k], x: px, y: py, neighbours: pointsOf(neighbours[k]) };
    }),
  });
  const drawn = list.map(regionsOf);
  return panels({
    ...text,
    panels: drawn.map((one) => ({ head: one.title, figure: decisionRegions(one) })),
    key: regionKey(drawn[0]),
    columns: 2,
    least: 300,
  });
}
