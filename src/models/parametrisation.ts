// Parametrisations of widths as fixed multipliers in the graph, so that gradient descent stays plain (Yang, Hu 2021: "abc").

/** standard: W; ntk: W / sqrt(width) behind the first layer (Jacot et al. 2018); mup: maximal update (Yang, Hu 2021). */
export const parametrisations = ["standard", "ntk", "mup"] as const;
export type Parametrisation = (typeof parametrisations)[number];

/** The smallest width of the sweeps of theory row 000-02. */
export const DEFAULT_BASE_WIDTH = 64;

export interface LayerPlace {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly baseWidth: number;
}

export interface LayerScales {
  /** Fixed factors of weight and bias. */
  readonly weight: number;
  readonly bias: number;
  /** Factors of the numbers that they begin with, relative to those of `torch.nn.Linear`. */
  readonly start: { readonly weight: number; readonly bias: number };
}

/**
 * Factors of a layer's weight and bias; a factor m makes a step of the trained number m^2 times as long for the function. With r = width / base:
 *
 *     | layer  | standard | ntk                | mup                                                   |
 *     | input  | 1        | 1                  | sqrt(fanOut / base), weight and bias                  |
 *     | hidden | 1        | sqrt(base / fanIn) | 1, bias sqrt(fanOut / base)                           |
 *     | output | 1        | sqrt(base / fanIn) | sqrt(base / fanIn), and begins as much smaller        |
 *
 * Where a factor m does not say otherwise, what is trained begins 1/m times as large: the network is the same function at its start. Only the
 * output of mup is smaller by sqrt(base / width). These are the exponents of Yang, Hu 2021, table 1: a = (-1/2, 0, 1/2), b = 1/2, c = 0.
 */
export function layerScales(
  parametrisation: Parametrisation,
  role: "input" | "hidden" | "output" | "only",
  { fanIn, fanOut, baseWidth }: LayerPlace,
): LayerScales {
  const [into, out] = [Math.sqrt(baseWidth / fanIn), Math.sqrt(fanOut / baseWidth)];
  const same = (weight: number, bias: number): LayerScales => ({
    weight,
    bias,
    start: { weight: 1 / weight, bias: 1 / bias },
  });
  if (parametrisation === "standard" || role === "only") return same(1, 1);
  if (parametrisation === "ntk") return same(role === "input" ? 1 : into, 1);
  if (role === "input") return same(out, out);
  if (role === "hidden") return same(1, out);
  return { weight: into, bias: 1, start: { weight: 1, bias: 1 } };
}
