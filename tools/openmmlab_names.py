"""Write the names that OpenMMLab's registries hold into nbs/core/openmmlab_names.ipynb.

    python tools/openmmlab_names.py          # in an environment with mmpretrain, mmengine and mmcv (mmcv-lite will do)
"""
import inspect
import json
import re
import textwrap
from collections import defaultdict
from pathlib import Path

import mmcv
import mmengine
import mmengine.registry as below
import mmpretrain
import mmpretrain.registry as above
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.models.selfsup.base import BaseSelfSupervisor
from mmpretrain.utils import register_all_modules

NOTEBOOK = Path(__file__).resolve().parent.parent/'nbs'/'core'/'openmmlab_names.ipynb'
FOLDERS = dict(backbones='backbone', peft='backbone', necks='neck', heads='head', losses='loss',
               classifiers='classifier')
OTHERS = dict(OPTIMIZERS='optimizer', PARAM_SCHEDULERS='schedule', DATASETS='dataset')
# registered where their packages are installed
OPTIONAL = dict(
    optimizer='DAdaptAdaGrad DAdaptAdam DAdaptSGD Lion Adafactor Adam8bit AdamW8bit Adagrad8bit PagedAdam8bit '
    'PagedAdamW8bit LAMB8bit LARS8bit RMSprop8bit Lion8bit PagedLion8bit SGD8bit'
)
LAYERS = dict(conv='conv', wrappers='conv', conv_ws='conv', conv2d_adaptive_padding='conv', activation='activation',
              hsigmoid='activation', swish='activation', batchnorm='norm', instancenorm='norm', normalization='norm',
              parrots_wrapper='norm', drop='dropout')                  # by the module that defines them


def kind_of_model(cls):
    "The kind of what mmpretrain registers among its models"
    inside = re.match(r'mmpretrain\.models\.(\w+)\.', cls.__module__)
    folder = inside[1] if inside else 'multimodal'                     # a model whose dependencies are not installed
    if cls.__module__.endswith('.norm'):
        return 'norm'
    if folder in FOLDERS:
        return FOLDERS[folder]
    if inspect.isclass(cls) and issubclass(cls, BaseBackbone):
        return 'backbone'
    if folder in ('multimodal', 'retrievers', 'tta') or issubclass(cls, BaseSelfSupervisor):
        return 'model'
    return 'layer'


def kind_of_layer(cls):
    "The kind of what mmcv and mmengine register among models; None for what no config of a classifier names"
    if cls.__module__.startswith('mmengine.model.'):
        return None
    return LAYERS.get(cls.__module__.rpartition('.')[2], 'layer')


def names():
    "All names by kind"
    register_all_modules()
    found = defaultdict(set)
    for name, cls in above.MODELS.module_dict.items():
        if not name.endswith('DataPreprocessor'):
            found[kind_of_model(cls)].add(name)
    for name, cls in below.MODELS.module_dict.items():
        if kind := kind_of_layer(cls):
            found[kind].add(name)
    for registry, kind in OTHERS.items():
        own = [
            *getattr(above, registry).module_dict,
            *getattr(below, registry).module_dict,
            *OPTIONAL.get(kind, '').split(),
        ]
        found[kind] = {n for n in own if not n.startswith('Base') and n != 'Optimizer'}
    kinds = dict.fromkeys([*FOLDERS.values(), 'model', *sorted(found)])
    return {kind: sorted(found[kind], key=str.lower) for kind in kinds}


def cell():
    "The cell of the notebook"
    of = ', '.join(f'{p.__name__} {p.__version__}' for p in (mmpretrain, mmengine, mmcv))
    lines = []
    for kind, found in names().items():
        lines += textwrap.wrap(f'{kind}={found},', 120, initial_indent='    ',
                               subsequent_indent='      ', break_long_words=False, break_on_hyphens=False)
    return '\n'.join(['#| export', f'NAMES = dict(  # of {of}', *lines]).rstrip(',') + ')'


def main():
    nb = json.loads(NOTEBOOK.read_text(encoding='utf-8'))
    target = next(c for c in nb['cells'] if ''.join(c['source']).startswith('#| export\nNAMES = dict('))
    target['source'] = cell().splitlines(keepends=True)
    NOTEBOOK.write_text(json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
