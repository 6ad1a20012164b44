"""Write clsparts/assets/parts.json, which `clsparts list` reads; with --check, report whether it is up to date.

    python tools/parts.py [--check]
"""
import inspect
import json
import re
import sys
from pathlib import Path

from clsparts.core.registry import MODELS
from clsparts.explorer.part_catalogue import catalogue

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT/'clsparts'/'assets'/'parts.json'
KINDS = ('backbone', 'neck', 'head', 'loss')
LINK = re.compile(r'https://arxiv\.org/abs/[\d.]+\d')
YEAR = re.compile(r'\([^()]*\b((?:19|20)\d\d)[^()]*\)')


def paper_of(entry) -> str | None:
    "The last arXiv link above the class in its notebook"
    path = ROOT/'nbs'/Path(*entry.module.split('.')[1:]).with_suffix('.ipynb')
    link = None
    for cell in json.loads(path.read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            link = (LINK.findall(source) or [link])[-1]
        elif re.search(rf'^class {entry.part.__name__}\b', source, re.M):
            return link
    return None


def year_of(entry, paper) -> int | None:
    "The year in the class's docstring, else that of the paper"
    if found := YEAR.search(inspect.getdoc(entry.part) or ''):
        return int(found[1])
    return 2000 + int(paper.rpartition('/')[2][:2]) if paper else None


def records() -> list[dict]:
    "One dict per registered part of this package"
    sizes = {o.name: o.params for kind in KINDS for o in catalogue(kind)}
    found = []
    for e in MODELS.entries():
        if e.module.startswith('torch.'):
            summary, paper = f'torch.nn.{e.part.__name__}', None      # torch's own text depends on its version
        elif e.module.startswith('clsparts.'):
            summary = (inspect.getdoc(e.part) or '').partition('\n')[0].replace('`', '') if e.part.__doc__ else ''
            paper = paper_of(e) if e.kind in KINDS else None
        else:
            continue
        year = None if e.module.startswith('torch.') else year_of(e, paper)
        found.append(dict(kind=e.kind or 'other', name=e.name, params=sizes.get(e.name), year=year, paper=paper,
                          summary=summary, module=e.module))
    return found


def text() -> str:
    "The content of the file: one line per part"
    return '[\n' + ',\n'.join(json.dumps(r, ensure_ascii=False) for r in records()) + '\n]\n'


if __name__ == '__main__':
    if '--check' not in sys.argv:
        FILE.write_text(text(), encoding='utf-8')
    elif FILE.read_text(encoding='utf-8') != text():
        raise SystemExit('clsparts/assets/parts.json is out of date. Run: python tools/parts.py')
