"""Record the recipes of mmpretrain's configs whose models compose here; tests/test_whole_recipes.py compares ours.

    python tools/record_recipes.py           # write tests/golden/recipes.json.gz
    python tools/record_recipes.py --check   # exit with 1 if mmengine or mmpretrain computes something else

Needs mmpretrain 1.2.0, mmengine 0.10.7 and mmcv-lite 2.1.0. A recipe is all that mmengine's `Config` holds, without the
parts of the model. Equal recipes are recorded once, with the names of their config files. With each comes what
mmpretrain's test pipeline and data preprocessor make of one image: the size, and the means of 4 × 4 fields per channel.
For each `RandomErasing`, the moments of what it paints are recorded.
"""

import argparse
import gzip
import json
import warnings
from pathlib import Path

import numpy as np

RECORD = Path(__file__).resolve().parent.parent/'tests'/'golden'/'recipes.json.gz'
MODEL = ('data_preprocessor', 'train_cfg')                  # what belongs to the recipe


def picture() -> np.ndarray:
    "A smooth image `(h, w, 3)`, red first"
    y, x = np.mgrid[0:90, 0:120] / 100
    waves = [np.sin(5 * x + 2 * y), np.cos(4 * y - x), np.sin(3 * x * y + 1)]
    return (127.5 + 127 * np.stack(waves, -1)).round().astype(np.uint8)


def is_here(part) -> bool:
    "Whether the parts of a model have names of parts of clsparts"
    from clsparts.core.registry import MODELS
    if isinstance(part, list):
        return all(map(is_here, part))
    if not isinstance(part, dict):
        return True
    return part.get('type') in MODELS.names() and is_here(part.get('loss'))


def seen(recipe: dict) -> dict | None:
    "What becomes of the image"
    from mmpretrain.registry import TRANSFORMS
    pipeline = ((recipe.get('val_dataloader') or {}).get('dataset') or {}).get('pipeline')
    if pipeline is None:
        return None
    results = dict(img=picture()[..., ::-1].copy(), img_shape=(90, 120))
    for step in pipeline:
        if step['type'] not in ('LoadImageFromFile', 'PackInputs'):
            results = TRANSFORMS.build(step)(results)
    h, w = results['img'].shape[:2]
    pre = recipe['data_preprocessor']
    image = results['img'][..., ::-1] if pre.get('to_rgb') else results['img']
    image = (image - np.array(pre['mean'])) / np.array(pre['std'])
    fields = image[:h // 4 * 4, :w // 4 * 4].reshape(4, h // 4, 4, w // 4, 3).mean((1, 3))
    return dict(size=[h, w], fields=fields.round(4).tolist())


def erased(step: dict) -> dict:
    "Share of images with a box, share of the area in the boxes, mean and deviation of their pixels per channel (BGR)"
    from mmpretrain.registry import TRANSFORMS
    np.random.seed(0)
    transform, areas, pixels = TRANSFORMS.build(step), [], []
    for _ in range(4000):
        image = transform(dict(img=np.full((60, 80, 3), 255, np.uint8)))['img']
        box = (image != 255).any(-1)
        if box.any():
            areas.append(box.mean()), pixels.append(image[box][:50])
    values = np.concatenate(pixels).astype(float)
    return dict(step=step, share=len(areas) / 4000, area=[round(float(f(areas)), 4) for f in (np.mean, np.std)],
                pixels=[values.mean(0).round(2).tolist(), values.std(0).round(2).tolist()])


def record() -> dict:
    "All recipes"
    import mmpretrain
    from mmengine.config import Config
    from mmengine.registry import init_default_scope
    from mmpretrain.utils import register_all_modules
    register_all_modules()
    init_default_scope('mmpretrain')
    root, recipes, erasing = Path(mmpretrain.__file__).parent/'.mim'/'configs', {}, {}
    for path in sorted(root.rglob('*.py')):
        if '_base_' in path.parts:
            continue
        try:
            cfg = Config.fromfile(path).to_dict()
        except Exception:
            continue                          # 16 files that mmengine cannot read either
        model = cfg.get('model')
        if not isinstance(model, dict) or model.get('type') != 'ImageClassifier':
            continue
        if not all(is_here(model.get(k)) for k in ('backbone', 'neck', 'head')):
            continue
        cfg['model'] = {k: model[k] for k in MODEL if k in model} | dict(
            head=dict(num_classes=(model.get('head') or {}).get('num_classes'))
        )
        if 'img_size' in model['backbone']:
            cfg['model']['backbone'] = dict(img_size=model['backbone']['img_size'])
        recipes.setdefault(json.dumps(cfg), []).append(path.relative_to(root).as_posix())
        for step in ((cfg.get('train_dataloader') or {}).get('dataset') or {}).get('pipeline', ()):
            if step['type'] == 'RandomErasing':
                erasing[json.dumps(step)] = step
    found = [dict(files=files, recipe=json.loads(text), seen=seen(json.loads(text))) for text, files in recipes.items()]
    return dict(recipes=found, erasing=[erased(step) for step in erasing.values()])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true', help='compare, and write nothing')
    check = parser.parse_args().check
    warnings.simplefilter('ignore')
    made = record()
    if check:
        same = json.loads(gzip.decompress(RECORD.read_bytes())) == made
        print('the record is up to date' if same else 'the record differs from what mmengine and mmpretrain compute')
        raise SystemExit(0 if same else 1)
    RECORD.write_bytes(gzip.compress(json.dumps(made, separators=(',', ':')).encode(), 9, mtime=0))
    files = sum(len(r['files']) for r in made['recipes'])
    print(f'{len(made["recipes"])} recipes of {files} configs: {RECORD.stat().st_size / 1000:.0f} kB')


if __name__ == '__main__':
    main()
