"The rooms of the package: imports point down, public names are unique, no module has the name of a public function"

import ast
from collections import Counter
from pathlib import Path

from clsparts._modidx import d

PACKAGE = Path(__file__).parent.parent/'clsparts'
# the rooms from the top of the house to the ground; those of one row may import each other
ROOMS = [
    ('cli',),
    ('explorer',),
    ('training',),
    ('evaluation',),
    ('runtime',),
    ('checkpoints',),
    ('composer',),
    ('analysis',),
    ('backbones', 'necks', 'heads', 'losses'),
    ('layers',),
    ('base',),
    ('data',),
    ('config',),
    ('files',),
    ('core',),
]
FLOOR = {room: floor for floor, row in enumerate(reversed(ROOMS)) for room in row}
TOP = {'__init__', '__main__', '_modidx', 'all'}


def modules():
    return sorted(p for p in PACKAGE.rglob('*.py') if p.name != '_modidx.py')


def imported(path):
    "What a module of the package imports from the package, inside functions too: dotted names with their line"
    package = path.relative_to(PACKAGE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            start = package[:len(package) - node.level + 1] if node.level else ()
            base = '.'.join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f'{base}.{alias.name}', node.lineno
        elif isinstance(node, ast.Call) and getattr(node.func, 'id', getattr(node.func, 'attr', '')) == 'import_module':
            yield from ((a.value, node.lineno) for a in node.args[:1] if isinstance(a, ast.Constant))


def room_of(name):
    "The room in a dotted name; None outside the package and at its top level"
    steps = name.split('.')
    return steps[1] if steps[0] == 'clsparts' and len(steps) > 1 and steps[1] in FLOOR else None


def test_only_rooms():
    "Three modules and the index lie at the top level; every other module has a room"
    assert {p.stem for p in PACKAGE.glob('*.py')} == TOP
    assert {p.parent.name for p in modules()} - {'clsparts'} == set(FLOOR)


def test_imports_point_down():
    "A module imports from its own room and from the rooms below it, never from above"
    wrong = [
        f'{path.relative_to(PACKAGE.parent)}, line {line}: {name}'
        for path in modules()
        if path.parent != PACKAGE
        for name, line in imported(path)
        if (other := room_of(name)) and FLOOR[other] > FLOOR[path.parent.name]
    ]
    assert not wrong, 'imports from above:\n' + '\n'.join(wrong)


def test_imports_are_seen(tmp_path, monkeypatch):
    "The reader of imports sees relative and lazy ones"
    monkeypatch.setattr(f'{__name__}.PACKAGE', tmp_path/'clsparts')
    (tmp_path/'clsparts'/'core').mkdir(parents=True)
    path = tmp_path/'clsparts'/'core'/'x.py'
    path.write_text(
        'from ..cli.commands import main\ndef f():\n    from clsparts.data import datasets\n'
        '    import clsparts.training.trainer\n'
    )
    assert [room_of(name) for name, _ in imported(path)] == ['cli', 'data', 'training']


def public():
    return [(name.removeprefix(f'{module}.'), module) for module, names in d['syms'].items() for name in names
            if '.' not in name.removeprefix(f'{module}.') and not name.removeprefix(f'{module}.').startswith('_')]


def test_public_names_are_unique():
    "`clsparts.NAME` means one thing, and no module hides a function of its name"
    counts = Counter(name for name, _ in public())
    assert [name for name, n in counts.items() if n > 1] == []
    steps = {step for module in d['syms'] for step in module.split('.')[1:]}
    assert sorted(steps & set(counts)) == []
