"""Neighbours, rank correlations, concentration and clusters as scikit-learn and scipy have them."""

import numpy as np
from scipy.stats import entropy, kendalltau, spearmanr
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

from fixtures_files import write_fixture

N, Q, D, P, K = 40, 5, 3, 4, 7


def write(folder):
    random = np.random.RandomState(11)
    points, queries = random.randn(N, D), random.randn(Q, D)
    # Features of which the kernel is the product: not the inputs' own geometry.
    weights = random.randn(D, P)
    phi = lambda x: np.tanh(x @ weights) * (1 + x[:, :1] ** 2)
    arrays = {
        "points": points,
        "queries": queries,
        "features": phi(points),
        "queryFeatures": phi(queries),
        "labels": random.randint(0, 3, N),
        "queryLabels": random.randint(0, 3, Q),
    }
    for metric, (own, asked), name in (
        ("euclidean", (phi(points), phi(queries)), "kernel"),
        ("cosine", (phi(points), phi(queries)), "cosine"),
        ("euclidean", (points, queries), "euclidean"),
    ):
        search = NearestNeighbors(n_neighbors=K, metric=metric, algorithm="brute").fit(own)
        distances, indices = search.kneighbors(asked)
        arrays[f"{name}.distances"], arrays[f"{name}.indices"] = distances, indices.astype(np.int64)
        arrays[f"{name}.purity"] = np.mean(arrays["labels"][indices] == arrays["queryLabels"][:, None], axis=1)
        arrays[f"{name}.all"] = NearestNeighbors(n_neighbors=N, metric=metric, algorithm="brute").fit(own).kneighbors(asked)[0]
    # Many ties in both.
    tied = np.round(random.randn(2, 60) * 1.5)
    tied[1] = np.round(0.5 * tied[0] + random.randn(60))
    loose = random.randn(2, 60)
    arrays |= {"tied": tied, "loose": loose}
    contributions = random.randn(50) ** 3
    sizes = np.abs(contributions)
    arrays["contributions"] = contributions
    blobs = np.concatenate([random.randn(30, 2) * 0.3 + centre for centre in ([0, 0], [4, 0], [0, 4])])
    arrays["blobs"] = blobs
    description = {
        "k": K,
        "spearman": {name: spearmanr(*pair)[0] for name, pair in (("tied", tied), ("loose", loose))},
        "kendall": {name: kendalltau(*pair)[0] for name, pair in (("tied", tied), ("loose", loose))},
        "gini": np.abs(sizes[:, None] - sizes[None]).sum() / (2 * len(sizes) * sizes.sum()),
        "effectiveContributors": np.exp(entropy(sizes)),
        "participationRatio": sizes.sum() ** 2 / (sizes**2).sum(),
        "inertia": KMeans(3, n_init=10, random_state=0).fit(blobs).inertia_,
    }
    return write_fixture(folder, "neighbours", arrays, description)
