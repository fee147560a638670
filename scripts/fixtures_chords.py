"""Contributions along chords and per-example displacements of the weights, carried forwards with a momentum for each example."""

import numpy as np
import torch
from torch import nn

from fixtures_files import flat, parameters_of, write_fixture

EXAMPLES, QUERIES, BATCH, STEPS = 7, 3, 3, 12
CHORDS = [1, 4, 12]
VARIANTS = [
    {"name": "momentum", "optimizer": "momentum", "options": {"lr": 0.05, "weightDecay": 0.02}},
    {"name": "adamw", "optimizer": "adamw", "options": {"lr": 0.03, "weightDecay": 0.1}},
]


def network():
    return nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))


def at(params):
    """The network with these parameters, one flat vector."""
    model = network()
    # A copy: the parameters become views of the vector.
    nn.utils.vector_to_parameters(params.clone(), model.parameters())
    return model


def gradients(model, values):
    """(len(values), p): the gradient of each."""
    own = list(model.parameters())
    return torch.stack([flat(torch.autograd.grad(value, own, retain_graph=True)) for value in values])


def averaged_jacobian(start, end, queries):
    """The Jacobian (Q, p) averaged along the line from start to end, by four Gauss-Legendre nodes."""
    total = torch.zeros(len(queries), len(start))
    for node, weight in zip(*np.polynomial.legendre.leggauss(4)):
        model = at(start + (node + 1) / 2 * (end - start))
        total += weight / 2 * gradients(model, model(queries)[:, 0])
    return total


def trained(variant, start, x, y, batches):
    """States before every step and after the last, and what each step subtracts on account of each example, and of the decay (last)."""
    model = at(start)
    lr, decay = variant["options"]["lr"], variant["options"]["weightDecay"]
    adam = variant["optimizer"] == "adamw"
    make = torch.optim.AdamW if adam else torch.optim.SGD
    optimizer = make(model.parameters(), lr=lr, weight_decay=decay, **({} if adam else {"momentum": 0.9}))
    momenta = torch.zeros(EXAMPLES + 1, len(start))
    states, applied = [flat(model.parameters())], []
    for step, batch in enumerate(batches):
        w = states[-1]
        losses = (model(x[batch])[:, 0] - y[batch, 0]) ** 2 / BATCH
        own = torch.zeros(EXAMPLES + 1, len(start))
        own[batch] = gradients(model, losses)
        optimizer.zero_grad()
        losses.sum().backward()
        optimizer.step()
        if adam:
            v = flat([optimizer.state[p]["exp_avg_sq"] for p in model.parameters()])
            scale = 1 / ((1 - 0.9 ** (step + 1)) * (v.sqrt() / (1 - 0.999 ** (step + 1)) ** 0.5 + 1e-8))
            momenta = 0.9 * momenta + 0.1 * own
            moved = lr * scale * momenta
            moved[EXAMPLES] = lr * decay * w
        else:
            own[EXAMPLES] = decay * w
            momenta = 0.9 * momenta + own
            moved = lr * momenta
        states.append(flat(model.parameters()))
        applied.append(moved)
        assert torch.allclose(states[-1], w - moved.sum(0), rtol=0, atol=1e-15)
    return states, applied


def along_chords(chord, states, applied, queries):
    """(Q, EXAMPLES + 1): - sum over steps of the Jacobian of the step's chord times what the step subtracts."""
    total = torch.zeros(len(queries), EXAMPLES + 1)
    for first in range(0, STEPS, chord):
        jacobian = averaged_jacobian(states[first], states[first + chord], queries)
        for step in range(first, first + chord):
            total -= jacobian @ applied[step].T
    return total


def write(folder):
    torch.manual_seed(47)
    model = network()
    start = flat(model.parameters()) * 1.5
    x, queries = torch.randn(EXAMPLES, 2), torch.randn(QUERIES, 2)
    y = torch.sin(2 * x[:, :1]) + x[:, 1:] ** 2 / 2
    batches = torch.stack([torch.randperm(EXAMPLES)[:BATCH] for _ in range(STEPS)])
    arrays = {"x": x, "y": y, "queries": queries, "batches": batches, "start": start}
    for variant in VARIANTS:
        name = variant["name"]
        states, applied = trained(variant, start, x, y, batches)
        displaced = -torch.stack(applied).sum(0)
        arrays[f"{name}.end"] = states[-1]
        arrays[f"{name}.displacements"] = displaced[:EXAMPLES]
        arrays[f"{name}.decay"] = displaced[EXAMPLES]
        for chord in CHORDS:
            total = along_chords(chord, states, applied, queries)
            arrays[f"{name}.chord{chord}"] = total[:, :EXAMPLES]
            arrays[f"{name}.chord{chord}.decay"] = total[:, EXAMPLES]
    return write_fixture(
        folder, "chords", arrays, {"variants": VARIANTS, "chords": CHORDS, "parameters": parameters_of(model)}
    )
