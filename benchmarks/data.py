"Images from a folder of JPEGs beside torchvision's ImageFolder with the same transforms written by hand, in one run."
import argparse
import tempfile
from pathlib import Path

from common import head_line, interleaved, median, table


def write_jpegs(folder, n, classes, width=500, height=375):
    "Photographs of a kind: smooth shapes with some noise, as large as ImageNet's usually are"
    import numpy as np
    from PIL import Image
    rng = np.random.default_rng(0)
    for i in range(n):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse).astype(int) + rng.integers(-12, 13, (height, width, 3))
        path = folder/f'class-{i % classes}'/f'{i}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def by_hand(augment, size):
    "The transforms of torchvision's references"
    import torch
    from torchvision.transforms import v2

    from clsparts.data.transforms import IMAGENET_MEAN, IMAGENET_STD
    cubic = v2.InterpolationMode.BICUBIC
    fitted = [v2.Resize(round(size / .875), cubic, antialias=True), v2.CenterCrop(size)]
    cropped = [v2.RandomResizedCrop(size, interpolation=cubic, antialias=True), v2.RandomHorizontalFlip()]
    steps = {'none': fitted, 'crop and flip': cropped, 'randaugment': [*cropped, v2.RandAugment()]}[augment]
    return v2.Compose(
        [v2.PILToTensor(), *steps, v2.ToDtype(torch.float32, scale=True), v2.Normalize(IMAGENET_MEAN, IMAGENET_STD)]
    )


def loaders(folder, augment, args):
    "Ours and theirs"
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder

    from clsparts.data.datasets import Data, augmented
    from clsparts.data.image_files import ImageFiles, find_image_files
    from clsparts.data.transforms import IMAGENET_MEAN, IMAGENET_STD, Preset
    paths, labels, classes = find_image_files(folder)
    preset = Preset(args.size, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    ours = ImageFiles(paths, labels, preset.eval_transform())
    ours, theirs = (
        augmented(Data(ours, ours, classes, preset), augment),
        ImageFolder(folder, by_hand(augment, args.size)),
    )
    return [
        DataLoader(d, args.batch, shuffle=True, num_workers=args.workers, persistent_workers=args.workers > 0)
        for d in (ours, theirs)
    ]


def check_same(ours, theirs):
    "The same images from the same random numbers, else the comparison means nothing"
    import torch
    for i in range(3):
        pairs = []
        for loader in (ours, theirs):
            torch.manual_seed(i)
            pairs.append(loader.dataset[i])
        (x, y), (u, v) = pairs
        assert torch.equal(x, u) and int(y) == int(v)


def epoch(loader):
    def run():
        for _ in loader:
            pass
    return run


def main():
    import torch
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--images', type=int, default=400)
    args.add_argument('--batch', type=int, default=50)
    args.add_argument('--size', type=int, default=224)
    args.add_argument('--workers', type=int, default=2)
    args.add_argument('--repeats', type=int, default=15)
    args.add_argument('--augments', nargs='+', default=['none', 'crop and flip', 'randaugment'])
    args = args.parse_args()
    head_line(f'Images of {args.size} px from a folder of {args.images} JPEGs, {args.workers} workers')
    torch.manual_seed(0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        write_jpegs(Path(folder), args.images, 4)
        for augment in args.augments:
            ours, theirs = loaders(folder, augment, args)
            check_same(ours, theirs)
            a, b = interleaved(epoch(ours), epoch(theirs), args.repeats)
            # of neighbours: a busy moment slows both
            ratio = median([t / o for o, t in zip(a, b, strict=True)])
            rows.append((augment, f'{args.images / median(a):.0f}', f'{args.images / median(b):.0f}', f'{ratio:.3f}'))
            print(rows[-1], flush=True)
    print()
    table(
        ['augment', 'clsparts, images a second', 'ImageFolder by hand, images a second', 'ours / theirs (≥ 0.95)'],
        *rows,
    )


if __name__ == '__main__':
    main()
