"Every backbone, as ONNX and as a program of torch: the file gives what the classifier gives."
import json

import onnxruntime
import pytest
import torch
from common import narrow, parts
from test_pairs import BACKBONES, without_channels
from torch import nn
from torch.testing import assert_close

from clsparts.composer.builder import compose
from clsparts.data.transforms import Preset
from clsparts.evaluation.export import export_onnx, export_program

SHAPE = (3, 32, 32)
GAP, LINEAR, TOKEN = 'GlobalAveragePooling', 'LinearClsHead', 'VisionTransformerClsHead'


def usual(cfg):
    "A small backbone with the neck and the head that usually follow it, which has seen something"
    torch.manual_seed(0)
    ends = (None, TOKEN) if cfg['type'] == 'VisionTransformer' else (GAP, LINEAR)
    return seen(compose(without_channels(cfg), *ends, num_classes=3, image_shape=SHAPE))


def seen(clf):
    "Norms with numbers of their own, so that none can be left out unnoticed"
    for m in clf.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.uniform_(-.3, .3), m.running_var.uniform_(.5, 2.)
            if m.affine:
                nn.init.uniform_(m.weight, .5, 1.5)
    return clf.eval()


def onnx_answers(path, x):
    return torch.from_numpy(onnxruntime.InferenceSession(path).run(None, dict(images=x.numpy()))[0])


def program_answers(path, x):
    return torch.export.load(path).module()(x)


FORMATS = dict(onnx=(export_onnx, onnx_answers), pt2=(export_program, program_answers))


@torch.no_grad()
def check(clf, tmp_path, ending, **options):
    "The file has the answers of the classifier, for batches of other sizes than it was written with"
    write, answers = FORMATS[ending]
    path = write(clf, tmp_path/f'clf.{ending}', SHAPE, **options)
    for n in (1, 5):
        x = torch.randn(n, *SHAPE)
        expected = clf.predict(x).pred_score if options.get('probabilities') else clf(x)
        assert_close(answers(path, x), expected, rtol=1e-3, atol=1e-4)


# one backbone of each module for a start, all of them in both forms if there is time
FIRST = {e.module: e.name for e in reversed(parts('backbone'))}.values()
QUICK = [
    pytest.param(e.name, ending, ending == 'onnx', marks=[] if e.name in FIRST else pytest.mark.slow)
    for e in parts('backbone')
    for ending in FORMATS
]
REST = [
    pytest.param(e.name, ending, ending != 'onnx', marks=pytest.mark.slow)
    for e in parts('backbone')
    for ending in FORMATS
]


@pytest.mark.parametrize('backbone, ending, merge', QUICK + REST)
def test_backbone(backbone, ending, merge, tmp_path):
    entry = next(e for e in parts('backbone') if e.name == backbone)
    check(usual(narrow(entry)), tmp_path, ending, merge=merge)


SMALL = dict(type='ResNet_CIFAR', depth=18, base_channels=4, stem_channels=4)
ENDS = dict(
    ClsBatchNormNeck=(BACKBONES['VisionTransformer-avg_featmap'], 'ClsBatchNormNeck', LINEAR),
    GeneralizedMeanPooling=(SMALL, 'GeneralizedMeanPooling', LINEAR),
    ClsHead=(BACKBONES['VisionTransformer-avg_featmap'], None, 'ClsHead'),
    StackedLinearClsHead=(SMALL, GAP, dict(type='StackedLinearClsHead', mid_channels=(8,), norm_cfg=dict(type='BN1d'))),
    featmap=(BACKBONES['VisionTransformer-featmap'], GAP, LINEAR))


@pytest.mark.slow
@pytest.mark.parametrize('ending', FORMATS)
@pytest.mark.parametrize('part', ENDS)
def test_other_ends(part, ending, tmp_path):
    check(
        seen(compose(*ENDS[part], num_classes=None if part == 'ClsHead' else 3, image_shape=SHAPE)),
        tmp_path,
        ending,
        merge=True,
    )


def test_every_end_is_there():
    assert {e.name for kind in ('neck', 'head') for e in parts(kind)} <= {*ENDS, GAP, LINEAR, TOKEN}


@pytest.mark.slow
@pytest.mark.parametrize('ending', FORMATS)
@pytest.mark.parametrize('loss', ['CrossEntropyLoss', 'FocalLoss'])
def test_probabilities(loss, ending, tmp_path):
    "Over a softmax, or each class for itself"
    check(
        seen(compose(SMALL, GAP, LINEAR, loss, num_classes=3, image_shape=SHAPE)), tmp_path, ending, probabilities=True
    )


def test_whoever_has_the_file(tmp_path):
    "Preset and classes lead from a photograph to a name, without the classifier"
    clf, preset = usual(SMALL), Preset(32, mean=(.5,) * 3, std=(.25,) * 3)
    path = export_onnx(clf, tmp_path/'clf.onnx', SHAPE, classes=['ant', 'bee', 'cat'], preset=preset)
    photo = torch.randint(0, 256, (3, 60, 45)).byte()
    kept = {k: json.loads(v) for k, v in onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map.items()}
    x = Preset(**kept['preset']).eval_transform()(photo)[None]
    assert list(x.shape[1:]) == kept['image_shape']
    assert_close(onnx_answers(path, x), clf(preset.eval_transform()(photo)[None]), rtol=1e-3, atol=1e-4)
    assert kept['classes'] == ['ant', 'bee', 'cat']
