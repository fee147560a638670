"""Trajectories of torch.optim's optimizers: fed with given gradients, and training a small network."""

import math

import torch

from fixtures_files import flat, parameters_of, write_fixture

STEPS = 50
RECORDED = [1, 2, 5, 10, 25, 50]


def variant(name, optimizer, scheduled=False, **options):
    return {"name": name, "optimizer": optimizer, "options": options, "scheduled": scheduled}


# eps of 1e-2 where its place must show: after the root, after the bias correction, before the maximum.
VARIANTS = [
    variant("gd", "gd", lr=0.1),
    variant("sgd", "sgd", lr=0.1),
    variant("sgd-decay", "sgd", lr=0.1, weightDecay=0.02),
    variant("sgd-scheduled", "sgd", lr=0.1, scheduled=True),
    variant("momentum", "momentum", lr=0.05),
    variant("momentum-decay", "sgd", lr=0.05, momentum=0.8, weightDecay=0.02),
    variant("momentum-dampening", "sgd", lr=0.1, momentum=0.9, dampening=0.4),
    variant("momentum-dampening-decay", "sgd", lr=0.1, momentum=0.9, dampening=0.4, weightDecay=0.02),
    variant("momentum-scheduled", "sgd", lr=0.05, momentum=0.9, scheduled=True),
    variant("nesterov", "nesterov", lr=0.05),
    variant("nesterov-decay", "nesterov", lr=0.05, weightDecay=0.02),
    variant("nesterov-scheduled", "nesterov", lr=0.05, scheduled=True),
    variant("rmsprop", "rmsprop"),
    variant("rmsprop-decay", "rmsprop", lr=0.005, weightDecay=0.02),
    variant("rmsprop-eps", "rmsprop", lr=0.01, alpha=0.9, eps=1e-2),
    variant("rmsprop-momentum", "rmsprop", lr=0.003, momentum=0.9),
    variant("rmsprop-momentum-scheduled", "rmsprop", lr=0.003, momentum=0.9, scheduled=True),
    variant("rmsprop-centered", "rmsprop", lr=0.003, centered=True),
    variant("rmsprop-centered-momentum-decay", "rmsprop", lr=0.003, alpha=0.95, centered=True, momentum=0.5, weightDecay=0.02),
    variant("adam", "adam"),
    variant("adam-decay", "adam", lr=0.01, weightDecay=0.02),
    variant("adam-eps", "adam", lr=0.02, betas=[0.8, 0.95], eps=1e-2),
    variant("adam-scheduled", "adam", lr=0.02, scheduled=True),
    variant("amsgrad", "adam", lr=0.02, betas=[0.9, 0.9], amsgrad=True),
    variant("amsgrad-decay", "adam", lr=0.02, betas=[0.9, 0.9], amsgrad=True, weightDecay=0.02),
    variant("adamw", "adamw"),
    variant("adamw-decay", "adamw", lr=0.02, weightDecay=0.3),
    variant("adamw-scheduled", "adamw", lr=0.02, weightDecay=0.3, scheduled=True),
    variant("adamw-amsgrad", "adamw", lr=0.02, betas=[0.9, 0.9], amsgrad=True, weightDecay=0.3),
]

CLASSES = {
    "gd": (torch.optim.SGD, {}),
    "sgd": (torch.optim.SGD, {}),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "nesterov": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "adam": (torch.optim.Adam, {}),
    "adamw": (torch.optim.AdamW, {}),
}


def create(description, parameters):
    """The torch optimizer of a variant; foreach=False: the formulas as they are documented, tensor by tensor."""
    kind, implied = CLASSES[description["optimizer"]]
    names = {"weightDecay": "weight_decay"}
    options = {names.get(key, key): value for key, value in description["options"].items()}
    return kind(parameters, **{**implied, **options}, foreach=False)


def schedule():
    """Factors of a cosine from 1 to 0.05, as PyTorch's CosineAnnealingLR would set them step by step."""
    return [0.05 + 0.475 * (1 + math.cos(math.pi * step / STEPS)) for step in range(STEPS)]


def set_step_size(optimizer, description, base, step):
    if description["scheduled"]:
        optimizer.param_groups[0]["lr"] = base * schedule()[step]


def gradient_stream(generator):
    """(50, 11): scales from 1e-4 to 1e2, bursts early (AMSGrad's maximum), one column near constant, the last all zero."""
    size = 11
    gradients = torch.randn(STEPS, size, generator=generator)
    gradients *= torch.logspace(-4, 2, size)
    gradients[:, 3] = 0.7 + 1e-3 * gradients[:, 3]
    gradients[:5, ::2] *= 8
    gradients[:, size - 1] = 0
    return torch.randn(size, generator=generator), gradients


def follow_stream(description, start, gradients):
    parameter = torch.nn.Parameter(start.clone())
    optimizer = create(description, [parameter])
    base = optimizer.param_groups[0]["lr"]
    rows = []
    for step, gradient in enumerate(gradients):
        set_step_size(optimizer, description, base, step)
        parameter.grad = gradient.clone()
        optimizer.step()
        if step + 1 in RECORDED:
            rows.append(parameter.detach().clone())
    return torch.stack(rows)


def network():
    return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))


def train(description, state, data):
    """Parameters after step 5 and after the last."""
    model = network()
    model.load_state_dict(state)
    optimizer = create(description, model.parameters())
    base = optimizer.param_groups[0]["lr"]
    after5 = None
    for step, batch in enumerate(data["batches"]):
        set_step_size(optimizer, description, base, step)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(data["x"][batch]), data["y"][batch]).backward()
        optimizer.step()
        if step == 4:
            after5 = flat(model.parameters())
    return after5, flat(model.parameters())


def problem(generator):
    """24 points of two noisy classes, and 50 batches of 8 without replacement inside each epoch of 3."""
    x = torch.randn(24, 3, generator=generator)
    y = (x[:, 0] * x[:, 1] + 0.5 * x[:, 2] + 0.3 * torch.randn(24, generator=generator) > 0).long()
    epochs = [torch.randperm(24, generator=generator) for _ in range(math.ceil(STEPS / 3))]
    return {"x": x, "y": y, "batches": torch.cat(epochs).reshape(-1, 8)[:STEPS]}


def write(folder):
    generator = torch.Generator().manual_seed(11)
    start, gradients = gradient_stream(generator)
    data = problem(generator)
    torch.manual_seed(12)
    model = network()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    arrays = {"stream.start": start, "stream.gradients": gradients, "schedule": schedule()}
    arrays.update({f"network.{key}": value for key, value in data.items()})
    arrays["network.start"] = flat(state.values())
    for description in VARIANTS:
        name = description["name"]
        arrays[f"stream.{name}"] = follow_stream(description, start, gradients)
        arrays[f"network.{name}.step5"], arrays[f"network.{name}.end"] = train(description, state, data)
    return write_fixture(folder, "optimizers", arrays, {
        "variants": VARIANTS,
        "stream": {"steps": STEPS, "recorded": RECORDED},
        "network": {
            "layers": ["Linear(3, 8)", "Tanh", "Linear(8, 2)"],
            "parameters": parameters_of(model),
            "steps": STEPS,
            "batch": 8,
            "loss": "cross-entropy",
        },
    })
