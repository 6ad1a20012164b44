"How long a notebook waits for the drawing of a classifier: looking at it (anatomy), drawing, and both."
import argparse

from build import ours_and_theirs
from common import head_line, table, timed


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=9)
    args.add_argument('--models', nargs='+', default=['ResNet-18', 'ResNet-50', 'MobileNetV2', 'ViT-B/16'])
    args.add_argument('--threads', type=int, help="torch's own choice if left out")
    args = args.parse_args()
    import torch

    from clsparts.analysis.flow_diagram import diagram
    from clsparts.analysis.layer_summary import summary
    if args.threads:
        torch.set_num_threads(args.threads)
    head_line('Drawing')
    rows = []
    for name in args.models:
        clf = ours_and_theirs()[name][0]()
        seen = diagram(clf)
        ms = [
            1e3 * timed(f, args.repeats)
            for f in (
                lambda clf=clf: summary(clf, level='stage'),
                seen._repr_mimebundle_,
                lambda clf=clf: diagram(clf)._repr_mimebundle_(),
            )
        ]
        rows.append(
            (name, *[f'{t:.1f}' for t in ms], len(seen.svg) // 1000, 'under 100' if name == 'ResNet-50' else '')
        )
    table(['display of', 'anatomy, ms', 'drawing, ms', 'together, ms', 'SVG, kB', 'target, ms'], *rows)


if __name__ == '__main__':
    main()
