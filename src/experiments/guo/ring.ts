// The plane task of Guo, He and Morel's Figs. 1, 9 and 10: a ring around a disk.

import { arrayDataset } from "../../data/array-dataset.ts";
import type { Dataset } from "../../data/types.ts";
import { randomFrom } from "../../numeric/random.ts";
import { integers, reals } from "../../numeric/tensor.ts";

/** Even examples lie in a disk of radius 0.6 (class 0), odd ones on a circle of radius 1 with noise 0.1 (class 1). */
export function ringAndDisk(examples: number, seed: number): Dataset {
  const random = randomFrom(seed, "ring and disk");
  const points = Array.from({ length: examples }, (_, n) => {
    const angle = 2 * Math.PI * random.uniform();
    const radius = n % 2 === 0 ? 0.6 * Math.sqrt(random.uniform()) : 1 + 0.1 * random.normal();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  const labels = points.map((_, n) => n % 2);
  const train = { x: reals([examples, 2], points.flat()), y: integers([examples], labels) };
  return arrayDataset({ train, classes: ["disk", "ring"], source: "ring and disk" });
}
