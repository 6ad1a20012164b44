"What can go wrong in a training: it resumes to the bit or is refused, keeps finite weights only, no figure ends it."

import csv
import itertools
import json
import math
import random
import shutil
import warnings

import numpy as np
import pytest
import torch
from table import Case, Fails, Works, table
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from clsparts.checkpoints.snapshots import Snapshots
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data
from clsparts.data.figures import save_figure
from clsparts.data.samplers import Batches
from clsparts.evaluation.evaluator import Evaluation, evaluate
from clsparts.evaluation.plots import plot_confusion, plot_curves, plot_per_class
from clsparts.files.weights import count_nonfinite
from clsparts.training import callbacks
from clsparts.training.callbacks import Callback, StopTraining, Tracker, write_metrics
from clsparts.training.runs import TrainingRun
from clsparts.training.trainer import fit

IMAGES, LABELS = torch.rand(40, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
CLASSES = ['a', 'b', 'c']
HELD_OUT = TensorDataset(IMAGES[:8], LABELS[:8])


def net(batch_norm=False):
    "So small that a step takes few milliseconds"
    torch.manual_seed(0)
    if batch_norm:
        return compose(
            dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=2, base_channels=2),
            'GlobalAveragePooling',
            'LinearClsHead',
            num_classes=3,
        )
    arch = dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)
    return compose(
        dict(type='VisionTransformer', arch=arch, img_size=4, patch_size=2, in_channels=1, drop_rate=0.2),
        None,
        'VisionTransformerClsHead',
        num_classes=3,
    )


def trained(train=None, clf=None, **options):
    data = train if isinstance(train, Data) else Data(train or TensorDataset(IMAGES, LABELS), HELD_OUT, CLASSES)
    size = {} if isinstance(data.train, DataLoader) else dict(batch_size=8)
    return fit(clf or net(), data, **{**dict(epochs=2, device='cpu', progress=False), **size, **options})


# a loader is resumed to the bit

class Noisy(Dataset):
    "Images to which noise from all over is added"
    def __init__(self):
        self.own, self.theirs = random.Random(), np.random.default_rng()
    def __len__(self):
        return 40
    def __getitem__(self, i):
        noise = torch.rand(()) + np.random.rand() + random.random() + self.own.random() + self.theirs.random()
        return IMAGES[i] + noise.float(), int(LABELS[i])


class Shuffled(Sampler):
    "Draws from Python's generator of its own"
    def __init__(self):
        self.rng = random.Random()
    def __len__(self):
        return 40
    def __iter__(self):
        return iter(self.rng.sample(range(40), 40))


class ByEpoch(Shuffled):
    "A function of the epoch that it is told"
    epoch = 0
    def set_epoch(self, epoch):
        self.epoch = epoch
    def __iter__(self):
        return iter(random.Random(self.epoch).sample(range(40), 40))


class Counting(Shuffled):
    "Another order each time, from a count that nobody can put back"
    def __init__(self):
        self.times = 0
    def __iter__(self):
        self.times += 1
        return iter(random.Random(self.times).sample(range(40), 40))


class Stream(IterableDataset):
    "Draws its order and noise"
    def __len__(self):
        return 40
    def __iter__(self):
        return (Noisy()[i] if i % 2 else (IMAGES[i], int(LABELS[i])) for i in self.order())
    def order(self):
        return torch.randperm(40).tolist()


class Noise(IterableDataset):
    def __len__(self):
        return 40
    def __iter__(self):
        for i in torch.randperm(40).tolist():
            yield IMAGES[i] + torch.rand(()) + random.random(), int(LABELS[i])


class Unsteady(Noise):
    "Draws from what nobody can seed"
    def __iter__(self):
        for i in random.SystemRandom().sample(range(40), 40):
            yield IMAGES[i], int(LABELS[i])


def generator():
    return torch.Generator().manual_seed(7)
def mixed_up(pairs):
    return torch.stack([x for x, _ in pairs]) + torch.rand(()), torch.tensor([y for _, y in pairs])


LOADERS = {
    'shuffle': lambda: DataLoader(TensorDataset(IMAGES, LABELS), 8, shuffle=True),
    'in order': lambda: DataLoader(Noisy(), 8),
    'noise in the data set': lambda: DataLoader(Noisy(), 8, shuffle=True),
    'a generator of its own': lambda: DataLoader(Noisy(), 8, shuffle=True, generator=generator()),
    'weighted': lambda: DataLoader(Noisy(), 8, sampler=WeightedRandomSampler(torch.arange(1.0, 41), 40)),
    'weighted, a generator of its own': lambda: DataLoader(
        Noisy(), 8, sampler=WeightedRandomSampler([1.0] * 40, 36, generator=generator())
    ),
    'with replacement': lambda: DataLoader(
        Noisy(), 8, sampler=RandomSampler(range(40), replacement=True, num_samples=50)
    ),
    'part of the images': lambda: DataLoader(Noisy(), 8, sampler=SubsetRandomSampler(range(5, 37), generator())),
    'batch sampler': lambda: DataLoader(Noisy(), batch_sampler=BatchSampler(RandomSampler(range(40)), 8, True)),
    'a list as batch sampler': lambda: DataLoader(Noisy(), batch_sampler=[[1, 2, 3], [4, 5], [7, 8, 9], [3, 1]]),
    'last batch dropped': lambda: DataLoader(Noisy(), 9, shuffle=True, drop_last=True),
    'collate_fn': lambda: DataLoader(Noisy(), 8, shuffle=True, collate_fn=mixed_up),
    'batches from the data set': lambda: DataLoader(
        [(IMAGES[i : i + 8], LABELS[i : i + 8]) for i in range(0, 40, 8)], batch_size=None, shuffle=True
    ),
    'a sampler with a generator of Python': lambda: DataLoader(Noisy(), 8, sampler=Shuffled()),
    'a sampler with set_epoch': lambda: DataLoader(Noisy(), 8, sampler=ByEpoch()),
    'workers': lambda: DataLoader(Noisy(), 8, shuffle=True, num_workers=1),
    'workers that stay': lambda: DataLoader(Noisy(), 8, shuffle=True, num_workers=1, persistent_workers=True),
    'a stream': lambda: DataLoader(Noise(), 8),
    'a stream, a generator of its own': lambda: DataLoader(Noise(), 8, generator=generator()),
    'a stream in a worker': lambda: DataLoader(Noise(), 8, num_workers=1, persistent_workers=True),
    'a data set': lambda: Noisy(),
    'tensors': lambda: TensorDataset(IMAGES, LABELS),
}


class Watch(Callback):
    "Notes the loss of every step, and stops after some"
    def __init__(self, stop=None):
        self.stop, self.losses = stop, []
    def after_step(self, training):
        self.losses.append(training.loss.item())
        if training.step == self.stop:
            raise StopTraining


@pytest.mark.starts_processes                                            # workers of loaders
@table([Case(name, given, Works()) for name, given in LOADERS.items()])
def test_resumed_to_the_bit(case, tmp_path):
    "From the middle of an epoch and from its end: the same batches, losses and weights as an uninterrupted run"

    def run(out, stop=None, **where):
        watch, clf = Watch(stop), net()
        torch.manual_seed(random.SystemRandom().randrange(10 ** 9)), random.seed(), np.random.seed()
        records = trained(case.given(), clf, callbacks=[watch], seed=3, **(where or dict(work_dir=out)))
        return watch.losses, [{**r, 'seconds': 0} for r in records], clf.state_dict()
    losses, records, weights = run(tmp_path/'whole')
    steps = len(losses) // 2
    for stop in (steps - 1, steps) if 'worker' not in case.name else (steps + 2,):
        begun = run(tmp_path/'cut', stop)[0]
        again = run(None, resume=tmp_path/'cut')
        assert begun + again[0] == losses and again[1] == records, stop
        assert all(torch.equal(v, again[2][k]) for k, v in weights.items()), stop
        shutil.rmtree(tmp_path/'cut')


@pytest.mark.starts_processes                                            # workers of loaders
@pytest.mark.parametrize('make', [o for n, o in LOADERS.items() if 'stream' not in n],
                         ids=[n for n in LOADERS if 'stream' not in n])
def test_skipped_batches_are_not_read(make):
    "What was seen before a resume costs nothing"
    data, read = make(), []
    batches = Batches(data, 8, seed=1)
    whole = list(batches.epoch(1))
    inner = getattr(batches.loader.dataset, 'data', None)
    if isinstance(inner, Noisy):
        class Counted(Noisy):
            def __getitem__(self, i):
                read.append(i)
                return super().__getitem__(i)
        batches.loader.dataset.data = Counted()
        batches.loader.dataset.__dict__.pop('own', None)
    rest = list(batches.epoch(1, len(batches) - 1))
    assert len(rest) == 1 and all(torch.equal(a, b) for a, b in zip(rest[0], whole[-1], strict=True))
    if inner is not None and read:
        assert len(read) == len(rest[0][1])
    batches.close()


class Passing(DataLoader):
    "An order of which nothing is known"
    def __iter__(self):
        return super().__iter__()


def unknown(**options):
    return lambda out: trained(DataLoader(Noisy(), 8, sampler=Counting()), work_dir=out/'run', **options)
def passing(**options):
    return lambda out: trained(Passing(Noisy(), 8, shuffle=True), work_dir=out/'run', **options)


@table([
    Case('a count, snapshots within an epoch', unknown(save_steps=2),
         Fails('save_steps', 'an order that cannot be repeated')),
    Case('a count', unknown(), Works(warns='a resume starts from the last finished epoch')),
    Case('an __iter__ of its own, snapshots within an epoch', passing(save_steps=2),
         Fails('save_steps', 'Passing has an order that cannot be repeated')),
    Case('an __iter__ of its own', passing(), Works(warns='a resume starts from the last finished epoch')),
    Case('a sampler that is too long', lambda out: trained(DataLoader(Noisy(), batch_sampler=Long())),
         Fails('data', 'expected 3 batches (len of the loader), got more than 3')),
    Case('a sampler without end', lambda out: trained(DataLoader(Noisy(), batch_sampler=Endless())),
         Fails('data', 'got more than 3')),
    Case('a sampler that is too short', lambda out: trained(DataLoader(Noisy(), batch_sampler=Long(9))),
         Fails('data', 'expected 9 batches (len of the loader), got 5')),
    Case('a stream that is too short', lambda out: trained(DataLoader(Few(), 8)),
         Fails('data', 'expected 8 batches (len of the loader), got 5')),
    Case('a stream that is too long', lambda out: trained(DataLoader(Few(20), 8)),
         Fails('data', 'expected 3 batches (len of the loader), got more than 3')),
])
def test_orders_that_cannot_be_repeated(case, tmp_path):
    case.check(lambda: case.given(tmp_path))


class Long:
    def __init__(self, said=3):
        self.said = said
    def __len__(self):
        return self.said
    def __iter__(self):
        return iter([list(range(i, i + 8)) for i in range(0, 40, 8)])


class Endless(Long):
    def __iter__(self):
        return itertools.repeat([1, 2, 3])


class Few(Noise):
    def __init__(self, said=60):
        self.said = said
    def __len__(self):
        return self.said


def test_a_stopped_run_with_an_unknown_order(tmp_path):
    "It has no snapshot within an epoch, and resumes from the end of the one before"
    with pytest.warns(UserWarning):
        unknown(callbacks=[Watch(7)])(tmp_path)
    assert [p.stem for p in Snapshots(tmp_path/'run'/'snapshots').paths] == ['step-000000000', 'step-000000005']
    watch = Watch()
    with pytest.warns(UserWarning):
        assert len(trained(DataLoader(Noisy(), 8, sampler=Counting()), resume=tmp_path/'run', callbacks=[watch])) == 2
    assert len(watch.losses) == 5


def test_a_stream_that_does_not_repeat(tmp_path):
    "It is found out when it is resumed, and nothing is trained twice"
    trained(DataLoader(Unsteady(), 8), work_dir=tmp_path/'run', callbacks=[Watch(7)])
    with pytest.raises(ConfigError) as e:
        trained(DataLoader(Unsteady(), 8), resume=tmp_path/'run')
    assert e.value.issues[0].path == 'resume'


# images in the middle that are not as the first

class Spoilt(Dataset):
    "Forty pairs; one of them is something else"
    def __init__(self, odd, at=33):
        self.odd, self.at = odd, at
    def __len__(self):
        return 40
    def __getitem__(self, i):
        if i == self.at:
            return self.odd(IMAGES[i], int(LABELS[i]))
        return IMAGES[i], int(LABELS[i])


def raising(error):
    def odd(x, y):
        raise error
    return odd


def spoilt(odd):
    return lambda: Spoilt(odd)


ODD = [
    ('raises KeyError', raising(KeyError('label')), Fails('data', ('image 33', 'KeyError'))),
    ('raises RuntimeError', raising(RuntimeError('\x1b[2Jbroken')), Fails('data', ('image 33', r'\x1b[2J'))),
    ('raises IndexError', raising(IndexError('no such row')), Fails('data', ('image 33', 'no such row'))),
    ('raises OSError', raising(OSError(5, 'Input/output error')), Fails('data', ('image 33', 'Input/output error'))),
    ('another shape', lambda x, y: (x[:, 1:], y), Fails('data', ('image 33', 'Resize'))),
    ('another type', lambda x, y: (x.double(), y), Fails('data', ('image 33', 'float64', 'ToDtype'))),
    ('bytes', lambda x, y: ((255 * x).byte(), y), Fails('data', ('image 33', 'uint8'))),
    ('an array', lambda x, y: (x.numpy(), y), Fails('data', 'image')),
    ('no pair', lambda x, y: x, Fails('data', ('image 33', 'expected a pair'))),
    ('three things', lambda x, y: (x, y, 0), Fails('data', ('image 33', 'expected a pair'))),
    ('None', lambda x, y: None, Fails('data', ('image 33', 'NoneType'))),
    ('NaN', lambda x, y: (x * math.nan, y), Fails(mentions='The pixels of image 33', error=FloatingPointError)),
    ('infinity', lambda x, y: (x / 0, y), Fails(mentions='The pixels of image 33', error=FloatingPointError)),
    ('a label that is none', lambda x, y: (x, 7), Fails('data', ('image 33', 'got 7'))),
    ('a negative label', lambda x, y: (x, -1), Fails('data', ('image 33', 'got -1'))),
]


@table([Case(name, spoilt(odd), then) for name, odd, then in ODD])
def test_an_image_unlike_the_others(case):
    case.check(lambda: trained(case.given()))


@pytest.mark.starts_processes                                            # workers of loaders
@table([Case(name, spoilt(odd), then) for name, odd, then in (ODD[0], ODD[1], ODD[5], ODD[9])])
def test_an_image_unlike_the_others_in_a_worker(case):
    case.check(lambda: trained(case.given(), num_workers=1))


def batches_that(change):
    "A loader whose later batches, those whose first label is 2 or more, go through `change`"
    def collate(pairs):
        x, y = torch.utils.data.default_collate(pairs)
        return (x, y) if y[0] < 2 else change(x, y)
    return lambda: DataLoader(Spoilt(None, 99), 8, collate_fn=collate)


def with_nan():
    images = IMAGES[:8].clone()
    images[5] = math.nan
    return Data(TensorDataset(IMAGES, LABELS), TensorDataset(images, LABELS[:8]), CLASSES)


@table([
    Case('batches of another type', batches_that(lambda x, y: (x.double(), y)), Fails('data', ('batch 2', 'float64'))),
    Case('batches of three', batches_that(lambda x, y: (x, y, 3)), Fails('data', ('batch 2', 'expected a pair'))),
    Case('a list of images', batches_that(lambda x, y: ([*x], y)), Fails('data', ('batch 2', 'in one tensor'))),
    Case('a held-out image of NaN', with_nan,
         Fails(mentions=('epoch 1', 'image 5', 'pixels are not finite'), error=FloatingPointError)),
])
def test_batches_unlike_the_others(case):
    case.check(lambda: trained(case.given()))


# weights that are not finite

class Spoil(Callback):
    "Puts a NaN somewhere after a step"
    def __init__(self, step, where):
        self.step, self.where = step, where
    def after_step(self, training):
        if training.step == self.step:
            self.where(training)


def put(tensor, value=math.nan):
    tensor.detach().view(-1)[0] = value
def weight(t):
    put(head(t.clf)[0])
def infinity(t):
    put(head(t.clf)[1], math.inf)
def head(clf):
    return list(clf.head.parameters())
def statistics(t):
    put(next(m for m in t.clf.modules() if isinstance(m, torch.nn.BatchNorm2d)).running_var)
def mean(t):
    put(next(iter(t.ema.module.parameters())))


@table([
    Case('in the last step', dict(where=weight, step=10),
         Fails(mentions=('step 10', 'head.', 'clip_grad', 'step-000000005'), error=FloatingPointError)),
    Case('at the end of an epoch', dict(where=weight, step=5),
         Fails(mentions=('epoch 1, step 5', 'step-000000000'), error=FloatingPointError)),
    Case('infinity', dict(where=infinity, step=5), Fails(mentions='head.', error=FloatingPointError)),
    Case('statistics of a batch norm', dict(where=statistics, step=10, clf=lambda: net(True)),
         Fails(mentions='running_var', error=FloatingPointError)),
    Case('the mean of the weights', dict(where=mean, step=10, ema=.9),
         Fails(mentions='the mean of', error=FloatingPointError)),
    Case('snapshots of each step', dict(where=weight, step=4, save_steps=1),
         Fails(mentions=('step 4', 'step-000000003'), error=FloatingPointError)),
    Case('nothing is kept', dict(where=weight, step=10, work_dir=None),
         Fails(mentions='head.', error=FloatingPointError)),
])
def test_weights_that_are_not_finite(case, tmp_path):
    "No snapshot, checkpoint or best holds them, and the run resumes from the one before"
    options = {'work_dir': tmp_path/'run', **case.given}
    spoil, make = Spoil(options.pop('step'), options.pop('where')), options.pop('clf', net)
    case.check(lambda: trained(clf=make(), callbacks=[spoil], **options))
    if options['work_dir'] is None:
        return
    for path in (tmp_path/'run').rglob('*.safetensors'):
        assert all(v.isfinite().all() for v in load(path).values()), path
    if (tmp_path/'run'/'metrics.json').exists():
        json.loads((tmp_path/'run'/'metrics.json').read_text(), parse_constant=pytest.fail)
    options = {k: v for k, v in options.items() if k != 'work_dir'}
    assert len(trained(clf=make(), resume=tmp_path/'run', **options)) == 2


def load(path):
    from safetensors.torch import load_file
    return {k: v for k, v in load_file(path).items() if v.is_floating_point()}


def test_weights_that_are_not_finite_before_the_first_step(tmp_path):
    clf = net()
    put(head(clf)[0])
    with pytest.raises(FloatingPointError, match='before the first step'):
        trained(clf=clf, work_dir=tmp_path/'run')
    assert not list((tmp_path/'run').rglob('*.safetensors'))


def test_a_mask_of_infinities_is_no_fault(tmp_path):
    clf = net()
    clf.backbone.register_buffer('mask', torch.full((3,), -math.inf))
    assert len(trained(clf=clf, work_dir=tmp_path/'run', ema=.9)) == 2


class Overflowing(torch.nn.Module):
    "A loss of infinity for what is held out"
    def forward(self, pred, target, **kwargs):
        loss = torch.nn.functional.cross_entropy(pred, target)
        return loss if torch.is_grad_enabled() else loss + math.inf


def test_a_loss_of_infinity_is_never_the_best(tmp_path):
    clf = net()
    clf.head.loss_module = Overflowing()
    with pytest.warns(UserWarning, match='the mean loss is inf'):
        records = trained(clf=clf, work_dir=tmp_path/'run')
    assert (
        math.isinf(records[-1]['val_loss'])
        and (tmp_path / 'run' / 'checkpoint.safetensors').exists()
        and not (tmp_path / 'run' / 'best.safetensors').exists()
    )
    kept = json.loads((tmp_path/'run'/'metrics.json').read_text(), parse_constant=pytest.fail)
    assert (
        kept['final']['val_loss'] is None
        and list(csv.DictReader((tmp_path / 'run' / 'metrics.csv').read_text().splitlines()))[-1]['val_loss'] == 'inf'
    )


def test_steps_that_the_scaler_skips():
    "Gradients that overflow in fp16 are no error: the weights stay as they are"
    scaler, p = torch.amp.GradScaler('cpu'), torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], lr=.1)
    scaler.scale((p * math.inf).sum()).backward()
    scaler.step(optimizer), scaler.update()
    assert not count_nonfinite(dict(p=p))


# numbers

NUMBERS = dict(
    inf=math.inf,
    nan=math.nan,
    negative=-1,
    boolean=True,
    huge=10**400,
    numpy=np.float32(0.1),
    text='0.1',
    list=[0.1],
    none_like='None',
)
WRONG = [
    Case(f'{k}: {name}', {k: v}, Fails(k))
    for k in (
        'lr',
        'weight_decay',
        'ema',
        'epochs',
        'batch_size',
        'num_workers',
        'max_keep_ckpts',
        'patience',
        'save_steps',
        'seed',
    )
    for name, v in NUMBERS.items()
]


def optimizer(**options):
    return dict(optim_wrapper=dict(optimizer=dict(type='SGD', **{'lr': .1, **options})))


@table([*WRONG,
    *[Case(f'optimizer.{k}: {name}', optimizer(**{k: v}), Fails(f'optim_wrapper.optimizer.{k}'))
      for k in ('lr', 'weight_decay', 'momentum')
      for name, v in dict(inf=math.inf, nan=math.nan, negative=-.1, boolean=True, huge=10 ** 400, text='x').items()],
    *[Case(f'max_norm: {v}', dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1), clip_grad=dict(max_norm=v))),
           Fails('optim_wrapper.clip_grad.max_norm'))
      for v in (math.inf, math.nan, -1., True, 'x')],
    *[Case(f'probs: {v}', dict(batch_augments=dict(augments=dict(type='Mixup', alpha=.2), probs=v)), Fails(path))
      for v, path in
      (([math.nan], 'batch_augments.probs.0'), ([math.inf], 'batch_augments.probs.0'), ([-.5], 'batch_augments.probs'),
       (['x'], 'batch_augments.probs.0'), ([2], 'batch_augments.probs'), ([.5, .5], 'batch_augments.probs'),
       ([None], 'batch_augments.probs.0'))],
    *[Case(f'alpha: {v}', dict(batch_augments=dict(augments=dict(type='Mixup', alpha=v))), Fails(path)) for v, path in
      ((math.nan, 'batch_augments.augments.alpha'), (0, 'batch_augments.augments.0.alpha'),
       (1e-300, 'batch_augments.augments.0.alpha'), (1e300, 'batch_augments.augments.0.alpha'),
       ('x', 'batch_augments.augments.0.alpha'))],
    Case('mixing of a number', dict(batch_augments=dict(augments=5)), Fails('batch_augments.augments')),
    Case('mixing of an unhashable type', dict(batch_augments=dict(augments=dict(type=['Mixup']))),
         Fails('batch_augments.augments.0.type')),
    Case('sides of a box in words', dict(batch_augments=dict(augments=dict(type='CutMix', cutmix_minmax=['a', 'b']))),
         Fails('batch_augments.augments.0.cutmix_minmax')),
    Case('epochs=0', dict(epochs=0), Fails('epochs', 'from 1')),
    Case('an infinite factor of the schedule', dict(param_scheduler=dict(type='LinearLR', start_factor=math.inf)),
         Fails('param_scheduler.start_factor')),
])
def test_numbers(case, tmp_path):
    "Refused before the first step, with their path"
    watch = Watch()
    case.check(lambda: trained(callbacks=[watch], **case.given))
    assert watch.losses == []


# side products never end a training

class Names(list):
    pass


NAMES = dict(
    dollars=['$5_or_$10', '$1', '$5'],
    surrogates=['caf\udce9', '\ud800', 'b'],
    control=['\x1b[2J', '\x00', '\x07'],
    long=['n' * 300, 'm' * 100_000, 'o'],
    lines=['two\nlines', '\r\n', '\t'],
    empty=['', ' ', '  '],
    right_to_left=['\u202eabc', 'שלום', 'مرحبا'],
    latex=[r'\frac{', r'$\alpha', '{}^_'],
    html=['<script>', '<b>', '&amp;'],
    many_dollars=['$' * 50, '$$', '$_$'],
)


@table([Case(name, names, Works()) for name, names in NAMES.items()])
def test_pictures_of_any_names(case, tmp_path):
    "Each picture is drawn, with the names as text"
    classes = case.given
    data = Data(TensorDataset(IMAGES, LABELS), HELD_OUT, classes)
    seen = replaced(evaluate(net().eval(), data), classes)
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'no font in use has')
        warnings.simplefilter('error')
        assert plot_per_class(seen)._repr_png_().startswith(b'\x89PNG')
        run = TrainingRun({}, net(), data, tmp_path)
        run.trainer = type(
            'T', (), dict(history=[dict(epoch=1, train_loss=1.0, val_loss=math.nan, val_accuracy=0.5)], seen=seen)
        )()
        run.draw()
    assert {p.name for p in tmp_path.iterdir()} == {'curves.png', 'confusion.png'}


def replaced(seen, classes):
    return Evaluation(seen.labels, seen.pred_score, seen.loss, classes)


@table([Case('no place', 'file', Works(warns='curves.png failed and is left out')),
        Case('no class of that number', 'classes', Works(warns='the evaluation picture failed'))])
def test_pictures_that_fail(case, tmp_path):
    "A warning that names the picture and the cause"
    seen = evaluate(net().eval(), HELD_OUT, classes=CLASSES)
    run = TrainingRun({}, net(), Data(TensorDataset(IMAGES, LABELS), HELD_OUT, CLASSES), tmp_path/'run')
    if case.given == 'file':
        (tmp_path/'run').write_text('')
    else:
        seen = replaced(seen, ['a'])
    run.trainer = type('T', (), dict(history=[dict(epoch=1, train_loss=1., val_loss=1., val_accuracy=.5)], seen=seen))()
    case.check(run.draw)


class NoSpace(Callback):
    def after_epoch(self, training):
        raise OSError(28, 'No space left on device')


def board_without_packages(folder, monkeypatch):
    def missing(name):
        raise ImportError(f'{name} cannot be imported')
    monkeypatch.setattr(callbacks, 'import_installed', missing)


def board_without_folder(folder, monkeypatch):
    monkeypatch.setattr(Tracker, 'after_epoch', lambda self, training: (folder/'gone'/'x').write_text(''))


def board_with_a_file(folder, monkeypatch):
    begin = Tracker.begin
    def with_a_file(self, training):
        (folder/'tensorboard').write_text('')
        begin(self, training)
    monkeypatch.setattr(Tracker, 'begin', with_a_file)


def board_that_cannot_end(folder, monkeypatch):
    def broken(self):
        raise ConnectionError('no server')
    monkeypatch.setattr('accelerate.tracking.TensorBoardTracker.finish', broken)


def bar_that_breaks(folder, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError('no terminal')
    monkeypatch.setattr(callbacks, 'tqdm', broken)


@table([Case(f.__name__, f, Works(warns=f'{name} failed and is left out')) for f, name in (
    (board_without_packages, 'tensorboard'), (board_without_folder, 'tensorboard'), (board_with_a_file, 'tensorboard'),
    (board_that_cannot_end, 'tensorboard'), (bar_that_breaks, 'Bar'))])
def test_side_products(case, tmp_path, monkeypatch):
    "One warning, and the training goes on"
    case.given(tmp_path/'run', monkeypatch)
    assert len(case.check(lambda: trained(work_dir=tmp_path/'run', progress=True, log_with='tensorboard'))) == 2


def test_no_tracker_unless_asked(tmp_path):
    trained(work_dir=tmp_path/'run')
    assert not any('tensorboard' in p.name or 'events' in p.name for p in (tmp_path/'run').rglob('*'))


def test_trackers(tmp_path):
    "Their files are in the folder of the run, one series of numbers whether it was resumed or not"
    with pytest.raises(OSError):
        trained(work_dir=tmp_path/'run', log_with=['tensorboard'], callbacks=[NoSpace()])
    trained(resume=tmp_path/'run', log_with='tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    read = EventAccumulator(str(tmp_path/'run'/'tensorboard')).Reload()
    assert [e.step for e in read.Scalars('val_loss')] == [1, 2] and {'lr', 'train_loss', 'val_accuracy'} <= {
        *read.Tags()['scalars']
    }


@table([Case('of no such name', dict(log_with='tensorbord'), Fails('log_with', 'tensorboard')),
        Case('in a dict', dict(log_with=dict(wandb={})), Fails('log_with')),
        Case('of a number', dict(log_with=['wandb', 3]), Fails('log_with')),
        Case('without a folder', dict(log_with='wandb', work_dir=None), Fails('log_with', 'work_dir'))])
def test_wrong_trackers(case, tmp_path):
    case.check(lambda: trained(**{'work_dir': tmp_path/'run', **case.given}))
    assert not (tmp_path/'run').exists()


def test_a_folder_is_no_tensorboard(tmp_path, monkeypatch, canary):
    "A folder tensorboard/ beside the user is not imported"
    (tmp_path/'tensorboard').mkdir()
    (tmp_path/'tensorboard'/'__init__.py').write_text(canary)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [n for n in __import__('sys').modules if n.partition('.')[0] == 'tensorboard']:
        monkeypatch.delitem(__import__('sys').modules, name)
    with pytest.warns(UserWarning, match='tensorboard failed and is left out: ImportError'):
        assert len(trained(work_dir=tmp_path/'run', log_with='tensorboard')) == 2


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning', 'ignore:tensorboard failed')
@pytest.mark.parametrize('log_with', [None, 'tensorboard'])
def test_the_folder_is_deleted_meanwhile(tmp_path, capfd, log_with):
    "What is written afterwards is written anew; an error in a thread of a tracker does not end the training"
    class Delete(Callback):
        def after_epoch(self, training):
            if training.epoch == 1:
                shutil.rmtree(training.folder)
    assert len(trained(work_dir=tmp_path/'run', callbacks=[Delete()], log_with=log_with)) == 2
    assert 'Traceback' not in capfd.readouterr().err and (tmp_path/'run'/'checkpoint.safetensors').exists()


def test_a_callback_of_the_user_ends_the_training():
    "It is the user's mistake, and every other callback is still told of the end"
    class Wrong(Callback):
        def after_step(self, training):
            raise KeyError('mine')
        def end(self, training):
            raise ValueError('mine too')
    class Last(Callback):
        ended = False
        def end(self, training):
            self.ended = True
    last = Last()
    with pytest.raises(ValueError, match='mine too') as e:
        trained(callbacks=[Wrong(), last])
    assert last.ended and isinstance(e.value.__context__, KeyError)


# very many classes

@table([Case(f'{k} classes', k, Works()) for k in (1, 2, 1001, 21841)])
def test_pictures_of_many_classes(case, tmp_path):
    k = case.given
    scores = torch.rand(200, k, generator=torch.Generator().manual_seed(0))
    seen = Evaluation(torch.arange(200) % k, scores / scores.sum(1, keepdim=True), 1., [f'n{i:08d}' for i in range(k)])
    for fig in (plot_confusion(seen), plot_per_class(seen)):
        save_figure(fig, tmp_path/'figure.png')
    assert len(seen.per_class) == k and str(seen)


def test_no_matrix_of_very_many_classes():
    seen = Evaluation(torch.arange(200), torch.eye(200, 21841), 1.)
    with pytest.raises(ConfigError) as e:
        _ = seen.confusion
    assert e.value.issues[0].path == 'classes' and seen.accuracy == 1


# a training without an epoch

class AtOnce(Callback):
    def begin(self, training):
        raise StopTraining


@pytest.mark.parametrize('callback', [AtOnce(), Watch(2)], ids=['before the first step', 'in the first epoch'])
def test_no_epoch(callback, tmp_path):
    "No records, no pictures, and it is resumed as usual"
    assert trained(work_dir=tmp_path/'run', callbacks=[callback]) == []
    assert not (tmp_path/'run'/'metrics.json').exists()
    assert len(trained(resume=tmp_path/'run')) == 2


@table([Case('curves', lambda: plot_curves([]), Fails(mentions='at least one epoch', error=ValueError)),
        Case('metrics', lambda: write_metrics(None, []), Fails(error=Exception)),
        Case('best', lambda: callbacks.best_record([]), Fails(mentions='no finished epoch', error=ValueError))])
def test_no_history(case):
    case.check(case.given)
