"Parts and parameter groups against recordings of mmpretrain 1.2.0, and arguments of the wrong type."
import gzip
import json
import warnings
from functools import cache
from typing import get_args, get_origin

import numpy as np
import pytest
import torch
from common import KINDS, minimal, parts
from torch.testing import assert_close

from clsparts.backbones.mobilenet_v2 import NumberedInvertedResidual
from clsparts.backbones.resnet import BasicBlock, Bottleneck
from clsparts.backbones.vision_transformer import TransformerEncoderLayer
from clsparts.base.testing import fill, golden_folder
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS, parameters
from clsparts.layers.attention import MultiheadAttention
from clsparts.layers.conv import ConvModule
from clsparts.layers.drop import DropPath
from clsparts.layers.embed import PatchEmbed
from clsparts.layers.ffn import FFN, SwiGLUFFN, SwiGLUFFNFused
from clsparts.layers.inverted_residual import InvertedResidual
from clsparts.layers.layer_scale import LayerScale
from clsparts.layers.se import SELayer
from clsparts.training.optimizers import LAYER_DECAY, build_optimizer

# mmpretrain's rules that are refused here, and where
REFUSED = {
    'barlowtwins': 'custom_keys.bias.lars_exclude',
    'byol': 'custom_keys.bias.lars_exclude',
    'simsiam': 'custom_keys.predictor.fix_lr',
    'twins': '_delete',
}


@cache
def record():
    with gzip.open(golden_folder()/'param_groups.json.gz', 'rt') as f:
        return json.load(f)


@cache
def net(name):
    with torch.device('meta'):
        return MODELS.build(dict(type='ImageClassifier', **record()['nets'][name]['model']))


def groups_here(name, rule):
    "`[lr, weight decay]` of every parameter, None if frozen"
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        cfg = dict(optimizer=record()['optimizer'], **{k: v for k, v in rule.items() if k != 'config'})
        optimizer = build_optimizer(net(name), cfg)
    found = {n: [g['lr'], g['weight_decay']] for g in optimizer.param_groups for n in g['param_names']}
    return {n: found.get(n) for n, _ in net(name).named_parameters()}


def rounded(pair):
    return pair and [float(f'{v:.12g}') for v in pair]


@pytest.mark.parametrize('name', ['ResNet-50', 'ResNet-152, deep stem', 'ViT-B', 'ViT-B, averaged, pre-norm',
                                  'MobileNetV2'])
def test_parameter_groups(name):
    "Learning rate and weight decay of every parameter, for each of mmpretrain's 38 `paramwise_cfg` and some more"
    recorded, equal = record()['nets'][name], 0
    assert sorted(recorded['names']) == sorted(n for n, _ in net(name).named_parameters())
    for rule, groups in zip(record()['rules'], recorded['groups'], strict=True):
        family = (rule.get('config') or '').split('/')[0]
        if family in REFUSED:
            with pytest.raises(ConfigError) as e:
                groups_here(name, rule)
            assert e.value.issues[0].path == f'optim_wrapper.paramwise_cfg.{REFUSED[family]}'
        # no rule for MobileNetV2 there; layers are counted in blocks here
        elif groups != 'NotImplementedError':
            pairs = [groups['pairs'][ord(c) - ord('A')] for c in groups['which']]
            expected = dict(zip(recorded['names'], pairs, strict=True))
            found, equal = groups_here(name, rule), equal + 1
            different = [(n, found[n], expected[n]) for n in expected if rounded(found[n]) != rounded(expected[n])]
            assert not different, f'{rule}: {different[:3]}'
    assert equal == (31 if name == 'MobileNetV2' else 41)


@pytest.mark.parametrize('rule', [dict(bias_lr_mult=2.), dict(dwconv_decay_mult=0.),
                                  dict(custom_keys=dict(head=dict(lr_mult=2.)))], ids=lambda r: next(iter(r)))
def test_without_effect_under_layer_decay(rule):
    "mmpretrain ignores these multipliers; here they are refused"
    with pytest.raises(ConfigError):
        groups_here('ViT-B', dict(paramwise_cfg=dict(layer_decay_rate=.5, **rule), constructor=LAYER_DECAY))


def test_keys_with_a_leading_dot_match_nothing():
    cfg = dict(optimizer=dict(type='SGD', lr=1.), paramwise_cfg=dict(custom_keys={'.backbone': dict(lr_mult=.1)}))
    with pytest.warns(UserWarning, match="'.backbone' matches no parameter"):
        optimizer = build_optimizer(net('MobileNetV2'), cfg)
    assert [g['lr'] for g in optimizer.param_groups] == [1.]


def test_gem_exponent_loads():
    neck = MODELS.build(dict(type='GeneralizedMeanPooling', p_trainable=False))
    assert list(neck.state_dict()) == ['p'] and not neck.p.requires_grad
    neck.load_state_dict(dict(p=torch.tensor([5.])))
    assert neck.p.item() == 5


@pytest.mark.parametrize('name', ['swiglu', 'patches'])
def test_recorded_transformers(name):
    "Names, shapes and features of small transformers with SwiGLU, and with patches that overlap"
    with gzip.open(golden_folder()/'small_transformers.json.gz', 'rt') as f:
        recorded = json.load(f)[name]
    backbone = fill(MODELS.build(recorded['backbone']).double()).eval()
    assert {k: list(v.shape) for k, v in backbone.state_dict().items()} == recorded['state']
    image = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 32, 32)))
    with torch.no_grad():
        out, = backbone(image)
    assert_close(out, torch.tensor(recorded['out'], dtype=torch.float64), rtol=1e-8, atol=1e-8)


def test_dinov2_giant():
    with gzip.open(golden_folder()/'small_transformers.json.gz', 'rt') as f:
        recorded = json.load(f)['dinov2-giant']
    with torch.device('meta'):
        backbone = MODELS.build(recorded['backbone'])
    assert {k: list(v.shape) for k, v in backbone.state_dict().items()} == recorded['state']


ATTRIBUTES = {
    'conv': (
        lambda: ConvModule(8, 16, 3, stride=2, padding=1, norm_cfg=dict(type='BN')),
        dict(
            in_channels=8,
            out_channels=16,
            kernel_size=(3, 3),
            stride=(2, 2),
            padding=1,
            dilation=(1, 1),
            groups=1,
            norm_name='bn',
            with_norm=True,
            with_activation=True,
            with_bias=False,
            inplace=True,
        ),
    ),
    'bare conv': (
        lambda: ConvModule(8, 16, 3, act_cfg=None),
        dict(norm=None, norm_name=None, with_norm=False, with_activation=False, with_bias=True),
    ),
    'basic block': (
        lambda: BasicBlock(8, 8),
        dict(in_channels=8, out_channels=8, stride=1, dilation=1, expansion=1, mid_channels=8),
    ),
    'bottleneck': (
        lambda: Bottleneck(8, 8),
        dict(in_channels=8, out_channels=8, stride=1, conv1_stride=1, conv2_stride=1, expansion=4),
    ),
    'wide block': (lambda: BasicBlock(8, 8, expansion=2), dict(expansion=2, mid_channels=4)),
    'inverted residual': (
        lambda: InvertedResidual(8, 8, 16),
        dict(with_expand_conv=True, with_res_shortcut=True, with_se=False, stride=1),
    ),
    'numbered': (lambda: NumberedInvertedResidual(8, 16, 48, stride=2), dict(stride=2, use_res_connect=False)),
    'ffn': (lambda: FFN(8, 16, num_fcs=3), dict(num_fcs=3)),
    'resnet': (
        lambda: MODELS.build(dict(type='ResNet', depth=50)),
        dict(
            stage_blocks=(3, 4, 6, 3),
            feat_dim=2048,
            num_stages=4,
            stem_channels=64,
            base_channels=64,
            expansion=4,
            style='pytorch',
            avg_down=False,
        ),
    ),
    'mobilenet': (lambda: MODELS.build('MobileNetV2'), dict(out_channel=1280, with_cp=False)),
}


@pytest.mark.parametrize('case', ATTRIBUTES)
def test_attributes(case):
    "What detectors and tools read from blocks"
    make, expected = ATTRIBUTES[case]
    with torch.device('meta'):
        module = make()
    assert {k: getattr(module, k) for k in expected} == expected


def test_norms_of_blocks():
    with torch.device('meta'):
        basic, bottleneck, layer = BasicBlock(8, 8), Bottleneck(8, 8), TransformerEncoderLayer(8, 2, 16)
    assert [basic.norm1, basic.norm2] == [basic.bn1, basic.bn2]
    assert [bottleneck.norm1, bottleneck.norm2, bottleneck.norm3] == [bottleneck.bn1, bottleneck.bn2, bottleneck.bn3]
    assert [layer.norm1, layer.norm2] == [layer.ln1, layer.ln2]


WRONG = ['32', [], {}, {1: 1}, [1], None, True, 1.5]
LAYERS = [
    (ConvModule, dict(in_channels=8, out_channels=8, kernel_size=3)),
    (SELayer, dict(channels=16)),
    (BasicBlock, dict(in_channels=8, out_channels=8)),
    (Bottleneck, dict(in_channels=8, out_channels=8)),
    (InvertedResidual, dict(in_channels=8, out_channels=8, mid_channels=16)),
    (FFN, dict(embed_dims=8, feedforward_channels=16)),
    (SwiGLUFFN, dict(embed_dims=8)),
    (SwiGLUFFNFused, dict(embed_dims=8)),
    (MultiheadAttention, dict(embed_dims=8, num_heads=2)),
    (PatchEmbed, dict(embed_dims=8)),
    (LayerScale, dict(dim=4)),
    (DropPath, dict()),
    (TransformerEncoderLayer, dict(embed_dims=8, num_heads=2, feedforward_channels=16)),
]


def of_wrong_type(part, name):
    "Values that the annotation of a plain argument does not admit"
    annotation = parameters(part)[0][name].annotation
    if annotation in (int, float):
        return ['32', [], {1: 1}, None, True] + [1.5] * (annotation is int)
    if annotation is bool:
        return ['yes', [], 1, None]
    if annotation is str:
        return [[], {1: 1}, None, 3]
    several = next((a for a in (annotation, *get_args(annotation)) if get_origin(a) in (tuple, list)), None)
    if several:
        return (
            [{1: 1}, ['x'], [[1]]]
            + [(1.5,), (True,)] * (get_args(several)[0] is int)
            + [[], (1, 2, 3)] * (get_args(several) == (int, int))
        )
    return [True] if name.endswith('_cfg') else []


@pytest.mark.parametrize('entry', LAYERS + [(e.part, {k: v for k, v in minimal(e).items() if k != 'type'})
                                            for kind in KINDS for e in parts(kind)],
                         ids=lambda e: e[0].__name__)
def test_wrong_types(entry):
    "Called from Python, each argument of the wrong type is a `ConfigError` with its name as path"
    part, args = entry
    for name in parameters(part)[0]:
        for wrong in of_wrong_type(part, name):
            with torch.device('meta'), pytest.raises(ConfigError) as e:
                part(**{**args, name: wrong})
            assert e.value.issues[0].path.partition('.')[0] == name, f'{name}={wrong!r}: {e.value}'


TINY = dict(embed_dims=8, num_layers=1, num_heads=1, feedforward_channels=8)


@pytest.mark.parametrize('make, path', [
    (lambda: SELayer(32, squeeze_channels='32'), 'squeeze_channels'),
    (lambda: InvertedResidual(8, 8, 16, se_cfg=[]), 'se_cfg'),
    (lambda: SELayer(32, divisor=0), 'divisor'),
    (lambda: MODELS.get('VisionTransformer')(out_indices={1: 1}), 'out_indices'),
    (lambda: MODELS.get('ResNet')(18, out_indices=('1',)), 'out_indices.0'),
    (lambda: MODELS.get('CrossEntropyLoss')(reduction='unknown'), 'reduction'),
    (lambda: MODELS.get('VisionTransformer')(arch=dict(TINY, embed_dims='8')), 'arch.embed_dims'),
    (lambda: MODELS.get('VisionTransformer')(arch=dict(TINY, norm_cfg=1)), 'arch.norm_cfg'),
    (lambda: MODELS.get('ResNet')(18, out_indices=[]), 'out_indices'),
    (lambda: MODELS.get('ResNet')(18, strides=(0, 2, 2, 2)), 'strides'),
    (lambda: ConvModule(8, 8, 1, bias='x'), 'bias'),
    (lambda: MODELS.get('ResNet')(18, init_cfg=dict(type='Pretrained', checkpoint=None)), 'init_cfg.checkpoint'),
    (lambda: ConvModule(8, 8, 1, init_cfg=[1]), 'init_cfg.0'), (lambda: MultiheadAttention(8, 0), 'num_heads'),
    (lambda: TransformerEncoderLayer(8, 2, 16, ffn_type='swiglu'), 'ffn_type')])
def test_refused(make, path):
    with torch.device('meta'), pytest.raises(ConfigError) as e:
        make()
    assert e.value.issues[0].path in (path, f'{path}.0')


@pytest.mark.parametrize('checkpoint', ['', ' '])
def test_empty_checkpoint(checkpoint):
    "As in mmpretrain, a part with one is built; loading the weights is refused"
    cfg = dict(type='ResNet', depth=18, init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone'))
    with torch.device('meta'):
        MODELS.build(cfg)
    with pytest.raises(ConfigError) as e:
        MODELS.build(cfg)
    assert (
        str(e.value)
        == 'init_cfg.checkpoint: expected a weight file or URL, got an empty string. Set one, or remove init_cfg.'
    )
