"""Record mmengine's learning rates for random schedules; tests/hostile/test_schedules.py compares ours with them.

    python tools/record_schedules.py           # write tests/golden/schedules.json.gz
    python tools/record_schedules.py --check   # exit with 1 if the record differs from what mmengine computes

Needs mmengine 0.10.7. The schedulers are made by mmengine's `Runner` and moved by its `ParamSchedulerHook`. A rate is
recorded for every optimizer step: the one in force at the last batch of the step. A `LinearLR` or `ConstantLR` of a
single batch or epoch never returns to the whole rate in mmengine; such a phase is recorded with a length of two, which
is what it does here, and the schedule is marked `single`.
"""

import argparse
import gzip
import json
import random
from pathlib import Path
from types import SimpleNamespace

RECORD = Path(__file__).resolve().parent.parent/'tests'/'golden'/'schedules.json.gz'
SEED, NUMBER = 0, 600
WARM = 'LinearLR', 'ConstantLR'


def options_of(r: random.Random, type_: str, length: int) -> dict:
    "Random options of one phase that lasts `length` epochs or batches"
    least = r.choice([{}, dict(eta_min=r.choice([0., 1e-3, .02, .3]))])
    ratio = dict(eta_min_ratio=r.choice([.01, .1, .5])) if not least and r.random() < .5 else {}
    return dict(
        LinearLR=lambda: r.choice(
            [
                {},
                dict(start_factor=r.choice([1e-6, 0.1, 0.5, 1.0])),
                dict(start_factor=0.25, end_factor=r.choice([0.0, 0.5, 0.9])),
            ]
        ),
        ConstantLR=lambda: r.choice([{}, dict(factor=r.choice([0.05, 0.5, 1.0]))]),
        CosineAnnealingLR=lambda: {**least, **ratio, **r.choice([{}, dict(T_max=r.randint(1, length + 2))])},
        PolyLR=lambda: {**least, **r.choice([{}, dict(power=r.choice([0.5, 0.9, 2.0, 3.0]))])},
        MultiStepLR=lambda: dict(
            milestones=sorted(r.choices(range(length + 2), k=r.randint(1, 3))), gamma=r.choice([0.1, 0.3, 1.5])
        ),
        StepLR=lambda: dict(step_size=r.randint(1, length), **r.choice([{}, dict(gamma=0.7)])),
        ExponentialLR=lambda: dict(gamma=r.choice([0.5, 0.9, 1.1])),
    )[type_]()


def schedule_of(r: random.Random) -> dict:
    "A random training and its phases"
    epochs, batches, accumulate = r.randint(1, 8), r.randint(1, 7), r.choice([1, 1, 2, 3, 4])
    phases = []
    for _ in range(r.randint(1, 4)):
        by_epoch, convert = r.choice([(True, False), (True, True), (False, False)])
        total = epochs if by_epoch else epochs * batches
        begin = r.choice([0, r.randrange(total)])
        end = r.choice([None, begin + 1, r.randint(begin + 1, total + 3), r.randint(begin + 1, total)])
        type_ = r.choice(
            ['LinearLR', 'ConstantLR', 'CosineAnnealingLR', 'PolyLR', 'MultiStepLR', 'StepLR', 'ExponentialLR']
        )
        phase = dict(type=type_, **options_of(r, type_, (end or total) - begin))
        if begin or r.random() < .5:
            phase['begin'] = begin
        if end is not None:
            phase['end'] = end
        if not by_epoch or r.random() < .5:
            phase['by_epoch'] = by_epoch
        if convert:
            phase['convert_to_iter_based'] = True
        phases.append(phase)
    return dict(
        epochs=epochs,
        batches=batches,
        accumulate=accumulate,
        lrs=[r.choice([0.1, 1.0, 3e-4]), r.choice([0.01, 0.37])],
        phases=phases,
    )


def lengthened(s: dict) -> list[dict]:
    "The phases, with those warm-ups of length two that have length one"
    phases = [dict(p) for p in s['phases']]
    for p in phases:
        unit = s['batches'] if p.get('convert_to_iter_based') else 1
        total = s['epochs'] * (1 if p.get('by_epoch', True) else s['batches'])
        if p['type'] in WARM and (p.get('end', total) - p.get('begin', 0)) * unit == 1:
            p['end'] = p.get('begin', 0) + 2
    return phases


def rates_of(s: dict, phases: list[dict]) -> list[list[float]]:
    "mmengine's rates of the parameter groups at every optimizer step"
    import torch
    from mmengine.hooks import ParamSchedulerHook
    from mmengine.registry import init_default_scope
    from mmengine.runner import EpochBasedTrainLoop, Runner
    init_default_scope('mmengine')
    optimizer = torch.optim.SGD([dict(params=[torch.nn.Parameter(torch.zeros(()))], lr=lr) for lr in s['lrs']], lr=1.)
    loop = EpochBasedTrainLoop.__new__(EpochBasedTrainLoop)
    runner = SimpleNamespace(
        _train_loop=loop,
        max_epochs=s['epochs'],
        max_iters=s['epochs'] * s['batches'],
        train_dataloader=range(s['batches']),
        logger=SimpleNamespace(debug=lambda text: None),
    )
    runner.param_schedulers, hook, rates = (
        Runner._build_param_scheduler(runner, phases, optimizer),
        ParamSchedulerHook(),
        [],
    )
    for _ in range(s['epochs']):
        for batch in range(s['batches']):
            if (batch + 1) % s['accumulate'] == 0 or batch + 1 == s['batches']:
                rates.append([float(f'{g["lr"]:.12g}') for g in optimizer.param_groups])
            optimizer.step()
            hook.after_train_iter(runner, batch)
        hook.after_train_epoch(runner)
    return rates


def record() -> list[dict]:
    "All schedules with their rates"
    r, found = random.Random(SEED), []
    for _ in range(NUMBER):
        s = schedule_of(r)
        phases = lengthened(s)
        found.append(dict(s, single=phases != s['phases'], rates=rates_of(s, phases)))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true', help='compare, and write nothing')
    made = record()
    if parser.parse_args().check:
        same = json.loads(gzip.decompress(RECORD.read_bytes())) == made
        print('the record is up to date' if same else 'the record differs from what mmengine computes')
        raise SystemExit(0 if same else 1)
    RECORD.write_bytes(gzip.compress(json.dumps(made, separators=(',', ':')).encode(), 9, mtime=0))
    print(
        f'{len(made)} schedules, {sum(s["single"] for s in made)} of them with a warm-up of length one: '
        f'{RECORD.stat().st_size / 1000:.0f} kB'
    )


if __name__ == '__main__':
    main()
