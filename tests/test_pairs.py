"Every backbone with every neck, head and loss: it trains, or says in words why it does not."
import functools

import pytest
import torch

from clsparts.compose import compose
from clsparts.config import ConfigError
from clsparts.registry import MODELS, parameters
from common import NEEDED, minimal, narrow, parts

OUT_TYPES = dict(raw={}, cls_token={}, featmap={}, avg_featmap={})


def backbones():
    "A small config of every backbone; several where one can give several forms of output"
    for e in parts('backbone'):
        cfg = narrow(e)
        forms = [{}] if 'out_type' not in parameters(e.part)[0] else [dict(out_type=o) for o in ('raw', 'cls_token', 'featmap', 'avg_featmap')]
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
    optimizer = torch.optim.SGD([p for p in clf.parameters() if p.requires_grad], .01)
    images = torch.randn(4, 3, 32, 32)
    try: loss = clf.loss(images, LABELS)['loss']
    except ValueError as e:
        if 'distribution' not in str(e): raise
        columns = clf(images).shape[1]
        loss = clf.loss(images, torch.nn.functional.one_hot(LABELS, columns).float())['loss']
    if loss.requires_grad: loss.backward()
    optimizer.step()
    return loss.item()


@functools.cache
def outcomes(backbone):
    "By neck, head and loss: the loss of a step, or the error in place of it"
    found = {}
    for neck, neck_cfg in NECKS.items():
        for head, head_cfg in HEADS.items():
            for loss, loss_cfg in LOSSES.items():
                torch.manual_seed(0)
                try: found[neck, head, loss] = train_once(compose(BACKBONES[backbone], neck_cfg, head_cfg, loss_cfg, image_shape=(3, 32, 32)))
                except Exception as e: found[neck, head, loss] = e
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
