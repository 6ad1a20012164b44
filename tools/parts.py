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
HEADING = re.compile(r'^#+ (.+)$', re.M)
YEAR = re.compile(r'\([^()]*\b((?:19|20)\d\d)[^()]*\)')


def notebook_of(entry) -> str:
    "The notebook that defines or registers a part, relative to nbs/"
    module = f'clsparts.layers.{entry.kind}' if entry.module.startswith('torch.') else entry.module
    return Path(*module.split('.')[1:]).with_suffix('.ipynb').as_posix()


def section_of(entry) -> tuple[str | None, str | None]:
    "The heading above the class in its notebook, and the last arXiv link above it"
    defines = r'register_module\(' if entry.module.startswith('torch.') else rf'^(class|def) {entry.part.__name__}\b'
    heading = link = None
    for cell in json.loads((ROOT/'nbs'/notebook_of(entry)).read_text(encoding='utf-8'))['cells']:
        source = ''.join(cell['source'])
        if cell['cell_type'] == 'markdown':
            link = (LINK.findall(source) or [link])[-1]
            heading = (HEADING.findall(source) or [heading])[-1]
        elif re.search(defines, source, re.M):
            return heading, link
    return None, None


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
        if e.module.split('.')[0] not in ('clsparts', 'torch'):
            continue
        heading, paper = section_of(e)
        if e.module.startswith('torch.'):
            summary, paper, year = f'torch.nn.{e.part.__name__}', None, None   # torch's own text depends on its version
        else:
            summary = (inspect.getdoc(e.part) or '').partition('\n')[0].replace('`', '') if e.part.__doc__ else ''
            paper = paper if e.kind in KINDS else None
            year = year_of(e, paper)
        found.append(dict(kind=e.kind or 'other', name=e.name, params=sizes.get(e.name), year=year, paper=paper,
                          summary=summary, module=e.module, notebook=notebook_of(e), heading=heading))
    return found


def text() -> str:
    "The content of the file: one line per part"
    return '[\n' + ',\n'.join(json.dumps(r, ensure_ascii=False) for r in records()) + '\n]\n'


if __name__ == '__main__':
    if '--check' not in sys.argv:
        FILE.write_text(text(), encoding='utf-8')
    elif FILE.read_text(encoding='utf-8') != text():
        raise SystemExit('clsparts/assets/parts.json is out of date. Run: python tools/parts.py')
