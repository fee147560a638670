"""The architectures of scripts/onnx_fixtures.py that are more than a stack of layers: a residual network, a vision transformer, a language model."""

import math

import torch
from torch import nn


class Residual(nn.Module):
    """Two 3 x 3 convolutions with batch norm around a shortcut (He et al. 2016); a strided one has a 1 x 1 convolution as shortcut."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Stem, an identity block, a strided block, mean over positions, linear layer."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(3)
        self.layer1 = Residual(3, 3, 1)
        self.layer2 = Residual(3, 4, 2)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y = self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x)))))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(y, 1), 1))


class VisionTransformer(nn.Module):
    """Patches by a strided convolution, a class token, positions, one torch.nn.TransformerEncoderLayer, a head on the token."""

    def __init__(self, width=6):
        super().__init__()
        self.patch = nn.Conv2d(1, width, 3, 3)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 5, width))
        self.block = nn.TransformerEncoderLayer(width, 2, 8, 0.1, "gelu", batch_first=True, norm_first=True)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.norm(self.block(x))[:, 0])


class CausalAttention(nn.Module):
    """As in nanoGPT: one projection for queries, keys and values, the mask a buffer of ones that is sliced and compared."""

    def __init__(self, width, heads, length):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)
        self.register_buffer("bias", torch.tril(torch.ones(length, length)).view(1, 1, length, length))

    def forward(self, x):
        n, t, width = x.size()
        q, k, v = self.c_attn(x).split(width, dim=2)
        q, k, v = (y.view(n, t, self.heads, width // self.heads).transpose(1, 2) for y in (q, k, v))
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        scores = scores.masked_fill(self.bias[:, :, :t, :t] == 0, float("-inf"))
        y = scores.softmax(dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).contiguous().view(n, t, width))


class GptBlock(nn.Module):
    def __init__(self, width, heads, length):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = CausalAttention(width, heads, length)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Gpt(nn.Module):
    """Token ids (N, T) to logits of the next token: (N, T, vocabulary), or of the last position only. The head is the embedding."""

    def __init__(self, last, vocabulary=7, length=5, width=4):
        super().__init__()
        self.last = last
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(length + 1, width)
        self.block = GptBlock(width, 2, length + 1)
        self.ln_f = nn.LayerNorm(width)

    def forward(self, ids):
        positions = torch.arange(0, ids.size(1), dtype=torch.long, device=ids.device)
        x = self.ln_f(self.block(self.wte(ids) + self.wpe(positions)))
        return (x[:, -1] if self.last else x) @ self.wte.weight.t()


def distinct(model):
    """Random values everywhere: equal ones would be merged by the exporter, and new layers' zeros and ones hide mistakes."""
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -0.6, 0.6)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
    return model.eval()


def architectures(examples):
    """(name, model in evaluation mode, examples)."""
    ids = torch.randint(0, 7, (examples, 5))
    return [
        ("resnet", distinct(ResNet()), torch.randn(examples, 2, 6, 6)),
        ("vit", distinct(VisionTransformer()), torch.randn(examples, 1, 6, 6)),
        ("gpt", distinct(Gpt(last=False)), ids),
        ("next", distinct(Gpt(last=True)), ids),
    ]
