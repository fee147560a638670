"""Kernel machines of scikit-learn and spectra of scipy on precomputed kernels: of Gaussians, and of a small network's tangents."""

import numpy as np
import torch
from scipy import linalg
from sklearn.decomposition import KernelPCA
from sklearn.kernel_ridge import KernelRidge
from sklearn.svm import SVC, SVR

from fixtures_files import write_fixture

SEED = 41
POINTS, QUERIES, HIDDEN, OUTPUTS = 48, 9, 6, 2
GAMMA, RIDGE, COMPONENTS, EPSILON = 0.4, 0.1, 5, 0.1
TOLERANCE = 1e-10
# C in units of 1 / (mean of K's diagonal). libsvm keeps K in float32: what scikit-learn says is off by some 1e-7 C |K|, by more than 1e-6 at the last.
COSTS = (0.5, 2.0, 100.0)


def network(random):
    """The state_dict of a tanh network 3-6-2, flattened, and its tangent kernel's trace by hand."""
    model = torch.nn.Sequential(torch.nn.Linear(3, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, OUTPUTS))
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(torch.from_numpy(random.normal(size=value.shape)))
    w1, b1, w2, _ = (value.detach().numpy() for value in model.parameters())

    def kernel(x, y):
        hidden = [np.tanh(z @ w1.T + b1) for z in (x, y)]
        slopes = [1 - h**2 for h in hidden]
        last = OUTPUTS * (hidden[0] @ hidden[1].T + 1)
        return last + (slopes[0] * (w2**2).sum(0)) @ slopes[1].T * (x @ y.T + 1)

    def by_autograd(x):
        rows = []
        for point in torch.from_numpy(x):
            own = [torch.autograd.grad(out, list(model.parameters()), retain_graph=True) for out in model(point)]
            rows.append(torch.stack([torch.cat([g.reshape(-1) for g in each]) for each in own]))
        jacobian = torch.stack(rows)
        return torch.einsum("ncp,mcp->nm", jacobian, jacobian).numpy()

    params = torch.cat([value.detach().reshape(-1) for value in model.parameters()])
    return params, kernel, by_autograd


def exact_solution(kernel, coefficients, cost, wanted):
    """
    The dual solution in float64 with the free and bound points of `coefficients`: sum_j K_ij beta_j + b = wanted_i of the free ones, sum beta = 0.
    """
    bound = np.abs(coefficients) >= cost * (1 - 1e-9)
    free = (coefficients != 0) & ~bound
    k = free.sum()
    system = np.ones((k + 1, k + 1))
    system[:k, :k] = kernel[np.ix_(free, free)]
    system[k, k] = 0
    held = np.where(bound, np.sign(coefficients) * cost, 0.0)
    if k == 0:
        return held, None
    right = np.append(wanted[free] - kernel[free] @ held, -held.sum())
    found = linalg.solve(system, right)
    beta = held.copy()
    beta[free] = found[:k]
    assert (np.sign(beta[free]) == np.sign(coefficients[free])).all() and (np.abs(beta[free]) < cost).all()
    return beta, found[k]


def exact_svc(kernel, signs, cost, coefficients):
    beta, bias = exact_solution(kernel, coefficients, cost, signs.astype(float))
    if bias is None:
        # No point tells the bias: the middle of what it may be, as in libsvm.
        slopes = signs - kernel @ beta
        bias = (slopes[beta < np.maximum(signs, 0) * cost].max() + slopes[beta > np.minimum(signs, 0) * cost].min()) / 2
    margin = signs * (kernel @ beta + bias)
    # Conditions of optimality: margins at least 1 where nothing pulls, at most 1 where all that may.
    assert (margin[beta == 0] > 1 - 1e-11).all() and (margin[np.abs(beta) == cost] < 1 + 1e-11).all()
    return beta, bias


def exact_svr(kernel, y, cost, coefficients):
    beta, bias = exact_solution(kernel, coefficients, cost, y - EPSILON * np.sign(coefficients))
    error = np.abs(y - kernel @ beta - bias)
    assert (error[beta == 0] < EPSILON + 1e-11).all() and (error[np.abs(beta) == cost] > EPSILON - 1e-11).all()
    return beta, bias


def of_pair(kernel, labels, low, high, cost):
    """scikit-learn's coefficients of two classes, positive for the higher, over all points."""
    members = np.flatnonzero((labels == low) | (labels == high))
    own = kernel[np.ix_(members, members)]
    signs = np.where(labels[members] == high, 1, -1)
    model = SVC(kernel="precomputed", C=cost, tol=TOLERANCE).fit(own, signs)
    coefficients = np.zeros(len(members))
    coefficients[model.support_] = model.dual_coef_[0]
    beta, bias = exact_svc(own, signs, cost, coefficients)
    found = np.zeros(len(labels))
    found[members] = beta
    return found, bias


def machines(name, kernel, of_queries, labels, values):
    """Arrays of one kernel, and the costs and what scikit-learn misses of the exact solution."""
    arrays, missed = {}, []
    ridge = KernelRidge(alpha=RIDGE, kernel="precomputed").fit(kernel, values)
    arrays |= {"ridge.coefficients": ridge.dual_coef_, "ridge.prediction": ridge.predict(of_queries)}
    pca = KernelPCA(n_components=COMPONENTS, kernel="precomputed", eigen_solver="dense").fit(kernel)
    columns = range(COMPONENTS)
    signs = np.sign(pca.eigenvectors_[np.abs(pca.eigenvectors_).argmax(0), columns])
    arrays |= {
        "pca.eigenvalues": pca.eigenvalues_,
        "pca.points": pca.transform(kernel) * signs,
        "pca.queries": pca.transform(of_queries) * signs,
    }
    arrays["eigenvalues"] = linalg.eigvalsh(kernel)[::-1]
    two = np.minimum(labels, 1)
    for part in COSTS:
        key = f"c{part:g}"
        cost = part / np.diag(kernel).mean()
        svc = SVC(kernel="precomputed", C=cost, tol=TOLERANCE).fit(kernel, two)
        arrays[f"svc.{key}"] = svc.decision_function(of_queries)
        beta, bias = of_pair(kernel, two, 0, 1, cost)
        arrays |= {f"svc.{key}.exact": of_queries @ beta + bias, f"svc.{key}.coefficients": beta}
        ovo = SVC(kernel="precomputed", C=cost, tol=TOLERANCE, decision_function_shape="ovo", break_ties=False).fit(kernel, labels)
        arrays[f"ovo.{key}"] = ovo.decision_function(of_queries)
        arrays[f"ovo.{key}.predicted"] = ovo.predict(of_queries)
        pairs = [of_pair(kernel, labels, low, high, cost) for low in range(3) for high in range(low + 1, 3)]
        # Of more than two classes scikit-learn's values are positive for the lower class.
        arrays[f"ovo.{key}.exact"] = np.stack([of_queries @ own + b for own, b in pairs], 1)
        svr = SVR(kernel="precomputed", C=cost, tol=TOLERANCE, epsilon=EPSILON).fit(kernel, values[:, 0])
        own = np.zeros(len(labels))
        own[svr.support_] = svr.dual_coef_[0]
        beta, bias = exact_svr(kernel, values[:, 0], cost, own)
        arrays |= {f"svr.{key}": svr.predict(of_queries), f"svr.{key}.exact": of_queries @ beta + bias}
        missed.append({
            "kernel": name, "cost": part,
            **{what: float(np.abs(sign * arrays[f"{what}.{key}"] - arrays[f"{what}.{key}.exact"]).max())
               for what, sign in (("svc", 1), ("ovo", -1), ("svr", 1))},
        })  # fmt: skip
    return {f"{name}.{key}": value for key, value in arrays.items()}, missed


def write(folder):
    random = np.random.RandomState(SEED)
    x, queries = random.normal(size=(POINTS, 3)), random.normal(size=(QUERIES, 3))
    noise = 0.3 * random.normal(size=(POINTS, 3))
    radius = np.linalg.norm(x + noise, axis=1)
    labels = np.digitize(radius, np.quantile(radius, [0.35, 0.7]))
    values = np.stack([np.sin(2 * x[:, 0]) + x[:, 1] ** 2 / 2, x[:, 1] * x[:, 2]], 1) + 0.3 * noise[:, :2]
    params, tangent, by_autograd = network(random)
    rbf = lambda a, b: np.exp(-GAMMA * ((a[:, None] - b[None]) ** 2).sum(-1))  # noqa: E731
    assert np.abs(tangent(x, x) - by_autograd(x)).max() < 1e-11
    arrays = {"x": x, "queries": queries, "labels": labels, "values": values, "params": params}
    missed = []
    for name, kernel in (("rbf", rbf), ("tangent", tangent)):
        own, of_queries = kernel(x, x), kernel(queries, x)
        found, off = machines(name, own, of_queries, labels, values)
        arrays |= {f"{name}.kernel": own, f"{name}.ofQueries": of_queries, **found}
        missed += off
    description = {
        "gamma": GAMMA, "ridge": RIDGE, "epsilon": EPSILON, "components": COMPONENTS, "costs": list(COSTS), "missed": missed,
    }  # fmt: skip
    return write_fixture(folder, "sklearn", arrays, description)
