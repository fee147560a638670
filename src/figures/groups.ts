// Contributions by any division of the training examples: what each group pushed up and down, and what is left of it.

import { bars } from "./bars.ts";
import type { Figure } from "./figure.ts";
import { countOf, formatNumber } from "./format.ts";
import type { ReadoutWords } from "./readout-words.ts";

export interface GroupsFigure {
  /** "label", "cluster", "slice". */
  readonly division: string;
  readonly groups: readonly {
    readonly name: string;
    readonly count: number;
    /** Sums of the positive and of the negative contributions of the group. */
    readonly positive: number;
    readonly negative: number;
  }[];
  readonly words: ReadoutWords;
  /** Groups in all, where the weakest are one of `groups`. Default: as many as there are. */
  readonly count?: number;
}

/** A row a group, strongest net first. */
export function groupsFigure({ division, groups, words, count = groups.length }: GroupsFigure): Figure {
  const netOf = ({ positive, negative }: GroupsFigure["groups"][number]): number => positive + negative;
  const sorted = [...groups].sort((a, b) => Math.abs(netOf(b)) - Math.abs(netOf(a)));
  const net = groups.reduce((sum, group) => sum + netOf(group), 0);
  const gross = groups.reduce((sum, { positive, negative }) => sum + positive - negative, 0);
  return bars({
    title: `Contributions by ${division}`,
    caption: `${countOf(count, "group")} by ${division}: ${formatNumber(gross)} ${words.unit} of pushing, ${formatNumber(net, { signed: true })} left.`,
    x: { label: "contributions", unit: words.unit },
    rows: sorted.map((group) => ({
      name: group.name,
      note: countOf(group.count, "example"),
      value: netOf(group),
      parts: { negative: group.negative, positive: group.positive },
    })),
    words: { negative: words.down, positive: words.up, net: "net" },
  });
}
