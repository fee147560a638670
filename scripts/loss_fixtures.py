"""Writes losses exported by PyTorch under fixtures/losses/: `python3 scripts/loss_fixtures.py [FOLDER]`.

Tested with Python 3.11, torch 1.13 (Debian 12: python3-torch). The same versions write the same bytes again.

mse.onnx     inputs output and target (N, free) float32, the mean over the second axis of their squared difference: (N)
nll.onnx     inputs output (N, 3) and target (N) int64, -log softmax at the target: (N, 1)
"""

import os
import sys

import torch


class SquaredError(torch.nn.Module):
    def forward(self, output, target):
        # PyTorch 1.13 does not export mse_loss(reduction="none").
        error = output - target
        return (error * error).mean(1)


class Surprise(torch.nn.Module):
    def forward(self, output, target):
        return -output.log_softmax(1).gather(1, target[:, None])


def export(path, loss, target, axes):
    torch.onnx.export(
        loss, (torch.randn(2, 3), target), path, input_names=["output", "target"], output_names=["loss"], opset_version=17,
        dynamic_axes={"output": axes, "target": {k: name for k, name in axes.items() if k < target.dim()}, "loss": {0: "batch"}},
    )  # fmt: skip


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(root, "fixtures", "losses")
    os.makedirs(folder, exist_ok=True)
    export(os.path.join(folder, "mse.onnx"), SquaredError(), torch.randn(2, 3), {0: "batch", 1: "outputs"})
    export(os.path.join(folder, "nll.onnx"), Surprise(), torch.tensor([0, 2]), {0: "batch"})


if __name__ == "__main__":
    main()
