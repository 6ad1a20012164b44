"""Record small transformers of mmpretrain.

    python tools/record_small_transformers.py tests/golden/small_transformers.json.gz

Runs in an environment with mmpretrain 1.2.0, mmcv-lite 2.1.0 and this package. Names, shapes and features in
float64, for the fixed weights of `clsparts.base.testing.fill`; of DINOv2's giant model names and shapes only.
"""

import gzip
import json
import sys

import numpy as np
import torch
from mmpretrain.models import VisionTransformer

from clsparts.base.testing import fill

TINY = dict(
    type='VisionTransformer',
    arch=dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=56),
    img_size=32,
    patch_size=8,
)
GIANT = dict(type='VisionTransformer', arch='dinov2-giant', img_size=518, patch_size=14, layer_scale_init_value=1e-5,
             layer_cfgs=dict(ffn_type='swiglu_fused'))
CASES = dict(swiglu={**TINY, 'layer_scale_init_value': 1e-5, 'layer_cfgs': dict(ffn_type='swiglu_fused')},
             patches={**TINY, 'patch_cfg': dict(kernel_size=16, bias=False)})


def shapes_of(backbone):
    return {k: list(v.shape) for k, v in backbone.state_dict().items()}


def build(cfg):
    return VisionTransformer(**{k: v for k, v in cfg.items() if k != 'type'})


def main(out):
    record, image = {}, torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 32, 32)))
    for name, cfg in CASES.items():
        backbone = fill(build(cfg).double())
        backbone.eval()                                                 # returns None in mmpretrain
        with torch.no_grad():
            features, = backbone(image)
        record[name] = dict(backbone=cfg, state=shapes_of(backbone), out=features.tolist())
    giant = build({**GIANT, 'arch': dict(embed_dims=1536, num_layers=1, num_heads=24, feedforward_channels=6144)})
    state = shapes_of(giant)                                            # one layer of 40, which are alike
    layer = {k.removeprefix('layers.0.'): v for k, v in state.items() if k.startswith('layers.0.')}
    state = {k: v for k, v in state.items() if not k.startswith('layers.')} | {
        f'layers.{i}.{k}': v for i in range(40) for k, v in layer.items()
    }
    assert VisionTransformer.arch_zoo['dinov2-giant'] == dict(
        embed_dims=1536, num_layers=40, num_heads=24, feedforward_channels=6144
    )
    record['dinov2-giant'] = dict(backbone=GIANT, state=state)
    with open(out, 'wb') as f:
        f.write(gzip.compress(json.dumps(record).encode(), mtime=0))


if __name__ == '__main__':
    main(sys.argv[1])
