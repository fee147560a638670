"""ROC curves of scores with ties as scikit-learn has them, and DeLong's variance by its definition over all pairs."""

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

from fixtures_files import write_fixture


def delong(inside, outside):
    """DeLong, DeLong and Clarke-Pearson 1988: psi over all pairs, variances of its means over rows and columns."""
    psi = (inside[:, None] > outside[None, :]) + 0.5 * (inside[:, None] == outside[None, :])
    return psi.mean(), psi.mean(1).var(ddof=1) / len(inside) + psi.mean(0).var(ddof=1) / len(outside)


def write(folder):
    random = np.random.default_rng(5)
    arrays, cases = {}, []
    for name, m, n, shift, digits in [("smooth", 40, 25, 1.0, 12), ("ties", 60, 45, 0.5, 0), ("apart", 8, 6, 20.0, 3)]:
        inside = np.round(random.normal(size=m) + shift, digits)
        outside = np.round(random.normal(size=n), digits)
        truth = np.r_[np.ones(m), np.zeros(n)]
        scores = np.r_[inside, outside]
        false, true, thresholds = roc_curve(truth, scores, drop_intermediate=False)
        auc, variance = delong(inside, outside)
        assert abs(auc - roc_auc_score(truth, scores)) < 1e-12
        for key, value in {"inside": inside, "outside": outside, "false": false, "true": true, "thresholds": thresholds[1:]}.items():
            arrays[f"{name}.{key}"] = value
        at95 = float(false[np.argmax(true >= 0.95 - 1e-12)])
        cases.append({"name": name, "auroc": float(roc_auc_score(truth, scores)), "variance": float(variance), "fpr95": at95})
    return write_fixture(folder, "roc", arrays, {"cases": cases})
