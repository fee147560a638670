"""What the cases of scripts/torch_fixtures.py are made of: small modules from a function and its layers, and their inputs."""

import torch
from torch import nn

# Examples of every case.
EXAMPLES = 2


class Small(nn.Module):
    """function(self, x), with layers, parameters (given as shapes) and buffers (given as tensors) as attributes."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            if isinstance(part, nn.Module):
                setattr(self, name, part)
            elif isinstance(part, torch.Tensor):
                self.register_buffer(name, part)
            else:
                setattr(self, name, nn.Parameter(torch.zeros(*part)))

    def forward(self, x):
        return self.function(self, x)


class Cases:
    """Collects cases: name -> (model, x, options); inputs are drawn in the order of the calls."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.cases = {}

    def add(self, name, model, x, **options):
        assert name not in self.cases, name
        self.cases[name] = (model, x, options)

    def normal(self, *shape):
        return torch.randn(EXAMPLES, *shape, generator=self.generator)

    def ids(self, count, *shape):
        return torch.randint(0, count, (EXAMPLES, *shape), generator=self.generator)

    def sequences(self, name, function, width=4, outputs=4, **parts):
        """Sequences (N, 4, 3): linear layer to `width`, function to (N, outputs), linear layer to 2."""
        model = Small(lambda s, x: s.end(function(s, s.begin(x))), begin=nn.Linear(3, width), end=nn.Linear(outputs, 2), **parts)
        self.add(name, model, self.normal(4, 3))

    def images(self, name, *layers, channels=3, size=(2, 6, 7)):
        """Layers on images, mean over positions, linear layer to 2."""
        ends = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 2)]
        self.add(name, nn.Sequential(*layers, *ends), self.normal(*size))
