"How long it takes to build backbones without numbers, and classifiers with them beside torchvision's."
import argparse

from common import head_line, interleaved, median, table, timed


def ours_and_theirs():
    "The same classifiers, here and in torchvision"
    from torchvision import models

    from clsparts import MODELS

    def cnn(depth, channels):
        return dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', depth=depth),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=1000, in_channels=channels),
        )

    mobile = dict(type='ImageClassifier', backbone=dict(type='MobileNetV2'), neck=dict(type='GlobalAveragePooling'),
                  head=dict(type='LinearClsHead', num_classes=1000, in_channels=1280))
    vit = dict(
        type='ImageClassifier',
        backbone=dict(type='VisionTransformer', arch='deit-base', img_size=224, patch_size=16),
        head=dict(type='VisionTransformerClsHead', num_classes=1000, in_channels=768),
    )
    table = {'ResNet-18': (cnn(18, 512), models.resnet18), 'ResNet-50': (cnn(50, 2048), models.resnet50),
             'MobileNetV2': (mobile, models.mobilenet_v2), 'ViT-B/16': (vit, models.vit_b_16)}
    return {name: (lambda cfg=cfg: MODELS.build(cfg), theirs) for name, (cfg, theirs) in table.items()}


def without_numbers(repeats):
    import torch
    from torch._subclasses import FakeTensorMode

    from clsparts import MODELS
    from clsparts.core.registry import parameters
    rows = []
    for e in MODELS.entries('backbone'):
        depths = [50] if 'depth' in parameters(e.part)[0] else [None]
        for depth in depths:
            cfg = dict(type=e.name, **({} if depth is None else dict(depth=depth)))

            def on_meta(cfg=cfg):
                with torch.device('meta'):
                    MODELS.build(cfg)

            def fake(cfg=cfg):
                with FakeTensorMode():
                    MODELS.build(cfg)

            rows.append(
                (
                    e.name + (f', depth {depth}' if depth else ''),
                    f'{1e3 * timed(on_meta, repeats):.1f}',
                    f'{1e3 * timed(fake, repeats):.1f}',
                    'under 30' if (e.name, depth) == ('ResNet', 50) else '',
                )
            )
    table(['backbone', 'meta device, ms', 'fake tensors, ms', 'target'], *rows)


def with_numbers(repeats):
    rows = []
    for name, (ours, theirs) in ours_and_theirs().items():
        a, b = (median(t) for t in interleaved(ours, theirs, repeats))
        rows.append(
            (
                name,
                f'{1e3 * a:.0f}',
                f'{1e3 * b:.0f}',
                f'{b / a:.2f}',
                'at least 1' if name in ('ResNet-50', 'ViT-B/16') else '',
            )
        )
    table(['random init', 'clsparts, ms', 'torchvision, ms', 'theirs / ours', 'target'], *rows)


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=9)
    repeats = args.parse_args().repeats
    head_line('Building')
    without_numbers(repeats)
    with_numbers(repeats)


if __name__ == '__main__':
    main()
