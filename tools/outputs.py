"""Run notebooks and report cells that print something else than is stored: `python tools/outputs.py PATH …`

A path is a notebook or a folder. Nothing is written. Times, speeds and temporary paths are ignored; so are cells that
nbdev does not test.
"""
import copy
import difflib
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

UNTESTED = re.compile(r'^\s*#\|\s*(eval:\s*false|notest|slow)\b|nbdev_export\(', re.M)
VARYING = re.compile(r'\d[\d.,]*(?= ?(ms|s|min|images/s|it/s)\b)|/tmp/\S+|0x[0-9a-f]+')


def printed(cell) -> str:
    "What a cell has printed, without what varies from run to run"
    text = ''.join(o.text for o in cell.outputs if o.output_type == 'stream' and o.name == 'stdout')
    return VARYING.sub('…', text)


def differences(path: Path) -> list[str]:
    "One diff per cell whose stored output is stale; runs the notebook"
    stored = nbformat.read(path, 4)
    fresh = copy.deepcopy(stored)
    for cell in fresh.cells:
        if cell.cell_type == 'code' and UNTESTED.search(cell.source):
            cell.metadata['tags'] = ['skip-execution']
    NotebookClient(fresh, timeout=600, kernel_name='python3', skip_cells_with_tag='skip-execution',
                   resources={'metadata': {'path': str(path.parent)}}).execute()
    found = []
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if old.cell_type == 'code' and printed(old) != printed(new):
            names = f'{path}#{old.id}, stored', 'fresh'
            diff = difflib.unified_diff(printed(old).splitlines(), printed(new).splitlines(), *names, lineterm='')
            found.append('\n'.join(diff))
    return found


def main(paths: list[str]) -> int:
    notebooks = [n for p in map(Path, paths) for n in (sorted(p.rglob('*.ipynb')) if p.is_dir() else [p])]
    found = [d for path in notebooks for d in differences(path)]
    print(*found, f'{len(found)} stale cells in {len(notebooks)} notebooks', sep='\n')
    return bool(found)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
