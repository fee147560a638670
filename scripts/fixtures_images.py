"""Transforms of grey images by scipy.ndimage: rotation, shift, grey morphology with a sloping disk, Gaussian filter."""

import numpy as np
from scipy import ndimage

from fixtures_files import write_fixture


def sloping_disk(radius):
    """-max(0, |d| - radius) on the square of offsets that reach a pixel beyond the radius."""
    reach = int(np.ceil(radius + 1))
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return -np.maximum(0, np.hypot(down, right) - radius)


def write(folder):
    random = np.random.default_rng(11)
    image = np.clip(ndimage.gaussian_filter(random.normal(size=(12, 9)), 1.2) * 3, 0, 1)
    bilinear = {"order": 1, "mode": "grid-constant", "prefilter": False}
    cases, arrays = [], {"image": image}
    for name, amount, expected in [
        ("rotation", 25.0, ndimage.rotate(image, 25, reshape=False, **bilinear)),
        ("rotation", -100.0, ndimage.rotate(image, -100, reshape=False, **bilinear)),
        ("shift", 1.75, ndimage.shift(image, (0, 1.75), **bilinear)),
        ("shift", -0.5, ndimage.shift(image, (0, -0.5), **bilinear)),
        ("stroke", 1.3, ndimage.grey_dilation(image, structure=sloping_disk(1.3), mode="constant")),
        ("stroke", -0.6, np.minimum(1, ndimage.grey_erosion(image, structure=sloping_disk(0.6), mode="constant"))),
        ("blur", 1.1, ndimage.gaussian_filter(image, 1.1, mode="constant")),
    ]:
        key = f"{name}{amount:g}"
        cases.append({"key": key, "name": name, "amount": amount})
        arrays[key] = expected
    return write_fixture(folder, "images", arrays, {"cases": cases})
