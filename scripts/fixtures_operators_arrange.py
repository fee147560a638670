"""Operator cases: those that arrange elements (Pad, Gather, Slice, Concat, ...)."""

import torch
from torch.nn import functional as F


def add(cases):
    add_pads(cases)
    add_gathers(cases)
    add_slices(cases)
    add_shapes(cases)


def add_pads(cases):
    value = torch.tensor(1.5)
    cases.case("pad", "Pad", [cases.normal(2, 3, 4), [0, 1, 2, 0, 0, 1]], lambda x: F.pad(x, (2, 1, 1, 0)),
               mode="constant")
    cases.case("pad-value", "Pad", [cases.normal(3, 4), [1, 0, 0, 2], value], lambda x, _: F.pad(x, (0, 2, 1, 0), value=1.5),
               fixed=[2], mode="constant")
    cases.case("pad-crop", "Pad", [cases.normal(3, 4), [0, -1, 1, 2]], lambda x: F.pad(x, (-1, 2, 0, 1)), mode="constant")
    cases.case("pad-axes", "Pad", [cases.normal(2, 3, 4), [1, 2], None, [-2]], lambda x: F.pad(x, (0, 0, 1, 2)),
               mode="constant")
    for mode, name in {"reflect": "reflect", "edge": "replicate"}.items():
        cases.case(f"pad-{mode}", "Pad", [cases.normal(1, 2, 4, 5), [0, 0, 2, 1, 0, 0, 1, 3]],
                   lambda x: F.pad(x, (1, 3, 2, 1), mode=name), mode=mode)


def add_gathers(cases):
    rows = torch.tensor([2, 0, 2, -1])
    cases.case("gather", "Gather", [cases.normal(4, 3), rows], lambda x: x[rows], axis=0)
    grid = torch.tensor([[0, 3], [1, 1]])
    cases.case("gather-axis1", "Gather", [cases.normal(2, 4, 3), grid], lambda x: x[:, grid], axis=1)
    cases.case("gather-scalar", "Gather", [cases.normal(2, 4, 3), torch.tensor(2)], lambda x: x[..., 2], axis=-1)
    picks = torch.tensor([[0, 2, 0], [1, 1, 2]])
    cases.case("gather-elements", "GatherElements", [cases.normal(2, 4), picks], lambda x: x.gather(1, picks), axis=1)
    down = torch.tensor([[1, 0, 2, 1], [1, 2, 0, 1]])
    cases.case("gather-elements-axis0", "GatherElements", [cases.normal(3, 4), down], lambda x: x.gather(0, down), axis=0)
    apart = torch.tensor([[3, 0], [1, 2]])
    cases.case("scatter-elements", "ScatterElements", [cases.normal(3, 4), apart, cases.normal(2, 2)],
               lambda x, u: x.scatter(1, apart, u), axis=1, reduction="none")
    repeated = torch.tensor([[0, 0, 2, 1], [0, 1, 2, 1]])
    cases.case("scatter-elements-add", "ScatterElements", [cases.normal(3, 4), repeated, cases.normal(2, 4)],
               lambda x, u: x.scatter_add(0, repeated, u), axis=0, reduction="add")


def add_slices(cases):
    x = lambda: cases.normal(3, 5, 4)  # noqa: E731
    cases.case("slice", "Slice", [x(), [1, 0], [3, 3], [1, 2]], lambda x: x[:, 1:3, 0:3])
    cases.case("slice-without-axes", "Slice", [x(), [1, 2], [3, 5]], lambda x: x[1:3, 2:5])
    cases.case("slice-steps", "Slice", [x(), [0, 1], [5, 4], [1, 2], [2, 2]], lambda x: x[:, 0:5:2, 1:4:2])
    cases.case("slice-from-end", "Slice", [x(), [-3], [2**31 - 1], [-2]], lambda x: x[:, -3:])
    cases.case("slice-reverse", "Slice", [x(), [-1], [-(2**31)], [1], [-1]], lambda x: x.flip(1))
    cases.case("slice-reverse-steps", "Slice", [x(), [4], [0], [1], [-2]], lambda x: x.flip(1)[:, 0:4:2])
    cases.case("slice-beyond", "Slice", [x(), [2], [100], [1], [1]], lambda x: x[:, 2:])


def add_shapes(cases):
    three = [cases.normal(2, 3), cases.normal(2, 1), cases.normal(2, 2)]
    cases.case("concat", "Concat", three, lambda *x: torch.cat(x, 1), axis=1)
    cases.case("concat-last", "Concat", [cases.normal(2, 3, 1), cases.normal(2, 3, 2)], lambda *x: torch.cat(x, -1), axis=-1)
    cases.case("split", "Split", [cases.normal(2, 6), [1, 3, 2]], lambda x: x.split([1, 3, 2], 1), axis=1)
    cases.case("split-equal", "Split", [cases.normal(4, 3)], lambda x: x.split(2, 0), axis=0, num_outputs=2)
    cases.case("transpose", "Transpose", [cases.normal(2, 3, 4)], lambda x: x.permute(2, 0, 1), perm=[2, 0, 1])
    cases.case("transpose-reverse", "Transpose", [cases.normal(2, 3, 4)], lambda x: x.permute(2, 1, 0))
    cases.case("expand", "Expand", [cases.normal(3, 1), [2, 3, 4]], lambda x: x.expand(2, 3, 4))
    cases.case("expand-one-way", "Expand", [cases.normal(2, 1, 4), [3, 1]], lambda x: x.expand(2, 3, 4))
    cases.case("tile", "Tile", [cases.normal(2, 3), [2, 3]], lambda x: x.repeat(2, 3))
    cases.case("reshape", "Reshape", [cases.normal(2, 3, 4), [0, -1]], lambda x: x.reshape(2, 12))
    cases.case("flatten", "Flatten", [cases.normal(2, 3, 4)], lambda x: x.reshape(6, 4), axis=2)
    cases.case("squeeze", "Squeeze", [cases.normal(2, 1, 3, 1), [1, -1]], lambda x: x.reshape(2, 3))
    cases.case("unsqueeze", "Unsqueeze", [cases.normal(2, 3), [0, -1]], lambda x: x[None, ..., None])
