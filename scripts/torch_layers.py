"""Cases of layers: activations, convolutions, padding, pooling, resizing, normalisation."""

import torch
from torch import nn
from torch.nn import functional as F

from torch_case import Small

ACTIVATIONS = {
    "relu": nn.ReLU(), "relu6": nn.ReLU6(), "leaky": nn.LeakyReLU(0.02), "prelu": nn.PReLU(4), "elu": nn.ELU(0.7), "selu": nn.SELU(),
    "celu": nn.CELU(0.8), "gelu": nn.GELU(), "gelu-tanh": nn.GELU(approximate="tanh"), "silu": nn.SiLU(), "mish": nn.Mish(),
    "softplus": nn.Softplus(beta=2), "hardswish": nn.Hardswish(), "hardsigmoid": nn.Hardsigmoid(), "hardtanh": nn.Hardtanh(-0.6, 0.9),
    "softsign": nn.Softsign(), "tanh": nn.Tanh(), "sigmoid": nn.Sigmoid(), "logsigmoid": nn.LogSigmoid(), "softshrink": nn.Softshrink(0.2),
    "hardshrink": nn.Hardshrink(0.2), "tanhshrink": nn.Tanhshrink(), "softmax": nn.Softmax(-1), "logsoftmax": nn.LogSoftmax(-1),
}  # fmt: skip


def circular(x, rows, columns):
    """Circular padding: torch 1.13 exports padding_mode="circular" with a slice that ends one element early."""
    x = torch.cat([x[:, :, -rows:], x, x[:, :, :rows]], 2)
    return torch.cat([x[:, :, :, -columns:], x, x[:, :, :, :columns]], 3)


def convolutions(c):
    conv, tanh = nn.Conv2d, nn.Tanh()
    c.images("conv-depthwise", conv(2, 4, 3, padding=1, groups=2), tanh, conv(4, 4, 3, groups=4), tanh, channels=4)
    c.images("conv-grouped", conv(2, 4, 1), tanh, conv(4, 2, 3, groups=2, bias=False), tanh, channels=2)
    c.images("conv-strided", conv(2, 3, 3, stride=2, padding=1), tanh, conv(3, 2, 2, stride=(1, 2)), tanh, channels=2)
    c.images("conv-dilated", conv(2, 3, 3, dilation=2, padding=2), tanh, conv(3, 2, 2, dilation=(1, 3)), tanh, channels=2)
    c.images("conv-reflect", conv(2, 3, 3, padding=(2, 1), padding_mode="reflect"), tanh)
    c.images("conv-replicate", conv(2, 3, 3, padding=1, padding_mode="replicate"), tanh)
    c.images("padding", nn.ZeroPad2d((1, 2, 0, 1)), nn.ConstantPad2d(1, 0.3), conv(2, 3, 3), tanh)
    c.images("conv-transpose", conv(2, 3, 3, stride=2), tanh, nn.ConvTranspose2d(3, 2, 3, 2, 1, 1), tanh, channels=2)
    torus = lambda s, x: s.end(torch.tanh(s.conv(circular(x, 2, 1))).mean((2, 3)))
    c.add("torus", Small(torus, conv=conv(1, 3, (5, 3)), end=nn.Linear(3, 3)), c.normal(1, 5, 5), kernel=True)
    flat = lambda s, x: s.end(torch.tanh(s.conv(circular(x, 2, 1))).flatten(1))
    c.add("torus-flat", Small(flat, conv=conv(1, 2, (5, 3)), end=nn.Linear(50, 3)), c.normal(1, 5, 5), kernel=True)
    line = nn.Sequential(nn.Conv1d(2, 4, 3, dilation=2, groups=2), nn.Tanh(), nn.MaxPool1d(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))
    c.add("conv1d", line, c.normal(2, 9))
    causal = lambda s, x: s.end(torch.tanh(s.conv(F.pad(x, (2, 0)))).mean(-1))
    c.add("conv1d-causal", Small(causal, conv=nn.Conv1d(2, 3, 3), end=nn.Linear(3, 2)), c.normal(2, 7))
    cube = nn.Sequential(nn.Conv3d(2, 2, 2), nn.Tanh(), nn.AvgPool3d(2), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(2, 2))
    c.add("conv3d", cube, c.normal(2, 4, 4, 5))


def pooling(c):
    conv, tanh = nn.Conv2d, nn.Tanh()
    c.images("avgpool", conv(2, 3, 3), tanh, nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(2, 1, 1, count_include_pad=False), tanh)
    c.images("avgpool-ceil", conv(2, 3, 2), tanh, nn.AvgPool2d(2, ceil_mode=True), tanh)
    c.images("maxpool", conv(2, 3, 3), tanh, nn.MaxPool2d(3, 2, 1))
    c.images("adaptive", conv(2, 2, 3), tanh, nn.AdaptiveAvgPool2d(2), tanh, channels=2, size=(2, 6, 8))
    c.images("adaptive-max", conv(2, 2, 3), tanh, nn.AdaptiveMaxPool2d(2), channels=2, size=(2, 6, 8))
    c.images("response", conv(2, 4, 3), nn.LocalResponseNorm(3), tanh, channels=4)
    c.images("pixel-shuffle", conv(2, 4, 3), tanh, nn.PixelShuffle(2), conv(1, 3, 3), tanh)
    c.images("pixel-unshuffle", nn.PixelUnshuffle(2), conv(8, 2, 2), tanh, channels=2, size=(2, 4, 6))
    c.images("upsample", conv(2, 2, 3), tanh, nn.Upsample(scale_factor=2), conv(2, 2, 2), tanh, channels=2)
    c.images("bilinear", conv(2, 2, 3), tanh, nn.Upsample(scale_factor=2, mode="bilinear"), conv(2, 2, 2), tanh, channels=2)
    corners = nn.Upsample(size=(7, 9), mode="bilinear", align_corners=True)
    c.images("bilinear-corners", conv(2, 2, 3), tanh, corners, conv(2, 2, 2), tanh, channels=2)
    unfold = lambda s, x: s.end(torch.tanh(s.begin(F.unfold(x, 3).transpose(1, 2))).mean(1))
    c.add("unfold", Small(unfold, begin=nn.Linear(9, 3), end=nn.Linear(3, 2)), c.normal(1, 4, 5))


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)


def normalisation(c):
    conv, tanh = nn.Conv2d, nn.Tanh()
    c.images("batchnorm", conv(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.BatchNorm2d(3, affine=False))
    c.add("batchnorm1d", nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)), c.normal(3))
    c.images("groupnorm", conv(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.GroupNorm(1, 4), tanh, channels=4)
    c.images("instancenorm", conv(2, 3, 3), nn.InstanceNorm2d(3, affine=True), tanh)
    c.add("layernorm", nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Tanh(), nn.Linear(4, 2)), c.normal(3))
    c.sequences("layernorm-2d", lambda s, h: torch.tanh(s.norm(h)).mean(1), norm=nn.LayerNorm([4, 4]))
    c.sequences("rmsnorm", lambda s, h: torch.tanh(s.norm(h)).mean(1), norm=RmsNorm(4))
    c.images("weight-norm", nn.utils.weight_norm(conv(2, 3, 3)), tanh)
    c.add("normalised", Small(lambda s, x: 5 * F.linear(F.normalize(s.begin(x)), F.normalize(s.w)), begin=nn.Linear(3, 4), w=(2, 4)), c.normal(3))


def layers(c):
    for name, activation in ACTIVATIONS.items():
        c.add(name, nn.Sequential(nn.Linear(3, 4), activation, nn.Linear(4, 2)), c.normal(3))
    c.add("glu", nn.Sequential(nn.Linear(3, 4), nn.GLU(), nn.Linear(2, 2)), c.normal(3))
    convolutions(c)
    pooling(c)
    normalisation(c)
