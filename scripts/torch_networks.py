"""Cases of whole networks, spelled as their authors do: GPT-2, BERT, LLaMA, Swin, MobileNet, ConvNeXt, squeeze and excitation, U-Net, others."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from torch_case import Small
from torch_layers import RmsNorm


class Conv1D(nn.Module):
    """The transposed linear layer of GPT-2 (transformers.Conv1D)."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.outputs = outputs
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(x.size()[:-1] + (self.outputs,))


class Gpt2(nn.Module):
    """One block with masked attention as in transformers, the head tied to the embedding."""

    def __init__(self, width=4, length=6):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(5, width), nn.Embedding(length, width)
        self.ln_1, self.ln_2, self.ln_f = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = Conv1D(3 * width, width), Conv1D(width, width)
        self.c_fc, self.c_out = Conv1D(6, width), Conv1D(width, 6)
        self.register_buffer("bias", torch.tril(torch.ones(length, length, dtype=torch.uint8)).view(1, 1, length, length))
        self.lm_head = nn.Linear(width, 5, bias=False)
        self.lm_head.weight = self.wte.weight

    def attend(self, x):
        q, k, v = (y.view(y.size()[:-1] + (2, 2)).permute(0, 2, 1, 3) for y in self.c_attn(x).split(x.size(-1), dim=2))
        w = q @ k.transpose(-1, -2) / torch.full([], v.size(-1) ** 0.5, dtype=q.dtype)
        mask = self.bias[:, :, k.size(-2) - q.size(-2) : k.size(-2), : k.size(-2)].bool()
        y = torch.where(mask, w, torch.full([], -1e9, dtype=w.dtype)).softmax(-1) @ v
        y = y.permute(0, 2, 1, 3).contiguous()
        return self.c_proj(y.view(y.size()[:-2] + (4,)))

    def forward(self, ids):
        positions = torch.arange(0, ids.size(-1)).unsqueeze(0).view(-1, ids.size(-1))
        h = self.wte(ids) + self.wpe(positions)
        h = h + self.attend(self.ln_1(h))
        u = self.c_fc(self.ln_2(h))
        u = 0.5 * u * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (u + 0.044715 * torch.pow(u, 3.0))))
        return self.lm_head(self.ln_f(h + self.c_out(u)))[:, -1, :]


class Bert(nn.Module):
    """Embeddings of tokens, segments and positions, one layer, a tanh of the first token."""

    def __init__(self):
        super().__init__()
        self.words, self.places, self.segments = nn.Embedding(5, 4), nn.Embedding(6, 4), nn.Embedding(2, 4)
        self.register_buffer("position_ids", torch.arange(6).expand((1, -1)))
        self.norm, self.norm1, self.norm2 = (nn.LayerNorm(4, eps=1e-12) for _ in range(3))
        self.q, self.k, self.v, self.o = (nn.Linear(4, 4) for _ in range(4))
        self.up, self.down, self.pool, self.end = nn.Linear(4, 6), nn.Linear(6, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, ids):
        mask = (1.0 - torch.ones(ids.size())[:, None, None, :].to(self.norm.weight.dtype)) * torch.finfo(torch.float32).min
        segments = torch.zeros(ids.size(), dtype=torch.long)
        x = self.norm(self.words(ids) + self.segments(segments) + self.places(self.position_ids[:, : ids.size(1)]))
        q, k, v = (y(x).view(x.size()[:-1] + (2, 2)).permute(0, 2, 1, 3) for y in (self.q, self.k, self.v))
        y = ((q @ k.transpose(-1, -2) / math.sqrt(2) + mask).softmax(-1) @ v).permute(0, 2, 1, 3).contiguous()
        x = self.norm1(self.o(y.view(y.size()[:-2] + (4,))) + x)
        x = self.norm2(self.down(F.gelu(self.up(x))) + x)
        return self.end(torch.tanh(self.pool(x[:, 0])))


class Llama(nn.Module):
    """Rotary positions by halves, keys and values shared by two heads, RMSNorm, SwiGLU; cos and sin are buffers."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(5, 4)
        self.norm1, self.norm2, self.norm = RmsNorm(4), RmsNorm(4), RmsNorm(4)
        self.q, self.k, self.v, self.o = (nn.Linear(4, n, bias=False) for n in (4, 2, 2, 4))
        self.gate, self.up, self.down, self.head = (nn.Linear(*n, bias=False) for n in ((4, 6), (4, 6), (6, 4), (4, 5)))
        angles = torch.outer(torch.arange(6).float(), torch.ones(1))
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        self.register_buffer("mask", torch.full((6, 6), -math.inf).triu(1))

    def rotated(self, x, t):
        turned = torch.cat((-x[..., x.shape[-1] // 2 :], x[..., : x.shape[-1] // 2]), -1)
        return x * self.cos[:t] + turned * self.sin[:t]

    def forward(self, ids):
        n, t = ids.shape
        x = self.tokens(ids)
        h = self.norm1(x)
        q, k, v = (y(h).view(n, t, -1, 2).transpose(1, 2) for y in (self.q, self.k, self.v))
        q, k = self.rotated(q, t), self.rotated(k, t)
        k, v = (y[:, :, None].expand(n, 1, 2, t, 2).reshape(n, 2, t, 2) for y in (k, v))
        y = (q @ k.transpose(2, 3) / math.sqrt(2) + self.mask[:t, :t]).softmax(-1) @ v
        x = x + self.o(y.transpose(1, 2).contiguous().reshape(n, t, 4))
        h = self.norm2(x)
        return self.head(self.norm(x + self.down(F.silu(self.gate(h)) * self.up(h))))[:, -1]


class Swin(nn.Module):
    """Shifted windows of 2 x 2 with a table of relative positions."""

    def __init__(self):
        super().__init__()
        self.patch, self.norm = nn.Conv2d(1, 4, 2, 2), nn.LayerNorm(4)
        self.qkv, self.project, self.end = nn.Linear(4, 12), nn.Linear(4, 4), nn.Linear(4, 2)
        self.table = nn.Parameter(torch.zeros(9, 2))
        places = torch.stack(torch.meshgrid([torch.arange(2), torch.arange(2)], indexing="ij")).flatten(1)
        relative = (places[:, :, None] - places[:, None, :]).permute(1, 2, 0) + 1
        self.register_buffer("index", relative[:, :, 0] * 3 + relative[:, :, 1])

    def forward(self, x):
        x = self.patch(x).permute(0, 2, 3, 1)
        n, h, w, c = x.shape
        y = torch.roll(self.norm(x), shifts=(-1, -1), dims=(1, 2))
        y = y.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, 4, c)
        q, k, v = self.qkv(y).reshape(y.shape[0], 4, 3, 2, 2).permute(2, 0, 3, 1, 4)
        bias = self.table[self.index.view(-1)].view(4, 4, -1).permute(2, 0, 1).contiguous()
        y = ((q * 2**-0.5) @ k.transpose(-2, -1) + bias.unsqueeze(0)).softmax(-1) @ v
        y = self.project(y.transpose(1, 2).reshape(-1, 4, c)).view(-1, h // 2, w // 2, 2, 2, c)
        y = y.permute(0, 1, 3, 2, 4, 5).contiguous().view(n, h, w, c)
        return self.end((torch.roll(y, (1, 1), (1, 2)) + x).mean((1, 2)))


def mobilenet(s, x):
    y = F.relu6(s.b2(s.depth(F.relu6(s.b1(s.expand(x))))))
    return s.end((x + s.b3(s.shrink(y))).mean([2, 3]))


def convnext(s, x):
    x = s.stem(x)
    h = s.gamma * s.down(F.gelu(s.up(s.norm(s.depth(x).permute(0, 2, 3, 1)))))
    return s.end((x + h.permute(0, 3, 1, 2)).mean([-2, -1]))


def excitation(s, x):
    x = F.hardswish(s.conv(x))
    return s.end((x * torch.sigmoid(s.up(F.silu(s.down(F.adaptive_avg_pool2d(x, 1)))))).flatten(2).mean(2))


def unet(s, x):
    a = F.relu(s.a(x))
    return s.end(torch.cat([a, s.up(F.relu(s.b(F.max_pool2d(a, 2))))], 1)).flatten(1)[:, ::12]


def mixer(s, x):
    x = x + s.t2(F.gelu(s.t1(s.n1(x).transpose(1, 2)))).transpose(1, 2)
    return s.end((x + s.c2(F.gelu(s.c1(s.n2(x))))).mean(1))


def recurrent(s, x):
    h = x.new_zeros(x.size(0), 3)
    for t in range(x.size(1)):
        a, b = s.i(x[:, t]).chunk(3, -1), s.h(h).chunk(3, -1)
        r, z = torch.sigmoid(a[0] + b[0]), torch.sigmoid(a[1] + b[1])
        h = (1 - z) * torch.tanh(a[2] + r * b[2]) + z * h
    return s.end(h)


def networks(c):
    conv, linear, norm = nn.Conv2d, nn.Linear, nn.BatchNorm2d
    c.add("gpt2", Gpt2(), c.ids(5, 4), kernel=True)
    c.add("bert", Bert(), c.ids(5, 4))
    c.add("llama", Llama(), c.ids(5, 4), parameters="weight$", kernel=True)
    c.add("swin", Swin(), c.normal(1, 8, 8), kernel=True)
    stages = dict(expand=conv(2, 4, 1, bias=False), b1=norm(4), depth=conv(4, 4, 3, 1, 1, groups=4, bias=False), b2=norm(4))
    c.add("mobilenet", Small(mobilenet, **stages, shrink=conv(4, 2, 1, bias=False), b3=norm(2), end=linear(2, 2)), c.normal(2, 5, 5), kernel=True)
    parts = dict(stem=conv(2, 3, 2, 2), depth=conv(3, 3, 3, padding=1, groups=3), norm=nn.LayerNorm(3, 1e-6))
    c.add("convnext", Small(convnext, **parts, up=linear(3, 6), down=linear(6, 3), gamma=(3,), end=linear(3, 2)), c.normal(2, 6, 6))
    c.add("squeeze-excite", Small(excitation, conv=conv(2, 3, 3, padding=1), down=conv(3, 2, 1), up=conv(2, 3, 1), end=linear(3, 2)), c.normal(2, 4, 4))
    c.add("unet", Small(unet, a=conv(1, 2, 3, padding=1), b=conv(2, 2, 3, padding=1), up=nn.ConvTranspose2d(2, 2, 2, 2), end=conv(4, 1, 1)), c.normal(1, 6, 6))
    channel = dict(n1=nn.LayerNorm(4), t1=linear(3, 4), t2=linear(4, 3), n2=nn.LayerNorm(4), c1=linear(4, 5), c2=linear(5, 4))
    c.add("mixer", Small(mixer, **channel, end=linear(4, 2)), c.normal(3, 4))
    c.add("recurrent", Small(recurrent, i=linear(2, 9), h=linear(3, 9), end=linear(3, 2)), c.normal(2, 2))
    c.add("shared", Small(lambda s, x: s.end(s.a(s.a(x).tanh()).tanh()), a=linear(4, 4), end=linear(4, 2)), c.normal(4), kernel=True)
    c.add("low-rank", Small(lambda s, x: s.end(torch.tanh(F.linear(x, s.w + 2.0 * s.b @ s.a))), w=(4, 3), a=(1, 3), b=(4, 1), end=linear(4, 2)), c.normal(3))
    c.add("experts", Small(lambda s, x: (s.gate(x).softmax(-1).unsqueeze(-1) * torch.stack([s.a(x), s.b(x)], 1)).sum(1), gate=linear(3, 2), a=linear(3, 2), b=linear(3, 2)), c.normal(3))
    c.add("prototypes", Small(lambda s, x: -((s.a(x).unsqueeze(1) - s.p.unsqueeze(0)) ** 2).sum(-1), a=linear(3, 4), p=(2, 4)), c.normal(3))
    c.add("temperature", Small(lambda s, x: s.a(x) / F.softplus(s.t), a=linear(3, 2), t=(1,)), c.normal(3))
    c.add("single-output", Small(lambda s, x: s.b(s.a(x).tanh()).squeeze(-1), a=linear(3, 4), b=linear(4, 1)), c.normal(3))


def refused(c):
    """Models that mix examples, draw random numbers or follow an order: the message must say so."""
    linear = nn.Linear
    c.add("batch-statistics", nn.Sequential(linear(3, 4), nn.BatchNorm1d(4), linear(4, 2)), c.normal(3), train=True)
    c.add("noise", Small(lambda s, x: s.a(x) + torch.randn_like(x[:, :2]), a=linear(3, 2)), c.normal(3))
    c.add("recurrent-layer", Small(lambda s, x: s.end(s.layer(x)[0][:, -1]), layer=nn.GRU(3, 2, batch_first=True), end=linear(2, 2)), c.normal(3, 3))
    c.add("sorted", Small(lambda s, x: s.a(x).sort(-1)[0], a=linear(3, 2)), c.normal(3))
    c.add("assigned", Small(assigned, a=linear(3, 2)), c.normal(4, 3))
    c.add("looked-up", Small(lambda s, x: s.a(x)[torch.arange(x.shape[0]), x[:, :, 0].argmax(-1)], a=linear(3, 2)), c.normal(4, 3))


def assigned(s, x):
    h = s.a(x)
    y = torch.zeros_like(h)
    y[:, 1:] = h[:, :-1]
    return y.sum(1)
