"Recipes: transforms equal to torchvision's, mixed batches with every loss, and the keys of OpenMMLab's configs."

import warnings
from contextlib import suppress

import pytest
import torch
from common import minimal, parts
from torchvision.transforms import v2

from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS
from clsparts.data.batch_augments import build_batch_augments, check_soft_targets
from clsparts.data.transforms import IMAGENET_MEAN, IMAGENET_STD, INTERPOLATIONS, Preset
from clsparts.training.optimizers import build_optimizer
from clsparts.training.runs import DEFAULT, complete

IMAGE = torch.randint(0, 256, (3, 50, 70), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
BOXED = dict(policy='randaugment', magnitude=5, num_ops=3, scale=(.3, 1), ratio=(.5, 2), flip=.2, erase=.7)


def by_hand(augment, size, ratio, how):
    "Before the floats, and after them"
    whole = [v2.Resize(round(size / ratio), how, antialias=True), v2.CenterCrop(size)]
    box = [
        v2.RandomResizedCrop((size, size), (0.08, 1.0), (3 / 4, 4 / 3), how, antialias=True),
        v2.RandomHorizontalFlip(0.5),
    ]
    own = [v2.RandomResizedCrop((size, size), (.3, 1), (.5, 2), how, antialias=True), v2.RandomHorizontalFlip(.2)]
    return {
        None: (whole, []),
        'crop and flip': (box, []),
        'randaugment': (box + [v2.RandAugment(2, 9)], []),
        'autoaugment': (box + [v2.AutoAugment()], []),
        'trivial': (whole + [v2.TrivialAugmentWide()], []),
        'erase': (whole, [v2.RandomErasing(1.0)]),
        'box': (own + [v2.RandAugment(3, 5)], [v2.RandomErasing(0.7)]),
    }[augment]


@pytest.mark.parametrize('augment', [None, 'crop and flip', 'randaugment', 'autoaugment', 'trivial', 'erase', 'box'])
@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('normalised', [False, True])
def test_transforms_by_hand(augment, channels, normalised):
    "The same tensors from the same seed"
    norm = dict(mean=IMAGENET_MEAN[:channels], std=IMAGENET_STD[:channels]) if normalised else {}
    for interpolation, ratio in zip(INTERPOLATIONS, (.75, .875, 1), strict=True):
        preset = Preset(24, channels, ratio, interpolation, **norm)
        ours = (
            preset.eval_transform()
            if augment is None
            else preset.train_transform(dict(erase=dict(erase=1.0), box=BOXED).get(augment, augment))
        )
        first, last = by_hand(augment, 24, ratio, v2.InterpolationMode(interpolation))
        floats = [v2.ToDtype(torch.float32, scale=True)] + ([v2.Normalize(**norm)] if normalised else [])
        theirs = v2.Compose([v2.RGB() if channels == 3 else v2.Grayscale(), *first, *floats, *last])
        for seed in range(4):
            found = []
            for transform in (ours, theirs):
                torch.manual_seed(seed)
                found.append(transform(IMAGE))
            assert found[0].shape == (channels, 24, 24)
            torch.testing.assert_close(*found, rtol=0, atol=0)


# mixed batches

class LabelsOnly(torch.nn.Module):
    def forward(self, pred, target):
        return torch.nn.functional.nll_loss(pred.log_softmax(1), target)


@pytest.mark.parametrize('augments, probs', {
    'Mixup': (dict(type='Mixup', alpha=.8), None), 'CutMix': (dict(type='CutMix', alpha=1.), None),
    'ResizeMix': (dict(type='ResizeMix'), None),
    'two of them': ([dict(type='Mixup', alpha=.8), dict(type='CutMix', alpha=1.)], None),
    'rarely': ([dict(type='Mixup'), dict(type='ResizeMix')], [.2, .3]),
    'never': (dict(type='Mixup'), 0.)}.values(), ids=str)
def test_mixed_targets(augments, probs):
    "They have a column for each class of the head, add up to one, and some are of two classes"
    mix, x, y = build_batch_augments(augments, probs, num_classes=10), torch.rand(8, 3, 16, 16), torch.arange(8)
    mixed = [mix(x, y) for _ in range(20)]
    for a, t in mixed:
        assert a.shape == x.shape and t.shape == (8, 10)
        torch.testing.assert_close(t.sum(1), torch.ones(8))
    share = sum(((t > 0).sum(1) > 1).any().item() for _, t in mixed) / 20
    assert share == 0 if probs == 0. else 0 < share < 1 if probs else share > .6


@pytest.mark.parametrize('entry', parts('loss'), ids=lambda e: e.name)
def test_mixing_with_every_loss(entry):
    "Each either gives a number for mixed targets, or is refused in words before the training"
    clf = compose(
        dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=10),
    )
    clf.head.loss_module = MODELS.build(minimal(entry), 'loss')
    mix = build_batch_augments(dict(type='Mixup', alpha=.8), num_classes=10)
    try:
        check_soft_targets(clf, 10)
    except ConfigError as e:
        assert str(e).startswith(f'batch_augments: {entry.name} ') and ' Set head.loss=dict(type=' in str(e), e
    else:
        loss = clf.loss(*mix(torch.rand(4, 3, 16, 16), torch.arange(4)))['loss']
        loss.backward()
        assert loss.isfinite() and clf.head.fc.weight.grad.isfinite().all()


def test_mixing_with_a_loss_of_labels():
    clf = compose(
        dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4),
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=10),
        LabelsOnly(),
    )
    with pytest.raises(ConfigError) as e:
        check_soft_targets(clf, 10)
    assert str(e.value).startswith('batch_augments: LabelsOnly does not accept mixed targets (b, 10): ')
    assert str(e.value).endswith("Set head.loss=dict(type='CrossEntropyLoss', use_soft=True).")


# OpenMMLab's places

SGD = dict(optimizer=dict(type='SGD', lr=.1, momentum=.9, weight_decay=1e-4))
THEIRS = dict(
    model=DEFAULT['model'],
    default_scope='mmpretrain',
    data='folder:pets',
    train_cfg=dict(by_epoch=True, max_epochs=7),
    train_dataloader=dict(batch_size=32, num_workers=5),
    optim_wrapper=SGD,
)
PILLOW = dict(backend='pillow', interpolation='bicubic')
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]
IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
RGB = dict(mean=[v / 255 for v in IMAGENET['mean']], std=[v / 255 for v in IMAGENET['std']])

# what a config says, what the run then has (a dotted place and a value, each), and a warning beside 'not used here'
FORMS = {
    'epochs, batch and workers': ({}, {'train.epochs': 7, 'train.batch_size': 32, 'train.num_workers': 5}, None),
    'optimizer and schedule': (
        dict(optim_wrapper=SGD, param_scheduler=dict(type='MultiStepLR', milestones=[3, 5])),
        {'train.optim_wrapper': SGD, 'train.param_scheduler': dict(type='MultiStepLR', milestones=[3, 5])},
        None,
    ),
    'one word of ours beside theirs': (dict(train=dict(epochs=3)), {'train.epochs': 3, 'train.batch_size': 32}, None),
    'half numbers': (
        dict(optim_wrapper=dict(SGD, type='AmpOptimWrapper', loss_scale='dynamic')),
        {'train.precision': 'fp16'},
        None,
    ),
    'short numbers': (
        dict(optim_wrapper=dict(SGD, type='AmpOptimWrapper', dtype='bfloat16')),
        {'train.precision': 'bf16'},
        None,
    ),
    'short numbers below train': (
        dict(train=dict(param_scheduler=None, optim_wrapper=dict(SGD, type='AmpOptimWrapper', dtype='bfloat16'))),
        {'train.precision': 'bf16'},
        None,
    ),
    'precision of ours': (
        dict(train=dict(precision='fp32'), optim_wrapper=dict(SGD, type='AmpOptimWrapper')),
        {'train.precision': 'fp32'},
        None,
    ),
    'DeepSpeed': (
        dict(optim_wrapper=dict(SGD, type='DeepSpeedOptimWrapper')),
        {'train.optim_wrapper': SGD},
        'DeepSpeed is not used here; the weights of each process are whole',
    ),
    'mean of the weights': (
        dict(custom_hooks=[dict(type='EMAHook', momentum=1e-4, priority='ABOVE_NORMAL')]),
        {'train.ema': 0.9999},
        None,
    ),
    **{
        f'EMAHook.{k}': (
            dict(custom_hooks=[dict(type='EMAHook', momentum=1e-4, **{k: v})]),
            {'train.ema': 0.9999},
            f'custom_hooks: EMAHook.{k}={v!r} is not supported and is ignored',
        )
        for k, v in dict(
            begin_iter=100,
            begin_epoch=5,
            interval=4,
            update_buffers=True,
            evaluate_on_ema=False,
            evaluate_on_origin=True,
            device='cpu',
        ).items()
    },
    'EMAHook as fit does it': (
        dict(
            custom_hooks=[
                dict(
                    type='EMAHook',
                    ema_type='ExponentialMovingAverage',
                    begin_iter=0,
                    begin_epoch=0,
                    interval=1,
                    update_buffers=False,
                    evaluate_on_ema=True,
                    evaluate_on_origin=False,
                    strict_load=True,
                    priority=49,
                )
            ]
        ),
        {'train.ema': 0.9998},
        None,
    ),
    'EMAHook under accumulation': (
        dict(optim_wrapper=dict(SGD, accumulative_counts=4), custom_hooks=[dict(type='EMAHook', momentum=0.1)]),
        {'train.ema': 0.9},
        'custom_hooks: EMAHook averages after each batch in mmengine, and here after each step of 4 batches. '
        'train.ema=0.6561 is in proportion',
    ),
    'mean of ours': (
        dict(train=dict(ema=0.5), custom_hooks=[dict(type='EMAHook', momentum=1e-4)]),
        {'train.ema': 0.5},
        None,
    ),
    'another hook': (
        dict(custom_hooks=[dict(type='PreciseBNHook')]),
        {'train.ema': None},
        'custom_hooks: there is no PreciseBNHook here',
    ),
    'seed': (dict(randomness=dict(seed=3, deterministic=False)), {'seed': 3}, None),
    'no seed': (dict(randomness=dict(seed=None)), {'seed': 0}, None),
    'mean and std': (
        dict(data_preprocessor=dict(IMAGENET, num_classes=1000, to_rgb=True)),
        {'data': dict(RGB, name='folder:pets')},
        None,
    ),
    'mean and std in the model': (
        dict(model=dict(DEFAULT['model'], data_preprocessor=dict(IMAGENET, to_rgb=True))),
        {'data': dict(RGB, name='folder:pets')},
        None,
    ),
    'mean and std of ours': (
        dict(
            data=dict(name='folder:pets', mean=[0.5] * 3, std=[0.5] * 3), data_preprocessor=dict(IMAGENET, to_rgb=True)
        ),
        {'data.mean': [0.5] * 3},
        None,
    ),
    'blue first': (
        dict(data_preprocessor=IMAGENET),
        {'data': dict({k: v[::-1] for k, v in RGB.items()}, name='folder:pets')},
        'data_preprocessor.to_rgb: the classifier expects BGR images, and here they are RGB. '
        'Reverse the input channels of the first convolution of their weights',
    ),
    'CIFAR is red first': (
        dict(data=None, dataset_type='CIFAR10', data_preprocessor=dict(IMAGENET, to_rgb=False)),
        {'data': dict(RGB, name='cifar10')},
        None,
    ),
    'grey images': (
        dict(data=dict(name='folder:pets', channels=1), data_preprocessor=dict(IMAGENET, to_rgb=True)),
        {'data': dict(name='folder:pets', channels=1)},
        'data_preprocessor.mean: the images have 1 channel, and there are 3 numbers',
    ),
    'digits': (
        dict(data='digits', data_preprocessor=dict(IMAGENET, to_rgb=True)),
        {'data': 'digits'},
        'data_preprocessor: digits are not normalised',
    ),
    'size': (
        dict(test_pipeline=PIPELINE),
        {'data': dict(name='folder:pets', size=224, crop_ratio=0.875, interpolation='bicubic')},
        None,
    ),
    'size of ours': (
        dict(data='folder:pets@32', test_pipeline=PIPELINE),
        {'data': dict(name='folder:pets@32', interpolation='bicubic')},
        None,
    ),
    'rate of eight GPUs': (
        dict(optim_wrapper=SGD, auto_scale_lr=dict(base_batch_size=256)),
        {'train.lr': None},
        'auto_scale_lr: the learning rate 0.1 is meant for 256 images per step, and a step has 32 for each process. '
        'In one process train.lr=0.0125 is in proportion',
    ),
    'another sampler': (
        dict(train_dataloader=dict(batch_size=32, sampler=dict(type='RepeatAugSampler'))),
        {'train.batch_size': 32},
        'train_dataloader.sampler: there is no RepeatAugSampler here; every image is used once per epoch',
    ),
    'augmentation': (
        dict(
            train_pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.2, 1.0), **PILLOW),
                dict(type='RandomFlip', prob=0.5),
            ]
        ),
        {'train.augment': dict(scale=(0.2, 1.0), ratio=(3 / 4, 4 / 3), flip=0.5)},
        None,
    ),
    'augmentation of CIFAR': (
        dict(
            data=None,
            dataset_type='CIFAR10',
            train_pipeline=[
                dict(type='RandomCrop', crop_size=32, padding=4),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
            ],
        ),
        {'train.augment': dict(shift=0.125, flip=0.5)},
        None,
    ),
    'augmentation beside the data': (
        dict(
            train_dataloader=dict(
                batch_size=32,
                dataset=dict(
                    pipeline=[
                        dict(type='AutoAugment', policies='imagenet'),
                        dict(type='RandomErasing', erase_prob=0.25),
                    ]
                ),
            )
        ),
        {'train.augment': dict(policy='autoaugment', erase=dict(erase_prob=0.25))},
        None,
    ),
    'augmentation of ours': (
        dict(train=dict(augment='trivial'), train_pipeline=[dict(type='RandomFlip', prob=0.5)]),
        {'train.augment': 'trivial'},
        None,
    ),
    'operations drawn': (
        dict(train_pipeline=[dict(type='RandAugment', num_policies=3, total_level=10, magnitude_level=12)]),
        {'train.augment': dict(policy='randaugment', num_ops=3, magnitude=30)},
        "train_pipeline: RandAugment is torchvision's, at 30 of 30",
    ),
    'steps that are not there': (
        dict(
            train_pipeline=[
                dict(type='ColorJitter'),
                dict(type='RandomFlip', direction='vertical'),
                dict(type='RandomCrop', crop_size=(8, 6)),
            ]
        ),
        {'train.augment': 'none'},
        'train_pipeline: there is no ColorJitter, RandomFlip, RandomCrop here',
    ),
    'another size to train with': (
        dict(test_pipeline=PIPELINE, train_pipeline=[dict(type='RandomResizedCrop', scale=176, **PILLOW)]),
        {'data.size': 224},
        'train_pipeline: images to train with have 224 pixels, as those to test with, not 176',
    ),
    'squashed': (
        dict(test_pipeline=[dict(type='Resize', scale=384, **PILLOW)]),
        {'data': dict(name='folder:pets', size=384, squash=True, interpolation='bicubic')},
        None,
    ),
    'squashed, size of ours': (
        dict(data='folder:pets@64', test_pipeline=[dict(type='Resize', scale=384, **PILLOW)]),
        {'data': dict(name='folder:pets@64', interpolation='bicubic')},
        None,
    ),
    'squashed before the crop': (
        dict(test_pipeline=[dict(type='Resize', scale=600, **PILLOW), dict(type='CenterCrop', crop_size=448)]),
        {'data.size': 448, 'data.crop_ratio': 448 / 600},
        'test_pipeline: Resize changes the shape of images to 600 × 600 before the crop; '
        'here the shorter side becomes 600',
    ),
    'size of the training crop': (
        dict(train_pipeline=[dict(type='RandomResizedCrop', scale=192, **PILLOW)]),
        {'data': dict(name='folder:pets', size=192, interpolation='bicubic')},
        None,
    ),
    'size of the backbone': (
        dict(model=dict(DEFAULT['model'], backbone=dict(type='VisionTransformer', img_size=384))),
        {'data': dict(name='folder:pets', size=384)},
        'data.size: the pipelines name none; it is 384, as model.backbone.img_size',
    ),
    'CIFAR made large': (
        dict(data=None, dataset_type='CIFAR10', test_pipeline=[dict(type='Resize', scale=224, **PILLOW)]),
        {'data.size': 224, 'data.squash': True},
        None,
    ),
    'random crop without border': (
        dict(
            test_pipeline=[dict(type='Resize', scale=600, **PILLOW), dict(type='CenterCrop', crop_size=448)],
            train_pipeline=[
                dict(type='Resize', scale=600, **PILLOW),
                dict(type='RandomCrop', crop_size=448, padding=0),
            ],
        ),
        {'data.size': 448, 'train.augment': 'none'},
        [
            'test_pipeline: Resize changes the shape of images to 600 × 600 before the crop; '
            'here the shorter side becomes 600',
            'train_pipeline: images become 600 × 600, and 448 × 448 are cut out; '
            'here the shorter side becomes 600, and 448 × 448 are cut out, as to test with',
            'train_pipeline: RandomCrop takes any part of an image; here it is the middle',
        ],
    ),
    'random crop of an edge': (
        dict(test_pipeline=PIPELINE, train_pipeline=[PIPELINE[1], dict(type='RandomCrop', crop_size=224, padding=8)]),
        {'train.augment': dict(shift=8 / 224)},
        'train_pipeline: RandomCrop takes any part of an image; '
        'here it is the middle, moved by up to 0.0357 of the size',
    ),
    'another edge to train with': (
        dict(test_pipeline=PIPELINE, train_pipeline=[dict(PIPELINE[1], scale=448), PIPELINE[2]]),
        {'data.size': 224, 'data.crop_ratio': 0.875},
        'train_pipeline: the shorter side becomes 448, and 224 × 224 are cut out; '
        'here the shorter side becomes 256, and 224 × 224 are cut out, as to test with',
    ),
    'squashed to train with': (
        dict(test_pipeline=PIPELINE, train_pipeline=[dict(type='Resize', scale=224, **PILLOW)]),
        {'data.size': 224, 'data.crop_ratio': 0.875},
        'train_pipeline: images become 224 × 224; here the shorter side becomes 256, and 224 × 224 are '
        'cut out, as to test with',
    ),
    'squashed to train and to test': (
        dict(
            test_pipeline=[dict(type='Resize', scale=224, **PILLOW)],
            train_pipeline=[
                dict(type='Resize', scale=224, **PILLOW),
                dict(type='RandomCrop', crop_size=224, padding=28),
            ],
        ),
        {'data.squash': True, 'train.augment': dict(shift=0.125)},
        None,
    ),
    'resized before a random box': (
        dict(
            test_pipeline=PIPELINE,
            train_pipeline=[
                dict(type='Resize', scale=600, **PILLOW),
                dict(type='RandomResizedCrop', scale=224, **PILLOW),
            ],
        ),
        {'data.size': 224},
        'train_pipeline: images become 600 × 600 and RandomResizedCrop; here only the second is used',
    ),
    'small images made large to train with': (
        dict(data=None, dataset_type='CIFAR10', train_pipeline=[dict(type='Resize', scale=64, **PILLOW)]),
        {'data': 'cifar10'},
        'train_pipeline: images become 64 × 64; here images keep their size, as to test with',
    ),
    'middle of small images': (
        dict(data=None, dataset_type='CIFAR10', train_pipeline=[dict(type='CenterCrop', crop_size=28)]),
        {'data': 'cifar10'},
        'train_pipeline: 28 × 28 are cut out; here images keep their size, as to test with',
    ),
    'crop before the resizing': (
        dict(test_pipeline=[PIPELINE[2], PIPELINE[1]]),
        {'data.size': 224},
        'test_pipeline: CenterCrop comes before ResizeEdge; here it comes after it',
    ),
    'boxes before the crop': (
        dict(
            train_pipeline=[
                dict(type='RandomErasing'),
                dict(type='RandomFlip', prob=0.5),
                dict(type='RandomResizedCrop', scale=224, **PILLOW),
            ]
        ),
        {'data.size': 224},
        'train_pipeline: RandomErasing comes before RandomResizedCrop; here it comes after it',
    ),
    'policy before the crop': (
        dict(
            train_pipeline=[
                dict(type='AutoAugment', policies='imagenet'),
                dict(type='RandomResizedCrop', scale=224, **PILLOW),
            ]
        ),
        {'data.size': 224},
        'train_pipeline: AutoAugment comes before RandomResizedCrop; here it comes after it',
    ),
    'random steps to test with': (
        dict(test_pipeline=[*PIPELINE, dict(type='RandomFlip', prob=0.5), dict(type='RandomErasing')]),
        {'data.size': 224},
        'test_pipeline: there is no RandomFlip, RandomErasing here',
    ),
    'cv2': (
        dict(test_pipeline=[dict(type='ResizeEdge', scale=256), dict(type='CenterCrop', crop_size=224)]),
        {'data.interpolation': 'bilinear'},
        "test_pipeline: backend='cv2' resizes without antialiasing; here it is used, as by Pillow",
    ),
    'another interpolation to train with': (
        dict(test_pipeline=PIPELINE, train_pipeline=[dict(type='RandomResizedCrop', scale=224, backend='pillow')]),
        {'data.interpolation': 'bicubic'},
        "train_pipeline: interpolation='bilinear'; images are resized by 'bicubic' here",
    ),
    'painted boxes': (
        dict(
            train_pipeline=[
                dict(
                    type='RandomErasing',
                    erase_prob=0.25,
                    mode='rand',
                    min_area_ratio=0.02,
                    max_area_ratio=1 / 3,
                    fill_color=[1, 2, 3],
                    fill_std=[4, 5, 6],
                )
            ]
        ),
        {
            'train.augment': dict(
                erase=dict(
                    erase_prob=0.25,
                    mode='rand',
                    min_area_ratio=0.02,
                    max_area_ratio=1 / 3,
                    fill_color=[3, 2, 1],
                    fill_std=[6, 5, 4],
                )
            )
        },
        None,
    ),
    'variable without effect': (
        dict(
            train_pipeline=[dict(type='RandomFlip', prob=0.1)],
            train_dataloader=dict(batch_size=32, dataset=dict(pipeline=[dict(type='RandomFlip', prob=0.5)])),
        ),
        {'train.augment': dict(flip=0.5)},
        'train_pipeline: it differs from train_dataloader.dataset.pipeline, which is used, as in mmengine',
    ),
    'type of the loader': (
        dict(data=None, dataset_type='CIFAR10', train_dataloader=dict(batch_size=32, dataset=dict(type='CIFAR100'))),
        {'data': 'cifar100'},
        None,
    ),
    'TrivialAugment': (
        dict(
            train_pipeline=[
                dict(type='torchvision/TrivialAugmentWide', num_magnitude_bins=31),
                dict(type='torchvision/RandomHorizontalFlip'),
            ]
        ),
        {'train.augment': dict(policy='trivial', flip=0.5)},
        None,
    ),
    'static loss scale': (
        dict(optim_wrapper=dict(SGD, type='AmpOptimWrapper', loss_scale=512.0)),
        {'train.precision': 'fp16', 'train.optim_wrapper.loss_scale': 512.0},
        'optim_wrapper.loss_scale: 512.0 is halved here after an overflow, and constant in mmengine',
    ),
    'no optimizer': (
        dict(optim_wrapper=None),
        {'train.optim_wrapper': DEFAULT['train']['optim_wrapper']},
        [
            f'{k}: the config has none; train.{k}={DEFAULT["train"][k]!r} is used'
            for k in ('optim_wrapper', 'param_scheduler')
        ],
    ),
    'no schedule': ({}, {'train.param_scheduler': None}, None),
    'no epochs': (
        dict(train_cfg=None, train_dataloader=None),
        {'train.epochs': 20},
        [
            'train_cfg.max_epochs: the config has none; train.epochs=20 is used',
            'train_dataloader.batch_size: the config has none; train.batch_size=64 is used',
        ],
    ),
    'no data': (dict(data=None), {'data': 'digits'}, "data: the config names none; 'digits' is used"),
    'mixing beside mean and std': (
        dict(data_preprocessor=dict(IMAGENET, to_rgb=True, batch_augments=dict(augments=dict(type='Mixup')))),
        {'train.batch_augments': dict(augments=dict(type='Mixup'))},
        None,
    ),
    'no mean, no std': (
        dict(data_preprocessor=dict(to_rgb=True)),
        {'data': 'folder:pets'},
        'data_preprocessor: it has no mean and std. Pixels are not normalised here, but divided by 255',
    ),
    'mean without std': (
        dict(data_preprocessor=dict(to_rgb=True, mean=IMAGENET['mean'])),
        {'data': 'folder:pets'},
        'data_preprocessor: it has no std. Pixels are not normalised here, but divided by 255',
    ),
    'two means of the weights': (
        dict(custom_hooks=[dict(type='EMAHook', momentum=1e-4), dict(type='EMAHook', momentum=0.1)]),
        {'train.ema': 0.9},
        'custom_hooks.0, custom_hooks.1: there is one moving average here, that of custom_hooks.1',
    ),
    'names with a scope': (
        dict(
            optim_wrapper=dict(SGD, type='mmengine.AmpOptimWrapper'),
            custom_hooks=[dict(type='mmengine.EMAHook', momentum=1e-4)],
            train_pipeline=[dict(type='mmpretrain.RandomFlip', prob=0.5)],
        ),
        {
            'train.precision': 'fp16',
            'train.ema': 0.9999,
            'train.augment': dict(flip=0.5),
            'train.optim_wrapper.type': 'AmpOptimWrapper',
        },
        None,
    ),
    'names with a scope below train': (
        dict(
            train=dict(param_scheduler=None, optim_wrapper=dict(SGD, type='mmengine.AmpOptimWrapper', dtype='bfloat16'))
        ),
        {'train.precision': 'bf16'},
        None,
    ),
    'half numbers by name': (
        dict(optim_wrapper=dict(SGD, type='AmpOptimWrapper', dtype='float16')),
        {'train.precision': 'fp16'},
        None,
    ),
    'batch norms of all processes': (dict(sync_bn='torch'), {'train.sync_bn': True}, None),
    'mean of a default hook': (
        dict(default_hooks=dict(logger=dict(type='LoggerHook'), ema=dict(type='EMAHook', momentum=1e-4))),
        {'train.ema': 0.9999},
        None,
    ),
    'a default hook that stops': (
        dict(default_hooks=dict(early=dict(type='EarlyStoppingHook', monitor='loss'))),
        {'train.patience': None},
        'default_hooks: there is no EarlyStoppingHook here',
    ),
    'digits with a pipeline': (
        dict(data='digits', train_pipeline=[dict(type='RandomFlip', prob=0.5)]),
        {'train.augment': 'none'},
        'train_pipeline: digits are not augmented unless train.augment is set',
    ),
}


@pytest.mark.parametrize('case', FORMS)
def test_forms_of_openmmlab(case):
    theirs, expected, told = FORMS[case]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        found = complete({k: v for k, v in {**THEIRS, **theirs}.items() if v is not None})
    for place, value in expected.items():
        at = found
        for step in place.split('.'):
            at = at[step]
        assert at == value, place
    others = [str(w.message) for w in said if not str(w.message).startswith('not used here')]
    assert others == (told if isinstance(told, list) else [told] if told else [])


WRONG = {
    'no data': (
        dict(data=None, dataset_type='ImageNet'),
        "data: the config trains on ImageNet, which is not available here. Set data='folder:PATH', or "
        '--cfg-options data=folder:PATH on the command line, with train and val in the folder, and in these a folder '
        'for each class.',
    ),
    'counted in steps': (
        dict(train_cfg=dict(type='IterBasedTrainLoop', max_iters=9)),
        'train_cfg.max_iters: expected epochs instead of iterations. '
        'Set train.epochs=…, and by_epoch=True in param_scheduler.',
    ),
    **{
        f'half numbers as {v}': (
            dict(optim_wrapper=dict(SGD, type='AmpOptimWrapper', dtype=v)),
            f"optim_wrapper.dtype: expected 'float16' or 'bfloat16', got {v!r}. "
            f"Use type='OptimWrapper' to train in float32.",
        )
        for v in ('float32', 'float64', ['float16'])
    },
    'an optimizer misspelt': (dict(optim_wrapper=dict(optimizer=dict(type='AdamV', lr=0.1))), None),
    'a schedule misspelt': (dict(param_scheduler=[dict(type='CosineAnealingLR')]), None),
}


HOOKS = {                                                               # what custom_hooks holds, and where it is wrong
    'SWA': ([dict(type='EMAHook', ema_type='StochasticWeightAverage')], '.0.ema_type'),
    'annealed': ([dict(type='EMAHook', ema_type='MomentumAnnealingEMA', gamma=50)], '.0.ema_type'),
    'gamma without annealing': ([dict(type='EMAHook', gamma=50)], '.0.gamma'),
    'misspelt': ([dict(type='PreciseBNHook'), dict(type='EMAHook', momentun=1e-4)], '.1.momentun'),
    'momentum a string': ([dict(type='EMAHook', momentum='1e-4')], '.0.momentum'),
    'momentum of one': ([dict(type='EMAHook', momentum=1)], '.0.momentum'),
    'momentum NaN': ([dict(type='EMAHook', momentum=float('nan'))], '.0.momentum'),
    'no type': ([dict(momentum=1e-4)], '.0'),
    'a name': (['EMAHook'], '.0'),
    'a dict': (dict(type='EMAHook'), ''),
}


@pytest.mark.filterwarnings('ignore:not used here', 'ignore:custom_hooks')
@pytest.mark.parametrize('case', HOOKS)
def test_wrong_hooks(case):
    hooks, where = HOOKS[case]
    with pytest.raises(ConfigError) as e:
        complete(dict(THEIRS, custom_hooks=hooks))
    assert e.value.issues[0].path == f'custom_hooks{where}'


@pytest.mark.filterwarnings('ignore:not used here')
def test_hook_named_by_a_stranger():
    with pytest.warns(UserWarning, match=r'there is no \\x1b\[2J here'):
        complete(dict(THEIRS, custom_hooks=[dict(type='\x1b[2J')]))


@pytest.mark.parametrize('odd', [dict(auto_scale_lr=dict(base_batch_size='256')),
                                 dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr='.1')),
                                      auto_scale_lr=dict(base_batch_size=256)),
                                 dict(train=[1])])
@pytest.mark.filterwarnings('ignore')
def test_numbers_that_are_strings(odd):
    "End in an error of this package, or in none"
    with suppress(ConfigError):
        complete(dict(THEIRS, **odd))


@pytest.mark.parametrize('odd', [dict(auto_scale_lr=dict(enable=True)),
                                 dict(train_cfg=dict(max_epochs=7, val_interval=5)),
                                 dict(train_dataloader=dict(batch_size=32, drop_last=True)), dict(unheard=1),
                                 dict(randomness=dict(deterministic=True)), dict(data_preprocessor=dict(pad_value=3)),
                                 dict(optimizer=dict(lr=.08)), dict(resume=True), dict(tta_model=dict(type='A'))],
                         ids=str)
def test_unused_keys_are_named(odd):
    "With their path, also one that nobody has heard of"
    with pytest.warns(UserWarning, match='^not used here') as said:
        complete(dict(THEIRS, **odd))
    (key, value), = odd.items()
    path = f'{key}.{[*value][-1]}' if key in ('train_cfg', 'train_dataloader') else key
    assert any(path in str(w.message) for w in said)


@pytest.mark.filterwarnings('ignore:not used here')
@pytest.mark.parametrize('case', WRONG)
def test_wrong_forms(case):
    "Before the data are read and anything is built"
    theirs, told = WRONG[case]
    with pytest.raises(ConfigError) as e:
        complete({k: v for k, v in {**THEIRS, **theirs}.items() if v is not None})
    if told:
        assert str(e.value) == told
    else:
        assert str(e.value).startswith('train.') and 'Did you mean' in str(e.value)


def test_optimizers_of_timm():
    "LARS as OpenMMLab's: the rate adapts without weight decay too; Lamb by name"
    pytest.importorskip('timm')
    clf = torch.nn.Linear(3, 2, bias=False)
    clf.weight.data.fill_(1.)
    optimizer = build_optimizer(clf, dict(optimizer=dict(type='LARS', lr=2., momentum=.9, eta=.01)))
    clf(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    # lr · eta · |w| / |g| · g, and |w| = |g|
    torch.testing.assert_close(clf.weight, torch.full((2, 3), 1 - 2 * .01), rtol=1e-6, atol=1e-6)
    assert type(build_optimizer(clf, dict(optimizer=dict(type='Lamb', lr=.01, weight_decay=.02)))).__name__ == 'Lamb'
    with pytest.raises(ConfigError) as e:
        build_optimizer(clf, dict(optimizer=dict(type='LARS', lr=2., etha=.01)))
    assert "optim_wrapper.optimizer.etha: LARS has no argument 'etha'. Did you mean 'eta'?" in str(e.value)
