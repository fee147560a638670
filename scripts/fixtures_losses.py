"""Values of PyTorch's losses on examples, and their derivatives in the outputs."""

import torch
from torch.nn import functional

from fixtures_files import write_fixture

EXAMPLES = 6
CLASSES = 4
POSITIONS = 3
IGNORED = -100


def hinge(y, t):
    return torch.relu(1 - t * y).mean()


def perceptron(y, t):
    return torch.relu(-t * y).mean()


def joint_nll(p, t):
    return functional.nll_loss(p.log(), t, reduction="sum")


# (name of lossOf, which outputs, which targets, the loss of one example)
CASES = [
    ("cross-entropy:0.1", "logits", "classes", lambda y, t: functional.cross_entropy(y[None], t[None], label_smoothing=0.1)),
    ("cross-entropy:0.1", "sequence", "marked", lambda y, t: functional.cross_entropy(y, t, label_smoothing=0.1)),
    ("nll", "shares", "classes", lambda p, t: functional.nll_loss(p.log()[None], t[None])),
    ("nll", "sequenceShares", "marked", lambda p, t: functional.nll_loss(p.log(), t)),
    ("joint-nll", "sequenceShares", "marked", joint_nll),
    ("huber", "logits", "reals", lambda y, t: functional.huber_loss(y, t)),
    ("huber:0.6", "logits", "reals", lambda y, t: functional.huber_loss(y, t, delta=0.6)),
    ("poisson", "logits", "counts", lambda y, t: functional.poisson_nll_loss(y, t)),
    ("hinge", "logits", "signs", hinge),
    ("perceptron", "logits", "signs", perceptron),
    ("multi-margin", "logits", "classes", lambda y, t: functional.multi_margin_loss(y[None], t[None])),
    ("multi-margin:0.5", "logits", "classes", lambda y, t: functional.multi_margin_loss(y[None], t[None], margin=0.5)),
]


def data():
    generator = torch.Generator().manual_seed(41)
    logits = 1.5 * torch.randn(EXAMPLES, CLASSES, generator=generator)
    sequence = torch.randn(EXAMPLES, POSITIONS, CLASSES, generator=generator)
    marked = torch.randint(CLASSES, (EXAMPLES, POSITIONS), generator=generator)
    marked[1, 2] = marked[4, 0] = marked[4, 1] = IGNORED
    return {
        "logits": logits,
        "shares": logits.softmax(-1),
        "sequence": sequence,
        "sequenceShares": sequence.softmax(-1),
        "classes": torch.randint(CLASSES, (EXAMPLES,), generator=generator),
        "marked": marked,
        "reals": logits + 1.2 * torch.randn(EXAMPLES, CLASSES, generator=generator),
        "counts": torch.randint(7, (EXAMPLES, CLASSES), generator=generator).double(),
        "signs": 2.0 * torch.randint(2, (EXAMPLES, CLASSES), generator=generator).double() - 1,
    }


def evaluate(loss, outputs, targets):
    """Loss (N) and its derivative in the outputs, example by example."""
    values, derivatives = [], []
    for y, t in zip(outputs, targets):
        y = y.clone().requires_grad_()
        value = loss(y, t)
        derivatives.append(torch.autograd.grad(value, y)[0])
        values.append(value.detach())
    return torch.stack(values), torch.stack(derivatives)


def write(folder):
    arrays = data()
    cases = []
    for k, (name, outputs, targets, loss) in enumerate(CASES):
        arrays[f"value{k}"], arrays[f"derivative{k}"] = evaluate(loss, arrays[outputs], arrays[targets])
        cases.append({"loss": name, "outputs": outputs, "targets": targets, "value": f"value{k}", "derivative": f"derivative{k}"})
    return write_fixture(folder, "losses", arrays, {"cases": cases})
