"Learning rates equal to mmengine's step by step, and phases that are wrong."
import gzip
import json
import random
from pathlib import Path

import pytest
import torch
from table import Case, Fails, Works, table

from clsparts.training.schedules import build_schedule, check_param_scheduler

RECORD = Path(__file__).parent.parent/'golden'/'schedules.json.gz'      # tools/record_schedules.py writes it


def made(s):
    "Optimizer and schedule of a record"
    optimizer = torch.optim.SGD([dict(params=[torch.nn.Parameter(torch.zeros(()))], lr=lr) for lr in s['lrs']], lr=1.)
    return optimizer, build_schedule(
        optimizer, s['phases'], epochs=s['epochs'], batches=s['batches'], accumulate=s['accumulate']
    )


def rates(optimizer, schedule, steps):
    "The rates of so many steps"
    found = []
    for _ in range(steps):
        found.append([g['lr'] for g in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return found


@pytest.fixture(scope='module')
def record():
    return json.loads(gzip.decompress(RECORD.read_bytes()))


def test_equal_to_mmengine(record, record_property):
    assert len(record) == 600

    def close(ours, theirs):
        pairs = (pair for rates in zip(ours, theirs, strict=True) for pair in zip(*rates, strict=True))
        return all(abs(a - b) <= 1e-9 * abs(b) + 1e-15 for a, b in pairs)

    differing = [i for i, s in enumerate(record) if not close(rates(*made(s), len(s['rates'])), s['rates'])]
    record_property('agreeing', len(record) - len(differing))
    assert not differing, f'{len(differing)} differ: {differing[:9]}'


def test_resumed_to_the_bit(record):
    r = random.Random(0)
    for i, s in enumerate(record[::3]):
        steps = len(s['rates'])
        optimizer, schedule = made(s)
        rates(optimizer, schedule, r.randrange(steps))
        other, resumed = made(s)
        other.load_state_dict(optimizer.state_dict())
        resumed.load_state_dict(json.loads(json.dumps(schedule.state_dict())))
        assert resumed.get_last_lr() == schedule.get_last_lr(), i
        assert rates(other, resumed, steps) == rates(optimizer, schedule, steps), i


@pytest.mark.parametrize('phase', [dict(type='LinearLR', start_factor=.1, end=1),
                                   dict(type='ConstantLR', factor=.1, end=1)])
def test_warm_up_of_one_epoch_ends(phase):
    s = dict(lrs=[1.], phases=[phase], epochs=3, batches=2, accumulate=1)
    assert [r for r, in rates(*made(s), 6)] == pytest.approx([.1, .1, 1, 1, 1, 1])


def test_phases_in_batches_under_accumulation():
    s = dict(
        lrs=[1.0],
        phases=[dict(type='ConstantLR', factor=0.5, end=9, by_epoch=False)],
        epochs=1,
        batches=16,
        accumulate=4,
    )
    # batches 4, 8, 12 and 16; not four times as long
    assert [r for r, in rates(*made(s), 4)] == [.5, .5, 1, 1]


def test_one_cycle_counts_batches():
    s = dict(lrs=[1.], epochs=2, batches=10, accumulate=3)
    whole, given = (
        rates(*made(dict(s, phases=dict(type='OneCycleLR', **o))), 8)
        for o in ({}, dict(total_steps=20, by_epoch=False))
    )
    assert whole == given and whole == rates(
        *made(dict(s, phases=dict(type='OneCycleLR', total_steps=2, convert_to_iter_based=True))), 8
    )


ROOT = 'param_scheduler'
COSINE, WARM = dict(type='CosineAnnealingLR'), dict(type='LinearLR')
CASES = [
    Case('none', None, Works([])),
    Case('no phases', [], Works([])),
    Case('fractions of epochs', dict(WARM, begin=0.5, end=1.5, convert_to_iter_based=True), Works()),
    Case('milestones as a tuple', dict(type='MultiStepLR', milestones=(3, 6)), Works()),
    Case('eta_max per group', dict(type='OneCycleLR', eta_max=[0.1, 0.2]), Works()),
    Case('a string', 'poly', Fails(ROOT)),
    Case('a number', 3, Fails(ROOT)),
    Case('a set', {'LinearLR'}, Fails(ROOT)),
    Case('names', ['LinearLR'], Fails(f'{ROOT}.0')),
    Case('a list of lists', [[WARM]], Fails(f'{ROOT}.0')),
    Case('no type', dict(begin=1), Fails(f'{ROOT}.type')),
    Case('one per optimizer', dict(generator=[WARM], critic=[COSINE]), Fails(f'{ROOT}.type')),
    Case('type a list', dict(type=['LinearLR']), Fails(f'{ROOT}.type')),
    Case('type a huge name', dict(type='L' * 500_000), Fails(f'{ROOT}.type')),
    Case('type with an escape code', dict(type='\x1b[2J'), Fails(f'{ROOT}.type')),
    Case('keys that are not names', {1: 2, 'type': 'LinearLR'}, Fails(ROOT)),
    Case('misspelt', dict(type='CosineAnealingLR'), Fails(f'{ROOT}.type', 'CosineAnnealingLR')),
    Case('momentum', dict(type='CosineAnnealingMomentum'), Fails(f'{ROOT}.type', ('momentum', 'remove'))),
    Case(
        'weight decay',
        dict(type='CosineAnnealingParamScheduler', param_name='weight_decay'),
        Fails(f'{ROOT}.type', 'weight decay'),
    ),
    Case('on a plateau', dict(type='ReduceOnPlateauLR'), Fails(f'{ROOT}.type')),
    Case('unknown option', [WARM, dict(COSINE, T_maks=3)], Fails(f'{ROOT}.1.T_maks', 'T_max')),
    Case('begin a string', dict(WARM, begin='0'), Fails(f'{ROOT}.begin')),
    Case('end a string', dict(WARM, end='5'), Fails(f'{ROOT}.end')),
    Case('end a dict', dict(WARM, end={}), Fails(f'{ROOT}.end')),
    Case('begin negative', dict(WARM, begin=-1), Fails(f'{ROOT}.begin')),
    Case('begin a fraction', dict(WARM, begin=0.5), Fails(f'{ROOT}.begin')),
    Case('end before begin', dict(WARM, begin=3, end=2), Fails(f'{ROOT}.end')),
    Case('end of 5,000 digits', dict(WARM, end=10**5000), Fails(f'{ROOT}.end')),
    Case('end NaN', dict(WARM, end=float('nan'), convert_to_iter_based=True), Fails(f'{ROOT}.end')),
    Case('by_epoch a string', dict(WARM, by_epoch='False'), Fails(f'{ROOT}.by_epoch')),
    Case('start at zero', dict(WARM, start_factor=0), Fails(f'{ROOT}.start_factor')),
    Case('start above one', dict(WARM, start_factor=2.0), Fails(f'{ROOT}.start_factor')),
    Case('start a string', dict(WARM, start_factor='1e-3'), Fails(f'{ROOT}.start_factor')),
    Case('constant of zero', dict(type='ConstantLR', factor=0.0), Fails(f'{ROOT}.factor')),
    Case('end_factor NaN', dict(WARM, end_factor=float('nan')), Fails(f'{ROOT}.end_factor')),
    Case('T_max negative', dict(COSINE, T_max=-5), Fails(f'{ROOT}.T_max')),
    Case('T_max a fraction', dict(COSINE, T_max=2.5), Fails(f'{ROOT}.T_max')),
    Case('eta_min twice', dict(COSINE, eta_min=0.0, eta_min_ratio=0.1), Fails(f'{ROOT}.eta_min')),
    Case('eta_min infinite', dict(COSINE, eta_min=float('inf')), Fails(f'{ROOT}.eta_min')),
    Case('power negative', dict(type='PolyLR', power=-1.0), Fails(f'{ROOT}.power')),
    Case('power NaN', dict(type='PolyLR', power=float('nan')), Fails(f'{ROOT}.power')),
    Case('no milestones', dict(type='MultiStepLR'), Fails(ROOT, 'milestones')),
    Case('milestones a number', dict(type='MultiStepLR', milestones=3), Fails(f'{ROOT}.milestones')),
    Case('milestones of strings', dict(type='MultiStepLR', milestones=['3']), Fails(f'{ROOT}.milestones')),
    Case('milestones None', dict(type='MultiStepLR', milestones=None), Fails(f'{ROOT}.milestones')),
    Case('step of zero', dict(type='StepLR', step_size=0), Fails(f'{ROOT}.step_size')),
    Case('gamma infinite', dict(type='ExponentialLR', gamma=float('inf')), Fails(f'{ROOT}.gamma')),
    Case('gamma None', dict(type='ExponentialLR', gamma=None), Fails(f'{ROOT}.gamma')),
    Case('one cycle and more', [dict(type='OneCycleLR'), WARM], Fails(f'{ROOT}.0')),
    Case('one cycle that begins', dict(type='OneCycleLR', begin=2), Fails(ROOT)),
    Case('one cycle unlike any', dict(type='OneCycleLR', anneal_strategy='square'), Fails(f'{ROOT}.anneal_strategy')),
    Case('one cycle rises too long', dict(type='OneCycleLR', pct_start=1.5), Fails(f'{ROOT}.pct_start')),
    Case('one cycle divided by zero', dict(type='OneCycleLR', div_factor=0.0), Fails(f'{ROOT}.div_factor')),
]


@table(CASES)
def test_phases(case):
    phases = case.check(lambda: check_param_scheduler(case.given))
    if isinstance(case.then, Works) and phases:
        rates(*made(dict(lrs=[.1, .2], phases=phases, epochs=2, batches=4, accumulate=1)), 8)


BUILT = [Case(name, given, Fails(f'{ROOT}.{path}')) for name, given, path in [
    ('one cycle counted in epochs', dict(type='OneCycleLR', total_steps=2), 'total_steps'),
    ('one cycle shorter than the training', dict(type='OneCycleLR', total_steps=7, by_epoch=False), 'total_steps'),
    ('one cycle for other groups', dict(type='OneCycleLR', eta_max=[.1, .2, .3]), 'eta_max'),
]]


@table(BUILT)
def test_phases_of_a_training(case):
    case.check(lambda: made(dict(lrs=[.1, .2], phases=case.given, epochs=2, batches=4, accumulate=1)))
