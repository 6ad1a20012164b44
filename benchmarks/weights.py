"""How many models of timm, torchvision and mmpretrain load exactly: every weight and buffer set, then logits compared.
Each model is loaded into the nearest composition here; a model of another architecture has to be refused.

    python benchmarks/weights.py                              # with all three packages, a minute per dozen models
    python benchmarks/weights.py --only timm --match 'resnet*'
"""

import argparse
import sys
import traceback
import warnings
from fnmatch import fnmatchcase
from pathlib import Path

import timm
import torch
import torchvision
from common import head_line, table
from torch import nn

from clsparts.base.testing import fill
from clsparts.checkpoints.pretrained_weights import load_checkpoint
from clsparts.composer.builder import compose_model
from clsparts.core.errors import ConfigError

CLASSES, LARGEST, EXACT = 10, 100_000_000, 1e-5
POOLED = dict(neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=CLASSES))
MODULES = 'resnet', 'res2net', 'resnest', 'sknet', 'vision_transformer', 'deit', 'beit'     # of timm
LARGE = 'l', 'large', 'h', 'huge', 'eva-g', 'eva-giant', 'dinov2-g', 'dinov2-giant'         # in mmpretrain
TORCHVISION = (
    'resnet18',
    'resnet34',
    'resnet50',
    'resnet101',
    'resnet152',
    'wide_resnet50_2',
    'wide_resnet101_2',
    'mobilenet_v2',
    'vit_b_16',
    'vit_b_32',
    'resnext50_32x4d',
    'resnext101_32x8d',
    'mobilenet_v3_small',
    'mobilenet_v3_large',
)
DEPTHS = {
    ('BasicBlock', (2, 2, 2, 2)): 18,
    ('BasicBlock', (3, 4, 6, 3)): 34,
    ('Bottleneck', (3, 4, 6, 3)): 50,
    ('Bottleneck', (3, 4, 23, 3)): 101,
    ('Bottleneck', (3, 8, 36, 3)): 152,
}
BACKBONES = ('ResNet', 'ResNetV1b', 'ResNetV1c', 'ResNetV1d', 'ResNet_CIFAR', 'MobileNetV2', 'VisionTransformer')


def like_resnet(net):
    "The ResNet here that is nearest to one of timm or torchvision"
    first = net.layer1[0]
    name = 'BasicBlock' if not hasattr(first, 'conv3') else 'Bottleneck'
    cfg = dict(
        type='ResNet',
        depth=DEPTHS.get(
            (name, tuple(len(getattr(net, f'layer{i}')) for i in range(1, 5))), 50 if name == 'Bottleneck' else 18
        ),
    )
    if name == 'Bottleneck' and isinstance(first.conv1, nn.Conv2d):
        cfg |= dict(
            base_channels=first.conv1.out_channels,
            expansion=max(first.conv3.out_channels // first.conv1.out_channels, 1),
        )
    if isinstance(net.conv1, nn.Sequential):
        cfg |= dict(deep_stem=True, stem_channels=net.conv1[-1].out_channels)
    down = getattr(net.layer2[0], 'downsample', None)
    if down is not None and isinstance(down[0], nn.AvgPool2d):
        cfg |= dict(avg_down=True)
    return dict(backbone=cfg, **POOLED)


def like_timm_vit(net, size):
    "The VisionTransformer here that is nearest to one of timm"
    block, mlp = net.blocks[0], net.blocks[0].mlp
    patch = net.patch_embed.proj.kernel_size if hasattr(net.patch_embed, 'proj') else (16, 16)
    heads, hidden = (
        getattr(block.attn, 'num_heads', 3),
        getattr(getattr(mlp, 'fc1', None), 'out_features', 4 * net.embed_dim),
    )
    norm = next((m for m in (net.norm, getattr(net, 'fc_norm', None)) if isinstance(m, nn.LayerNorm)), None)
    arch = dict(embed_dims=net.embed_dim, num_layers=len(net.blocks), num_heads=heads, feedforward_channels=hidden)
    token = getattr(net, 'cls_token', None) is not None
    mean = not token or net.global_pool == 'avg'
    cfg = dict(
        type='VisionTransformer',
        arch=arch,
        img_size=size,
        patch_size=patch[0],
        with_cls_token=token,
        out_type='avg_featmap' if mean else 'cls_token',
        final_norm=not isinstance(net.norm, nn.Identity),
        pre_norm=not isinstance(getattr(net, 'norm_pre', nn.Identity()), nn.Identity),
        norm_cfg=dict(type='LN', eps=norm.eps if norm else 1e-6),
        layer_scale_init_value=0.1 if hasattr(getattr(block, 'ls1', None), 'gamma') else 0.0,
        qkv_bias=getattr(getattr(block.attn, 'qkv', None), 'bias', None) is not None,
    )
    return dict(backbone=cfg, neck=None, head=POOLED['head'])


def without_numbers(make, **options):
    "A model on the meta device, by arguments that it may not take"
    with torch.device('meta'):
        try:
            return make(**options)
        except TypeError:
            return make(**{k: v for k, v in options.items() if k != 'img_size'})


def of_timm(name):
    "A model of timm, a composition like it and the shape of an image; transformers get four by four patches"
    def make(**kw):
        return timm.create_model(name, num_classes=CLASSES, **kw)
    net = without_numbers(make)
    if sum(p.numel() for p in net.parameters()) > LARGEST:
        return None
    if name.startswith('mobilenetv2'):
        return net, dict(backbone=dict(type='MobileNetV2', widen_factor=int(name[12:15]) / 100), **POOLED), (3, 64, 64)
    if hasattr(net, 'layer1'):
        return net, like_resnet(net), (3, 64, 64)
    if not hasattr(net, 'blocks'):
        return None
    net = without_numbers(
        make, img_size=4 * net.patch_embed.proj.kernel_size[0] if hasattr(net.patch_embed, 'proj') else 224
    )
    size = (getattr(net.patch_embed, 'img_size', None) or (64,))[0]
    return net, like_timm_vit(net, size), (3, size, size)


def of_torchvision(name):
    "The same for a model of torchvision"
    size = 128 if name == 'vit_b_32' else 64
    make = getattr(torchvision.models, name)
    net = without_numbers(make, num_classes=CLASSES, **(dict(image_size=size) if 'vit' in name else {}))
    if 'mobilenet' in name:
        return net, dict(backbone=dict(type='MobileNetV2'), **POOLED), (3, size, size)
    if 'vit' not in name:
        return net, like_resnet(net), (3, size, size)
    cfg = dict(type='VisionTransformer', arch='base', img_size=size, patch_size=int(name[-2:]))
    return net, dict(backbone=cfg, neck=None, head=POOLED['head']), (3, size, size)


def mmpretrain_models():
    "The distinct classifiers in mmpretrain's configs whose backbone is here, by the first config that has each"
    import mmpretrain
    from mmengine.config import Config
    found, folder = {}, Path(mmpretrain.__file__).parent/'.mim'/'configs'
    for path in sorted(folder.glob('*/*.py')):
        try:
            model = Config.fromfile(str(path))._cfg_dict.to_dict().get('model')
        except Exception:
            continue  # one that needs another package
        if (
            not isinstance(model, dict)
            or model.get('type') != 'ImageClassifier'
            or model['backbone']['type'] not in BACKBONES
        ):
            continue
        model = {k: v for k, v in model.items() if k in ('type', 'backbone', 'neck', 'head')}
        model['backbone'] = {k: v for k, v in model['backbone'].items() if k not in ('init_cfg', 'frozen_stages')}
        if model['backbone']['type'] == 'VisionTransformer':
            model['backbone']['img_size'] = 4 * model['backbone'].get('patch_size', 16)
        if repr(model) not in map(repr, found.values()):
            found[f'{path.parent.name}/{path.stem}'] = model
    return found


def of_mmpretrain(model):
    "The same for a classifier of mmpretrain"
    from mmpretrain.registry import MODELS
    from mmpretrain.utils import register_all_modules
    register_all_modules()
    if model['backbone'].get('arch') in LARGE:
        return None
    size = model['backbone'].get('img_size', 64)
    return MODELS.build(model), model, (3, size, size)


def verdict(theirs, model, shape):
    "What came of it: the largest difference of the logits over the largest logit, or the error"
    try:
        with torch.device('meta'), warnings.catch_warnings(action='ignore'):
            ours = compose_model(dict(model, type='ImageClassifier'), shape)
    except ConfigError as e:
        return 'no such composition', str(e)
    ours, theirs = (
        ours.to_empty(device='cpu').eval(),
        theirs.to_empty(device='cpu') if next(theirs.parameters()).is_meta else theirs,
    )
    fill(theirs.eval(), gain=1. if model['backbone']['type'] == 'VisionTransformer' else 2.)
    try:
        report = load_checkpoint(ours, theirs.state_dict())
    except ConfigError as e:
        return 'refused', str(e)
    assert not report.resized + report.reset + report.missing
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found, expected = (out[-1] if isinstance(out, tuple) else out for out in (ours(x), theirs(x)))
    assert expected.isfinite().all() and expected.std() > 0
    off = ((found - expected).abs().max() / expected.abs().max()).item()
    return 'exact' if off <= EXACT else 'other logits', off


def result_of(make, seen):
    "The verdict on a model, unless one with the same layers, weights and composition was seen"
    try:
        if (got := make()) is None:
            return 'too large', ''
        key = repr((got, [(k, v.shape) for k, v in got[0].state_dict().items()]))
        if key in seen:
            return 'as another', ''
        seen.add(key)
        return verdict(*got)
    except Exception:
        traceback.print_exc()
        return 'failed', ''


def every(only):
    "All models by source and name, each with what makes it"
    if 'torchvision' in only:
        yield from (('torchvision', n, lambda n=n: of_torchvision(n)) for n in TORCHVISION)
    if 'mmpretrain' in only:
        yield from (('mmpretrain', n, lambda m=m: of_mmpretrain(m)) for n, m in mmpretrain_models().items())
    if 'timm' not in only:
        return
    for name in sorted({n for m in MODULES for n in timm.list_models(module=m)} | {*timm.list_models('mobilenetv2_*')}):
        yield 'timm', name, lambda n=name: of_timm(n)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--only', nargs='+', default=['torchvision', 'mmpretrain', 'timm'])
    args.add_argument('--match', default='*', help='a pattern of names')
    args = args.parse_args()
    head_line('Weights from elsewhere')
    found, seen = [], set()
    for source, name, make in every(args.only):
        if not fnmatchcase(name, args.match):
            continue
        found.append((source, name, *result_of(make, seen)))
        print(*found[-1], file=sys.stderr, flush=True)
    kinds = 'exact', 'refused', 'other logits', 'no such composition', 'as another', 'too large', 'failed'
    table(
        ['source', *kinds, 'largest difference of the exact ones'],
        *(
            (
                s,
                *(sum(f[0] == s and f[2] == k for f in found) for k in kinds),
                f'{max([f[3] for f in found if f[0] == s and f[2] == "exact"], default=0):.1e}',
            )
            for s in args.only
        ),
    )
    for kind in kinds[1:]:
        print(f'\n{kind}: {", ".join(f"{s} {n}" for s, n, k, _ in found if k == kind) or "none"}')


if __name__ == '__main__':
    main()
