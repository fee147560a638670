"""A small language model with logits at every position: losses with ignored positions, gradients of each example, kernel, Adam steps."""

import torch
from torch import nn

from fixtures_files import flat, write_fixture
from onnx_architectures import Gpt, distinct

SEED = 31
STEPS = 20
LEARNING_RATE = 0.02
# An example whose positions all count, one with two that do not, one with none that does.
TARGETS = [[3, 1, 6, 0, 2], [5, -100, 4, -100, 5], [-100] * 5]


def losses_of(logits, targets):
    """(N): the mean over positions of PyTorch's cross-entropy, over those that count; 0 where none does."""
    each = nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    return each.sum(1) / (targets != -100).sum(1).clamp(min=1)


def jacobian_of(model, x):
    """(N, C, p): one gradient for each example and output, C the outputs of all positions."""
    rows = []
    for example in x:
        outputs = model(example[None]).reshape(-1)
        own = [flat(torch.autograd.grad(output, list(model.parameters()), retain_graph=True)) for output in outputs]
        rows.append(torch.stack(own))
    return torch.stack(rows)


def trained(model, x, y):
    """Parameters after Adam's steps on the mean loss of all examples."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses_of(model(x), y).mean().backward()
        optimizer.step()
    return flat(model.parameters())


def write(folder):
    torch.manual_seed(SEED)
    model = distinct(Gpt(last=False))
    x = torch.randint(0, 7, (len(TARGETS), 5))
    y = torch.tensor(TARGETS)
    params = flat(model.parameters())
    logits = model(x)
    losses = losses_of(logits, y)
    # Where as many positions count in every example, the mean over examples is PyTorch's over all positions.
    whole = y.clamp(min=0)
    mean = nn.functional.cross_entropy(logits.reshape(-1, 7), whole.reshape(-1))
    assert torch.isclose(losses_of(logits, whole).mean(), mean, rtol=1e-14)
    gradients = [flat(torch.autograd.grad(loss, list(model.parameters()), retain_graph=True)) for loss in losses]
    jacobian = jacobian_of(model, x)
    arrays = {
        "x": x, "y": y, "params": params, "output": logits, "loss": losses, "lossGradient": torch.stack(gradients),
        "lossDerivative": torch.autograd.grad(losses.sum(), logits, retain_graph=True)[0],
        "kernel": torch.einsum("ncp,mdp->nmcd", jacobian, jacobian), "trained": trained(model, x, y),
    }  # fmt: skip
    adam = {"lr": LEARNING_RATE, "steps": STEPS}
    # Without the buffers of the state_dict: the mask.
    parameters = [{"name": name, "shape": list(value.shape)} for name, value in model.named_parameters()]
    return write_fixture(folder, "sequences", arrays, {"parameters": parameters, "adam": adam})
