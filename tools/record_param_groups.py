"""Record the parameter groups that mmpretrain builds.

    python tools/record_param_groups.py tests/golden/param_groups.json.gz

Runs in an environment with mmengine 0.10.7, mmpretrain 1.2.0 and mmcv-lite 2.1.0. It reads every config of mmpretrain,
takes each distinct `paramwise_cfg`, adds a few rules of its own, and writes learning rate and weight decay of every
parameter of three models.
"""

import gzip
import json
import sys
from pathlib import Path

import mmpretrain
import mmpretrain.engine
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS

LAYER_DECAY = 'LearningRateDecayOptimWrapperConstructor'
OPTIMIZER = dict(type='AdamW', lr=.001, weight_decay=.05)
HEAD = dict(num_classes=10, loss=dict(type='CrossEntropyLoss'))
NETS = {
    'ResNet-50': dict(
        backbone=dict(type='ResNet', depth=50),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', in_channels=2048, **HEAD),
    ),
    'ResNet-152, deep stem': dict(
        backbone=dict(type='ResNetV1d', depth=152),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', in_channels=2048, **HEAD),
    ),
    'ViT-B': dict(
        backbone=dict(type='VisionTransformer', arch='b', img_size=224, patch_size=16),
        neck=None,
        head=dict(type='VisionTransformerClsHead', in_channels=768, **HEAD),
    ),
    'ViT-B, averaged, pre-norm': dict(
        backbone=dict(type='VisionTransformer', arch='b', out_type='avg_featmap', pre_norm=True, frozen_stages=1),
        neck=None,
        head=dict(type='LinearClsHead', in_channels=768, **HEAD),
    ),
    'MobileNetV2': dict(
        backbone=dict(type='MobileNetV2'),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', in_channels=1280, **HEAD),
    ),
}
OWN_RULES = [
    dict(paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.5, bias_lr_mult=2.0)),
    dict(paramwise_cfg=dict(dwconv_decay_mult=0.1, flat_decay_mult=0.3)),
    dict(
        paramwise_cfg=dict(
            custom_keys={'backbone': dict(lr_mult=0.1, decay_mult=0.9), 'backbone.layer': dict(lr_mult=0.2)}
        )
    ),
    dict(paramwise_cfg=dict(custom_keys={'.backbone': dict(lr_mult=0.1), '.head': dict(decay_mult=0.0)})),
    dict(paramwise_cfg=dict(layer_decay_rate=0.7), constructor=LAYER_DECAY),
    dict(paramwise_cfg=dict(layer_decay_rate=0.5, norm_decay_mult=0.0, bias_decay_mult=0.5), constructor=LAYER_DECAY),
    dict(
        paramwise_cfg=dict(
            layer_decay_rate=0.5, custom_keys={'.backbone': dict(decay_mult=0.0), '.fc': dict(decay_mult=0.2)}
        ),
        constructor=LAYER_DECAY,
    ),
]


def rules_in_configs():
    "Each distinct `paramwise_cfg` with its constructor, and the first config that has it"
    folder, found = Path(mmpretrain.__file__).parent/'.mim'/'configs', {}
    for file in sorted(folder.rglob('*.py')):
        try:
            wrapper = Config.fromfile(str(file)).get('optim_wrapper') or {}
        except Exception as e:
            print(f'{file.relative_to(folder)}: {type(e).__name__}')
            continue
        rule = {k: wrapper[k] for k in ('paramwise_cfg', 'constructor') if wrapper.get(k) is not None}
        if not rule.get('paramwise_cfg'):
            continue
        rule['paramwise_cfg'] = wrapper['paramwise_cfg'].to_dict()
        found.setdefault(json.dumps(rule, sort_keys=True), str(file.relative_to(folder)))
    return [dict(json.loads(rule), config=name) for rule, name in found.items()]


def groups_of(net, rule):
    "`[lr, weight decay]` of every parameter by name, `None` for a frozen one; or the name of mmpretrain's error"
    cfg = dict(type='OptimWrapper', optimizer=dict(OPTIMIZER), paramwise_cfg=rule['paramwise_cfg'])
    if 'constructor' in rule:
        cfg['constructor'] = rule['constructor']
    try:
        optimizer = build_optim_wrapper(net, cfg).optimizer
    except Exception as e:
        return type(e).__name__
    found = {id(p): [g['lr'], g['weight_decay']] for g in optimizer.param_groups for p in g['params']}
    return {n: found.get(id(p)) for n, p in net.named_parameters()}


def packed(groups):
    "Distinct pairs, and one letter per parameter that is the index of its pair"
    if isinstance(groups, str):
        return groups
    pairs = []
    for g in groups.values():
        if g not in pairs:
            pairs.append(g)
    return dict(pairs=pairs, which=''.join(chr(ord('A') + pairs.index(g)) for g in groups.values()))


def main(out):
    init_default_scope('mmpretrain')
    rules = rules_in_configs() + OWN_RULES
    record = dict(mmpretrain=mmpretrain.__version__, optimizer=OPTIMIZER, rules=rules, nets={})
    for name, cfg in NETS.items():
        net = MODELS.build(dict(type='ImageClassifier', **cfg))
        found = [packed(groups_of(net, rule)) for rule in rules]
        record['nets'][name] = dict(model=cfg, names=[n for n, _ in net.named_parameters()], groups=found)
        print(
            name,
            len(found),
            'rules,',
            sum(isinstance(f, str) for f in found),
            'raise:',
            {f for f in found if isinstance(f, str)},
        )
    with open(out, 'wb') as f:
        f.write(gzip.compress(json.dumps(record).encode(), mtime=0))
    print(len(rules) - len(OWN_RULES), 'distinct rules in configs;', Path(out).stat().st_size, 'bytes')


if __name__ == '__main__':
    main(sys.argv[1])
