"Every backbone with every neck, every head and every loss: it trains, or says in words why it does not."
import functools
import itertools

import pytest
import torch
from common import minimal, narrow, parts

from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS, parameters

OUT_TYPES = ('raw', 'cls_token', 'featmap', 'avg_featmap')


def backbones():
    "A small config of every backbone; several where one can give several forms of output"
    for e in parts('backbone'):
        cfg = narrow(e)
        forms = [{}] if 'out_type' not in parameters(e.part)[0] else [dict(out_type=o) for o in OUT_TYPES]
        for form in forms:
            yield '-'.join([e.name, *form.values()]), {**cfg, **form}


def without_channels(cfg):
    "What `compose` fills in is left out"
    return {k: v for k, v in cfg.items() if k not in ('in_channels', 'input_features')}


BACKBONES = dict(backbones())
NECKS = {'none': None} | {e.name: without_channels(minimal(e)) for e in parts('neck')}
HEADS = {e.name: without_channels(minimal(e)) for e in parts('head')}
LOSSES = {e.name: minimal(e) for e in parts('loss')}
LABELS = torch.tensor([0, 3, 1, 3])


def train_once(clf):
    "The loss of one step, on labels or, where the loss refuses these, on distributions"
    clf.train()
    optimizer = torch.optim.SGD([p for p in clf.parameters() if p.requires_grad], .001)
    images = torch.randn(4, 3, 32, 32)
    try:
        loss = clf.loss(images, LABELS)['loss']
    except ValueError as e:
        if 'float targets' not in str(e):
            raise
        columns = clf(images).shape[1]
        loss = clf.loss(images, torch.nn.functional.one_hot(LABELS, columns).float())['loss']
    loss.backward()
    optimizer.step()
    return loss.item()


def tried(f, *args, **kwargs):
    "What `f` returns, or the error in place of it"
    torch.manual_seed(0)
    try:
        return f(*args, **kwargs)
    except Exception as e:
        return e


@functools.cache
def composed(backbone, neck, head):
    "The classifier, or the error in place of it"
    return tried(compose, BACKBONES[backbone], NECKS[neck], HEADS[head], image_shape=(3, 32, 32))


@functools.cache
def outcome(backbone, neck, head, loss):
    "The loss of a step, or the error in place of it"
    clf = composed(backbone, neck, head)
    if isinstance(clf, Exception):
        return clf
    clf.head.loss_module = MODELS.build(LOSSES[loss], 'loss')
    return tried(train_once, clf)


def pairs(combination):
    return set(itertools.combinations(enumerate(combination), 2))


def covering(*kinds):
    "Few combinations of a member of each kind, with every two members of two kinds together in at least one of them"
    together = [
        ((i, a), (j, b))
        for (i, one), (j, other) in itertools.combinations(enumerate(kinds), 2)
        for a in one
        for b in other
    ]
    missing, chosen = dict.fromkeys(together), []
    while missing:
        members = dict(next(iter(missing)))
        for k, kind in enumerate(kinds):
            if k in members:
                continue

            def gain(member, k=k, members=members):
                return sum(tuple(sorted([o, (k, member)])) in missing for o in members.items())
            members[k] = max(kind, key=gain)
        chosen.append(tuple(members[k] for k in range(len(kinds))))
        for pair in pairs(chosen[-1]):
            missing.pop(pair, None)
    return chosen


@functools.cache
def chosen():
    "Every two parts of two kinds in at least one combination, and each part with each loss where they compose"
    found = covering(BACKBONES, NECKS, HEADS, LOSSES)
    for i, kind in enumerate((BACKBONES, NECKS, HEADS)):
        for part in kind:
            with_part = (c for c in itertools.product(BACKBONES, NECKS, HEADS) if c[i] == part)
            composes = next((c for c in with_part if not isinstance(composed(*c), Exception)), None)
            if composes:
                found += [(*composes, loss) for loss in LOSSES]
    return list(dict.fromkeys(found))


def check_outcome(combination):
    "It trains, or says in words why it does not"
    where, found = ' + '.join(combination), outcome(*combination)
    if isinstance(found, Exception):
        assert type(found) is ValueError or isinstance(found, ConfigError), f'{where}: {type(found).__name__}: {found}'
        assert len(str(found)) > 20, f'{where}: {found}'
        assert 'could not be built' not in str(found) and 'Error:' not in str(found), f'{where}: {found}'
    else:
        assert found == found and abs(found) < 1e6, f'{where}: the loss is {found}'


@pytest.mark.parametrize('backbone', BACKBONES)
def test_trains_or_says_why(backbone):
    "With every neck, every head and every loss, not in all their combinations"
    combinations = [c for c in chosen() if c[0] == backbone]
    assert [{c[i] for c in combinations} for i in (1, 2, 3)] == [set(NECKS), set(HEADS), set(LOSSES)]
    for c in combinations:
        check_outcome(c)


@pytest.mark.slow
@pytest.mark.parametrize('backbone', BACKBONES)
def test_every_combination_trains_or_says_why(backbone):
    for c in itertools.product([backbone], NECKS, HEADS, LOSSES):
        check_outcome(c)


def test_every_two_parts_are_together():
    "The combinations are far fewer than all, and leave no pair out"
    every = set().union(*map(pairs, itertools.product(BACKBONES, NECKS, HEADS, LOSSES)))
    few = covering(BACKBONES, NECKS, HEADS, LOSSES)
    assert set().union(*map(pairs, few)) == every
    assert len(few) < 1.5 * max(
        len(a) * len(b) for a, b in itertools.combinations((BACKBONES, NECKS, HEADS, LOSSES), 2)
    )


def test_everything_trains_with_something():
    "No part hides behind its error messages"
    trained = [c for c in chosen() if not isinstance(outcome(*c), Exception)]
    used = [{c[i] for c in trained} for i in range(4)]
    assert [sorted(set(names) - u) for names, u in zip((BACKBONES, NECKS, HEADS, LOSSES), used, strict=True)] == [
        ['VisionTransformer-raw'],
        [],
        [],
        [],
    ]


@pytest.mark.parametrize('backbone', ['ResNet', 'ResNet_CIFAR', 'MobileNetV2', 'VisionTransformer-featmap'])
def test_maps_fit_pooling(backbone):
    "Every backbone that returns a map trains behind a pooling, with every loss"
    for neck, loss in itertools.product(('GlobalAveragePooling', 'GeneralizedMeanPooling'), LOSSES):
        found = outcome(backbone, neck, 'LinearClsHead', loss)
        assert not isinstance(found, Exception), f'{backbone} + {neck} + {loss}: {found}'


@pytest.mark.parametrize('head', HEADS)
@pytest.mark.parametrize('loss', LOSSES)
def test_compose_takes_every_loss(head, loss):
    clf = compose(BACKBONES['VisionTransformer-cls_token'], None, HEADS[head], LOSSES[loss], image_shape=(3, 32, 32),
                  targets='soft' if loss == 'L1Loss' else 'labels')
    assert type(clf.head.loss_module) is MODELS.get(loss)
    assert clf.cfg['head']['loss']['type'] == loss
    assert abs(train_once(clf)) < 1e6
