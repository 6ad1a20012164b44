# ruff: noqa: F403, F405
"`merge`, which knows `_delete_`; `update`, which does not; storing copies, reading does not"
import copy

from mmengine.config import read_base
from torch.optim import RMSprop

with read_base():
    from .star import *

optim_wrapper.merge(dict(optimizer=dict(type=RMSprop, lr=0.064, _delete_=True), paramwise_cfg=dict(bias_decay_mult=0.)))
train_cfg.merge(dict(max_epochs=10, val_interval=None))
own = [dict(type='Own', a=[1])]
train_dataloader.dataset.pipeline = own
own[0]['type'] = 'Changed'
own.append(3)
alias = model.backbone
alias.depth = 50
shallow, deep = copy.copy(model), copy.deepcopy(model)
shallow.head.num_classes = 10
deep.head.num_classes = 20
plain = dict(d=dict(x=1))
plain.update(d=dict(y=2))
stored = model.setdefault('extra', [1])
stored.append(2)
missing = model.pop('nothing')
scale = model.pop('init_cfg')[0]['std'] * 2
