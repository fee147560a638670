"""Trains small models in PyTorch (float64) with integrations/pytorch's recorder: `python3 scripts/torch_loops.py FOLDER [CASE ...]`.

A case is MODEL-OPTIMIZER or MODEL-OPTIMIZER-K: mlp, cnn, gpt (tied embeddings, logits at every position, labels that do not count) or norms (two fresh frozen
batch norms: equal initial values, which the exporter would store once), with sgd (its weights handed over), momentum (its learning rate
changes from step to step) or adamw; parameters are recorded every K steps, default 1. Each is recorded to FOLDER/CASE. The case `recorded`
is the example of integrations/pytorch/README.md. Prints one JSON object: {case: seconds}. Exit code 3 where torch is missing.
"""

import json
import os
import sys
import time
import warnings

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "integrations", "pytorch"))

try:
    import torch
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
from torch import nn

from onnx_architectures import Gpt
from pathkernel_recorder import Recorder

EXAMPLES = 12
BATCH = 5
STEPS = 7


def perceptron():
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 6), nn.GELU(), nn.Linear(6, 2))
    return model, torch.randn(EXAMPLES + 3, 3), torch.randn(EXAMPLES + 3, 2), nn.MSELoss()


def convolutional():
    layers = [nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4, 3)]
    return nn.Sequential(*layers), torch.randn(EXAMPLES + 3, 1, 6, 6), torch.arange(EXAMPLES + 3) % 3, nn.CrossEntropyLoss()


class MeanOverPositions(nn.CrossEntropyLoss):
    """PyTorch's mean over all positions that count, of logits (N, T, C)."""

    def forward(self, logits, labels):
        return super().forward(logits.transpose(1, 2), labels)


MeanOverPositions.__name__ = "CrossEntropyLoss"


def language_model():
    labels = torch.randint(0, 7, (EXAMPLES + 3, 5))
    labels[1, 2:] = -100
    labels[4, 0] = -100
    return Gpt(last=False), torch.randint(0, 7, (EXAMPLES + 3, 5)), labels, MeanOverPositions()


def normalised():
    layers = [nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)]
    # Evaluation mode: running statistics stay as they are, scales and shifts are trained.
    return nn.Sequential(*layers).eval(), torch.randn(EXAMPLES + 3, 3), torch.arange(EXAMPLES + 3) % 3, nn.CrossEntropyLoss()


MODELS = {"mlp": perceptron, "cnn": convolutional, "gpt": language_model, "norms": normalised}
OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, lr=0.1, weight_decay=0.01),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1),
}


def train(folder, case):
    name, method, *every = case.split("-")
    torch.manual_seed(sum(map(ord, name)))
    model, x, y, loss = MODELS[name]()
    optimizer = OPTIMIZERS[method](model.parameters())
    decay = 0.8 if method == "momentum" else 1.0
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    recorder = Recorder(os.path.join(folder, case), model, optimizer, loss, x[:2], every=int(every[0]) if every else 1)
    batches = [batch for _ in range(STEPS) for batch in torch.randperm(EXAMPLES).split(BATCH)]
    for batch in batches[:STEPS]:
        optimizer.zero_grad()
        loss(model(x[batch]), y[batch]).backward()
        recorder.step(batch, torch.full((len(batch),), 1 / len(batch)) if method == "sgd" and name != "gpt" else ())
        optimizer.step()
        schedule.step()
    recorder.finish(x_train=x[:EXAMPLES], y_train=y[:EXAMPLES], x_test=x[EXAMPLES:], y_test=y[EXAMPLES:])


def run_readme(folder):
    with open(os.path.join(ROOT, "integrations", "pytorch", "README.md")) as file:
        code = file.read().split("```python\n")[1].split("```")[0]
    os.chdir(folder)
    torch.manual_seed(0)
    exec(compile(code, "README.md", "exec"), {})


def main():
    folder, *cases = sys.argv[1:]
    folder = os.path.abspath(folder)
    warnings.filterwarnings("ignore")
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    seconds = {}
    for case in cases or [f"{name}-{method}" for name in MODELS for method in OPTIMIZERS]:
        start = time.time()
        run_readme(folder) if case == "recorded" else train(folder, case)
        seconds[case] = round(time.time() - start, 3)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
