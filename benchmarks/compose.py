"How long it takes to look at a composition without weights, and to compose it with them."
import argparse
from contextlib import suppress
from functools import partial

from common import head_line, table, timed

from clsparts.composer.builder import compose
from clsparts.composer.dry_run import resolve

POOLED = dict(neck='GlobalAveragePooling', head='LinearClsHead', num_classes=1000)
COMPOSITIONS = {
    'ResNet-18': dict(backbone=dict(type='ResNet', depth=18), **POOLED),
    'ResNet-50': dict(backbone=dict(type='ResNet', depth=50), **POOLED),
    'ResNet-152': dict(backbone=dict(type='ResNet', depth=152), **POOLED),
    'MobileNetV2': dict(backbone='MobileNetV2', **POOLED),
    'ViT-B/16': dict(backbone='VisionTransformer', head='VisionTransformerClsHead', num_classes=1000),
}
TARGETS = {'ResNet-50': 'under 60'}


def refused(f):
    "`f`, whose errors do not matter"
    def run():
        with suppress(ValueError):
            f()
    return run


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=15)
    args = args.parse_args()
    head_line('Composing')
    rows = []
    for name, comp in COMPOSITIONS.items():
        misfit = {**comp, 'neck': None if comp.get('neck') else 'GlobalAveragePooling'}
        without = timed(partial(resolve, comp), args.repeats)
        real = timed(partial(compose, **comp), args.repeats)
        wrong = timed(refused(partial(resolve, misfit)), args.repeats)
        rows.append((name, *(f'{1e3 * t:.0f}' for t in (without, wrong, real)), TARGETS.get(name, '')))
    table(
        [
            'composition',
            'without weights, ms',
            'a wrong neck, with the fix that is found, ms',
            'with weights, ms',
            'target without weights, ms',
        ],
        *rows,
    )


if __name__ == '__main__':
    main()
