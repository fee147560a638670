"""Writes src/data/digits/digits.npz from scikit-learn's digits.csv.gz (Debian: python3-sklearn): `digits_npz.py FILE`."""

import os
import sys

import numpy as np

TARGET = os.path.join(os.path.dirname(__file__), "..", "src", "data", "digits", "digits.npz")


def main():
    rows = np.loadtxt(sys.argv[1], delimiter=",")
    assert rows.shape == (1797, 65) and rows.min() == 0 and rows[:, :64].max() == 16 and rows[:, 64].max() == 9
    pixels = rows[:, :64].reshape(-1, 8, 8).astype(np.uint8)
    np.savez_compressed(TARGET, pixels=pixels, labels=rows[:, 64].astype(np.uint8))


if __name__ == "__main__":
    main()
