"""Measures of kernels as numpy, scipy and scikit-learn have them, on small features with labels."""

import numpy as np
from scipy.stats import entropy
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import calinski_harabasz_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict

from fixtures_files import write_fixture

N, P, CLASSES, OUTPUTS = 14, 6, 3, 2


def centred_cka(x, y):
    """Kornblith et al. 2019, the form for features: |Y'X|^2 / (|X'X| |Y'Y|) of centred columns."""
    x, y = x - x.mean(0), y - y.mean(0)
    return np.linalg.norm(y.T @ x) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))


def hsic_1(k, l):
    """Song et al. 2012: the mean over all quadruples of different examples, the definition of a U-statistic, not its closed form."""
    n = len(k)
    total, count = 0.0, 0
    for i in range(n):
        for j in range(n):
            if j == i:
                continue
            for q in range(n):
                if q in (i, j):
                    continue
                for r in range(n):
                    if r in (i, j, q):
                        continue
                    total += k[i, j] * (l[i, j] + l[q, r] - 2 * l[i, q])
                    count += 1
    return total / count


def write(folder):
    random = np.random.default_rng(11)
    labels = np.arange(N) % CLASSES
    features = random.normal(size=(N, P)) + 1.2 * random.normal(size=(CLASSES, P))[labels]
    later = features + 0.6 * random.normal(size=(N, P))
    residual = random.normal(size=(N, OUTPUTS))
    k, k2 = features @ features.T, later @ later.T
    onehot = np.eye(CLASSES)[labels]
    l = onehot @ onehot.T
    values, vectors = np.linalg.eigh(k)
    shares = np.linalg.svd(features, compute_uv=False) ** 2
    shares = shares / shares.sum()
    singular = np.linalg.svd(features, compute_uv=False)
    rank = np.linalg.matrix_rank(features)
    outside = residual - vectors[:, -rank:] @ (vectors[:, -rank:].T @ residual)
    signs = 2 * onehot - 1
    ladder = [part * values.sum() / N for part in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10)]
    best = RidgeCV(alphas=ladder, fit_intercept=False).fit(features, signs).alpha_
    left_out = cross_val_predict(Ridge(alpha=best, fit_intercept=False, solver="svd"), features, signs, cv=LeaveOneOut())
    own = left_out[np.arange(N), labels]
    other = np.where(onehot == 1, -np.inf, left_out).max(1)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosine = unit @ unit.T
    same = labels[:, None] == labels[None, :]
    off = ~np.eye(N, dtype=bool)
    arrays = {"labels": labels, "features": features, "later": later, "residual": residual, "left_out": left_out}
    description = {
        "spectrum": {
            "effectiveRank": float(np.exp(entropy(shares))),
            "participationRatio": float(1 / (shares**2).sum()),
            "stableRank": float(np.linalg.norm(features, "fro") ** 2 / np.linalg.norm(features, 2) ** 2),
            "rank": int(rank),
            "values": [float(value) for value in singular**2],
        },
        "nullSpace": {
            "share": float((outside**2).sum() / (residual**2).sum()),
            "quadratic": float(np.linalg.norm(features.T @ residual) ** 2),
        },
        "cka": {
            "labels": {
                "centred": float(centred_cka(features, onehot)),
                "uncentred": float((k * l).sum() / (np.linalg.norm(k) * np.linalg.norm(l))),
                "debiased": float(hsic_1(k, l) / np.sqrt(hsic_1(k, k) * hsic_1(l, l))),
            },
            "later": {
                "centred": float(centred_cka(features, later)),
                "uncentred": float((k * k2).sum() / (np.linalg.norm(k) * np.linalg.norm(k2))),
                "debiased": float(hsic_1(k, k2) / np.sqrt(hsic_1(k, k) * hsic_1(k2, k2))),
            },
        },
        "alignment": float(np.trace(residual.T @ k @ residual) / (np.linalg.norm(k) * np.linalg.norm(residual) ** 2)),
        "separability": {
            "ridge": float(best),
            "accuracy": float((own > other).mean()),
            "margin": float(np.median(own - other)),
        },
        "calinskiHarabasz": float(calinski_harabasz_score(features, labels)),
        "blocks": {"within": float(cosine[same & off].mean()), "between": float(cosine[~same].mean())},
    }
    return write_fixture(folder, "diagnose", arrays, description)
