"""Silhouettes and trustworthiness of points and their pictures as scikit-learn has them."""

import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.metrics import silhouette_samples
from sklearn.metrics.pairwise import euclidean_distances

from fixtures_files import write_fixture


def write(folder):
    random = np.random.default_rng(11)
    labels = np.array([0] * 9 + [1] * 7 + [3] * 5 + [4])  # the last class has one point
    points = random.normal(size=(len(labels), 5)) + 0.8 * labels[:, None]
    picture = points[:, :2] + 0.3 * random.normal(size=(len(labels), 2))
    arrays = {
        "distances": euclidean_distances(points),
        "picture": euclidean_distances(picture),
        "labels": labels.astype(np.int64),
        "silhouettes": silhouette_samples(euclidean_distances(points), labels, metric="precomputed"),
    }
    ks = [1, 4, 10]
    trust = [float(trustworthiness(points, picture, n_neighbors=k)) for k in ks]
    return write_fixture(folder, "pictures", arrays, {"ks": ks, "trustworthiness": trust})
