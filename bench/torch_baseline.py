#!/usr/bin/python3
"""The peers' times on this machine, as one JSON object on stdout: PyTorch (and functorch) from Debian's
python3-torch. Install once: apt-get install -y --no-install-recommends python3-torch python3-numpy libopenblas0-pthread

This is the baseline that pathkernel's speed was set against before there was any code of it. Since then only this header
has changed and the two cases named tiny have been added, so that its times can be compared across versions.
bench/peers.ts runs it.

Each case is the best of several runs, over 1 and 2 threads, so that the peer is shown at its fastest.
A ratio against these figures is honest only if both sides ran on the same machine within the same minutes.

Cases (float32 unless named):
  train_mlp      one SGD step (forward, backward, update), 784-512-512-10 tanh, batch 128, cross-entropy
  train_cnn      one SGD step, conv 16/32/64 3x3 + relu + maxpool 2, fc 128, 10; batch 64 of 28x28
  ntk_mlp        full output-by-output tangent kernel (32, 32, 10, 10) of the MLP: Jacobian contraction, the
                 method of the torch.func tutorial
  ntk_cnn        the same for the CNN
  ntk_mlp_best   the fastest method that a PyTorch user can write by hand for an MLP: per-layer factors
                 (a.a')(d.d') from one batched backward pass
  explain_mlp    left-endpoint contributions of a batch of 64 to 100 queries (predicted logit) at one checkpoint,
                 784-128-10 relu: per-example gradients with vmap(grad), then one product
  train_tiny     one SGD step, 2-16-16-1 tanh, batch 8, mean squared error (ours, added: overhead alone)
  explain_tiny   one step of an explanation of 8 queries over 100 SGD steps of the same network: values at one end of the
                 step, Jacobians at two Gauss nodes, per-example gradients of the batch, with vmap(grad) (ours, added)
  gemm           GFLOP/s of a 1024 product in float32 and in float64: the machine's practical limit
"""
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import torch, torch.nn as nn, torch.nn.functional as F
from functorch import make_functional, vmap, jacrev, grad

def best(f, seconds=4.0, most=30):
    out = float("inf")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        f()
        t0 = time.perf_counter(); n = 0
        while n < most and (n < 2 or time.perf_counter() - t0 < seconds / 2):
            t = time.perf_counter(); f(); out = min(out, time.perf_counter() - t); n += 1
    return out * 1e3

def mlp(sizes, act):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2: layers.append(act())
    return nn.Sequential(*layers)

def cnn():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                         nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(576, 128), nn.ReLU(), nn.Linear(128, 10))

def train(model, x, y):
    opt = torch.optim.SGD(model.parameters(), lr=1e-3)
    def step():
        opt.zero_grad(); F.cross_entropy(model(x), y).backward(); opt.step()
    return best(step)

def ntk(model, x):
    f, p = make_functional(model)
    one = lambda p, x: f(p, x.unsqueeze(0)).squeeze(0)
    def run():
        jac = [j.flatten(2) for j in vmap(jacrev(one), (None, 0))(p, x)]
        return sum(torch.einsum("Naf,Mbf->NMab", j, j) for j in jac)
    return best(run, most=4)

def ntk_factors(model, x):
    linears = [m for m in model if isinstance(m, nn.Linear)]
    n, o = x.shape[0], linears[-1].out_features
    def run():
        with torch.no_grad():
            acts, h = [], x
            for i, l in enumerate(linears):
                acts.append(h); h = l(h)
                if i < len(linears) - 1: h = torch.tanh(h)
            d = torch.eye(o).expand(n, o, o); k = 0
            for i in reversed(range(len(linears))):
                a = acts[i]; flat = d.reshape(n * o, -1)
                k = k + (flat @ flat.T).reshape(n, o, n, o) * (a @ a.T + 1)[:, None, :, None]
                if i: d = (d @ linears[i].weight) * (1 - acts[i] ** 2)[:, None, :]
            return k
    return best(run)

def explain(model, batch, labels, queries):
    f, p = make_functional(model)
    loss = lambda p, x, y: F.cross_entropy(f(p, x.unsqueeze(0)), y.unsqueeze(0))
    out = lambda p, x, c: f(p, x.unsqueeze(0))[0].gather(0, c.unsqueeze(0)).sum()
    chosen = model(queries).argmax(1)
    def run():
        g = torch.cat([t.flatten(1) for t in vmap(grad(loss), (None, 0, 0))(p, batch, labels)], 1)
        q = torch.cat([t.flatten(1) for t in vmap(grad(out), (None, 0, 0))(p, queries, chosen)], 1)
        return q @ g.T
    return best(run, most=8)

TINY_STEPS = 100

def train_tiny():
    model, x, y = mlp([2, 16, 16, 1], nn.Tanh), torch.randn(8, 2), torch.randn(8, 1)
    opt = torch.optim.SGD(model.parameters(), lr=1e-3)
    def steps():
        for _ in range(TINY_STEPS):
            opt.zero_grad(); F.mse_loss(model(x), y).backward(); opt.step()
    return best(steps) / TINY_STEPS

def explain_tiny():
    model, x, y, queries = mlp([2, 16, 16, 1], nn.Tanh), torch.randn(8, 2), torch.randn(8, 1), torch.randn(8, 2)
    f, p = make_functional(model)
    lr, path = 1e-3, [[w.detach() for w in p]]
    per_loss = vmap(grad(lambda p, x, y: F.mse_loss(f(p, x.unsqueeze(0)), y.unsqueeze(0))), (None, 0, 0))
    per_output = vmap(grad(lambda p, x: f(p, x.unsqueeze(0)).sum()), (None, 0))
    flat = lambda gs: torch.cat([g.flatten(1) for g in gs], 1)
    for _ in range(TINY_STEPS): path.append([w - lr * g.mean(0) for w, g in zip(path[-1], per_loss(path[-1], x, y))])
    nodes = [0.5 - 3 ** -0.5 / 2, 0.5 + 3 ** -0.5 / 2]
    def run():
        total, residual = torch.zeros(8, 8), torch.zeros(8)
        for a, b in zip(path, path[1:]):
            delta = [v - w for w, v in zip(a, b)]
            j = sum(flat(per_output([w + t * d for w, d in zip(a, delta)], queries)) for t in nodes) / 2
            with torch.no_grad(): change = (f(b, queries) - f(a, queries)).squeeze(1)
            residual += change - j @ torch.cat([d.flatten() for d in delta])
            total -= lr / 8 * j @ flat(per_loss(a, x, y)).T
        return total, residual
    return best(run) / TINY_STEPS

def gemm(dtype):
    a, b = torch.ones(1024, 1024, dtype=dtype), torch.ones(1024, 1024, dtype=dtype)
    return 2 * 1024**3 / best(lambda: a @ b) / 1e6

torch.manual_seed(0)
m = mlp([784, 512, 512, 10], nn.Tanh)
cases = {
    "train_mlp": lambda: train(m, torch.randn(128, 784), torch.randint(0, 10, (128,))),
    "train_cnn": lambda: train(cnn(), torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))),
    "ntk_mlp": lambda: ntk(m, torch.randn(32, 784)),
    "ntk_cnn": lambda: ntk(cnn(), torch.randn(32, 1, 28, 28)),
    "ntk_mlp_best": lambda: ntk_factors(m, torch.randn(32, 784)),
    "explain_mlp": lambda: explain(mlp([784, 128, 10], nn.ReLU), torch.randn(64, 784), torch.randint(0, 10, (64,)), torch.randn(100, 784)),
    "train_tiny": train_tiny,
    "explain_tiny": explain_tiny,
    "gemm_float32_gflops": lambda: gemm(torch.float32),
    "gemm_float64_gflops": lambda: gemm(torch.float64),
}
wanted = sys.argv[1:] or list(cases)
print(json.dumps({"torch": torch.__version__, "unit": "ms", **{k: round(cases[k](), 3) for k in wanted}}))
