"""Every offered fix works: applying all offered fixes composes.

The contract, for `compose`, `compose_model`, `clsparts check` and the explorer: the fixes that a refusal offers,
applied together and in their order through the same entry point, result in a classifier that composes. Where issues
have no fix, exactly these remain.
"""

import json

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clsparts.checkpoints.checkpoint import load_classifier
from clsparts.cli.commands import main
from clsparts.composer.builder import compose, compose_model
from clsparts.composer.dry_run import resolve_model
from clsparts.composer.spec import KEYS, normalize_composition
from clsparts.config.config import Config, plain
from clsparts.core.errors import ConfigError, patched
from clsparts.core.registry import MODELS, parameters
from clsparts.explorer.state import START, State, selection_of

BACKBONES = [
    dict(type='ResNet', depth=18, base_channels=4, stem_channels=8),
    dict(type='ResNet_CIFAR', depth=18, base_channels=4),
    dict(type='MobileNetV2', widen_factor=0.25),
    dict(
        type='VisionTransformer',
        img_size=32,
        patch_size=8,
        arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16),
    ),
]
NECKS = [None, dict(type='GlobalAveragePooling'), dict(type='GeneralizedMeanPooling'), dict(type='ClsBatchNormNeck')]
HEADS = [
    dict(type='LinearClsHead', num_classes=10),
    dict(type='StackedLinearClsHead', num_classes=10, mid_channels=[8]),
    dict(type='VisionTransformerClsHead', num_classes=10),
    dict(type='ClsHead'),
]
LOSSES = [
    None,
    'CrossEntropyLoss',
    'FocalLoss',
    'L1Loss',
    dict(type='LabelSmoothLoss', label_smooth_val=0.1),
    dict(type='CrossEntropyLoss', use_soft=True),
    dict(type='CrossEntropyLoss', use_sigmoid=True),
    dict(type='CrossEntropyLoss', reduction='none'),
    dict(type='L1Loss', use_softmax=True),
    dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0]),
    ['CrossEntropyLoss', 'L1Loss'],
    [['FocalLoss', 2.0], ['CrossEntropyLoss', '1']],
]
SHAPES = [None, (3, 32, 32), (1, 28, 28), (3, 8, 8), (3, 30, 33), (32, 32), (32, 32, 3), (4, 40, 40)]
TARGETS = [None, 'labels', 'soft', 'multi-label', 'multilabel']

BUILT = dict(backbone=BACKBONES[0], neck=NECKS[1], head=HEADS[0])


def misspelt(draw, name):
    "A name with a letter left out, doubled or exchanged"
    i = draw(st.integers(0, len(name) - 1))
    return (
        draw(
            st.sampled_from(
                [name[:i] + name[i + 1 :], name[:i] + name[i] + name[i:], name[:i] + 'x' + name[i + 1 :], name.lower()]
            )
        )
        or 'x'
    )


def of_another_type(value):
    "What a config might hold by mistake"
    return [value] if isinstance(value, (str, bool)) else str(value) if isinstance(value, (int, float)) else repr(value)


def spoilt(draw, cfg):
    "A part's config with one fault"
    takes = {k: p.default for k, p in parameters(MODELS.get(cfg['type']))[0].items() if k != 'loss'}
    given = {k: v for k, v in {**takes, **cfg}.items() if isinstance(v, (int, float, str, tuple, list)) and k != 'type'}
    kind = draw(st.sampled_from(['name', 'type', 'argument', 'channels', 'argument twice', 'cfg', 'classes']))
    name = draw(st.sampled_from(sorted(given))) if given else 'dim'
    if kind == 'name':
        return {**cfg, 'type': misspelt(draw, cfg['type'])}
    if kind == 'type' and given:
        return {**cfg, name: of_another_type(given[name])}
    if kind == 'argument':
        return {k: v for k, v in cfg.items() if k != name} | {misspelt(draw, name): given.get(name, 2)}
    if kind == 'argument twice':
        return {**cfg, misspelt(draw, name): given.get(name, 2)}
    if kind == 'cfg' and 'norm_cfg' in takes:
        return {**cfg, 'norm_cfg': draw(st.sampled_from(['BN', dict(type='BNN'), dict(type='BN', epss=1e-3)]))}
    if kind == 'classes':
        return {**cfg, 'num_classes': draw(st.sampled_from([0, '10', 3, 1000, 10.]))}
    return {
        **cfg,
        draw(st.sampled_from(['in_channels', 'input_features'])): draw(st.sampled_from([2, 3, 17, 512, '64'])),
    }


def part(draw, cfgs):
    cfg = draw(st.sampled_from(cfgs))
    return cfg if not isinstance(cfg, dict) or draw(st.integers(0, 3)) else spoilt(draw, cfg)


@st.composite
def compositions(draw):
    "Parts that often fit each other, with perhaps a fault in each and perhaps some beside them"
    comp = {k: part(draw, o) for k, o in dict(backbone=BACKBONES, neck=NECKS, head=HEADS, loss=LOSSES).items()}
    if draw(st.integers(0, 8)) == 0:
        comp['neck'], comp['head'] = comp['head'], comp['neck']
    comp |= dict(
        num_classes=draw(st.sampled_from([None, None, None, 10, 7])),
        image_shape=draw(st.sampled_from(SHAPES)),
        targets=draw(st.sampled_from(TARGETS)),
    )
    if draw(st.integers(0, 5)) == 0:
        comp[draw(st.sampled_from(['depth', 'norm_eval', 'topk', 'backbone__depth', 'los', 'colour', 'dropout']))] = 34
    return comp


@st.composite
def configs(draw):
    "The same as the config of a classifier"
    comp = draw(compositions())
    model = dict(
        type='ImageClassifier',
        **{k: v for k, v in comp.items() if k not in ('loss', 'num_classes', 'image_shape') and v is not None},
    )
    if isinstance(comp['head'], dict) and comp['loss'] is not None:
        model['head'] = {**comp['head'], 'loss': comp['loss']}
    if draw(st.integers(0, 8)) == 0:
        model[misspelt(draw, 'neck')] = model.pop('neck', 'GlobalAveragePooling')
    if draw(st.integers(0, 8)) == 0:
        model['loss'], model['num_classes'] = 'CrossEntropyLoss', 10
    return model


def refused(f, *args, **kwargs):
    "The error that `f` raises; None if it raises none"
    with torch.device('meta'):
        try:
            f(*args, **kwargs)
        except ConfigError as e:
            return e


def remaining(before, after):
    "What the fixes of the findings `before` did not fix"
    unfixed = [f for f in before if f.fix is None]
    return [f for f in after if f not in unfixed]


def through_compose(comp):
    before = refused(compose, **comp)
    if before is None:
        return None
    after = refused(compose, **comp, fixes=before.fixes)
    return before.issues, after.issues if after else []


def through_model(model, **checks):
    before = refused(compose_model, model, **checks)
    if before is None:
        return None
    after = refused(compose_model, model, **checks, fixes=before.fixes)
    return before.issues, after.issues if after else []


def through_file(model):
    "As `clsparts check` does it: the fixes are written into the file"
    def check(cfg):
        return refused(lambda: resolve_model(Config(plain(cfg))['model']))
    cfg = dict(model=model)
    before = check(cfg)
    if before is None:
        return None
    after = check(patched(cfg, [f.prefixed('model') for f in before.fixes]))
    return before.issues, after.issues if after else []


def through_explorer(comp):
    state = State({**START, **selection_of(normalize_composition(comp))})
    before = state.resolved.issues
    if not before:
        return None
    state.fix_all()
    return before, state.resolved.issues


def holds(outcome, case):
    if outcome is None:
        return
    before, after = outcome
    left = remaining(before, after)
    assert left == [], (
        f'{case}\n\nis refused:\n'
        + '\n'.join(map(str, before))
        + '\n\nfixed, it is refused:\n'
        + '\n'.join(map(str, left))
    )


FUZZ = dict(derandomize=True, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


@settings(max_examples=60, **FUZZ)
@given(compositions())
def test_compose(comp):
    holds(through_compose(comp), comp)


@settings(max_examples=60, **FUZZ)
@given(configs(), st.sampled_from(SHAPES[:5]), st.sampled_from(TARGETS[:4]))
def test_compose_model(model, image_shape, targets):
    holds(through_model(model, image_shape=image_shape, targets=targets), model)


@settings(max_examples=40, **FUZZ)
@given(configs())
def test_check(model):
    holds(through_file(model), model)


@settings(max_examples=12, **FUZZ)
@given(compositions())
def test_explorer(comp):
    holds(through_explorer({k: v for k, v in comp.items() if k in KEYS}), comp)


@pytest.mark.parametrize('head', ['LinearClsHead', dict(type='LinearClsHead', num_classes=3)], ids=str)
def test_number_of_classes_as_text(head):
    comp = dict(backbone=BACKBONES[0], neck='GlobalAveragePooling', head=head, num_classes='3')
    before, after = through_compose(comp)
    assert [f.fix and f.fix.set['num_classes'] for f in before] == [3] and after == []


def as_model(fixes=(), **parts):
    return compose_model(dict(type='ImageClassifier', **parts), fixes=fixes)


@pytest.mark.parametrize('entry', [compose, as_model], ids=['parts', 'model'])
def test_pretrained_of_a_backbone(entry):
    "One fix, which keeps the weights"
    parts = dict(
        backbone=dict(BACKBONES[0], pretrained='absent.pth'),
        neck='GlobalAveragePooling',
        head=dict(type='LinearClsHead', num_classes=3),
    )
    before = refused(entry, **parts)
    assert [f.set for f in before.fixes] == [
        {'backbone.init_cfg': dict(type='Pretrained', checkpoint='absent.pth')}
    ] and len(before.issues) == 1
    with pytest.raises(ConfigError, match='absent.pth'):
        entry(**parts, fixes=before.fixes)


@pytest.mark.parametrize('wrong', [None, 'x', ['x'], 3], ids=str)
def test_fixes_that_are_none(wrong):
    for entry in (lambda: compose(**BUILT, fixes=wrong), lambda: compose_model(BUILT, fixes=wrong)):
        assert (
            str(refused(entry))
            == f'fixes: expected a list of fixes, got {wrong!r}. Pass the `fixes` of an earlier error.'
        )


@pytest.mark.parametrize('wrong', [None, 'ResNet', 3], ids=str)
def test_a_model_that_is_no_dict(wrong):
    assert str(refused(compose_model, wrong)) == f'expected a dict, got {wrong!r}.'


# ---- the final config of OpenMMLab's guide to new parts: its loss compares distributions ----

GUIDE = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet_CIFAR', depth=18, num_stages=4, out_indices=[3], style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=512, loss=dict(type='L1Loss', loss_weight=1.0), topk=[1, 5]
    ),
)
SMALL = {
    **GUIDE,
    'backbone': {**GUIDE['backbone'], 'in_channels': 1, 'base_channels': 4, 'stem_channels': 4},
    'head': {**GUIDE['head'], 'in_channels': 32},
}


def in_parts(model):
    return {k: model[k] for k in ('backbone', 'neck', 'head')}


def test_guide_in_python():
    for outcome in (
        through_compose(in_parts(GUIDE)),
        through_model(GUIDE),
        through_model(GUIDE, targets='labels'),
        through_file(GUIDE),
        through_explorer(in_parts(GUIDE)),
    ):
        before, after = outcome
        assert [f.fix.set for f in before] == [{'targets': 'soft'}] and after == []


def test_guide_is_kept():
    "`targets` is part of the config, which builds again; labels become distributions"
    clf = compose_model({**SMALL, 'targets': 'soft'}, (1, 32, 32), 'labels')
    same = compose(**in_parts(SMALL), targets='soft', image_shape=(1, 32, 32))
    assert same.cfg == clf.cfg and clf.cfg['targets'] == 'soft'
    again = compose_model(clf.cfg)
    assert again.swap(neck='GeneralizedMeanPooling').cfg['targets'] == 'soft'
    x, y = torch.randn(4, 1, 32, 32), torch.tensor([0, 3, 9, 3])
    clf.eval()
    expected = (clf(x) - torch.nn.functional.one_hot(y, 10)).abs().sum(1).mean()
    torch.testing.assert_close(clf.loss(x, y)['loss'], expected)
    state = State(
        {
            **START,
            **selection_of(normalize_composition({**in_parts(SMALL), 'targets': 'soft', 'image_shape': (1, 32, 32)})),
        }
    )
    assert (
        state.resolved.ok
        and state.resolved.model['targets'] == 'soft'
        and compose_model(state.resolved.model).targets == 'soft'
    )


@pytest.mark.parametrize('targets', ['labels', 'soft', 'multi-label'])
def test_other_targets_than_the_data(targets):
    "Labels become soft targets; any other difference is a finding"
    e = refused(
        compose_model,
        {**SMALL, 'head': {**SMALL['head'], 'loss': 'CrossEntropyLoss'}, 'targets': targets},
        targets='labels',
    )
    assert (e is None) == (targets in ('labels', 'soft')) and (e is None or e.issues[0].path == 'targets')


def test_guide_on_the_command_line(tmp_path, capsys):
    path = tmp_path/'config.json'
    path.write_text(json.dumps(dict(model=SMALL, data='digits', train=dict(epochs=1, batch_size=256))))
    fix = '--cfg-options', 'model.targets=soft'
    assert main(['check', str(path)]) == 1 and "Set model.targets='soft'." in capsys.readouterr().out
    assert main(['check', str(path), *fix]) == 0
    assert main(['show', str(path)]) == 2 and "Set model.targets='soft'." in capsys.readouterr().err
    assert main(['show', str(path), *fix]) == 0
    assert (
        main(['train', str(path), '--work-dir', str(tmp_path / 'a')]) == 2
        and "Set model.targets='soft'." in capsys.readouterr().err
    )
    assert main(['train', str(path), '--work-dir', str(tmp_path/'b'), *fix]) == 0
    assert load_classifier(tmp_path/'b'/'checkpoint.safetensors')[0].targets == 'soft'
