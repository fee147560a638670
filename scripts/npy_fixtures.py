"""Writes fixtures/npy: small NPY and NPZ files as numpy itself makes them, and what they hold in expected.json."""

import json
import os

import numpy as np

FOLDER = os.path.join(os.path.dirname(__file__), "..", "fixtures", "npy")

GRID = np.array([[-1.5, 0.0, 0.1], [2.5, 1e-3, 65504.0]])
INTEGERS = np.array([[-128, -1, 0], [1, 2, 127]])
NATURALS = np.array([[0, 1, 2], [3, 200, 255]])

ARRAYS = {
    "float32": GRID.astype("<f4"),
    "float64": GRID.astype("<f8"),
    "float16": np.array([-1.5, 0.0, 0.1, 65504.0, 6e-8, 6.1e-5, np.inf, -np.inf]).astype("<f2"),
    "int64": np.array([[-(2**63), -1, 0], [1, 2**53 + 1, 2**63 - 1]], dtype="<i8"),
    "int32": np.array([[-(2**31), -1, 0], [1, 2, 2**31 - 1]], dtype="<i4"),
    "int16": (INTEGERS * 256).astype("<i2"),
    "int8": INTEGERS.astype("i1"),
    "uint8": NATURALS.astype("u1"),
    "uint16": (NATURALS * 257).astype("<u2"),
    "uint32": (NATURALS * 16843009).astype("<u4"),
    "uint64": NATURALS.astype("<u8"),
    "uint64-large": np.array([2**63], dtype="<u8"),
    "bool": NATURALS > 2,
    "scalar": np.float64(3.25),
    "vector": np.arange(5, dtype="<i8"),
    "empty": np.zeros((0, 4), dtype="<f4"),
    "fortran": np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)),
    "big-endian": np.arange(3).astype(">i4"),
    "complex": np.zeros(2, dtype="<c8"),
    "text": np.array(["a", "bc"]),
    "structured": np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]),
}


def text_of(value):
    """A value as JavaScript prints it: integers in full, floats shortest."""
    return str(int(value)) if isinstance(value, (np.integer, np.bool_)) else repr(float(value))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    expected = {}
    for name, array in ARRAYS.items():
        np.save(os.path.join(FOLDER, f"{name}.npy"), array)
        if array.dtype.kind in "fiub":
            values = [text_of(value) for value in np.asarray(array).ravel(order="C")]
            expected[name] = {"shape": list(array.shape), "values": values}
    with open(os.path.join(FOLDER, "version-2.npy"), "wb") as file:
        np.lib.format.write_array(file, ARRAYS["float32"], version=(2, 0))
    pair = {"first": ARRAYS["float32"], "second": ARRAYS["vector"]}
    np.savez(os.path.join(FOLDER, "stored.npz"), **pair)
    np.savez_compressed(os.path.join(FOLDER, "deflated.npz"), **pair)
    with open(os.path.join(FOLDER, "expected.json"), "w", encoding="utf-8") as file:
        rows = [f"  {json.dumps(name)}: {json.dumps(record)}" for name, record in expected.items()]
        file.write("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
