"""Put random faults into exported cells, one at a time, and count how many the notebook's own tests notice.

    python tools/mutations.py nbs/base/module.ipynb               # 12 faults
    python tools/mutations.py nbs/core/*.ipynb --faults 40 --seed 1

A fault changes one operator, comparison or number. Each is tried in a forked process that runs the cells of the
notebook; a failing or hanging cell means that the fault is noticed. Faults that are missed are listed.
"""
import argparse
import ast
import contextlib
import io
import os
import random
import re
import resource
import signal
import sys
import time
import types
import warnings
from pathlib import Path

import nbformat

SKIPPED = re.compile(r'^#\|\s*(eval:\s*false|notest|slow)', re.M)
SWAPS = [(ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot),
         (ast.Add, ast.Sub), (ast.Mult, ast.FloorDiv), (ast.Div, ast.Mult), (ast.And, ast.Or), (ast.BitOr, ast.BitAnd)]
SWAP = {b: a for a, b in SWAPS} | dict(SWAPS)
# functions and constants whose numbers are coordinates and sizes of a drawing
DRAWING = dict(flow_diagram=re.compile(
    r'_?(text|rect|path|line|arrow|map|lined|tokens|vector|scaled|cross|label|canvas|gap|Card|placed|draw|glyph|option'
    r'|text_width|style|\w*_svg|\w*_ys|EMS?|HUES|PAPER|MUTED|TILE|TOP|CODE|OPTION|ROOM|SIZE|MARGIN|INLINE|ALONE)'))


def cells_of(path: Path) -> list:
    "Code cells as `[source, whether it is exported]`, without shell lines and cells that tests skip"
    cells = [c for c in nbformat.read(path, 4).cells if c.cell_type == 'code' and not SKIPPED.search(c.source)]
    source = [re.sub(r'^[%!].*$', '', c.source, flags=re.M) for c in cells]
    return [[s, re.match(r'#\|\s*exports?\b', s) is not None] for s in source if 'nbdev_export(' not in s]


def is_drawing(statement: ast.stmt, name: str) -> bool:
    "Whether a top-level statement only draws"
    targets = getattr(statement, 'targets', [statement])
    names = [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)] if targets != [statement] else []
    names += [getattr(statement, 'name', '')]
    return name in DRAWING and any(DRAWING[name].fullmatch(n) for n in names if n)


def places(tree: ast.Module, name: str) -> list:
    "Where a fault can be put: pairs of a node and the index of a comparison's operator"
    found, ignored = [], set()
    for node in ast.walk(tree):
        for part in (getattr(node, 'annotation', None), getattr(node, 'returns', None)):
            ignored |= {id(n) for n in ast.walk(part)} if part else set()
        ignored |= {id(n) for d in getattr(node, 'decorator_list', ()) for n in ast.walk(d)}
        if isinstance(node, ast.keyword) and node.arg == 'strict':      # of zip: a check, which no valid input meets
            ignored.add(id(node.value))
        if isinstance(node, ast.Module):
            ignored |= {id(n) for s in node.body if is_drawing(s, name) for n in ast.walk(s)}
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        is_number = isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
        is_not = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        if isinstance(node, ast.Compare):
            found += [(node, i) for i, op in enumerate(node.ops) if type(op) in SWAP]
        elif is_number or is_not or isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAP:
            found.append((node, 0))
    return found


def with_fault(source: str, name: str, k: int) -> tuple[str, str]:
    "A cell with its `k`-th fault, and the change as text"
    tree = ast.parse(source)
    node, i = places(tree, name)[k]
    before, line = ast.unparse(node), source.splitlines()[node.lineno - 1].strip()
    if isinstance(node, ast.Compare):
        node.ops[i] = SWAP[type(node.ops[i])]()
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.Constant):
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    else:
        node.op = SWAP[type(node.op)]()
    return ast.unparse(tree), f'{before} → {ast.unparse(node)}    in: {line}'


def runs(cells: list, limit: int) -> bool:
    "Whether all cells run without an error, in a forked process that gets `limit` seconds of CPU time"
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] == 0
    status = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        signal.alarm(6 * limit)
        main = types.ModuleType('__main__')
        main.display = lambda *args, **kwargs: None
        sys.modules['__main__'] = main
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter('default')
            for source, _ in cells:
                exec(compile(source, '<cell>', 'exec'), vars(main))
        status = 0
    except BaseException as e:
        if os.environ.get('SHOW'):
            sys.__stderr__.write(f'{type(e).__name__}: {e}\n')
    finally:
        os._exit(status)


def examine(path: Path, faults: int, seed: int) -> tuple[int, int]:
    "How many faults are noticed, and how many were tried; prints those that are missed"
    cells, name = cells_of(path), path.stem
    imports = [n for s, _ in cells for n in ast.walk(ast.parse(s)) if isinstance(n, (ast.Import, ast.ImportFrom))]
    for node in imports:                                                # once, before the forks
        with contextlib.suppress(Exception):
            exec(ast.unparse(node), {})
    os.chdir(path.parent)
    start = time.process_time() + sum(os.times()[2:4])
    if not runs(cells, 600):
        raise SystemExit(f'{path}: the notebook fails without a fault')
    limit = 10 + 4 * int(time.process_time() + sum(os.times()[2:4]) - start)
    counts = {i: len(places(ast.parse(s), name)) for i, (s, exported) in enumerate(cells) if exported}
    every = [(i, k) for i, n in counts.items() for k in range(n)]
    chosen = random.Random(f'{name} {seed}').sample(every, min(faults, len(every)))
    noticed = 0
    for i, k in sorted(chosen):
        source, change = with_fault(cells[i][0], name, k)
        if runs([*cells[:i], [source, True], *cells[i + 1:]], limit):
            print(f'  missed: {change}', flush=True)
        else:
            noticed += 1
    print(f'{path.parent.name}/{path.name}: {noticed} of {len(chosen)} faults noticed', flush=True)
    return noticed, len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('notebooks', nargs='+', type=lambda p: Path(p).resolve())
    parser.add_argument('--faults', type=int, default=12, help='per notebook')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    counts = []
    for path in args.notebooks:
        counts.append(examine(path, args.faults, args.seed))
    noticed, tried = map(sum, zip(*counts, strict=True))
    print(f'{noticed} of {tried} faults noticed ({noticed / max(tried, 1):.0%})')


if __name__ == '__main__':
    main()
