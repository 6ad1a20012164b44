"How long a config takes to read in each format: a file of OpenMMLab's usual size and the four it inherits from."

import argparse
import tempfile
from pathlib import Path

from common import head_line, table, timed

from clsparts.config.config import Config

MODEL = '''
# model settings
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=50, num_stages=4, out_indices=(3, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5),
    ))
'''
DATA = '''
# dataset settings
dataset_type = 'ImageNet'
data_preprocessor = dict(
    num_classes=1000,
    # RGB format normalization parameters
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    # convert image from BGR to RGB
    to_rgb=True,
)

bgr_mean = data_preprocessor['mean'][::-1]
bgr_std = data_preprocessor['std'][::-1]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(
        type='RandAugment',
        policies='timm_increasing',
        num_policies=2,
        total_level=10,
        magnitude_level=9,
        magnitude_std=0.5,
        hparams=dict(pad_val=[round(x) for x in bgr_mean], interpolation='bicubic')),
    dict(type='RandomErasing', erase_prob=0.25, mode='rand', min_area_ratio=0.02, max_area_ratio=1 / 3,
         fill_color=bgr_mean, fill_std=bgr_std),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/imagenet', split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)

val_dataloader = dict(
    batch_size=64,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1, 5))

# the test set has no labels, so the validation set takes its place
test_dataloader = val_dataloader
test_evaluator = val_evaluator
'''
SCHEDULE = '''
# optimizer
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001))

# learning policy
param_scheduler = dict(type='MultiStepLR', by_epoch=True, milestones=[30, 60, 90], gamma=0.1)

# train, val, test setting
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()

# the learning rate is scaled by the actual batch size over this one
auto_scale_lr = dict(base_batch_size=256)
'''
RUNTIME = '''
# defaults to use registries in this scope
default_scope = 'mmpretrain'

# configure default hooks
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=100),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='VisualizationHook', enable=False),
)

# configure environment
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='UniversalVisualizer', vis_backends=vis_backends)
log_level = 'INFO'
load_from = None
resume = False
randomness = dict(seed=None, deterministic=False)
'''
OWN = '''
_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/imagenet_bs64.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='ResNetV1d'), head=dict(loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1)))
train_dataloader = dict(sampler=dict(type='RepeatAugSampler', shuffle=True))
optim_wrapper = dict(optimizer=dict(lr=_base_.optim_wrapper.optimizer.lr * 8), clip_grad=dict(max_norm=5.0))
work_dir = './work_dirs/{{ fileBasenameNoExtension }}'
'''
FILES = {
    '_base_/models/resnet50.py': MODEL,
    '_base_/datasets/imagenet_bs64.py': DATA,
    '_base_/schedules/imagenet_bs256.py': SCHEDULE,
    '_base_/default_runtime.py': RUNTIME,
    'resnet/resnetv1d50_8xb256.py': OWN,
}


def write(folder):
    "The five files; gives the one that inherits"
    for name, text in FILES.items():
        path = Path(folder)/'configs'/name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return path


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=50)
    repeats = args.parse_args().repeats
    head_line('Configs')
    with tempfile.TemporaryDirectory() as folder:
        path = write(folder)
        cfg = Config.fromfile(path)
        def read(path):
            return f'{1000 * timed(lambda: Config.fromfile(path), repeats):.1f}'
        def written(path):
            return f'{1000 * timed(lambda: cfg.dump(path), repeats):.1f}'
        rows = [('5 inherited files, .py', read(path), 'under 10', '')]
        for ending in ('.py', '.json', '.yaml'):
            whole = cfg.dump(path.with_name(f'whole{ending}'))
            rows.append((f'the same in one file, {ending}', read(whole), '', written(whole)))
    table(['config', 'read, ms', 'target', 'written, ms'], *rows)


if __name__ == '__main__':
    main()
