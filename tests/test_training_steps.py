"Rates, skipped steps, spoilt images of a loader, phases without effect, and the forms of data that `fit` accepts."
import math
import warnings

import pytest
import torch
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

import clsparts.training.trainer
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data
from clsparts.runtime.devices import accelerator_for
from clsparts.training.callbacks import Callback, StopTraining
from clsparts.training.schedules import build_schedule
from clsparts.training.trainer import fit

IMAGES, LABELS = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 3
PART = TensorDataset(IMAGES, LABELS)
DATA = Data(PART, PART, ['a', 'b', 'c'])
HALVING = [dict(type='ExponentialLR', gamma=.5, by_epoch=False)]
PLAIN = dict(optimizer=dict(type='SGD', lr=.1))


def classifier():
    torch.manual_seed(0)
    return compose(
        dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=3),
    )


def trained(data=DATA, clf=None, **options):
    return fit(clf or classifier(), data, **{**dict(epochs=2, device='cpu', progress=False), **options})


def rates(records):
    return [r['lr'] for r in records]


# rates

def test_recorded_rate_is_that_of_the_last_step():
    "Three steps an epoch, each at half the rate of the one before"
    records = trained(batch_size=8, optim_wrapper=PLAIN, param_scheduler=HALVING)
    assert rates(records) == pytest.approx([.1 * .5 ** 2, .1 * .5 ** 5])


class Stop(Callback):
    def after_step(self, training):
        if training.step == 3:
            raise StopTraining


def test_recorded_rate_after_a_stop_before_the_evaluation(tmp_path):
    options = dict(batch_size=8, optim_wrapper=PLAIN, param_scheduler=HALVING)
    assert trained(work_dir=tmp_path, callbacks=[Stop()], **options) == []
    assert rates(trained(resume=tmp_path, **options)) == pytest.approx([.1 * .5 ** 2, .1 * .5 ** 5])


@pytest.mark.parametrize('scheduler', [HALVING, dict(type='OneCycleLR')], ids=['phases', 'one cycle'])
def test_schedule_moves_on_when_the_scaler_skips_a_step(scheduler, monkeypatch):
    "As in mmengine, which moves its schedules after every iteration"
    skipped, clf = [], classifier()
    def scaled(*args):
        accelerator = accelerator_for(*args)
        accelerator.scaler = torch.amp.GradScaler('cpu')
        return accelerator
    class Watch(Callback):
        def after_step(self, training):
            skipped.append(training.stepper.step_was_skipped)
    # overflows in the first step
    clf.head.fc.bias.register_hook(lambda g: g if skipped else g * math.inf)
    # fused ones skip on their own
    options = dict(batch_size=8, optim_wrapper=dict(optimizer=dict(type='RMSprop', lr=.001)), param_scheduler=scheduler)
    expected = rates(trained(**options))
    monkeypatch.setattr(clsparts.training.trainer, 'accelerator_for', scaled)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        warnings.filterwarnings('ignore', 'validation accuracy')        # of a short training
        found = rates(trained(clf=clf, callbacks=[Watch()], **options))
    assert skipped == [True, *[False] * 5] and found == expected


# images

@pytest.mark.parametrize('batch_augments', [None, dict(augments=dict(type='Mixup', alpha=1.))], ids=['plain', 'mixed'])
def test_spoilt_images_of_a_loader(batch_augments):
    images = IMAGES.clone()
    images[[5, 6]] = torch.tensor([math.nan, math.inf]).view(2, 1, 1, 1)
    train = DataLoader(TensorDataset(images, LABELS), batch_size=8)
    with pytest.raises(FloatingPointError) as e:
        trained(Data(train, PART, DATA.classes), batch_augments=batch_augments)
    assert 'images have NaN or infinite pixels. Check the files and transforms of the training images.' in str(e.value)
    assert 'learning rate' not in str(e.value)
    if not batch_augments:
        assert str(e.value).startswith('epoch 1, batch 1: the training loss is nan. 2 of its 8 images have')


def test_finite_images_of_a_loader():
    with pytest.raises(FloatingPointError, match='Try a smaller learning rate than 1e.08: lr=1e.07'):
        trained(Data(DataLoader(PART, batch_size=8), PART, DATA.classes), lr=1e8)


# schedules

LATE = [
    (dict(type='CosineAnnealingLR', begin=3), 'it begins after 3 epochs, and the training has 3'),
    (
        dict(type='LinearLR', begin=5, end=6, convert_to_iter_based=True),
        'it begins after 20 batches, and the training has 12',
    ),
    (dict(type='PolyLR', begin=12, by_epoch=False), 'it begins after 12 batches, and the training has 12'),
    (dict(type='MultiStepLR', milestones=[60, 30]), 'its first change comes after 30 epochs, and the training has 3'),
    (
        dict(type='MultiStepLR', milestones=[2], begin=1),
        'its first change comes after 3 epochs, and the training has 3',
    ),
    (dict(type='StepLR', step_size=3), 'its first change comes after 3 epochs, and the training has 3'),
]
IN_TIME = [
    dict(type='CosineAnnealingLR', begin=2),
    dict(type='LinearLR', end=5),
    dict(type='MultiStepLR', milestones=[2, 60]),
    dict(type='StepLR', step_size=2),
    dict(type='OneCycleLR'),
]


def schedule(phases):
    return build_schedule(SGD([torch.nn.Parameter(torch.zeros(1))], .1), phases, epochs=3, batches=4)


@pytest.mark.parametrize('phase, why', LATE, ids=lambda v: v if isinstance(v, str) else v['type'])
def test_phase_without_effect(phase, why):
    with pytest.warns(UserWarning) as said:
        schedule([dict(type='ConstantLR', end=1), phase])
    assert [str(w.message) for w in said] == [
        f'param_scheduler.1: {phase["type"]} has no effect: {why}. Train for more epochs, or change the phase.'
    ]


def test_phases_with_effect(recwarn):
    for phase in IN_TIME:
        schedule(phase)
    assert not recwarn.list


def test_phase_without_effect_is_reported_before_the_first_step():
    with pytest.warns(UserWarning, match='param_scheduler: CosineAnnealingLR has no effect'):
        trained(epochs=1, param_scheduler=dict(type='CosineAnnealingLR', begin=1))


# forms of data

def test_pairs_of_parts():
    "A pair trains as `Data` of the same parts does"
    expected = [{**r, 'seconds': 0} for r in trained(epochs=1, batch_size=8)]
    def loader():
        return DataLoader(PART, batch_size=8)
    assert [{**r, 'seconds': 0} for r in trained((PART, PART), epochs=1, batch_size=8)] == expected
    loaders = loader(), loader()
    one, two = (trained(data, epochs=1)[0]['train_loss'] for data in (loaders, Data(*loaders, DATA.classes)))
    assert one == two


@pytest.mark.parametrize('data, words', [
    ((PART, PART, PART),
     'data: expected (train, val), got 3 parts. Evaluate the others afterwards: evaluate(clf, PART).'),
    (DataLoader(PART, batch_size=8), 'as_data(train, val)')], ids=['three', 'one loader'])
def test_other_forms_are_refused(data, words):
    with pytest.raises(ConfigError) as e:
        trained(data)
    assert words in str(e.value)


def test_batch_size_beside_a_loader():
    train = DataLoader(PART, batch_size=8)
    assert len(trained((train, PART), epochs=1)) == len(trained((train, PART), epochs=1, batch_size=8)) == 1
    with pytest.raises(ConfigError) as e:
        trained((train, PART), batch_size=16)
    assert (
        str(e.value)
        == 'batch_size: the DataLoader makes the batches, of 8 images. Remove batch_size, or pass the data set.'
    )
