# ruff: noqa: F403, F405
from mmengine.dataset import DefaultSampler
from mmengine.dataset.utils import default_collate
from mmpretrain.datasets import ImageNet, LoadImageFromFile, PackInputs, RandomFlip
from mmpretrain.datasets.transforms import AutoAugment

dataset_type = ImageNet
data_preprocessor = dict(num_classes=1000, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
bgr_mean = data_preprocessor['mean'][::-1]
train_pipeline = [
    dict(type=LoadImageFromFile),
    dict(type=RandomFlip, prob=0.5),
    dict(type=AutoAugment, policies='imagenet', hparams=dict(pad_val=[round(x) for x in bgr_mean])),
    dict(type=PackInputs),
]
train_dataloader = dict(
    batch_size=64,
    collate_fn=dict(type=default_collate),
    dataset=dict(type=dataset_type, split='train', pipeline=train_pipeline),
    sampler=dict(type=DefaultSampler, shuffle=True))
val_dataloader = dict(batch_size=64, dataset=dict(type=dataset_type, split='val', pipeline=train_pipeline[:1]))
test_dataloader = val_dataloader
