"Every backbone with every neck, head and loss: it trains, or says in words why it does not."
import functools
import itertools

import pytest
import torch

from clsparts.compose import compose
from clsparts.findings import ConfigError
from clsparts.registry import MODELS, parameters
from common import minimal, narrow, parts

OUT_TYPES = ('raw', 'cls_token', 'featmap', 'avg_featmap')


def backbones():
    "A small config of every backbone; several where one can give several forms of output"
    for e in parts('backbone'):
        cfg = narrow(e)
        forms = [{}] if 'out_type' not in parameters(e.part)[0] else [dict(out_type=o) for o in OUT_TYPES]
        for form in forms: yield '-'.join([e.name, *form.values()]), {**cfg, **form}


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
    try: loss = clf.loss(images, LABELS)['loss']
    except ValueError as e:
        if 'distribution' not in str(e): raise
        columns = clf(images).shape[1]
        loss = clf.loss(images, torch.nn.functional.one_hot(LABELS, columns).float())['loss']
    loss.backward()
    optimizer.step()
    return loss.item()


def tried(f, *args, **kwargs):
    "What `f` gives, or the error in place of it"
    torch.manual_seed(0)
    try: return f(*args, **kwargs)
    except Exception as e: return e


@functools.cache
def outcomes(backbone):
    "By neck, head and loss: the loss of a step, or the error in place of it"
    found = {}
    for (neck, neck_cfg), (head, head_cfg) in itertools.product(NECKS.items(), HEADS.items()):
        clf = tried(compose, BACKBONES[backbone], neck_cfg, head_cfg, image_shape=(3, 32, 32))
        for loss, cfg in LOSSES.items():
            if not isinstance(clf, Exception): clf.head.loss_module = MODELS.build(cfg, 'loss')
            found[neck, head, loss] = clf if isinstance(clf, Exception) else tried(train_once, clf)
    return found


@pytest.mark.parametrize('backbone', BACKBONES)
def test_trains_or_says_why(backbone):
    for combination, outcome in outcomes(backbone).items():
        where = ' + '.join([backbone, *combination])
        if isinstance(outcome, Exception):
            assert type(outcome) is ValueError or isinstance(outcome, ConfigError), f'{where}: {type(outcome).__name__}: {outcome}'
            assert len(str(outcome)) > 20, f'{where}: {outcome}'
            assert 'could not be built' not in str(outcome) and 'Error:' not in str(outcome), f'{where}: {outcome}'
        else: assert outcome == outcome and abs(outcome) < 1e6, f'{where}: the loss is {outcome}'


def test_everything_trains_with_something():
    "No part hides behind its error messages"
    trained = {(b, *c) for b in BACKBONES for c, o in outcomes(b).items() if not isinstance(o, Exception)}
    used = [{t[i] for t in trained} for i in range(4)]
    assert [sorted(set(names) - u) for names, u in zip((BACKBONES, NECKS, HEADS, LOSSES), used)] == [['VisionTransformer-raw'], [], [], []]


def test_maps_fit_pooling():
    "Every backbone that gives a map trains behind a pooling, with every loss"
    for b in ('ResNet', 'ResNet_CIFAR', 'MobileNetV2', 'VisionTransformer-featmap'):
        for loss in LOSSES:
            for neck in ('GlobalAveragePooling', 'GeneralizedMeanPooling'):
                outcome = outcomes(b)[neck, 'LinearClsHead', loss]
                assert not isinstance(outcome, Exception), f'{b} + {neck} + {loss}: {outcome}'


@pytest.mark.parametrize('head', HEADS)
@pytest.mark.parametrize('loss', LOSSES)
def test_compose_takes_every_loss(head, loss):
    clf = compose(BACKBONES['VisionTransformer-cls_token'], None, HEADS[head], LOSSES[loss], image_shape=(3, 32, 32),
                  targets='soft' if loss == 'L1Loss' else 'labels')
    assert type(clf.head.loss_module) is MODELS.get(loss)
    assert clf.cfg['head']['loss']['type'] == loss
    assert abs(train_once(clf)) < 1e6
