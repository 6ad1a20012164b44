"""Each key of mmpretrain's recipes whose models compose here is used, translated, or named before the first step.

`golden/recipes.json.gz` holds them as mmengine resolves them, see `tools/record_recipes.py`. A run is prepared from
each and stopped before its first step; every leaf of the recipe is then compared with what that run would use:
transforms, optimizer, schedule, mean of the weights.
"""

import gzip
import json
import re
import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch
from common import ROOT
from PIL import Image
from torchvision.transforms import v2

from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data, augmented, load_data
from clsparts.data.image_files import read_image
from clsparts.data.transforms import Preset, _with_box
from clsparts.training.callbacks import Callback, StopTraining
from clsparts.training.optimizers import scaling_of
from clsparts.training.runs import complete, prepare
from clsparts.training.trainer import Trainer

RECORD = json.loads(gzip.decompress((ROOT/'tests'/'golden'/'recipes.json.gz').read_bytes()))
RECIPES, ERASING = RECORD['recipes'], RECORD['erasing']
PARTS = {'train_dataloader.dataset.pipeline': 'train_pipeline', 'val_dataloader.dataset.pipeline': 'test_pipeline',
         'test_dataloader.dataset.pipeline': 'test_pipeline'}
# mmpretrain's and mmcv's, of options that change an image
DEFAULTS = dict(
    RandomResizedCrop=dict(crop_ratio_range=[.08, 1.], aspect_ratio_range=[3 / 4, 4 / 3], interpolation='bilinear',
                           backend='cv2'),
    MAERandomResizedCrop=dict(scale=[.08, 1.], ratio=[3 / 4, 4 / 3]),
    ResizeEdge=dict(edge='short', interpolation='bilinear', backend='cv2'),
    Resize=dict(interpolation='bilinear', backend='cv2'), RandomFlip=dict(direction='horizontal'))
TINY = dict(type='VisionTransformer', patch_size=32,
            arch=dict(embed_dims=8, num_layers=2, num_heads=1, feedforward_channels=8))


def picture():
    "The image of the record, as in `tools/record_recipes.py`"
    y, x = np.mgrid[0:90, 0:120] / 100
    waves = [np.sin(5 * x + 2 * y), np.cos(4 * y - x), np.sin(3 * x * y + 1)]
    return (127.5 + 127 * np.stack(waves, -1)).round().astype(np.uint8)


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    "A folder of two classes"
    folder = tmp_path_factory.mktemp('photos')
    for i in range(12):
        path = folder/('train' if i < 8 else 'val')/f'class {i % 2}'/f'{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture()).save(path)
    return folder


@dataclass
class Ready:
    "What a recipe became: a run that stopped before its first step"
    recipe: dict
    cfg: dict  # complete
    told: list[str]  # warnings
    data: Data
    training: Trainer

    def steps(self, kind) -> list:
        "The transforms of the training images that are of a kind"
        found = augmented(self.data, self.cfg['train']['augment'])
        transform = (found.dataset if hasattr(found, 'indices') else found).transform
        return [s for s in getattr(transform, 'transforms', [transform]) if isinstance(s, kind)]

    def names(self, path) -> bool:
        "Whether a warning names the path, or one above it"
        steps = path.split('.')
        above = ['.'.join(steps[:i + 1]) for i in range(len(steps))]
        return any(re.search(rf'(?<![\w.]){re.escape(p)}(?![\w.]*\w)', text) for p in above for text in self.told)


class Stop(Callback):
    def begin(self, training):
        self.training = training
        raise StopTraining


def ready(recipe, photos, out):
    "A run by the recipe, of a tiny model on a few images, stopped before its first step"
    head = dict(type='VisionTransformerClsHead', num_classes=2)
    theirs = dict(recipe['model'])
    backbone, classes = dict(TINY, **theirs.pop('backbone', {})), theirs.pop('head')
    model = dict(theirs, type='ImageClassifier', backbone=backbone, head={**head, **classes})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter('always')
        cfg = complete({**recipe, 'model': model, 'data': f'folder:{photos}'})
        told = [str(w.message) for w in said]
        size = load_data(cfg['data']).preset.size
        small = dict(cfg['model'], head=head, backbone=dict(TINY, img_size=size, patch_size=size // 2))
        run = prepare(dict(cfg, model=small, train=dict(cfg['train'], precision='fp32', num_workers=0)), out)
        run.run('cpu', False, [stop := Stop()])
    return Ready(recipe, cfg, told, run.data, stop.training)


# what a run uses for a key: of the value and the run, whether it is that

def in_optimizer(name, v, r):
    o = r.training.optimizer
    if name == 'type':
        return type(o).__name__ == v
    found = o.defaults[name]
    return (list(found) if isinstance(found, tuple) else found) == v

def in_wrapper(name, v, r):
    return r.cfg['train']['optim_wrapper'][name] == r.recipe['optim_wrapper'][name]
def crop_of(r):
    return r.steps(v2.RandomResizedCrop)[0]

def in_erasing(name, v, r):
    "Colours are red first here"
    painted = next(s.args[0] for s in r.steps(partial) if s.func is _with_box)[name]
    return list(np.atleast_1d(painted))[::-1 if name.startswith('fill') else 1] == list(np.atleast_1d(v))

def same_size(v, r):
    return r.data.preset.size == v
def told(text):
    return lambda v, r: any(text.format(v) in t for t in r.told)
def either(*checks):
    return lambda v, r: any(check(v, r) for check in checks)
def both(*checks):
    return lambda v, r: all(check(v, r) for check in checks)
def in_train(name):
    return lambda v, r: r.cfg['train'][name] == v

def precision(v, r):
    return r.cfg['train']['precision'] == ('fp16' if v == 'AmpOptimWrapper' else 'fp32')
def scaling(v, r):
    return scaling_of(r.cfg['train']['optim_wrapper']) == (
        {} if v == 'dynamic' else dict(init_scale=v, growth_interval=2**31 - 1)
    )


def is_reversed(r):
    return not r.recipe['data_preprocessor'].get('to_rgb')
def colours(name, v, r):
    return np.allclose(np.array(getattr(r.data.preset, name)) * 255, v[::-1] if is_reversed(r) else v)
def resized(v, r):
    return (r.data.preset.size if r.data.preset.squash else round(r.data.preset.size / r.data.preset.crop_ratio)) == v

def interpolation(part, v, r):
    named = {3: 'bicubic'}.get(v, v)
    return r.data.preset.interpolation == named or told(f'{part}_pipeline: interpolation={v!r}')(v, r)

USED = {  # regular expressions for paths
    r'optim_wrapper\.optimizer\.(\w+)': in_optimizer,
    r'optim_wrapper\.(paramwise_cfg)\..*': in_wrapper,  # groups: param_groups.json.gz
    r'optim_wrapper\.clip_grad\.(\w+)': lambda k, v, r: r.training.clip[k] == v,
    r'optim_wrapper\.(constructor)': lambda k, v, r: (
        in_wrapper(k, v, r) and len({g['lr'] for g in r.training.optimizer.param_groups}) > 2
    ),
    r'optim_wrapper\.accumulative_counts': lambda v, r: r.training.accumulate == v,
    # rates: schedules.json.gz
    r'param_scheduler\..*': lambda v, r: r.cfg['train']['param_scheduler'] == r.recipe['param_scheduler'],
    r'auto_scale_lr\.base_batch_size': either(in_train('batch_size'), told('auto_scale_lr: the learning rate')),
}
TRANSLATED = {
    r'optim_wrapper\.type': both(precision, lambda v, r: v != 'DeepSpeedOptimWrapper' or told('DeepSpeed')(v, r)),
    r'optim_wrapper\.loss_scale': scaling,
    r'train_cfg\.max_epochs': lambda v, r: r.training.epochs == v,
    r'train_dataloader\.batch_size': lambda v, r: r.training.settings.batch_size == v,
    r'train_dataloader\.num_workers': in_train('num_workers'),
    r'randomness\.seed': lambda v, r: r.cfg['seed'] == v,
    r'custom_hooks\.\d+\.momentum': lambda v, r: r.cfg['train']['ema'] == 1 - v and r.training.ema is not None,
    r'data_preprocessor\.(mean|std)': colours,
    r'data_preprocessor\.to_rgb': lambda v, r: v or told('data_preprocessor.to_rgb')(v, r),
    r'data_preprocessor\.num_classes': lambda v, r: (
        v == r.recipe['model']['head']['num_classes'] or r.names('data_preprocessor.num_classes')
    ),
    r'train_pipeline\.RandomResizedCrop\.scale': either(
        both(same_size, lambda v, r: crop_of(r).size == (v, v)), told('as those to test with, not {}')
    ),
    r'train_pipeline\.RandomResizedCrop\.crop_ratio_range': lambda v, r: list(crop_of(r).scale) == v,
    r'train_pipeline\.RandomResizedCrop\.aspect_ratio_range': lambda v, r: list(crop_of(r).ratio) == v,
    r'train_pipeline\.MAERandomResizedCrop\.size': both(
        lambda v, r: crop_of(r).size == (v, v), told('MAERandomResizedCrop draws its box once')
    ),
    r'train_pipeline\.MAERandomResizedCrop\.(scale|ratio)': lambda k, v, r: list(getattr(crop_of(r), k)) == v,
    r'(train|test)_pipeline\.\w+\.interpolation': interpolation,
    r'train_pipeline\.(?:torchvision/RandomHorizontalFlip\.p|RandomFlip\.prob)': lambda v, r: (
        r.steps(v2.RandomHorizontalFlip)[0].p == v
    ),
    r'train_pipeline\.RandomCrop\.crop_size': both(
        same_size,
        either(
            told('RandomCrop takes any part of an image; here it is the middle'),
            lambda v, r: r.steps(v2.RandomCrop)[0].size == (v, v),
        ),
    ),
    r'train_pipeline\.RandomCrop\.padding': lambda v, r: set(r.steps(v2.RandomCrop)[0].padding) == {v},
    r'train_pipeline\.RandAugment\.num_policies': lambda v, r: r.steps(v2.RandAugment)[0].num_ops == v,
    r'train_pipeline\.RandAugment\.magnitude_level': lambda v, r: r.steps(v2.RandAugment)[0].magnitude == 3 * v,
    r'train_pipeline\.RandAugment\.total_level': both(lambda v, r: v == 10, told("RandAugment is torchvision's")),
    r'train_pipeline\.AutoAugment\.policies': lambda v, r: v == 'imagenet' and len(r.steps(v2.AutoAugment)) == 1,
    r'train_pipeline\.RandomErasing\.(?!type)(\w+)': in_erasing,
    r'test_pipeline\.(?:ResizeEdge|Resize)\.scale': resized,
    r'train_pipeline\.Resize\.scale': told('train_pipeline: images become {0} × {0}'),
    r'test_pipeline\.CenterCrop\.crop_size': same_size,
}
AS_HERE = {  # what a run does in any case
    'train_cfg.by_epoch': True,
    'train_cfg.val_interval': 1,
    'train_cfg.type': 'EpochBasedTrainLoop',
    'train_dataloader.sampler.shuffle': True,
    'train_dataloader.sampler.type': 'DefaultSampler',
    'resume': False,
    'randomness.deterministic': False,
    'train_pipeline.RandomFlip.direction': 'horizontal',
    'test_pipeline.ResizeEdge.edge': 'short',
    'train_pipeline.torchvision/TrivialAugmentWide.fill': None,
    'train_pipeline.torchvision/TrivialAugmentWide.num_magnitude_bins': 31,
    'train_pipeline.NumpyToPIL.to_rgb': True,
    'train_pipeline.ToPIL.to_rgb': True,
    'train_pipeline.PILToNumpy.to_bgr': True,
    'train_pipeline.ToNumpy.to_bgr': True,
}
PRESENT = {
    'LoadImageFromFile', 'PackInputs', 'ResizeEdge', 'Resize', 'CenterCrop',
    'NumpyToPIL', 'PILToNumpy', 'ToPIL', 'ToNumpy',
}


def leaves(value, path=''):
    "Dotted paths and values; a step of a pipeline is called by its type, and its options have mmpretrain's defaults"
    if isinstance(value, dict) and value:
        for k, v in value.items():
            yield from leaves(v, f'{path}.{k}' if path else k)
    elif path in PARTS:
        for step in value:
            full = {**DEFAULTS.get(step['type'], {}), **step}
            for k, v in full.items():
                yield f'{PARTS[path]}.{step["type"]}.{k}', v
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for i, v in enumerate(value):
            yield from leaves(v, f'{path}.{i}')
    elif value not in (None, {}):
        yield path, value


def step_named(r, path):
    "Whether a warning names an option of a pipeline's step, or the step"
    part, type_, option = path.split('.', 2)
    texts = [rf'^{part}: there is no (.*, )?{type_}(,| here)', rf'^{part}: not used here: (.*, )?{type_}\.{option}\b']
    if option == 'backend':
        texts.append(rf"^[\w, ]*{part}.*: backend='cv2' resizes without")
    return any(re.search(text, t) for text in texts for t in r.told)


def verdict(path, value, r):
    "What became of a key: used, translated, as here, named; None if it was lost"
    if path in AS_HERE and AS_HERE[path] == value:
        return 'as here'
    if path.startswith('data.'):
        return 'named' if refused(r.recipe['data']) else None      # data of mmcls 0.x
    in_step = path.partition('.')[0] in PARTS.values()
    if not in_step and path.split('.')[0] in ('train_pipeline', 'test_pipeline', 'dataset_type'):
        return variable(path, r)
    named = step_named(r, path) if in_step else r.names(path)
    for word, table in (('used', USED), ('translated', TRANSLATED)):
        for pattern, check in table.items():
            if (m := re.fullmatch(pattern, path)) and not (named and in_step):
                return word if check(*m.groups(), value, r) else None
    if in_step and path.endswith('.type'):
        return 'named' if named else 'used' if value in PRESENT or r.cfg['train']['augment'] != 'none' else None
    if path.endswith('.backend') and value == 'pillow':
        return 'as here'
    if named:
        return 'named'
    if m := re.fullmatch(r'(custom_hooks)\.(\d+)\.\w+', path):
        hook = r.recipe[m[1]][int(m[2])]
        return (
            'used'
            if hook['type'] == 'EMAHook'
            else 'named'
            if told(f'there is no {hook["type"]} here')(value, r)
            else None
        )
    return None


def refused(data):
    try:
        load_data(data)
    except ConfigError as e:
        return e.issues[0].path == 'data.name'


def variable(path, r):
    "A variable that mmengine does not read: the same as what it reads, or named"
    name = path.split('.')[0]
    held_out = 'val_dataloader' if r.recipe.get('val_dataloader') else 'test_dataloader'
    place = dict(train_pipeline='train_dataloader.dataset.pipeline', test_pipeline=f'{held_out}.dataset.pipeline',
                 dataset_type='train_dataloader.dataset.type')[name]
    value = r.recipe
    for step in place.split('.'):
        value = (value or {}).get(step)
    return 'used' if value == r.recipe[name] else 'named' if r.names(name) else None


def judged(r):
    "Each leaf with its verdict"
    recipe = {k: v for k, v in r.recipe.items() if k != 'model'}
    steps = {k: v for k, v in recipe.items() if k not in ('train_pipeline', 'test_pipeline')}
    yield from ((path, value, verdict(path, value, r)) for path, value in leaves(steps))
    for name in ('train_pipeline', 'test_pipeline'):
        if recipe.get(name):
            yield name, recipe[name], variable(name, r)


@pytest.mark.parametrize('entry', RECIPES, ids=lambda e: e['files'][0].removesuffix('.py'))
def test_no_key_is_lost(entry, photos, tmp_path):
    r, seen = ready(entry['recipe'], photos, tmp_path/'run'), entry['seen']
    assert not {path: value for path, value, word in judged(r) if word is None}
    if not seen or seen['size'] == [90, 120]:
        return                    # CIFAR's images stay as they are
    found = r.data.preset.eval_transform()(read_image(Image.fromarray(picture())))
    h, w = found.shape[1:]
    assert [h, w] == seen['size']
    if any('Resize changes the shape' in t for t in r.told):
        return     # and here it does not
    fields = found.reshape(3, 4, h // 4, 4, w // 4).mean((2, 4)).movedim(0, -1)
    theirs = torch.tensor(seen['fields'])
    torch.testing.assert_close(fields, theirs.flip(-1) if is_reversed(r) else theirs, rtol=0, atol=.02)


def test_every_config_is_there():
    assert [len(RECIPES), sum(len(e['files']) for e in RECIPES)] == [47, 87]


@pytest.mark.parametrize('entry', ERASING, ids=lambda e: e['step']['mode'])
def test_painted_boxes(entry):
    "Area and colours of the boxes are drawn as mmpretrain draws them"
    cfg = dict(model=dict(type='ImageClassifier'), data='folder:x', train_pipeline=[entry['step']])
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        augment = complete(cfg)['train']['augment']
    torch.manual_seed(0)
    transform, white = (
        Preset(80, crop_ratio=1.0).train_transform(augment),
        torch.full((3, 80, 80), 255, dtype=torch.uint8),
    )
    images = [transform(white) for _ in range(2000)]
    boxes = [(image, box) for image in images if (box := (image != 1).any(0)).any()]
    areas = torch.tensor([box.float().mean() for _, box in boxes])
    pixels = torch.cat([image[:, box][:, :400] for image, box in boxes], 1).flip(0) * 255
    assert abs(len(boxes) / 2000 - entry['share']) < .04
    torch.testing.assert_close(torch.stack([areas.mean(), areas.std()]), torch.tensor(entry['area']), rtol=0, atol=.012)
    moments = torch.stack([pixels.mean(1), pixels.std(1)])
    torch.testing.assert_close(moments, torch.tensor(entry['pixels']), rtol=0, atol=1.)
