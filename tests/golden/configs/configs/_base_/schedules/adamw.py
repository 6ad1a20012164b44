# ruff: noqa: F403, F405
from mmengine.optim import CosineAnnealingLR, LinearLR
from torch.optim import AdamW

optim_wrapper = dict(
    optimizer=dict(type=AdamW, lr=5e-4 * 1024 / 512, betas=(0.9, 0.999)),
    paramwise_cfg=dict(norm_decay_mult=0.0, custom_keys={'.pos_embed': dict(decay_mult=0.0)}))
param_scheduler = [dict(type=LinearLR, start_factor=1e-3, end=20), dict(type=CosineAnnealingLR, begin=20)]
train_cfg = dict(by_epoch=True, max_epochs=300)
_private, default_scope = 1, None
