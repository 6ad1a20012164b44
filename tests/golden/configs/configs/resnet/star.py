# ruff: noqa: F403, F405
"The usual file: bases, a few updates, an own part of the recipe"
from mmengine.config import read_base
from mmengine.hooks import CheckpointHook, EMAHook
from mmengine.model import PretrainedInit, TruncNormalInit
from mmpretrain.models import Mixup

with read_base():
    from .._base_.imagenet import *
    from .._base_.models.resnet18 import *
    from .._base_.schedules.adamw import *

checkpoint = 'https://example.org/resnet18.pth'
model.update(
    backbone=dict(depth=34, init_cfg=dict(type=PretrainedInit, checkpoint=checkpoint, prefix='backbone')),
    init_cfg=[dict(type=TruncNormalInit, layer='Linear', std=.02)],
    train_cfg=dict(augments=dict(type=Mixup, alpha=0.2)))
optim_wrapper.update(optimizer=dict(lr=4e-3), clip_grad=dict(max_norm=5.0))
train_dataloader.update(dict(batch_size=128), num_workers=8)
default_hooks = dict(checkpoint=dict(type=CheckpointHook, interval=1))
custom_hooks = [dict(type=EMAHook, momentum=4e-5, priority='ABOVE_NORMAL')]
loss_of_the_base = dict(type=CrossEntropyLoss, loss_weight=2.0, _delete_=True)
