# ruff: noqa: F403, F405
from mmpretrain.models import CrossEntropyLoss, GlobalAveragePooling, ImageClassifier, LinearClsHead, ResNet
from torch.nn.modules.batchnorm import BatchNorm2d

model = dict(
    type=ImageClassifier,
    backbone=dict(type=ResNet, depth=18, out_indices=(3,), norm_cfg=dict(type=BatchNorm2d)),
    neck=dict(type=GlobalAveragePooling),
    head=dict(
        type=LinearClsHead,
        num_classes=1000,
        in_channels=512,
        loss=dict(type=CrossEntropyLoss, loss_weight=1.0),
        topk=(1, 5),
    ),
)
