"What OpenMMLab has and clsparts lacks is named as such; it is no slip of another name, and nothing is guessed."
import pytest
import torch

from clsparts.composer.dry_run import resolve, resolve_model
from clsparts.composer.spec import ComposeError
from clsparts.core.errors import ConfigError
from clsparts.core.openmmlab_names import NAMES, PARTS, absent
from clsparts.core.registry import MODELS
from clsparts.data.sources import SOURCES, TORCHVISION, read_source
from clsparts.training.optimizers import check_optim_wrapper
from clsparts.training.schedules import ONE, PHASES, check_param_scheduler

LACKING = [(kind, name) for kind in PARTS for name in NAMES[kind] if not MODELS._search(name)]
R18, GAP = dict(type='ResNet', depth=18), dict(type='GlobalAveragePooling')
HEAD = dict(type='LinearClsHead', num_classes=10, in_channels=512)


def refused(call, *args, error=ConfigError):
    with pytest.raises(error) as caught:
        call(*args)
    return caught.value


def examined(**model):
    return refused(resolve_model, dict(backbone=R18, neck=GAP, head=HEAD) | model, error=ComposeError).issues


def test_every_name():
    assert len(LACKING) > 100
    for kind, name in LACKING:
        for wanted in dict.fromkeys([kind if kind in ('backbone', 'neck', 'head', 'loss') else None, 'backbone']):
            finding, = refused(MODELS.find, name, wanted).issues
            assert (finding.absent, finding.fix) == (name, None)
            assert finding.message.startswith(absent(name)) and 'Did you mean' not in finding.message


@pytest.mark.parametrize('name', ['RegNet', 'ResNeXt', 'SwinTransformer', 'MobileNetV3', 'CSPResNet'])
def test_nothing_is_derived(name):
    "The channels of the head fit the absent backbone, and not the one whose name is similar"
    finding, = examined(backbone=dict(type=name, arch='x'), head=dict(HEAD, in_channels=1024))
    assert (finding.path, finding.fix, finding.absent) == ('backbone.type', None, name)


def test_what_needs_no_such_part_is_checked():
    head = dict(type='LinearHead', num_class=10, loss=dict(type='FocalLos'))
    found = examined(backbone=dict(type='RegNet'), neck=dict(GAP, dims=2), head=head)
    assert [f.path for f in found] == ['backbone.type', 'neck.dims', 'head.type', 'head.loss.type', 'head.num_class']
    assert [f.absent for f in found] == ['RegNet', '', '', '', ''] and all(f.fix for f in found[1:])


@pytest.mark.parametrize('model, path, name', [
    (dict(neck=dict(type='NonLinearNeck', in_channels=7)), 'neck.type', 'NonLinearNeck'),
    (dict(head=dict(type='CSRAClsHead', in_channels=7)), 'head.type', 'CSRAClsHead'),
    (dict(head=dict(HEAD, loss=dict(type='AsymmetricLoss', clip=.1))), 'head.loss.type', 'AsymmetricLoss'),
    (dict(backbone=dict(R18, norm_cfg=dict(type='GRN'))), 'backbone.norm_cfg.type', 'GRN'),
    (dict(type='MAE'), 'type', 'MAE')])
def test_each_place(model, path, name):
    finding, = examined(**model)
    assert (finding.path, finding.absent, finding.fix) == (path, name, None)


def test_a_model_with_absent_parts():
    head = dict(type='LatentPredictHead', loss=dict(type='CosineSimilarityLoss'))
    found = examined(type='SimSiam', neck=dict(type='NonLinearNeck'), head=head)
    assert [f.absent for f in found] == ['SimSiam', 'NonLinearNeck', 'LatentPredictHead', 'CosineSimilarityLoss']


@pytest.mark.parametrize('name, meant', [
    ('ResNett', 'ResNet'), ('Resnet', 'ResNet'), ('resnet_cifar', 'ResNet_CIFAR'),
    ('VisionTransformr', 'VisionTransformer'),
    ('MobilNetV2', 'MobileNetV2'),
    *((n, None) for n in ('MobileNetV4', 'SwinTransfomer', 'RegNett', 'ConvNet', 'SENet'))])
def test_slips(name, meant):
    "Another number, another family and a slip of an absent name are no slips of what is there"
    finding, = refused(MODELS.find, name, 'backbone').issues
    assert finding.absent == '' and (finding.fix.set if finding.fix else None) == ({'type': meant} if meant else None)
    assert ('Did you mean' in finding.message) == bool(meant)


def test_a_class_of_your_own_under_such_a_name(monkeypatch):
    monkeypatch.setattr(MODELS, '_entries', dict(MODELS._entries))
    MODELS.register_module('RegNet', module=MODELS.get('ResNet'), kind='backbone')
    assert resolve(dict(backbone=dict(type='RegNet', depth=18)))['backbone'] == dict(type='RegNet', depth=18)


def test_recipes():
    asked = dict(optimizer=lambda n: check_optim_wrapper(dict(optimizer=dict(type=n))),
                 schedule=lambda n: check_param_scheduler(dict(type=n)), dataset=read_source)
    here = {'lars', 'lamb', *PHASES, *ONE, *SOURCES, *(cls for cls, _ in TORCHVISION.values()), *vars(torch.optim)}
    constant = ('Momentum', 'WeightDecay', 'ParamScheduler')
    for kind in ('optimizer', 'schedule', 'dataset'):
        for name in NAMES[kind]:
            if name.lower() in {o.lower() for o in here} or name.endswith(constant):
                continue
            error = refused(asked[kind], name)
            assert absent(name, kind) in str(error) and 'Did you mean' not in str(error) and not error.fixes, error
