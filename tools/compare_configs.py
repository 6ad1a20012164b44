"""Read config files here and with mmengine, and count those that are equal.

    python tools/compare_configs.py                # mmpretrain's configs, from its installed package
    python tools/compare_configs.py --folder FOLDER    # any folder of configs, of the old or the new style
    python tools/compare_configs.py --new-style    # the same files, rewritten with `read_base()` and imported classes
    python tools/compare_configs.py --trusted      # ours with trusted=True
    python tools/compare_configs.py --record       # write tests/golden/configs/expected.json with mmengine's reading

Needs mmengine 0.10.7, and mmpretrain unless a folder is given. In a virtual environment mmengine takes `copy` for a
package; run this with the bare interpreter, and with the environment's packages in PYTHONPATH. Imported classes of
mmengine are brought to our texts before the comparison; tuples count as lists, and a `_delete_` that mmengine leaves in
a dict does not count.
"""
import argparse
import ast
import collections
import contextlib
import functools
import io
import json
import os
import re
import tempfile
import time
import types
import warnings
from importlib.util import find_spec
from pathlib import Path

from mmengine.config import Config as Peer
from mmengine.config.lazy import LazyAttr, LazyObject

from clsparts.config.config import Config, diff
from clsparts.config.python_reader import Imported
from clsparts.core.errors import ConfigError

warnings.simplefilter('ignore')
GOLDEN = Path(__file__).resolve().parent.parent/'tests'/'golden'/'configs'
OPTIMIZERS = {'SGD', 'Adam', 'AdamW', 'RMSprop'}
LAYERS = {'ReLU', 'GELU', 'SiLU', 'Hardswish', 'Identity'}


def normal(value):
    "What mmengine has read, as plain data with our texts of imported classes"
    if isinstance(value, dict):
        return {k: normal(v) for k, v in dict.items(value) if k != '_delete_'}
    if isinstance(value, (list, tuple)):
        return [normal(v) for v in value]
    return str(Imported(f'{value.module}.{value}')) if isinstance(value, (LazyAttr, LazyObject)) else value


def theirs(path):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        read = Peer.fromfile(path, import_custom_modules=False)._to_lazy_dict()
    return normal({k: v for k, v in read.items() if not isinstance(v, (types.ModuleType, types.FunctionType))})


def ours(path, trusted):
    return normal(dict(Config.fromfile(path, trusted=trusted)))


class NewStyle(ast.NodeTransformer):
    "A config of the old style, rewritten"

    def __init__(self, known):
        self.known, self.imports = known, collections.defaultdict(set)

    def visit_keyword(self, node):
        node = self.generic_visit(node)
        name = node.value.value if isinstance(node.value, ast.Constant) else None
        if node.arg != 'type' or not isinstance(name, str) or not name.isidentifier():
            return node
        module = 'torch.optim' if name in OPTIMIZERS else 'torch.nn' if name in LAYERS else 'mmpretrain.models'
        self.imports[module].add(name)
        return ast.keyword('type', ast.Name(name))

    def visit_Attribute(self, node):
        node = self.generic_visit(node)
        return ast.Name(node.attr) if isinstance(node.value, ast.Name) and node.value.id == '_base_' else node

    def visit_Set(self, node):
        node = self.generic_visit(node)
        return node.elts[0] if len(node.elts) == 1 else node

    def visit_Assign(self, node):
        node = self.generic_visit(node)
        target, value = node.targets[0], node.value
        inherited = isinstance(target, ast.Name) and target.id in self.known and isinstance(value, ast.Call)
        if not inherited or getattr(value.func, 'id', '') != 'dict':
            return node
        method = 'merge' if '_delete_' in ast.unparse(value) else 'update'
        return ast.Expr(ast.Call(ast.Attribute(target, method), [value], []))


def module_of(file):
    parts = [p for p in file.removesuffix('.py').split('/') if p != '.']
    return [re.sub(r'\W', '_', f'c_{p}' if p[0].isdigit() else p) for p in parts]


@functools.cache
def names_in(path):
    return frozenset(theirs(path))


def rewritten(path):
    "The source of a config in the new style"
    text = re.sub(r'([\'"])\{\{\s*(_base_[\w.]+)\s*\}\}\1', r'\2', path.read_text())
    tree = ast.parse(text)
    named = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == '_base_']
    bases = ast.literal_eval(named[0].value) if named else []
    bases = [bases] if isinstance(bases, str) else bases
    tree.body = [n for n in tree.body if n not in named]
    change = NewStyle({name for base in bases for name in names_in(path.parent/base)})
    body = ast.unparse(ast.fix_missing_locations(change.visit(tree)))
    lines = [f'from {m} import {", ".join(sorted(names))}' for m, names in change.imports.items()]
    if bases:
        lines += ['from mmengine.config import read_base', 'with read_base():']
    for base in bases:
        steps = module_of(base)
        lines.append(f'    from {"." * (1 + steps.count("__"))}{".".join(s for s in steps if s != "__")} import *')
    return '\n'.join([*lines, body, ''])


def rewrite(folder, out):
    "All configs of a folder in the new style"
    for path in sorted(folder.rglob('*.py')):
        with contextlib.suppress(Exception):
            text = rewritten(path)
            made = Path(out, 'configs', *module_of(path.relative_to(folder).as_posix())).with_suffix('.py')
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(text)
    return Path(out, 'configs')


def compare(folder, trusted, bases):
    "Print what differs and the counts"
    counts, seconds = collections.Counter(), collections.Counter()
    for path in sorted(folder.rglob('*.py')):
        if not bases and '_base_' in path.relative_to(folder).parts:
            continue
        start = time.perf_counter()
        try:
            a = ours(path, trusted)
        except ConfigError as e:
            a = e
        seconds['ours'] += time.perf_counter() - start
        start = time.perf_counter()
        try:
            b = theirs(path)
        except Exception as e:
            b = e
        seconds['mmengine'] += time.perf_counter() - start
        failed = isinstance(a, Exception), isinstance(b, Exception)
        found = [] if any(failed) else diff(a, b)
        refused = {(True, True): 'both refuse', (True, False): 'ours refuses', (False, True): 'mmengine refuses'}
        what = refused.get(failed, 'differ' if found else 'equal')
        counts[what] += 1
        if what in ('equal', 'both refuse'):
            continue
        print(f'{what}: {path.relative_to(folder)}: {found[:3] if found else a if failed[0] else b}'[:400])
    print(dict(counts), {k: f'{v:.1f} s' for k, v in seconds.items()})


def record():
    "Write what mmengine reads from the golden configs"
    paths = [p for p in sorted(GOLDEN.rglob('*.py')) if '_base_' not in p.parts]
    expected = {p.relative_to(GOLDEN).as_posix(): theirs(p) for p in paths}
    (GOLDEN/'expected.json').write_text(json.dumps(expected, indent=1, sort_keys=True) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--folder', type=Path)
    parser.add_argument('--new-style', action='store_true')
    parser.add_argument('--trusted', action='store_true')
    parser.add_argument('--record', action='store_true')
    parser.add_argument('--bases', action='store_true', help='files in `_base_` folders too')
    args = parser.parse_args()
    if args.record:
        return record()
    folder = args.folder or Path(os.path.dirname(find_spec('mmpretrain').origin), '.mim', 'configs')
    with tempfile.TemporaryDirectory() as tmp:
        compare(rewrite(folder, tmp) if args.new_style else folder, args.trusted, args.bases)


if __name__ == '__main__':
    main()
