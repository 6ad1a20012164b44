"""Check the notebooks against the style card's budgets; print a table, exit with 1 if one is broken.

    python tools/style.py            # all notebooks
    python tools/style.py nbs/necks  # those below a folder
"""
import ast
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = ('backbones', 'necks', 'heads', 'losses')      # one family a notebook: the full budgets hold
# lines of a cell, of a cell that is one class; bytes of a notebook
MAX_CELL, MAX_CLASS, MAX_BYTES = 60, 100, 200_000
# what a component notebook has: cells, words of prose, exported lines, figures
BUDGETS = dict(cells=(18, 45), words=(200, 900), exported=(10, 300), figures=(1, 3))
# the page and the common ground of a folder show no figure of their own
SHARED = {'index', 'base_backbone', 'utils', 'cls_head'}


def facts(path: Path) -> dict:
    "Counts of one notebook, and what is wrong with its stored outputs"
    nb = json.loads(path.read_text(encoding='utf-8'))
    source = lambda c: ''.join(c['source'])
    code = [c for c in nb['cells'] if c['cell_type'] == 'code']
    prose = ' '.join(source(c) for c in nb['cells'] if c['cell_type'] == 'markdown')
    outputs = [o for c in code for o in c.get('outputs', [])]
    text = json.dumps(outputs)
    exported = [source(c) for c in code if re.match(r'#\|\s*exports?\b', source(c))]
    return dict(
        cells=len(nb['cells']),
        words=len(
            re.findall(
                r"\w[\w’'-]*",
                re.sub(r'^\|.*$|\(http\S+\)', '', re.sub(r'\$\$.*?\$\$', '', prose, flags=re.S), flags=re.M),
            )
        ),
        exported=sum(len(s.splitlines()) for s in exported),
        figures=sum(any(k.startswith('image/') for k in o.get('data', {})) for o in outputs),
        longest=max([len(source(c).splitlines()) for c in code] or [0]),
        too_long=[
            f'a cell of {n} lines; {most} is the most'
            for s in map(source, code)
            if (n := len(s.splitlines())) > (most := _most(s))
        ],
        bytes=path.stat().st_size,
        module=any('default_exp' in source(c) for c in code),
        ills=[
            what
            for what, found in {
                'a stored error': any(o.get('output_type') == 'error' for o in outputs),
                'a stored widget': 'widget-view' in text,
                'an absolute path in an output': bool(
                    re.search(r'/(home|root|tmp|work|Users|var)/', re.sub(r'"image/png": "[^"]*"', '', text))
                ),
                'a stored progress bar': bool(re.search(r'\d+%\|', text)),
                'a stored warning': 'Warning'
                in ''.join(''.join(o.get('text', '')) for o in outputs if o.get('name') == 'stderr'),
                'an attachment': any(c.get('attachments') for c in nb['cells']),
                'hidden tests': any(
                    re.search(r'#\|\s*hide\b', source(c)) and ('assert' in source(c) or 'test_' in source(c))
                    for c in code
                ),
                'imports mixed with other code': any(
                    _mixed(source(c)) for c in code if re.match(r'#\|\s*exports?\b', source(c))
                ),
            }.items()
            if found
        ],
    )


def _most(source: str) -> int:
    "The lines that a cell may have; a cell whose only statement is one class may be longer"
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return MAX_CELL                         # an IPython command
    return MAX_CLASS if len(body) == 1 and isinstance(body[0], ast.ClassDef) else MAX_CELL


def _mixed(source: str) -> bool:
    "Whether an exported cell imports at its top level and does something else too"
    lines = [l for l in source.splitlines() if l.strip() and not l.startswith('#')]
    imports = [l for l in lines if re.match(r'(import|from)\s', l)]
    rest = [l for l in lines if not re.match(r'(import|from)\s|[\s)]', l)]
    return bool(imports and rest)


def _one_class(source: str) -> bool:
    "Whether a cell consists of one class"
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    return len(body) == 1 and isinstance(body[0], ast.ClassDef)


def check(path: Path) -> list[str]:
    "What is over or under budget in one notebook"
    f = facts(path)
    found = [*f['ills'], *f['too_long']]
    if f['bytes'] > MAX_BYTES:
        found.append(f"{f['bytes'] // 1000} kB; {MAX_BYTES // 1000} is the most")
    if path.parent.name in COMPONENTS and f['module'] and path.stem not in SHARED:
        found += [
            f'{f[k]} {k}; {low} to {high} is the budget'
            for k, (low, high) in BUDGETS.items()
            if not low <= f[k] <= high
        ]
    return found


def main(folders: list[str]) -> int:
    paths = sorted(
        p
        for folder in folders or [ROOT / 'nbs']
        for p in Path(folder).rglob('*.ipynb')
        if '.ipynb_checkpoints' not in p.parts
    )
    broken = 0
    print(f'{"notebook":46} cells words exported figures longest    kB')
    for path in paths:
        f, found = facts(path), check(path)
        name = path.resolve().relative_to(ROOT).as_posix()
        print(
            f'{name:46} {f["cells"]:5} {f["words"]:5} {f["exported"]:8} {f["figures"]:7} {f["longest"]:7} '
            f'{f["bytes"] // 1000:5}'
        )
        for what in found:
            print(f'    {what}')
        broken += bool(found)
    print(f'{len(paths)} notebooks, {broken} over budget')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
