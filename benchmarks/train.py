"""What `fit` adds to a training step, compared with other training loops, and what an optimizer step costs.

    python benchmarks/train.py
    python benchmarks/train.py memory loops optimizer layouts

Loops of packages that are not installed are left out. To have all of them, use an environment of their own:
`pip install . && pip install lightning mmengine opencv-python-headless fastai`.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
import torch
from torch.utils.data import DataLoader, TensorDataset

from clsparts.composer.builder import compose
from clsparts.data.datasets import Data, digits
from clsparts.training.optimizers import build_optimizer
from clsparts.training.trainer import fit

warnings.simplefilter('ignore')
EPOCHS, REPEATS = 4, 15
DATA = digits()
X, Y = (t[:1408] for t in DATA.train.tensors)                           # 22 whole batches of 64
STEPS = EPOCHS * 22


def tiny():
    "A network so small that the loop around it counts"
    torch.manual_seed(0)
    return compose(
        dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=2, base_channels=2),
        'GlobalAveragePooling',
        'LinearClsHead',
        num_classes=10,
    )


def parts():
    clf = tiny()
    optimizer = torch.optim.SGD(clf.parameters(), lr=.1, momentum=.9, nesterov=True, weight_decay=5e-4, fused=True)
    return (
        clf,
        optimizer,
        torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS + 1),
        DataLoader(TensorDataset(X, Y), 64, shuffle=True),
    )


def plain():
    clf, optimizer, schedule, loader = parts()
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for x, y in loader:
            loss = clf.loss(x, y)['loss']
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    return time.perf_counter() - start


def accelerated():
    from accelerate import Accelerator
    clf, optimizer, schedule, loader = parts()
    accelerator = Accelerator(cpu=True)

    class Loss(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.clf = clf
        def forward(self, x, y):
            return self.clf.loss(x, y)['loss']
    model, optimizer, schedule, loader = accelerator.prepare(Loss(), optimizer, schedule, loader)
    start = time.perf_counter()
    for _ in range(EPOCHS):
        for x, y in loader:
            accelerator.backward(model(x, y))
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    return time.perf_counter() - start


def fitted():
    from clsparts.training.callbacks import Callback

    class Clock(Callback):
        "Time in the epochs' steps alone, without the evaluation, which the other loops do not do"
        total = 0.
        def begin(self, training):
            self.start = time.perf_counter()
        def after_step(self, training):
            if training.batch == len(training.batches):
                self.total += time.perf_counter() - self.start
        def after_epoch(self, training):
            self.start = time.perf_counter()
    clock, data = Clock(), Data(TensorDataset(X, Y), TensorDataset(X[:2], Y[:2]), DATA.classes)
    fit(tiny(), data, epochs=EPOCHS, channels_last=False, device='cpu', progress=False, callbacks=[clock])
    return clock.total


def lightning():
    import logging

    import lightning as L
    logging.getLogger('lightning.pytorch').setLevel(logging.ERROR)
    clf, optimizer, schedule, loader = parts()

    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.clf = clf
        def training_step(self, batch, i):
            return self.clf.loss(*batch)['loss']
        def configure_optimizers(self):
            return dict(optimizer=optimizer, lr_scheduler=dict(scheduler=schedule, interval='step'))
        def on_train_start(self):
            self.start = time.perf_counter()
        def on_train_end(self):
            self.seconds = time.perf_counter() - self.start
    module = Module()
    L.Trainer(
        max_epochs=EPOCHS,
        accelerator='cpu',
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, loader)
    return module.seconds


def mmengine():
    from mmengine.model import BaseModel
    from mmengine.runner import Runner
    clf, optimizer, _, loader = parts()

    class Model(BaseModel):
        def __init__(self):
            super().__init__()
            self.clf = clf
        def forward(self, x, y, mode='loss'):
            return dict(loss=self.clf.loss(x, y)['loss'])
        def train_step(self, data, optim_wrapper):
            with optim_wrapper.optim_context(self):
                losses = self(*data)
            total, log = self.parse_losses(losses)
            optim_wrapper.update_params(total)
            return log
    with tempfile.TemporaryDirectory() as tmp:
        runner = Runner(
            Model(),
            tmp,
            train_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=EPOCHS),
            optim_wrapper=dict(optimizer=optimizer),
            param_scheduler=dict(type='OneCycleLR', eta_max=0.1, total_steps=STEPS + 1, by_epoch=False),
            log_level='ERROR',
            default_hooks=dict(checkpoint=None, logger=dict(type='LoggerHook', interval=10**6)),
        )
        start = time.perf_counter()
        runner.train()
        return time.perf_counter() - start


def fastai():
    import fastai.callback.schedule  # noqa: F401                        # gives Learner fit_one_cycle
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import OptimWrapper
    clf, optimizer, _, loader = parts()

    class Clock(Callback):
        "Time in the steps alone, without the validation"
        total = 0.
        def before_train(self):
            self.start = time.perf_counter()
        def after_train(self):
            self.total += time.perf_counter() - self.start

    learner = Learner(
        DataLoaders(loader, DataLoader(TensorDataset(X[:2], Y[:2]), 2), device='cpu'),
        clf,
        clf.head.loss_module,
        opt_func=lambda params, **_: OptimWrapper(opt=optimizer),
        train_bn=False,
        cbs=[clock := Clock()],
    )
    with learner.no_bar(), learner.no_logging():
        learner.fit_one_cycle(EPOCHS, .1)
    return clock.total


def optimizer_steps():
    "A step of our optimizer over torch's fused one and over torch's default, each the median of paired repeats"
    for kind, options in dict(SGD=dict(lr=.1, momentum=.9), AdamW=dict(lr=1e-3)).items():
        clf = compose(
            dict(type='ResNet', depth=18, in_channels=3), 'GlobalAveragePooling', 'LinearClsHead', num_classes=10
        )
        for p in clf.parameters():
            p.grad = torch.full_like(p, 1e-3)
        cls = getattr(torch.optim, kind)
        made = dict(
            ours=build_optimizer(
                clf, dict(optimizer=dict(type=kind, **options), paramwise_cfg=dict(norm_decay_mult=0.0))
            ),
            fused=cls(clf.parameters(), fused=True, **options),
            default=cls(clf.parameters(), **options),
        )
        times = {k: [] for k in made}
        for i in range(63):
            for k, o in in_turns(made.items(), i):
                start = time.perf_counter()
                o.step()
                if i >= 3:
                    times[k].append(time.perf_counter() - start)
        ratio = {
            k: statistics.median(a / b for a, b in zip(times['ours'], times[k], strict=True))
            for k in ('fused', 'default')
        }
        print(f'{kind} step, ResNet-18: {ratio["fused"]:.3f} of torch fused, {ratio["default"]:.3f} of torch default')


def layouts():
    "Time of a training step with channels last over the usual layout, median of paired repeats"
    for backbone, shape in (
        (dict(type='ResNet', depth=18), (16, 3, 64, 64)),
        (dict(type='MobileNetV2'), (16, 3, 64, 64)),
        (dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=16, base_channels=16), (64, 1, 8, 8)),
    ):
        x, y, ratios = torch.rand(shape), torch.arange(shape[0]) % 10, []
        formats = {
            f: compose(backbone, 'GlobalAveragePooling', 'LinearClsHead', num_classes=10).to(memory_format=f).train()
            for f in (torch.channels_last, torch.contiguous_format)
        }
        for _ in range(12):
            times = []
            for f, clf in formats.items():
                start = time.perf_counter()
                clf.loss(x.to(memory_format=f), y)['loss'].backward()
                times.append(time.perf_counter() - start)
            ratios.append(times[0] / times[1])
        print(f'channels last, {backbone["type"]}: {statistics.median(ratios[2:]):.2f} of the usual layout')


def peak(work):
    "The most memory that a process of its own had while it did that, in MB"
    import resource
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(write, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024).encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    return float(os.read(read, 100))


def memory():
    "What a training of ResNet-18 needs at its peak, in `fit` over the plain loop"
    x, y = torch.rand(192, 3, 64, 64), torch.arange(192) % 10
    def net():
        return compose(dict(type='ResNet', depth=18), 'GlobalAveragePooling', 'LinearClsHead', num_classes=10)
    def by_hand():
        clf = net()
        optimizer = torch.optim.SGD(clf.parameters(), lr=.1, momentum=.9, nesterov=True, weight_decay=5e-4, fused=True)
        for i in range(0, 192, 64):
            clf.loss(x[i:i + 64], y[i:i + 64])['loss'].backward()
            optimizer.step()
            optimizer.zero_grad()
    def by_fit():
        fit(
            net(),
            Data(TensorDataset(x, y), TensorDataset(x[:2], y[:2]), list('0123456789')),
            epochs=1,
            channels_last=False,
            device='cpu',
            progress=False,
        )

    ratio = statistics.median(peak(by_fit) / peak(by_hand) for _ in range(3))
    print(f'peak memory of a process, fit over plain: {ratio:.3f}')


def digits_from_a_cold_start():
    with tempfile.TemporaryDirectory() as tmp:
        env = {k: v for k, v in os.environ.items() if k != 'OMP_NUM_THREADS'}
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, '-m', 'clsparts', 'train', '--device', 'cpu', '--work-dir', f'{tmp}/run'],
            env=env,
            check=True,
            capture_output=True,
        )
        seconds, final = time.perf_counter() - start, json.loads(Path(tmp, 'run', 'metrics.json').read_text())['final']
        print(f'digits from a cold start: {100 * final["val_accuracy"]:.2f} % in {seconds:.0f} s')


def in_turns(things, i):
    "The same things, another one first each time: what runs after what counts too"
    things = list(things)
    return things[i % len(things):] + things[:i % len(things)]


def loops():
    made = dict(plain=plain, accelerate=accelerated, fit=fitted)
    for name, loop in dict(lightning=lightning, fastai=fastai, mmengine=mmengine).items():
        if importlib.util.find_spec(name):
            made[name] = loop
    times = {name: [] for name in made}
    for i in range(REPEATS + 1):
        for name in in_turns(list(made), i):
            try:
                seconds = made[name]()
            except Exception as e:
                print(f'{name}: left out, {type(e).__name__}: {str(e)[:100]}')
                made.pop(name), times.pop(name)
                continue
            if i:
                times[name].append(seconds)
    for name in made:
        extra = [
            statistics.median((t - p) / STEPS * 1e3 for t, p in zip(times[name], times[other], strict=True))
            for other in ('plain', 'accelerate')
        ]
        print(
            f'{name:11} {statistics.median(times[name]) / STEPS * 1e3:6.2f} ms a step, {extra[0]:+.2f} ms over plain, '
            f'{extra[1]:+.2f} ms over bare accelerate'
        )


# memory first: a process that is forked may not have threads
PARTS = dict(memory=memory, loops=loops, optimizer=optimizer_steps, layouts=layouts, digits=digits_from_a_cold_start)

if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('parts', nargs='*', default=list(PARTS), choices=[*PARTS, []], help='all if left out')
    for name in parser.parse_args().parts:
        PARTS[name]()
