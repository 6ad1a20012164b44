"How long `import clsparts` takes, and which heavy modules importing and building bring in."
import argparse
import json

from common import fresh, head_line, median, once, table

HEAVY = (
    'torch',
    'torchvision',
    'matplotlib',
    'numpy',
    'PIL',
    'ipywidgets',
    'IPython',
    'nbdev',
    'fastcore',
    'safetensors',
)

BUILD = '''
import json, sys
import torch
from clsparts import MODELS
from clsparts.core.registry import parameters
needed = dict(depth=18, in_channels=16, input_features=16, num_classes=10, mid_channels=[12], label_smooth_val=.1)
before, found = {m for m in json.loads(sys.argv[1]) if m in sys.modules}, {}
for kind in ('backbone', 'neck', 'head', 'loss'):
    for e in MODELS.entries(kind):
        takes = parameters(e.part)[0]
        args = {k: needed[k] for k, p in takes.items() if p.default is p.empty}
        with torch.device('meta'): MODELS.build(dict(type=e.name, **args))
        found[e.name] = [kind, [m for m in json.loads(sys.argv[1]) if m in sys.modules and m not in before]]
        before |= set(found[e.name][1])
print(json.dumps(found))
'''


def seconds(code, repeats):
    "Median time of a fresh interpreter that runs `code`; a first one, which fills the file cache, does not count"
    fresh(code)
    return median([once(lambda: fresh(code)) for _ in range(repeats)])


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('--repeats', type=int, default=15)
    repeats = args.parse_args().repeats
    head_line('Imports')
    bare, rows = seconds('pass', repeats), []
    for name in ('clsparts', 'clsparts.all', 'torch', 'torchvision'):
        n = repeats if name == 'clsparts' else max(3, repeats // 3)
        took = seconds(f'import {name}', n) - bare
        heavy = json.loads(
            fresh(f'import sys, json, {name}; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))')
        )
        rows.append(
            (
                f'`import {name}`',
                f'{took:.3f}',
                'under 0.1, no torch' if name == 'clsparts' else '',
                ', '.join(heavy) or 'none',
            )
        )
    table(['statement', 'seconds over a bare start', 'target', 'heavy modules'], *rows)
    print(f'A bare start takes {bare:.3f} s.\n')
    built = json.loads(fresh(BUILD, json.dumps(HEAVY)))
    table(
        [
            'part built (one after the other, after `import torch`)',
            'kind',
            'heavy modules that it is the first to bring in',
        ],
        *[(name, kind, ', '.join(new) or 'none') for name, (kind, new) in built.items()],
    )


if __name__ == '__main__':
    main()
