"What several of the tests need: every part, and arguments to build it with."
import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from clsparts.config.config import plain
from clsparts.core.registry import MODELS, parameters

ROOT = Path(__file__).resolve().parent.parent
KINDS = ('backbone', 'neck', 'head', 'loss')

# a value for each argument that some part cannot do without
NEEDED = dict(depth=18, in_channels=16, input_features=16, num_classes=10, mid_channels=(12, 8), label_smooth_val=.1,
              losses=['CrossEntropyLoss', dict(type='FocalLoss')])

# arguments that make a part narrow, where it has them
NARROW = dict(base_channels=4, stem_channels=8, widen_factor=.25, img_size=32, patch_size=8,
              arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16))


def parts(kind):
    "The entries of this package's parts of a kind, without the wrappers, which do nothing without a module"
    return [e for e in MODELS.entries(kind) if e.kind == kind and e.module.startswith('clsparts.')]


def minimal(entry, **more):
    "A config of a part with the arguments that it cannot do without, and of `more` those that it takes"
    takes, _ = parameters(entry.part)
    needed = [k for k, p in takes.items() if p.default is p.empty]
    unknown = [k for k in needed if k not in NEEDED]
    assert not unknown, f'{entry.name} cannot do without {unknown}: give a value in NEEDED, tests/common.py'
    return dict(
        type=entry.name,
        **{k: NEEDED[k] for k in needed},
        **{k: v for k, v in more.items() if k in takes and k not in needed},
    )


def narrow(entry):
    "A config of a part that is small and fast"
    return minimal(entry, **NARROW)


def through_json(cfg):
    "What a config file would hold: lists where there were tuples"
    return json.loads(json.dumps(plain(cfg)))


def shapes(module):
    "State-dict names with shapes"
    return {k: tuple(v.shape) for k, v in module.state_dict().items()}


def on_meta(cfg):
    "A part without numbers"
    with torch.device('meta'):
        return MODELS.build(cfg)


def python(code, *args, check=True, timeout=500, path=(), **kwargs):
    "Run `code` in a fresh interpreter that finds this package; gives the finished process"
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([*map(str, path), str(ROOT)]), **kwargs.pop('env', {})}
    done = subprocess.run(
        [sys.executable, '-c', code, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=env,
        **kwargs,
    )
    assert not check or done.returncode == 0, done.stderr
    return done
