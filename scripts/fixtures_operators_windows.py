"""Operator cases: convolutions and pooling."""

import torch
from torch.nn import functional as F


def add(cases):
    add_convolutions(cases)
    add_transposed(cases)
    add_max_pools(cases)
    add_average_pools(cases)


def convolution(name, cases, x, w, bias=True, **attributes):
    """A Conv case; pads are (begin..., end...) as in ONNX and need not be symmetric."""
    rank = len(x) - 2
    pads = attributes.get("pads", [0] * 2 * rank)
    # torch pads the last axis first.
    around = [pads[axis + side * rank] for axis in reversed(range(rank)) for side in (0, 1)]
    call = F.conv1d if rank == 1 else F.conv2d

    def run(x, w, b=None):
        return call(
            F.pad(x, around), w, b, stride=attributes.get("strides", 1), dilation=attributes.get("dilations", 1),
            groups=attributes.get("group", 1),
        )  # fmt: skip

    inputs = [cases.normal(*x), cases.normal(*w)] + ([cases.normal(w[0])] if bias else [])
    cases.case(name, "Conv", inputs, run, **attributes)


def add_convolutions(cases):
    image, kernel = (2, 2, 5, 6), (3, 2, 3, 3)
    convolution("conv", cases, image, kernel)
    convolution("conv-without-bias", cases, image, kernel, bias=False, pads=[1, 1, 1, 1])
    convolution("conv-stride", cases, image, kernel, strides=[2, 2], pads=[1, 1, 1, 1])
    convolution("conv-strides-uneven", cases, image, (3, 2, 2, 3), strides=[2, 3])
    convolution("conv-pads-asymmetric", cases, image, kernel, pads=[1, 0, 2, 1])
    convolution("conv-stride-pads-asymmetric", cases, image, kernel, pads=[0, 2, 1, 1], strides=[2, 2])
    convolution("conv-dilation", cases, image, (3, 2, 2, 3), dilations=[2, 2], pads=[1, 1, 1, 1])
    convolution("conv-groups", cases, (2, 4, 4, 5), (6, 2, 3, 3), group=2, pads=[1, 1, 1, 1])
    convolution("conv-depthwise", cases, (2, 3, 4, 5), (3, 1, 3, 3), group=3, pads=[1, 1, 1, 1])
    convolution("conv-depthwise-twice", cases, (1, 3, 4, 4), (6, 1, 2, 2), group=3)
    convolution("conv-pointwise", cases, image, (3, 2, 1, 1))
    convolution("conv-all", cases, (1, 4, 7, 6), (4, 2, 3, 2), group=2, strides=[2, 1], dilations=[1, 2], pads=[1, 0, 2, 1])
    convolution("conv1d", cases, (2, 2, 7), (3, 2, 3))
    convolution("conv1d-all", cases, (2, 2, 8), (4, 1, 3), group=2, strides=[2], dilations=[2], pads=[2, 1])


def add_transposed(cases):
    def transposed(name, x, w, bias=True, **attributes):
        """Weights are (in, out / group, ...) in both."""
        rank = len(x) - 2
        call = F.conv_transpose1d if rank == 1 else F.conv_transpose2d
        group = attributes.get("group", 1)

        def run(x, w, b=None):
            return call(
                x, w, b, stride=attributes.get("strides", 1), padding=attributes.get("pads", [0] * 2 * rank)[:rank],
                output_padding=attributes.get("output_padding", 0), groups=group, dilation=attributes.get("dilations", 1),
            )  # fmt: skip

        inputs = [cases.normal(*x), cases.normal(*w)] + ([cases.normal(w[1] * group)] if bias else [])
        cases.case(name, "ConvTranspose", inputs, run, **attributes)

    image, kernel = (2, 3, 3, 4), (3, 2, 3, 3)
    transposed("conv-transpose", image, kernel)
    transposed("conv-transpose-without-bias", image, kernel, bias=False)
    transposed("conv-transpose-stride", image, kernel, strides=[2, 2])
    transposed("conv-transpose-padding", image, kernel, strides=[2, 2], pads=[1, 1, 1, 1])
    transposed("conv-transpose-output-padding", image, kernel, strides=[2, 3], pads=[1, 1, 1, 1], output_padding=[1, 2])
    transposed("conv-transpose-groups", (2, 4, 3, 3), (4, 3, 2, 2), group=2, strides=[2, 1])
    transposed("conv-transpose-dilation", image, (3, 2, 2, 3), dilations=[2, 2], pads=[1, 1, 1, 1])
    transposed("conv-transpose1d", (2, 3, 4), (3, 2, 3), strides=[2], pads=[1, 1], output_padding=[1])


def max_pool(x, attributes):
    rank = x.dim() - 2
    pads = attributes.get("pads", [0] * 2 * rank)
    around = [pads[axis + side * rank] for axis in reversed(range(rank)) for side in (0, 1)]
    call = F.max_pool1d if rank == 1 else F.max_pool2d
    symmetric = pads[:rank] == pads[rank:]
    if not symmetric:
        x = F.pad(x, around, value=float("-inf"))
    return call(
        x, attributes["kernel_shape"], stride=attributes.get("strides", 1), padding=pads[:rank] if symmetric else 0,
        dilation=attributes.get("dilations", 1), ceil_mode=bool(attributes.get("ceil_mode", 0)),
    )  # fmt: skip


def add_max_pools(cases):
    def pool(name, x, **attributes):
        cases.case(name, "MaxPool", [x], lambda x: max_pool(x, attributes), **attributes)

    pool("max-pool", cases.distinct(2, 2, 4, 6), kernel_shape=[2, 2], strides=[2, 2])
    pool("max-pool-padded", cases.distinct(2, 2, 5, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    pool("max-pool-overlapping", cases.distinct(1, 2, 5, 5), kernel_shape=[3, 3], strides=[1, 1])
    pool("max-pool-default-strides", cases.distinct(1, 2, 4, 5), kernel_shape=[2, 3])
    pool("max-pool-cut", cases.distinct(1, 2, 5, 5), kernel_shape=[2, 2], strides=[2, 2])
    pool("max-pool-ceil", cases.distinct(1, 2, 6, 5), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool("max-pool-ceil-k2", cases.distinct(1, 2, 5, 5), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    pool("max-pool-dilation", cases.distinct(1, 2, 6, 7), kernel_shape=[2, 3], strides=[1, 2], dilations=[2, 2])
    pool("max-pool-pads-asymmetric", cases.distinct(1, 2, 4, 5), kernel_shape=[3, 2], strides=[2, 2], pads=[0, 1, 1, 0])
    pool("max-pool-negative-padded", cases.distinct(1, 1, 4, 4) - 10, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    # Ties go to the first element of the window, in row-major order.
    tie = torch.tensor([[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 2.0], [0.5, -1.0, 3.0, 3.0], [0.0, 0.5, 3.0, 3.0]])
    pool("max-pool-tie", tie.reshape(1, 1, 4, 4), kernel_shape=[2, 2], strides=[2, 2])
    pool("max-pool-tie-overlapping", tie.reshape(1, 1, 4, 4), kernel_shape=[3, 3], strides=[1, 1])
    pool("max-pool1d", cases.distinct(2, 2, 7), kernel_shape=[3], strides=[2], pads=[1, 1])


def add_average_pools(cases):
    def pool(name, shape, **attributes):
        rank = len(shape) - 2
        call = F.avg_pool1d if rank == 1 else F.avg_pool2d
        padding = attributes.get("pads", [0] * 2 * rank)[:rank]

        def run(x):
            return call(
                x, attributes["kernel_shape"], stride=attributes.get("strides", 1), padding=padding,
                ceil_mode=bool(attributes.get("ceil_mode", 0)),
                count_include_pad=bool(attributes.get("count_include_pad", 0)),
            )  # fmt: skip

        cases.case(name, "AveragePool", [cases.normal(*shape)], run, **attributes)

    pool("average-pool", (2, 2, 4, 6), kernel_shape=[2, 2], strides=[2, 2])
    pool("average-pool-overlapping", (1, 2, 4, 5), kernel_shape=[3, 2], strides=[1, 1])
    pool("average-pool-padded", (2, 2, 5, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=0)
    pool("average-pool-padded-counted", (2, 2, 5, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
         count_include_pad=1)
    pool("average-pool-ceil", (1, 2, 6, 5), kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    pool("average-pool-ceil-padded", (1, 2, 6, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)
    pool("average-pool-ceil-padded-counted", (1, 2, 6, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1,
         count_include_pad=1)
    pool("average-pool1d", (2, 2, 7), kernel_shape=[3], strides=[2], pads=[1, 1])
    cases.case("global-average-pool", "GlobalAveragePool", [cases.normal(2, 3, 4, 5)], lambda x: x.mean((2, 3), keepdim=True))
    cases.case("global-average-pool1d", "GlobalAveragePool", [cases.normal(2, 3, 5)], lambda x: x.mean(2, keepdim=True))
