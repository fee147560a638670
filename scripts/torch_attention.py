"""Cases of sequences: einsum in many spellings, attention and its masks, embeddings."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_case import Small


def einsums(c):
    def case(name, function, **shapes):
        c.add(f"einsum-{name}", Small(function, **shapes), c.normal(3, 4))

    e = torch.einsum
    case("linear", lambda s, x: e("ntd,kd->ntk", x, s.w).tanh().sum(1), w=(2, 4))
    case("ellipsis", lambda s, x: e("...d,kd->...k", x, s.w).tanh().sum(1), w=(2, 4))
    case("implicit", lambda s, x: e("ntd,dz", x, s.w).transpose(0, 1).tanh().sum(0), w=(4, 2))
    case("bilinear", lambda s, x: e("nti,kij,ntj->nk", x, s.w, x), w=(2, 4, 4))
    case("low-rank", lambda s, x: e("dr,rk,ntd->ntk", s.a, s.b, x).tanh().mean(1), a=(4, 2), b=(2, 2))
    case("diagonal", lambda s, x: e("nii->ni", x @ s.w).tanh() @ s.o, w=(4, 3), o=(3, 2))
    case("trace", lambda s, x: e("nii->n", x @ s.w).unsqueeze(1) * s.o, w=(4, 3), o=(1, 2))
    case("heads", lambda s, x: e("nthk,hko->nto", e("ntd,hdk->nthk", x, s.w).tanh(), s.o).mean(1), w=(2, 4, 2), o=(2, 2, 2))
    case("each", lambda s, x: e("ntd,tdk->ntk", x, s.w).tanh().mean(1), w=(3, 4, 2))
    case("broadcast", lambda s, x: e("...ij,...jk->...ik", x.transpose(1, 2), s.w).tanh().sum(1), w=(1, 3, 2))
    case("product", lambda s, x: x.mean(1) @ e("ij,jk->ik", s.a, s.b), a=(4, 2), b=(2, 2))


class SelfAttention(nn.Module):
    """torch.nn.MultiheadAttention of a sequence (N, 4, 4) with itself."""

    def __init__(self, mask=None, batch_first=True, **options):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, batch_first=batch_first, **options)
        self.end = nn.Linear(4, 2)
        self.batch_first = batch_first
        self.register_buffer("mask", mask)

    def forward(self, x):
        x = x if self.batch_first else x.transpose(0, 1)
        y = self.attention(x, x, x, attn_mask=self.mask)[0]
        return self.end(y.mean(1 if self.batch_first else 0))


class Padded(nn.Module):
    """An encoder layer over token ids, of which 0 is padding."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(5, 4)
        self.layer = nn.TransformerEncoderLayer(4, 2, 6, batch_first=True)
        self.end = nn.Linear(4, 2)

    def forward(self, ids):
        return self.end(self.layer(self.tokens(ids), src_key_padding_mask=ids == 0)[:, 0])


def attention(c):
    upper = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1)
    c.add("mha", SelfAttention(), c.normal(4, 4), kernel=True)
    c.add("mha-sequence-first", SelfAttention(batch_first=False), c.normal(4, 4))
    c.add("mha-bool-mask", SelfAttention(upper), c.normal(4, 4))
    c.add("mha-float-mask", SelfAttention(torch.zeros(4, 4).masked_fill(upper, -math.inf)), c.normal(4, 4))
    c.add("mha-bias-kv", SelfAttention(add_bias_kv=True, add_zero_attn=True), c.normal(4, 4))
    cross = lambda s, x: s.end(s.a(s.q.expand(x.shape[0], -1, -1), x, x, need_weights=False)[0].mean(1))
    c.add("mha-cross", Small(cross, q=(1, 2, 4), a=nn.MultiheadAttention(4, 2, batch_first=True, kdim=3, vdim=3), end=nn.Linear(4, 2)), c.normal(3, 3))
    for first in (False, True):
        layer = nn.TransformerEncoderLayer(4, 2, 6, 0.1, "gelu" if first else "relu", batch_first=True, norm_first=first)
        name = f"encoder-{'pre' if first else 'post'}-norm"
        c.add(name, Small(lambda s, x: s.end(s.layer(x).mean(1)), layer=layer, end=nn.Linear(4, 2)), c.normal(3, 4), kernel=True)
    c.add("encoder-padding", Padded(), torch.tensor([[1, 2, 0, 0], [3, 1, 4, 0]]))
    decoder = nn.TransformerDecoderLayer(4, 2, 6, batch_first=True)
    c.add("decoder", Small(lambda s, x: s.end(s.layer(x, x.flip(1)).mean(1)), layer=decoder, end=nn.Linear(4, 2)), c.normal(3, 4))


def masks(c):
    def case(name, masked, **buffers):
        def function(s, x):
            q, k, v = s.qkv(x).chunk(3, -1)
            return s.end((masked(s, q @ k.transpose(-1, -2) / 4**0.5).softmax(-1) @ v).mean(1))

        c.add(f"mask-{name}", Small(function, qkv=nn.Linear(3, 12), end=nn.Linear(4, 2), **buffers), c.normal(3, 3))

    ones = torch.tril(torch.ones(4, 4))
    case("fill", lambda s, w: w.masked_fill(s.m[: w.size(-2), : w.size(-1)] == 0, -math.inf), m=ones)
    case("fill-bool", lambda s, w: w.masked_fill(~s.m[:3, :3], -math.inf), m=ones.bool())
    case("where", lambda s, w: torch.where(s.m[:3, :3], w, torch.full([], -1e9, dtype=w.dtype)), m=ones.bool())
    case("added", lambda s, w: w + s.m, m=torch.triu(torch.full((3, 3), -math.inf), 1))
    case("multiplied", lambda s, w: w * s.m[:3, :3] - 1e4 * (1 - s.m[:3, :3]), m=ones)
    case("counted", lambda s, w: w.masked_fill(torch.arange(3)[None] > torch.arange(3)[:, None], -math.inf))


def embeddings(c):
    def case(name, function, options=None, **parts):
        c.add(f"embedding-{name}", Small(function, **parts), c.ids(5, 3), **(options or {}))

    tokens, end = (lambda: nn.Embedding(5, 4)), (lambda: nn.Linear(4, 2))
    case("mean", lambda s, i: s.end(s.e(i).tanh().mean(1)), {"kernel": True}, e=tokens(), end=end())
    case("positions", lambda s, i: s.end((s.e(i) + s.p(torch.arange(i.size(1)))).tanh().mean(1)), e=tokens(), p=nn.Embedding(6, 4), end=end())
    case("cut-positions", lambda s, i: s.end((s.e(i) + s.p[:, : i.size(1)]).tanh().mean(1)), e=tokens(), p=(1, 5, 4), end=end())
    case("tied", lambda s, i: F.linear((s.e(i).mean(1) @ s.a).tanh(), s.e.weight), {"kernel": True}, e=tokens(), a=(4, 4))
    case("one-hot", lambda s, i: s.end((F.one_hot(i, 5).to(s.e.dtype) @ s.e).tanh().mean(1)), e=(5, 4), end=end())
    case("flat", lambda s, i: s.end(s.e(i).view(i.size(0), -1).tanh()), e=nn.Embedding(5, 2), end=nn.Linear(6, 2))
    relative = lambda s, x: s.end(((x @ x.transpose(1, 2) + s.t[s.index.view(-1)].view(3, 3)).softmax(-1) @ x).mean(1))
    c.add("relative-positions", Small(relative, t=(5,), index=torch.arange(3)[:, None] - torch.arange(3) + 2, end=end()), c.normal(3, 4))


def sequences(c):
    einsums(c)
    attention(c)
    masks(c)
    embeddings(c)
