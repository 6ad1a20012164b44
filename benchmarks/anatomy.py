"How long it takes to tell what classifiers consist of, layer by layer, and to compare some of them."
import argparse

from build import ours_and_theirs
from common import fresh, head_line, median, once, table

FIRST = """
import time, torch
from clsparts import MODELS
with torch.device('meta'): clf = MODELS.build(dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=50)))
from clsparts.analysis.layer_summary import anatomy
start = time.perf_counter()
anatomy(clf)
print(time.perf_counter() - start)
"""


def subjects():
    "Classifiers with 1000 classes, without weights"
    import torch
    with torch.device('meta'):
        return {name: ours() for name, (ours, _) in ours_and_theirs().items()}


def tasks(clfs):
    "What is measured: name, function, target"
    from clsparts.analysis.layer_summary import compare, summary
    yield from ((f'anatomy of {name}, {len(summary(clf).at("layer"))} layers', lambda clf=clf: summary(clf),
                 'under 200' if name == 'ResNet-50' else '') for name, clf in clfs.items())
    found = summary(clfs['ResNet-50'])
    yield 'its table as text, ResNet-50', lambda: str(found), ''
    yield 'its table as HTML, ResNet-50', found._repr_html_, ''
    yield f'comparison of all {len(clfs)}', lambda: compare(*clfs.values()), ''


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=15)
    repeats = args.parse_args().repeats
    head_line('Summary')
    clfs = subjects()
    print(f'The first call in a process takes {float(fresh(FIRST)):.1f} s, as torch loads what it needs for it.\n')
    rows = []
    for name, f, target in tasks(clfs):
        f()
        times = [1e3 * once(f) for _ in range(repeats)]
        rows.append((name, f'{median(times):.1f}', f'{min(times):.1f}', target))
    table(['task', 'median, ms', 'fastest, ms', 'target'], *rows)


if __name__ == '__main__':
    main()
