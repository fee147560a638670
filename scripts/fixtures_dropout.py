"""A network with nn.Dropout, exported in training mode, and trained with masks that are drawn from given keys by Philox4x32-10.

Philox is written out here once more (Salmon et al. 2011), and held to the authors' known answers.
"""

import os

import numpy as np
import torch
from torch import nn

from fixtures_files import flat, parameters_of, write_fixture

EXAMPLES, BATCH, STEPS = 9, 4, 12
RATIOS = [0.3, 0.5]
WORD = 2**32
VARIANTS = [
    {"name": "sgd", "optimizer": "sgd", "options": {"lr": 0.2}},
    {"name": "momentum", "optimizer": "momentum", "options": {"lr": 0.05, "weightDecay": 0.02}},
    {"name": "adam", "optimizer": "adam", "options": {"lr": 0.02}},
]


def philox(counter, key):
    """The four words of one block; counter and key are lists of words, the lowest first."""
    c, k = list(counter), list(key)
    for _ in range(10):
        first, second = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(second // WORD) ^ c[1] ^ k[0], second % WORD, (first // WORD) ^ c[3] ^ k[1], first % WORD]
        k = [(k[0] + 0x9E3779B9) % WORD, (k[1] + 0xBB67AE85) % WORD]
    return c


assert philox([0, 0, 0, 0], [0, 0]) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([WORD - 1] * 4, [WORD - 1] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def mask(key, layer, size, ratio):
    """docs/run-format.md, Keys: the elements of one occurrence that are kept."""
    unsigned = key % 2**64
    words = []
    for block in range(-(-size // 4)):
        words += philox([block, layer, 0, 0x6D61736B], [unsigned % WORD, unsigned // WORD])
    return [word < round((1 - ratio) * WORD) for word in words[:size]]


def network():
    return nn.Sequential(
        nn.Linear(3, 6), nn.Tanh(), nn.Dropout(RATIOS[0]), nn.Linear(6, 5), nn.Tanh(), nn.Dropout(RATIOS[1]), nn.Linear(5, 2)
    )


def outputs(model, x, keys):
    """The network as it is trained, with the masks of these keys in the places of its Dropout layers."""
    layer = 0
    for part in model:
        if isinstance(part, nn.Dropout):
            kept = torch.tensor([mask(key, layer, x.shape[1], part.p) for key in keys])
            x = torch.where(kept, x * (1 / (1 - part.p)), torch.zeros(()))
            layer += 1
        else:
            x = part(x)
    return x


def trained(variant, start, data):
    """Parameters after the last step, and the loss of each step."""
    x, y, batches, keys = data
    model = network()
    nn.utils.vector_to_parameters(start.clone(), model.parameters())
    options = variant["options"]
    settings = {"lr": options["lr"], "weight_decay": options.get("weightDecay", 0)}
    adam = variant["optimizer"] == "adam"
    make = torch.optim.Adam if adam else torch.optim.SGD
    momentum = {"momentum": 0.9} if variant["optimizer"] == "momentum" else {}
    optimizer = make(model.parameters(), **settings, **momentum)
    losses = []
    for batch, own in zip(batches, keys):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(outputs(model, x[batch], own), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return flat(model.parameters()), torch.stack(losses)


def export(model, x, path):
    torch.onnx.export(
        model.train(), x, path, opset_version=17, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "N"}, "y": {0: "N"}}, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
    )  # fmt: skip
    return path


def write(folder):
    torch.manual_seed(20)
    model = network()
    x, y = torch.randn(EXAMPLES, 3), torch.arange(EXAMPLES) % 2
    batches = [torch.randperm(EXAMPLES)[:BATCH] for _ in range(STEPS)]
    # Any 64 bits may be a key.
    keys = [[int(key) for key in torch.randint(-(2**63), 2**63 - 1, (BATCH,))] for _ in range(STEPS)]
    start = flat(model.parameters())
    arrays = {"x": x, "y": y, "batches": torch.stack(batches), "keys": torch.tensor(keys), "start": start}
    arrays["evaluated"] = model.eval()(x).detach()
    arrays["first.output"] = outputs(model, x[batches[0]], keys[0]).detach()
    for variant in VARIANTS:
        end, losses = trained(variant, start, (x, y, batches, keys))
        arrays[f"{variant['name']}.end"], arrays[f"{variant['name']}.losses"] = end, losses
    description = {"variants": VARIANTS, "ratios": RATIOS, "parameters": parameters_of(model)}
    file = export(model, x, os.path.join(folder, "dropout.onnx"))
    return [*write_fixture(folder, "dropout", arrays, description), file]
