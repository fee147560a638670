"""Cases of tensor functions: joining, cutting, permuting, reducing, pointwise arithmetic."""

import torch
from torch.nn import functional as F


def joining(c):
    c.sequences("cat", lambda s, h: torch.cat([h, h.tanh(), s.t.expand(h.shape[0], 1, 4)], 1).mean(1), t=(1, 1, 4))
    c.sequences("chunk", lambda s, h: (lambda a, b: torch.cat([a * b.tanh(), b], -1).mean(1))(*h.chunk(2, -1)))
    c.sequences("chunk-uneven", lambda s, h: sum(k.tanh().sum(-1, keepdim=True) * (i + 1) for i, k in enumerate(h.chunk(3, 1))).mean(1), width=5, outputs=1)
    c.sequences("split", lambda s, h: (lambda a, b: torch.cat([b.tanh(), a], -1).mean(1))(*h.split([1, 3], -1)))
    c.sequences("unbind", lambda s, h: (lambda a, b, d, e: a * b.tanh() + d - e)(*h.unbind(1)))
    c.sequences("stack", lambda s, h: torch.stack([h, h.tanh(), h * 2], 1).sigmoid().mean((1, 2)))
    c.sequences("flatten", lambda s, h: h.tanh().flatten(1), width=2, outputs=8)
    c.sequences("permute", lambda s, h: h.permute(0, 2, 1).tanh().reshape(h.shape[0], -1), width=2, outputs=8)
    c.sequences("movedim", lambda s, h: torch.movedim(h, -1, 1).tanh().mean(2))
    c.sequences("expand", lambda s, h: (s.t.expand_as(h) * h).tanh().mean(1), t=(4,))
    c.sequences("repeat", lambda s, h: (h.repeat(1, 2, 1) * s.t).tanh().mean(1), t=(8, 4))
    c.sequences("repeat-parameter", lambda s, h: (s.t.repeat(h.size(0), 1, 1) + h).tanh().mean(1), t=(1, 4, 4))
    c.sequences("repeat-interleave", lambda s, h: (h.repeat_interleave(2, dim=1) * s.t).tanh().mean(1), t=(8, 1))
    c.sequences("index-select", lambda s, h: torch.index_select(h.tanh(), 1, torch.tensor([2, 0, 0])).flatten(1), width=2, outputs=6)
    c.sequences("index-list", lambda s, h: h.tanh()[:, [3, 1]].flatten(1), width=2)
    c.sequences("index-parameter", lambda s, h: (h + s.t[torch.tensor([1, 0, 1, 2])]).tanh().mean(1), t=(3, 4))
    c.sequences("narrow", lambda s, h: h.narrow(1, 1, 2)[:, :, ::2].tanh().flatten(1))
    c.sequences("flip", lambda s, h: (h.flip(1) * h).mean(1))
    c.sequences("roll", lambda s, h: (torch.roll(h, (-1, 2), (1, 2)) * h).mean(1))
    c.sequences("gather", lambda s, h: h.gather(1, torch.zeros(h.shape[0], 1, 4, dtype=torch.long)).squeeze(1).tanh())
    c.sequences("halves", lambda s, h: torch.cat([-h[..., h.shape[-1] // 2 :], h[..., : h.shape[-1] // 2]], -1).tanh().mean(1))
    c.sequences("tril", lambda s, h: torch.tril(h).tanh().flatten(1), outputs=16)
    c.sequences("zeros", lambda s, h: torch.cat([torch.zeros_like(h[:, :1]), h[:, :-1]], 1).tanh().mean(1) + h.new_ones(h.size(0), 4))
    c.sequences("rows", lambda s, h: (h.reshape(-1, 4) @ s.t).tanh().view(h.size(0), h.size(1), 4).mean(1), t=(4, 4))
    c.sequences("products", lambda s, h: torch.baddbmm(s.t.expand(h.shape[0], 4, 4), h, h.transpose(1, 2), beta=0.5, alpha=0.3).mean(1), t=(1, 4, 4))


REDUCTIONS = {
    "mean": lambda s, h: h.tanh().mean(1), "sum": lambda s, h: h.tanh().sum(1), "var": lambda s, h: h.var(1), "std": lambda s, h: h.std(1),
    "var-biased": lambda s, h: h.var(1, unbiased=False), "max": lambda s, h: h.max(1)[0], "amin": lambda s, h: h.amin(1),
    "logsumexp": lambda s, h: h.logsumexp(1), "norm": lambda s, h: h.norm(dim=1), "norm-1": lambda s, h: h.norm(p=1, dim=1),
    "normalize": lambda s, h: F.normalize(h, dim=-1).mean(1), "prod": lambda s, h: h.prod(1), "cumsum": lambda s, h: h.cumsum(1).tanh().mean(1),
    "all": lambda s, h: torch.where((h > -1.5).all(1), h.mean(1), h.sum(1)),
}  # fmt: skip

POINTWISE = {
    "clamp": lambda h: h.clamp(-0.3, 0.4), "clamp-min": lambda h: h.clamp(min=0.1), "pow": lambda h: h**2 + h.pow(3) + (h.abs() + 1) ** -1.5 + 2**h,
    "abs": lambda h: h.abs(), "extremes": lambda h: torch.max(h, h.flip(1)) - torch.minimum(h, h * 0.3), "where": lambda h: torch.where((h > 0) & (h < 1), h * 2, h.exp()),
    "logarithms": lambda h: (h.abs() + 1).log() + torch.log1p(h.abs()) + torch.log2(h.abs() + 1) + torch.log10(h.abs() + 1),
    "roots": lambda h: (h.abs() + 0.1).sqrt() + (h.abs() + 0.1).rsqrt() + (h.abs() + 0.1).reciprocal(), "angles": lambda h: h.sin() + h.cos() + (h / 3).tan(),
    "arcs": lambda h: h.atan() + h.tanh().asin() + h.tanh().acos(), "steps": lambda h: h * h.sign() + h - h.floor() + h * h.round(),
    "remainders": lambda h: torch.fmod(h, 0.7) + torch.remainder(h, 0.9), "erf": lambda h: torch.erf(h) * torch.exp(-(h**2)),
    "softcap": lambda h: 3.0 * torch.tanh(h / 3.0), "missing": lambda h: torch.where(torch.isnan(h), torch.zeros_like(h), torch.nan_to_num(h)),
}  # fmt: skip


def functions(c):
    joining(c)
    for name, function in REDUCTIONS.items():
        c.sequences(f"reduce-{name}", function)
    for name, function in POINTWISE.items():
        c.sequences(name, lambda s, h, f=function: f(h).mean(1))
