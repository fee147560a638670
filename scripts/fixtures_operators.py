"""Values and gradients of ONNX operators as PyTorch computes them: collects the cases of the fixtures_operators_* files."""

import torch

import fixtures_operators_arrange
import fixtures_operators_elementwise
import fixtures_operators_windows
from fixtures_files import write_fixture


class Cases:
    """Runs cases one by one; every array has a key CASE.in0, CASE.out0, CASE.cotangent0, CASE.gradient0."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.arrays = {}
        self.descriptions = []

    def normal(self, *shape):
        """Standard normal numbers, none closer than 0.02 to zero (kinks are asked for by name, never by accident)."""
        values = torch.randn(shape, generator=self.generator)
        return torch.where(values.abs() < 0.02, values + 0.05, values)

    def positive(self, *shape):
        """Uniform in [0.3, 1.8)."""
        return 0.3 + 1.5 * torch.rand(shape, generator=self.generator)

    def distinct(self, *shape):
        """Distinct numbers, no two closer than 0.02: no ties for maxima and minima."""
        size = int(torch.tensor(shape).prod())
        return (torch.randperm(size, generator=self.generator).double().reshape(shape) - size / 2) * 0.05 + 0.013

    def case(self, name, op, inputs, function, *, fixed=(), **attributes):
        """Adds one case. `function` takes the float tensors in order (float inputs only); `fixed`: inputs without gradient."""
        assert all(case["name"] != name for case in self.descriptions), name
        leaves, descriptions = [], []
        for position, value in enumerate(inputs):
            descriptions.append(self._describe(f"{name}.in{position}", value))
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                leaves.append((position, value.clone().requires_grad_(position not in fixed)))
        results = function(*[leaf for _, leaf in leaves])
        results = list(results) if isinstance(results, (list, tuple)) else [results]
        cotangents = [self.normal(*result.shape) for result in results]
        asked = [(position, leaf) for position, leaf in leaves if leaf.requires_grad]
        gradients = torch.autograd.grad(results, [leaf for _, leaf in asked], cotangents)
        keys = {"outputs": self._keep(f"{name}.out", results), "cotangents": self._keep(f"{name}.cotangent", cotangents)}
        found = dict(zip([position for position, _ in asked], self._keep(f"{name}.gradient", gradients, [p for p, _ in asked])))
        keys["gradients"] = [found.get(position) for position in range(len(inputs))]
        self.descriptions.append({"name": name, "op": op, "attributes": attributes, "inputs": descriptions, **keys})

    def _describe(self, key, value):
        if value is None:
            return None
        if not isinstance(value, torch.Tensor):
            value = torch.tensor(value)
        if value.dtype == torch.bool:
            return {"bool": [int(bit) for bit in value.reshape(-1)], "shape": list(value.shape)}
        if value.is_floating_point():
            self.arrays[key] = value
            return {"array": key}
        return {"int64": value.reshape(-1).tolist(), "shape": list(value.shape)}

    def _keep(self, prefix, tensors, positions=None):
        keys = [f"{prefix}{position}" for position in (positions or range(len(tensors)))]
        self.arrays.update(zip(keys, tensors))
        return keys


def write(folder):
    cases = Cases(31)
    for module in (fixtures_operators_elementwise, fixtures_operators_arrange, fixtures_operators_windows):
        module.add(cases)
    return write_fixture(folder, "operators", cases.arrays, {"cases": cases.descriptions})
