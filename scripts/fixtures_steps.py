"""A small network trained with torch.optim where gradients are clipped, or regularisers are in the loss."""

import torch

from fixtures_files import flat, parameters_of, write_fixture
from fixtures_optimizers import STEPS, create, network, problem

OPTIMIZERS = [
    ("sgd", "sgd", {"lr": 0.1, "weightDecay": 0.02}),
    ("momentum", "sgd", {"lr": 0.05, "momentum": 0.8, "dampening": 0.3, "weightDecay": 0.02}),
    ("nesterov", "nesterov", {"lr": 0.03}),
    ("rmsprop", "rmsprop", {"lr": 0.005, "momentum": 0.5, "weightDecay": 0.02}),
    ("adam", "adam", {"lr": 0.01, "weightDecay": 0.02}),
    ("adamw", "adamw", {"lr": 0.02, "weightDecay": 0.3}),
]

# Thresholds that some steps and coordinates stay under, and others do not.
NORM, VALUE = {"norm": 0.25}, {"value": 0.05}

KINDS = [
    ("norm", NORM, []),
    ("value", VALUE, []),
    ("l2-l1", {}, ["l2:0.03", "l1:0.01"]),
    ("elastic-norm", NORM, ["elastic:0.01,0.02"]),
    ("distance-value", VALUE, ["distance:0.2"]),
]

VARIANTS = [
    {"name": f"{label}-{kind}", "optimizer": name, "options": options, "clipping": clipping, "regularisers": regularisers}
    for kind, clipping, regularisers in KINDS
    for label, name, options in OPTIMIZERS
]


def penalty(spec, parameters, start):
    """What a regulariser adds to the loss, as one would write it in PyTorch."""
    name, numbers = spec.split(":")
    numbers = [float(number) for number in numbers.split(",")]
    absolute = sum(p.abs().sum() for p in parameters)
    square = sum((p**2).sum() for p in parameters)
    if name == "l1":
        return numbers[0] * absolute
    if name == "l2":
        return numbers[0] / 2 * square
    if name == "elastic":
        return numbers[0] * absolute + numbers[1] / 2 * square
    return numbers[0] / 2 * sum(((p - p0) ** 2).sum() for p, p0 in zip(parameters, start))


def clip(parameters, clipping):
    if "norm" in clipping:
        torch.nn.utils.clip_grad_norm_(parameters, clipping["norm"])
    if "value" in clipping:
        torch.nn.utils.clip_grad_value_(parameters, clipping["value"])


def train(description, state, data):
    """Parameters after the last step."""
    model = network()
    model.load_state_dict(state)
    parameters = list(model.parameters())
    start = [p.detach().clone() for p in parameters]
    optimizer = create(description, parameters)
    for batch in data["batches"]:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(data["x"][batch]), data["y"][batch])
        for spec in description["regularisers"]:
            loss = loss + penalty(spec, parameters, start)
        loss.backward()
        clip(parameters, description["clipping"])
        optimizer.step()
    return flat(parameters)


def write(folder):
    data = problem(torch.Generator().manual_seed(21))
    torch.manual_seed(22)
    model = network()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    arrays = {**data, "start": flat(state.values())}
    for description in VARIANTS:
        arrays[f"{description['name']}.end"] = train(description, state, data)
    return write_fixture(folder, "steps", arrays, {
        "variants": VARIANTS,
        "network": {
            "layers": ["Linear(3, 8)", "Tanh", "Linear(8, 2)"],
            "parameters": parameters_of(model),
            "steps": STEPS,
            "batch": 8,
            "loss": "cross-entropy",
        },
    })
