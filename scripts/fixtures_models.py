"""Jacobians, per-example gradients and left-rule contributions of three small models."""

import torch
from torch import nn

from fixtures_files import flat, parameters_of, write_fixture

EXAMPLES = 5
QUERIES = 3
STEP_SIZE = 0.1
MODEL_SEED = 57


def cross_entropy(logits, target):
    return nn.functional.cross_entropy(logits[None], target[None])


def mse(output, target):
    return nn.functional.mse_loss(output, target)


def binary_cross_entropy(logits, target):
    return nn.functional.binary_cross_entropy_with_logits(logits, target)


def models():
    """(name, model, loss name, loss of one example, shape of an example)."""
    tanh = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    relu = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    cnn = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(3, 3)
    )
    for model in (tanh, relu, cnn):
        start(model)
    return [
        ("tanh-mlp", tanh, "cross-entropy", cross_entropy, (3,)),
        ("relu-mlp", relu, "mse", mse, (3,)),
        ("cnn", cnn, "binary-cross-entropy", binary_cross_entropy, (1, 6, 6)),
    ]


def start(model):
    """Normal parameters of deviation 0.5. The seed is such that the ReLU networks are not dead (`write` asserts it)."""
    values = torch.randn(flat(model.parameters()).numel(), generator=torch.Generator().manual_seed(MODEL_SEED))
    set_params(model, 0.5 * values)


def targets(loss, outputs, generator):
    if loss == "mse":
        return torch.randn(EXAMPLES, outputs, generator=generator)
    labels = torch.arange(EXAMPLES) % outputs
    return labels if loss == "cross-entropy" else nn.functional.one_hot(labels, outputs).double()


def jacobian(model, x):
    """(C, p) for one example, output by output."""
    rows = []
    for output in model(x[None])[0]:
        rows.append(flat(torch.autograd.grad(output, list(model.parameters()), retain_graph=True)))
    return torch.stack(rows)


def example_arrays(model, loss, x, y):
    """Output, loss, its derivative in the output, and its gradient in the parameters, for one example."""
    output = model(x[None])[0]
    value = loss(output, y)
    derivative = torch.autograd.grad(value, output, retain_graph=True)[0]
    gradient = flat(torch.autograd.grad(value, list(model.parameters())))
    return output, value, derivative, gradient


def set_params(model, vector):
    torch.nn.utils.vector_to_parameters(vector, model.parameters())


def arrays_of(model, loss_name, loss, generator, shape):
    params = flat(model.parameters())
    x = torch.randn(EXAMPLES, *shape, generator=generator)
    queries = torch.randn(QUERIES, *shape, generator=generator)
    outputs = model(x).shape[1]
    y = targets(loss_name, outputs, generator)
    rows = [example_arrays(model, loss, x[i], y[i]) for i in range(EXAMPLES)]
    output, value, derivative, gradient = (torch.stack(column) for column in zip(*rows))
    query_jacobian = torch.stack([jacobian(model, query) for query in queries])
    query_output = model(queries)
    next_params = params - STEP_SIZE * gradient.mean(0)
    set_params(model, next_params)
    next_query_output = model(queries)
    set_params(model, params)
    return {
        "params": params, "x": x, "y": y, "queries": queries, "output": output, "loss": value, "lossDerivative": derivative,
        "jacobian": torch.stack([jacobian(model, example) for example in x]), "lossGradient": gradient,
        "queryOutput": query_output, "queryJacobian": query_jacobian,
        "nextParams": next_params, "nextQueryOutput": next_query_output,
        "contributions": -STEP_SIZE / EXAMPLES * torch.einsum("qcp,np->qnc", query_jacobian, gradient),
    }  # fmt: skip


def write(folder):
    generator = torch.Generator().manual_seed(22)
    arrays, descriptions = {}, []
    for name, model, loss_name, loss, shape in models():
        found = arrays_of(model, loss_name, loss, generator, shape)
        reached = (found["jacobian"].abs().amax((0, 1)) > 0).double().mean()
        assert reached > 0.8, f"{name}: the examples must reach most parameters, got {reached:.0%}"
        arrays.update({f"{name}.{key}": value for key, value in found.items()})
        descriptions.append({
            "name": name,
            "layers": [str(layer) for layer in model],
            "parameters": parameters_of(model),
            "loss": loss_name,
            "examples": EXAMPLES,
            "queries": QUERIES,
            "outputs": found["output"].shape[1],
            "stepSize": STEP_SIZE,
        })
    return write_fixture(folder, "models", arrays, {"models": descriptions})
