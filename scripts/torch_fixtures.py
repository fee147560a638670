"""Writes small models exported by PyTorch (opset 17) to fixtures/torch.npz, with values and derivatives: `python3 scripts/torch_fixtures.py`.

Tested with Python 3.11, torch 1.13, numpy 1.24 (Debian 12: python3-torch, python3-numpy). The same versions write the same files
again, and the same numbers up to the rounding of the machine's kernels. An argument names another folder, which then gets the .onnx
files too.

torch.npz     NAME: the bytes of the .onnx file, exported in evaluation mode with distinct random parameters, the batch axis free, not
              folded: its initializers are the state_dict. Those that must be refused are exported as users would.
              numbers: float64, what `cases` names one after the other; it is one array because an entry costs 300 bytes
torch.json    cases: [{name, parameters: names as in the state_dict, arrays: {...}, integers: true for token ids,
                       pattern: which initializers are parameters, where buffers are others}]
              arrays: shapes of x (N, ...), y (N, ...), u like y, gradients (N, p): the gradient of <u_n, y_n> for each example, parameters
              side by side in the order of `parameters`, and for some kernel (N, N, C, C): the tangent kernel J J'
              refused: names of the files that must be refused
"""

import os
import sys
import tempfile
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# No __pycache__ beside the scripts.
sys.dont_write_bytecode = True

from fixtures_files import write_fixture  # noqa: E402
from onnx_fixtures import export, gradients_of, kernel_of  # noqa: E402
from torch_arrange import functions  # noqa: E402
from torch_attention import sequences  # noqa: E402
from torch_case import Cases  # noqa: E402
from torch_layers import layers  # noqa: E402
from torch_networks import networks, refused  # noqa: E402


class HardSigmoid(nn.Module):
    def forward(self, x):
        return F.relu6(x + 3) / 6


class Celu(nn.Module):
    def __init__(self, alpha):
        super().__init__()
        self.alpha = alpha

    def forward(self, x):
        return torch.where(x > 0, x, self.alpha * torch.expm1(torch.clamp(x, max=0) / self.alpha))


def written_out(model):
    """The model with two activations written out, whose derivatives in PyTorch hold constants in float32."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Hardsigmoid):
                setattr(parent, name, HardSigmoid())
            if isinstance(child, nn.CELU):
                setattr(parent, name, Celu(child.alpha))


def distinct(model, generator):
    """Random values everywhere: equal ones would be merged by the exporter, and new layers' zeros and ones hide mistakes."""
    uniform = lambda tensor, low, high: tensor.copy_(low + (high - low) * torch.rand(tensor.shape, generator=generator))
    with torch.no_grad():
        for parameter in model.parameters():
            uniform(parameter, -0.6, 0.6)
        for module in model.modules():
            if "Norm" in type(module).__name__ and getattr(module, "weight", None) is not None:
                uniform(module.weight, 0.5, 1.5)
            if getattr(module, "running_var", None) is not None:
                uniform(module.running_mean, -0.5, 0.5)
                uniform(module.running_var, 0.5, 2.0)


def export_case(folder, name, case):
    """Writes NAME.onnx; leaves the model in evaluation mode."""
    model, x, options = case
    training = bool(options.get("train"))
    model.train(training)
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.PRESERVE
    path = os.path.join(folder, f"{name}.onnx")
    export(model, x, path, opset_version=17, do_constant_folding=False, training=mode)
    model.train(False)


def values_of(name, case):
    """Outputs and derivatives in float64; leaves the model so."""
    model, x, options = case
    x = x.double() if x.is_floating_point() else x
    y = model.double()(x).detach()
    written_out(model)
    assert (y - model(x)).abs().max() < 1e-14, name
    u = torch.randn(y.shape, generator=torch.Generator().manual_seed(len(name)), dtype=torch.float64)
    arrays = {"x": x, "y": y, "u": u, "gradients": gradients_of(model, x, u)}
    return {**arrays, "kernel": kernel_of(model, x, y.shape[1])} if options.get("kernel") else arrays


def description_of(name, case, arrays):
    model, x, options = case
    description = {"name": name, "parameters": [key for key, _ in model.named_parameters()]}
    description["arrays"] = {key: list(value.shape) for key, value in arrays.items()}
    if not x.is_floating_point():
        description["integers"] = True
    return {**description, "pattern": options["parameters"]} if "parameters" in options else description


def write(folder, files):
    """Writes torch.npz and torch.json, with the exported files taken from `files`."""
    generator = torch.Generator().manual_seed(3)
    read, unread = Cases(1), Cases(2)
    for add in (layers, sequences, functions, networks):
        add(read)
    refused(unread)
    arrays, numbers, described = {}, [], []
    for name, case in {**read.cases, **unread.cases}.items():
        distinct(case[0], generator)
        export_case(files, name, case)
        arrays[name] = np.fromfile(os.path.join(files, f"{name}.onnx"), dtype=np.uint8)
        if name in read.cases:
            values = values_of(name, case)
            described.append(description_of(name, case, values))
            numbers += [value.detach().double().reshape(-1) for value in values.values()]
    arrays["numbers"] = torch.cat(numbers).numpy()
    return write_fixture(folder, "torch", arrays, {"cases": described, "refused": list(unread.cases)})


def main() -> None:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "fixtures")
    os.makedirs(folder, exist_ok=True)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        for path in write(folder, folder if len(sys.argv) > 1 else temporary):
            print(f"{os.path.getsize(path):8d} {os.path.basename(path)}")


if __name__ == "__main__":
    main()
