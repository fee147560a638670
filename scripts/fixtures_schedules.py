"""Step sizes of torch.optim.lr_scheduler, stepped after each batch."""

import torch
from torch.optim import lr_scheduler

from fixtures_files import write_fixture

STEPS = 50
STEP_SIZE = 0.3


def warm_cosine(optimizer, warmup, least, start):
    """A linear rise before the cosine; SequentialLR is PyTorch's way to put one after the other."""
    cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS - warmup, eta_min=least)
    rise = lr_scheduler.LinearLR(optimizer, start_factor=start, total_iters=warmup)
    return lr_scheduler.SequentialLR(optimizer, [rise, cosine], milestones=[warmup])


def one_cycle(optimizer, rise, div, final):
    return lr_scheduler.OneCycleLR(
        optimizer, max_lr=STEP_SIZE, total_steps=STEPS, pct_start=rise, div_factor=div, final_div_factor=final, cycle_momentum=False
    )


# (spec of createSchedule, the scheduler of an optimizer)
VARIANTS = [
    ("constant", lambda o: lr_scheduler.ConstantLR(o, factor=1)),
    ("step:7,0.5", lambda o: lr_scheduler.StepLR(o, step_size=7, gamma=0.5)),
    ("exponential:0.93", lambda o: lr_scheduler.ExponentialLR(o, gamma=0.93)),
    ("cosine", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=STEPS)),
    ("cosine:min=0.01", lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.01)),
    ("cosine:warmup=8,min=0.02", lambda o: warm_cosine(o, 8, 0.02, 1 / 3)),
    ("cosine:warmup=5,start=0.1", lambda o: warm_cosine(o, 5, 0, 0.1)),
    ("one-cycle", lambda o: one_cycle(o, 0.3, 25, 1e4)),
    ("one-cycle:rise=0.1,div=10,final=100", lambda o: one_cycle(o, 0.1, 10, 100)),
    ("one-cycle:rise=0.37", lambda o: one_cycle(o, 0.37, 25, 1e4)),
]


def step_sizes(create):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=STEP_SIZE)
    scheduler = create(optimizer)
    sizes = []
    for step in range(STEPS):
        sizes.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step + 1 < STEPS:
            scheduler.step()
    return sizes


def write(folder):
    arrays = {f"stepSizes{k}": step_sizes(create) for k, (_, create) in enumerate(VARIANTS)}
    variants = [{"spec": spec, "stepSizes": f"stepSizes{k}"} for k, (spec, _) in enumerate(VARIANTS)]
    return write_fixture(folder, "schedules", arrays, {"variants": variants, "stepSize": STEP_SIZE, "steps": STEPS})
