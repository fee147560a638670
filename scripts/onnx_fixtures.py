"""Writes small models exported by PyTorch under fixtures/onnx/, with inputs and outputs: `python3 scripts/onnx_fixtures.py [FOLDER]`.

Tested with Python 3.11, torch 1.13, numpy 1.24 (Debian 12: python3-torch, python3-numpy). The same versions write the same bytes again.

NAME-OPSET.onnx         opsets 11, 13, 17; exported in evaluation mode, batch axis free, constants folded, unless said otherwise
mlp-13-batch-1.onnx     the same MLP with its batch axis fixed to 1 (no dynamic axes)
mlp-13-train.onnx       the same MLP, not folded, in training mode
exact-17.onnx           the block with distinct values in all parameters, not folded: its initializers are exactly the state_dict
resnet, vit, gpt, next  scripts/onnx_architectures.py, likewise exact; gpt gives logits at every position, next at the last one
onnx.npz                NAME.x (N, ...) float64, NAME.y and NAME.y64: outputs of the float32 model and of the same model in float64
                        and for mlp, cnn and the architectures, in float64, NAME.u (N, ...) and NAME.gradients (N, p): the gradient
                        of <u_n, y_n> for each example, and NAME.kernel (N, N, C, C) where y is (N, C): the tangent kernel J J'
onnx.json               models: [{name, opsets, parameters}], parameters as state_dict names them
"""

import os
import sys
import warnings

import torch
from torch import nn

from fixtures_files import write_fixture
from onnx_architectures import architectures

EXAMPLES = 4
ALL_OPSETS = (11, 13, 17)
OPSETS = {"exact": (17,), "resnet": (17,), "vit": (13, 17), "gpt": (17,), "next": (13, 17)}
FOLDED = ("mlp", "view", "block")


class Viewed(nn.Module):
    """Flattens with view(x.size(0), -1), which is exported as Shape, Gather, Concat, Reshape."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, stride=2, padding=1)
        self.fc = nn.Linear(3 * 4 * 4, 3)

    def forward(self, x):
        y = torch.nn.functional.leaky_relu(self.conv(x))
        return self.fc(y.view(x.size(0), -1))


class Block(nn.Module):
    """One transformer block over a sequence, with a learned class token, means over the sequence and a softmax head."""

    def __init__(self, activation, width=6, heads=2):
        super().__init__()
        self.heads = heads
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width, bias=False)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 8), activation, nn.Linear(8, width))
        self.register_buffer("mask", torch.triu(torch.full((6, 6), float("-inf")), diagonal=1))

    def attend(self, x):
        n, length, width = x.shape
        qkv = self.qkv(x).reshape(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5 + self.mask
        return (scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(n, length, width)

    def forward(self, x):
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        x = x + self.project(self.attend(self.norm1(x)))
        x = x + self.mlp(self.norm2(x))
        return nn.functional.log_softmax(x.mean(dim=1), dim=-1)


def models():
    """(name, model in evaluation mode, shape of an example)."""
    mlp = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.5), nn.Linear(7, 4), nn.Tanh(), nn.Linear(4, 3))
    cnn = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, groups=2),
        nn.BatchNorm2d(6),
        nn.Hardtanh(-0.5, 0.7),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    # Statistics that are not those of a new layer, so that a wrong formula shows.
    for module in cnn:
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    # Tanh, because ONNX Runtime has float64 kernels for all that is then left.
    exact = Block(nn.Tanh())
    for parameter in exact.parameters():
        nn.init.uniform_(parameter, -0.5, 0.5)
    return [
        ("mlp", mlp, (5,)),
        ("cnn", cnn, (2, 8, 8)),
        ("view", Viewed(), (1, 8, 8)),
        ("block", Block(nn.GELU()), (5, 6)),
        ("exact", exact, (5, 6)),
    ]


def export(model, x, path, **options):
    """Exports with input `input` and output `output`."""
    axes = options.pop("dynamic_axes", {"input": {0: "batch"}, "output": {0: "batch"}})
    torch.onnx.export(model, x, path, input_names=["input"], output_names=["output"], dynamic_axes=axes, **options)


def export_all(folder, name, model, x):
    """The three opsets, and the MLP's two other exports."""
    for opset in OPSETS.get(name, ALL_OPSETS):
        # Folding and evaluation mode would fuse the CNN's BatchNormalization into the convolution before it.
        folded = name in FOLDED
        mode = torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE
        path = os.path.join(folder, f"{name}-{opset}.onnx")
        export(model, x, path, opset_version=opset, do_constant_folding=folded, training=mode)
    if name == "mlp":
        export(model, x[:1], os.path.join(folder, "mlp-13-batch-1.onnx"), opset_version=13, dynamic_axes=None)
        preserve = torch.onnx.TrainingMode.PRESERVE
        path = os.path.join(folder, "mlp-13-train.onnx")
        export(model.train(), x, path, opset_version=13, do_constant_folding=False, training=preserve)
        model.eval()


def gradients_of(model, x, u):
    """(N, p): the gradient of <u_n, y_n> with respect to all parameters, one example at a time."""
    rows = []
    for n in range(len(x)):
        value = (model(x[n : n + 1]) * u[n : n + 1]).sum()
        rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, list(model.parameters()))]))
    return torch.stack(rows)


def kernel_of(model, x, outputs):
    """(N, N, C, C): J_n J_m', from one gradient for each example and output."""
    unit = torch.eye(outputs, dtype=torch.float64)
    jacobian = torch.stack([gradients_of(model, x, unit[c].expand(len(x), outputs)) for c in range(outputs)], dim=1)
    return torch.einsum("ncp,mdp->nmcd", jacobian, jacobian)


def derivatives(name, model, x, y):
    """The derivatives of a model in float64 at x."""
    u = torch.randn_like(y)
    found = {f"{name}.u": u, f"{name}.gradients": gradients_of(model, x, u)}
    return found if y.dim() > 2 else {**found, f"{name}.kernel": kernel_of(model, x, y.shape[1])}


def fixture_of(folder, arrays, case):
    """Exports a model, adds its inputs and outputs to the arrays, and describes it; leaves it in float64."""
    name, model, x = case
    with torch.no_grad():
        arrays[f"{name}.x"] = x
        arrays[f"{name}.y"] = model(x)
    export_all(folder, name, model, x)
    names = [key for key, _ in model.named_parameters()]
    with torch.no_grad():
        arrays[f"{name}.y64"] = model.double()(x.double() if x.is_floating_point() else x)
    return {"name": name, "opsets": list(OPSETS.get(name, ALL_OPSETS)), "parameters": names}


def main() -> None:
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "fixtures", "onnx")
    os.makedirs(folder, exist_ok=True)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    arrays, described, stacks = {}, [], []
    for name, model, shape in models():
        model.eval()
        x = torch.randn(EXAMPLES, *shape)
        described.append(fixture_of(folder, arrays, (name, model, x)))
        stacks.append((name, model, x))
    for name, model, x in architectures(EXAMPLES):
        described.append(fixture_of(folder, arrays, (name, model, x)))
        x = x.double() if x.is_floating_point() else x
        arrays.update(derivatives(name, model, x, arrays[f"{name}.y64"]))
    # Last, so that the random numbers of all others stay theirs.
    for name, model, x in stacks[:2]:
        arrays.update(derivatives(name, model, x.double(), arrays[f"{name}.y64"]))
    write_fixture(folder, "onnx", arrays, {"models": described})
    for file in sorted(os.listdir(folder)):
        print(f"{os.path.getsize(os.path.join(folder, file)):8d} {file}")


if __name__ == "__main__":
    main()
