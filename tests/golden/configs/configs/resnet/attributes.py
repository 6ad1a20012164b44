# ruff: noqa: F403, F405
"Places, deletes, arithmetic, comprehensions; names of a base by other names"
import torch.nn
import torchvision.ops as ops
from mmengine.config import read_base
from torch import nn
from torch.optim.sgd import SGD

with read_base():
    from .._base_.imagenet import train_dataloader, train_pipeline
    from .._base_.schedules.adamw import *
    from .star import model as teacher
    from .star import optim_wrapper as theirs

teacher.backbone.act_cfg = dict(type=nn.GELU)
teacher.head.loss.loss_weight *= 3
teacher['neck']['scale'] = (2, 2)
student = dict(type=teacher.type, backbone=dict(depth=teacher.backbone.depth // 2), layers=[torch.nn.ReLU, ops.MLP])
optim_wrapper.optimizer = dict(type=SGD, lr=theirs.optimizer.lr * 256 / 1024, momentum=0.9)
del optim_wrapper.paramwise_cfg
del param_scheduler[0], train_cfg['max_epochs']
train_pipeline[1].update(prob=0.25)
train_pipeline.insert(0, dict(type=torch.nn.Identity))
train_dataloader.dataset.pipeline = train_pipeline + [dict(type=t) for t in ('Last', 'VeryLast')]
train_pipeline[2]['prob'] = 1.0
names = [f'layer{i}.{c}' for i in range(2) for c in 'ab']
sizes = {k: len(v) for k, v in dict(a=[1], b=names).items()}
