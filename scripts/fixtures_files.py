"""How fixtures are written: arrays as a compressed .npz without dates, descriptions as .json with one record a line."""

import json
import os

import numpy as np
import torch


def to_array(value):
    """A C-ordered float64 or int64 array (0-dimensional stays so); bytes stay bytes."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    array = np.array(value, order="C")
    if array.dtype.kind == "f":
        assert np.isfinite(array).all(), "fixtures hold finite numbers"
        return array.astype(np.float64)
    return array if array.dtype == np.uint8 else array.astype(np.int64)


def write_fixture(folder, name, arrays, description):
    """Writes NAME.npz and NAME.json; a list in `description` is written one record a line. Returns both paths."""
    npz = os.path.join(folder, f"{name}.npz")
    np.savez_compressed(npz, **{key: to_array(value) for key, value in arrays.items()})
    path = os.path.join(folder, f"{name}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" + ",\n".join(f'  "{key}": {_render(value)}' for key, value in description.items()) + "\n}\n")
    return [npz, path]


def _render(value):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join("    " + json.dumps(record) for record in value) + "\n  ]"
    return json.dumps(value)


def parameters_of(model):
    """Names and shapes of a model's parameters in the order of its state_dict."""
    return [{"name": name, "shape": list(value.shape)} for name, value in model.state_dict().items()]


def flat(tensors):
    """One vector of all tensors, in order."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
