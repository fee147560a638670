// `npm run bench:matrices -- [--n 1000] [--scale 10000] [--write]`: dense decompositions, peak memory of solves and spectra; `--scale` alone: ridge on 10,000 images.

import { CholeskyDecomposition, EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { openLinearAlgebra } from "../src/numeric/linear-algebra/load.ts";
import {
  type AlgebraName,
  algebraNames,
  type LinearAlgebra,
  type Matrix,
} from "../src/numeric/linear-algebra/types.ts";
import { randomFrom } from "../src/numeric/random.ts";
import { reals } from "../src/numeric/tensor.ts";
import { command, countOf } from "./command.ts";
import { type MatrixMemory, matrixApart, matrixWorks } from "./matrix-problem.ts";
import { mebibytes } from "./memory.ts";
import { markdownTable, type Table, writeSection } from "./report.ts";
import { SCALE_NOTE, scaleTable } from "./scale.ts";
import { best } from "./timing.ts";

/** Gaussian kernel of random points in eight dimensions, with 0.1 added to its diagonal. */
function gaussianGram(n: number): Matrix {
  const random = randomFrom(0, "points");
  const points = Array.from({ length: n }, () => Float64Array.from({ length: 8 }, () => random.normal()));
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      const distance = points[i].reduce((total, value, k) => total + (value - points[j][k]) ** 2, 0);
      a[i * n + j] = Math.exp(-distance / 16) + (i === j ? 0.1 : 0);
      a[j * n + i] = a[i * n + j];
    }
  return reals([n, n], a);
}

/** |A V^T - V^T diag(values)| over some rows, by the largest value. */
function eigenError(a: Matrix, own: LinearAlgebra): number {
  const [n] = a.shape;
  const { values, vectors } = own.eigenpairs(a, { largest: 3 });
  let worst = 0;
  for (let k = 0; k < 3; k++)
    for (let i = 0; i < n; i++) {
      let image = 0;
      for (let j = 0; j < n; j++) image += a.data[i * n + j] * vectors.data[k * n + j];
      worst = Math.max(worst, Math.abs(image - values[k] * vectors.data[k * n + i]) / values[0]);
    }
  return worst;
}

interface Timed {
  readonly what: string;
  readonly n: number;
  readonly run: (own: LinearAlgebra, a: Matrix) => unknown;
}

async function timesTable(n: number, members: readonly (LinearAlgebra | undefined)[]): Promise<Table> {
  const works: readonly Timed[] = [
    { what: "all eigenvalues and vectors", n, run: (own, a) => own.eigenpairs(a) },
    { what: "all eigenvalues", n, run: (own, a) => own.eigenvalues(a) },
    { what: "Cholesky and 10 right sides", n, run: solveTen },
    { what: "Cholesky and 10 right sides", n: 2 * n, run: solveTen },
  ];
  const rows: string[][] = [];
  for (const { what, n: order, run } of works) {
    const a = gaussianGram(order);
    const cells = [what, String(order)];
    for (const own of members) {
      if (own && eigenError(gaussianGram(100), own) > 1e-12) throw new Error(`${own.name}: eigenvalues are wrong`);
      const ms = own && (await best(async () => run(own, a), own.name === "lapack" ? { seconds: 1 } : { once: true }));
      cells.push(ms === undefined ? "not here" : ms.toFixed(0));
    }
    cells.push(await packageTime(what, a));
    rows.push(cells);
    console.log(cells.join("  "));
  }
  const names = members.map((own, k) => (own ? `${own.name} (${own.library}), ms` : algebraNames[k]));
  return { head: ["what", "n", ...names, "ml-matrix itself, ms"], rows };
}

function solveTen(own: LinearAlgebra, a: Matrix): void {
  const [n] = a.shape;
  const b = reals(
    [n, 10],
    Float64Array.from({ length: 10 * n }, (_, k) => Math.sin(k)),
  );
  const { solve, product } = own.cholesky(a);
  const image = product(solve(b)).data;
  if (image.some((value, k) => Math.abs(value - b.data[k]) > 1e-9))
    throw new Error(`${own.name}: the solution is wrong`);
}

/** What ml-matrix's own decomposition takes, where ours is not its. */
async function packageTime(what: string, { shape: [n], data }: Matrix): Promise<string> {
  if (what === "all eigenvalues" || n > 1000) return "";
  const a = MlMatrix.from1DArray(n, n, data);
  const run = what.startsWith("Cholesky")
    ? () => new CholeskyDecomposition(a)
    : () => new EigenvalueDecomposition(a, { assumeSymmetric: true });
  return (await best(async () => run(), { once: true })).toFixed(0);
}

async function memoryTable(n: number, members: readonly AlgebraName[]): Promise<Table> {
  const rows: string[][] = [];
  for (const member of members)
    for (const work of matrixWorks) {
      const { taken, matrix, result, planned, ms }: MatrixMemory = matrixApart({
        work,
        member,
        n,
        budget: 8 * n * n + 2 ** 23,
      });
      const beyond = taken - matrix - result;
      rows.push([work, member, ...[taken, matrix, result, planned, beyond].map(mebibytes), (ms / 1000).toFixed(1)]);
      console.log(rows.at(-1)?.join("  "));
    }
  const head = ["kernel", "by", "MiB taken", "the one matrix", "result", "planned beside", "beside both", "s"];
  return { head, rows };
}

function missing({ message }: Error): undefined {
  console.error(message);
}

const NOTE =
  "Times with as many threads as OpenBLAS takes. Memory is the peak above the same process after the same work on 16 examples, one thread, " +
  "the collector called after every tile. JavaScript's eigenvectors take the matrix's place, so that they count in both columns.";

const flags = { n: { type: "string" }, scale: { type: "string" }, write: { type: "boolean" } } as const;

await command(flags, async ({ values }) => {
  if (values.scale !== undefined) {
    const own = await Promise.all(algebraNames.map((member) => openLinearAlgebra({ member }).catch(missing)));
    const table = scaleTable(
      countOf(values.scale, "--scale"),
      own.flatMap((member) => (member ? [member.name] : [])),
    );
    console.log(`\n${markdownTable(table)}`);
    if (values.write) writeSection("Ridge regression on 10,000 images", table, SCALE_NOTE);
    return;
  }
  const n = values.n === undefined ? 1000 : countOf(values.n, "--n");
  const open = (member: AlgebraName) => openLinearAlgebra({ member }).catch(missing);
  const members = await Promise.all(algebraNames.map(open));
  const times = await timesTable(n, members);
  const memory = await memoryTable(
    Math.round(1.5 * n),
    members.flatMap((own) => (own ? [own.name] : [])),
  );
  console.log(`\n${markdownTable(times)}\n\n${markdownTable(memory)}`);
  if (values.write) writeSection("Linear algebra", times, memory, NOTE);
});
