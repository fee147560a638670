"""Operator cases: elementwise, reductions, softmax, products of matrices."""

import torch
from torch.nn import functional as F


def add(cases):
    add_unary(cases)
    add_binary(cases)
    add_reductions(cases)
    add_softmax(cases)
    add_products(cases)


def add_unary(cases):
    signed = {
        "Neg": torch.neg, "Abs": torch.abs, "Relu": torch.relu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "Erf": torch.erf,
        "Exp": torch.exp, "Sin": torch.sin, "Cos": torch.cos, "Softplus": lambda x: F.softplus(x, threshold=1e6),
        "Reciprocal": torch.reciprocal,
    }  # fmt: skip
    for op, function in signed.items():
        cases.case(op.lower(), op, [cases.normal(3, 5)], function)
    for op, function in {"Log": torch.log, "Sqrt": torch.sqrt}.items():
        cases.case(op.lower(), op, [cases.positive(3, 5)], function)
    wide = torch.tensor([-30.0, -8.0, -5.5, -3.2, -1.9, -1.05, -0.95, -0.6, -0.3, 0.2, 0.45, 0.84, 0.86, 1.3, 2.9, 4.1,
                         5.95, 7.0, 40.0])
    for op in ("Sigmoid", "Tanh", "Erf", "Softplus"):
        cases.case(f"{op.lower()}-wide", op, [wide], signed[op])
    # relu'(0) = 0, of both zeros.
    cases.case("relu-zero", "Relu", [torch.tensor([-1.5, 0.0, -0.0, 2.0])], torch.relu)
    cases.case("leaky-relu", "LeakyRelu", [cases.normal(3, 5)], lambda x: F.leaky_relu(x, 0.01), alpha=0.01)
    cases.case("leaky-relu-steep", "LeakyRelu", [cases.normal(3, 5)], lambda x: F.leaky_relu(x, 0.3), alpha=0.3)
    cases.case("elu", "Elu", [cases.normal(3, 5)], F.elu, alpha=1.0)
    cases.case("elu-alpha", "Elu", [cases.normal(3, 5)], lambda x: F.elu(x, 0.7), alpha=0.7)
    cases.case("gelu", "Gelu", [cases.normal(3, 5)], F.gelu, approximate="none")
    cases.case("gelu-tanh", "Gelu", [cases.normal(3, 5)], lambda x: F.gelu(x, approximate="tanh"), approximate="tanh")
    cases.case("gelu-wide", "Gelu", [wide], F.gelu, approximate="none")
    low, high = torch.tensor(-0.51), torch.tensor(0.73)
    clip = [1, 2]
    cases.case("clip", "Clip", [cases.normal(4, 5), low, high], lambda x, a, b: x.clamp(a.item(), b.item()), fixed=clip)
    cases.case("clip-low", "Clip", [cases.normal(4, 5), low], lambda x, a: x.clamp(min=a.item()), fixed=clip)
    cases.case("clip-high", "Clip", [cases.normal(4, 5), None, high], lambda x, b: x.clamp(max=b.item()), fixed=clip)


def add_binary(cases):
    pairs = {"Add": torch.add, "Sub": torch.sub, "Mul": torch.mul}
    for op, function in pairs.items():
        cases.case(op.lower(), op, [cases.normal(3, 4), cases.normal(3, 4)], function)
        cases.case(f"{op.lower()}-broadcast", op, [cases.normal(2, 3, 1), cases.normal(3, 4)], function)
    cases.case("div", "Div", [cases.normal(3, 4), cases.positive(3, 4)], torch.div)
    cases.case("div-broadcast", "Div", [cases.normal(4), -cases.positive(2, 3, 1)], torch.div)
    cases.case("pow", "Pow", [cases.positive(3, 4), cases.normal(3, 4)], torch.pow)
    cases.case("pow-broadcast", "Pow", [cases.positive(2, 3, 1), cases.normal(4)], torch.pow)
    cases.case("pow-cube", "Pow", [cases.normal(3, 4), torch.tensor(3.0)], lambda x, e: x.pow(e.item()), fixed=[1])
    cases.case("pow-square-of-zero", "Pow", [torch.tensor([0.0, -1.2, 0.4]), torch.tensor(2.0)],
               lambda x, e: x.pow(e.item()), fixed=[1])
    cases.case("pow-fraction", "Pow", [cases.positive(3, 4), torch.tensor(-1.5)], lambda x, e: x.pow(e.item()), fixed=[1])
    three = lambda: [cases.distinct(2, 3, 4), cases.distinct(3, 4) + 0.021, cases.distinct(2, 1, 4) + 0.007]  # noqa: E731
    cases.case("max-several", "Max", three(), lambda a, b, c: torch.maximum(torch.maximum(a, b), c))
    cases.case("min-several", "Min", three(), lambda a, b, c: torch.minimum(torch.minimum(a, b), c))
    cases.case("sum-several", "Sum", three(), lambda a, b, c: a + b + c)
    same = torch.tensor([[True, False, True], [False, False, True]])
    cases.case("where", "Where", [same, cases.normal(2, 3), cases.normal(2, 3)], lambda a, b: torch.where(same, a, b))
    condition = torch.tensor([[True], [False], [True]])
    cases.case("where-broadcast", "Where", [condition, cases.normal(2, 1, 4), cases.normal(4)],
               lambda a, b: torch.where(condition, a, b))


def reduce_prod(x, axes, keep):
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


REDUCTIONS = {
    "ReduceSum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
    "ReduceMean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
    "ReduceMax": lambda x, axes, keep: x.amax(axes, keepdim=keep),
    "ReduceMin": lambda x, axes, keep: x.amin(axes, keepdim=keep),
    "ReduceProd": reduce_prod,
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keepdim=keep),
    "ReduceL2": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keepdim=keep),
    "ReduceLogSumExp": lambda x, axes, keep: x.logsumexp(axes, keepdim=keep),
    "ReduceSumSquare": lambda x, axes, keep: x.square().sum(axes, keepdim=keep),
}


def add_reductions(cases):
    for op, function in REDUCTIONS.items():
        name = "reduce-" + op[len("Reduce"):].lower()
        forms = {"": ([1], False), "-keep": ([0, 2], True), "-last": ([-1], False), "-all": (None, True)}
        for suffix, (axes, keep) in forms.items():
            x = cases.distinct(2, 3, 4)
            inputs = [x] if axes is None else [x, axes]
            over = [0, 1, 2] if axes is None else axes
            cases.case(name + suffix, op, inputs, lambda value: function(value, over, keep), keepdims=int(keep))
    zero = torch.tensor([[0.5, 0.0, -1.5, 2.0], [0.0, 1.25, 0.0, 3.0], [1.0, -2.0, 0.5, 4.0]])
    cases.case("reduce-prod-zeros", "ReduceProd", [zero, [1]], lambda x: x.prod(1), keepdims=0)
    large = torch.tensor([[1000.0, 999.0, 998.5], [-1000.0, -1001.0, -1000.25]])
    cases.case("reduce-logsumexp-large", "ReduceLogSumExp", [large, [1]], lambda x: x.logsumexp(1), keepdims=0)


def add_softmax(cases):
    for op, function in {"Softmax": torch.softmax, "LogSoftmax": torch.log_softmax}.items():
        name = op.lower()
        cases.case(name, op, [cases.normal(3, 5)], lambda x: function(x, -1), axis=-1)
        cases.case(f"{name}-axis1", op, [cases.normal(2, 4, 3)], lambda x: function(x, 1), axis=1)
        large = torch.tensor([[900.0, 901.5, 899.0], [-900.0, 0.0, 3.0]])
        cases.case(f"{name}-large", op, [large], lambda x: function(x, -1), axis=-1)


def add_products(cases):
    shapes = {
        "": ((3, 4), (4, 2)), "-batched": ((2, 3, 4), (2, 4, 2)), "-batch-by-matrix": ((2, 3, 4), (4, 2)),
        "-matrix-by-batch": ((3, 4), (2, 4, 2)), "-broadcast": ((2, 1, 3, 4), (3, 4, 2)), "-vector-left": ((4,), (4, 2)),
        "-vector-right": ((2, 3, 4), (4,)), "-vectors": ((4,), (4,)),
    }  # fmt: skip
    for suffix, (left, right) in shapes.items():
        cases.case(f"matmul{suffix}", "MatMul", [cases.normal(*left), cases.normal(*right)], torch.matmul)
    plain = lambda a, b, c: a @ b + c  # noqa: E731
    cases.case("gemm", "Gemm", [cases.normal(3, 4), cases.normal(4, 2), cases.normal(2)], plain)
    cases.case("gemm-without-bias", "Gemm", [cases.normal(3, 4), cases.normal(4, 2)], torch.matmul)
    cases.case("gemm-transposed-weight", "Gemm", [cases.normal(3, 4), cases.normal(2, 4), cases.normal(2)],
               lambda a, b, c: a @ b.T + c, transB=1)
    cases.case("gemm-scaled", "Gemm", [cases.normal(4, 3), cases.normal(2, 4), cases.normal(3, 1)],
               lambda a, b, c: 0.5 * (a.T @ b.T) - 1.5 * c, transA=1, transB=1, alpha=0.5, beta=-1.5)
    cases.case("gemm-scalar-bias", "Gemm", [cases.normal(3, 4), cases.normal(4, 2), cases.normal()], plain)
