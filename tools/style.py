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


def source(cell: dict) -> str:
    return ''.join(cell['source'])


def is_exported(cell: dict) -> bool:
    return re.match(r'#\|\s*exports?\b', source(cell)) is not None


def facts(nb: dict, code: list[dict]) -> dict:
    "Counts of one notebook"
    prose = ' '.join(source(c) for c in nb['cells'] if c['cell_type'] == 'markdown')
    prose = re.sub(r'\$\$.*?\$\$', '', prose, flags=re.S)
    prose = re.sub(r'^\|.*$|\(http\S+\)', '', prose, flags=re.M)
    return dict(
        cells=len(nb['cells']),
        words=len(re.findall(r"\w[\w’'-]*", prose)),
        exported=sum(len(source(c).splitlines()) for c in code if is_exported(c)),
        figures=sum(any(k.startswith('image/') for k in o.get('data', {})) for c in code for o in c.get('outputs', [])),
        longest=max([len(source(c).splitlines()) for c in code] or [0]),
    )


def problems(code: list[dict]) -> list[str]:
    "What no notebook may have"
    outputs = [o for c in code for o in c.get('outputs', [])]
    text = re.sub(r'"image/png": "[^"]*"', '', json.dumps(outputs))
    stderr = ''.join(''.join(o.get('text', '')) for o in outputs if o.get('name') == 'stderr')
    hidden = [source(c) for c in code if re.search(r'#\|\s*hide\b', source(c))]
    found = {
        'a stored error': any(o.get('output_type') == 'error' for o in outputs),
        'a stored widget': 'widget-view' in text,
        'an absolute path in an output': re.search(r'/(home|root|tmp|work|Users|var)/', text),
        'a stored progress bar': re.search(r'\d+%\|', text),
        'a stored warning': 'Warning' in stderr,
        'hidden tests': any('assert' in s or 'test_' in s for s in hidden),
        'imports mixed with other code': any(is_exported(c) and mixed(source(c)) for c in code),
    }
    sizes = [(len(source(c).splitlines()), most_lines(source(c))) for c in code]
    too_long = [f'a cell of {n} lines; {most} is the most' for n, most in sizes if n > most]
    return [what for what, there in found.items() if there] + too_long


def most_lines(source: str) -> int:
    "The lines that a cell may have; a cell whose only statement is one class may be longer"
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return MAX_CELL                         # an IPython command
    return MAX_CLASS if len(body) == 1 and isinstance(body[0], ast.ClassDef) else MAX_CELL


def mixed(source: str) -> bool:
    "Whether a cell imports at its top level and does something else too"
    lines = [line for line in source.splitlines() if line.strip() and not line.startswith('#')]
    imports = [line for line in lines if re.match(r'(import|from)\s', line)]
    rest = [line for line in lines if not re.match(r'(import|from)\s|[\s)]', line)]
    return bool(imports and rest)


def check(path: Path) -> tuple[dict, list[str]]:
    "Counts of one notebook, and what is over or under budget in it"
    nb = json.loads(path.read_text(encoding='utf-8'))
    code = [c for c in nb['cells'] if c['cell_type'] == 'code']
    counts, found = facts(nb, code), problems(code)
    if any(c.get('attachments') for c in nb['cells']):
        found.append('an attachment')
    if path.stat().st_size > MAX_BYTES:
        found.append(f'{path.stat().st_size // 1000} kB; {MAX_BYTES // 1000} is the most')
    module = any('default_exp' in source(c) for c in code)
    if path.parent.name in COMPONENTS and module and path.stem not in SHARED:
        for what, (low, high) in BUDGETS.items():
            if not low <= counts[what] <= high:
                found.append(f'{counts[what]} {what}; {low} to {high} is the budget')
    return counts, found


def main(folders: list[str]) -> int:
    paths = sorted({path for folder in folders or [ROOT / 'nbs'] for path in Path(folder).rglob('*.ipynb')})
    paths = [p for p in paths if '.ipynb_checkpoints' not in p.parts]
    broken = 0
    print(f'{"notebook":46} cells words exported figures longest    kB')
    for path in paths:
        f, found = check(path)
        name = path.resolve().relative_to(ROOT).as_posix()
        counts = f'{f["cells"]:5} {f["words"]:5} {f["exported"]:8} {f["figures"]:7} {f["longest"]:7}'
        print(f'{name:46} {counts} {path.stat().st_size // 1000:5}')
        for what in found:
            print(f'    {what}')
        broken += bool(found)
    print(f'{len(paths)} notebooks, {broken} over budget')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
