"""Write the stubs (`.pyi`) that editors and type checkers need where Python code is dynamic: `python tools/stubs.py`

- `__init__.pyi` of each package imports the names that the package loads lazily.
- A module with `@patch` gets a stub in which the patched functions are methods of their class.

`--check` writes nothing and exits with 1 if a stub is missing, superfluous or out of date.
"""
import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / 'clsparts'
sys.path.insert(0, str(ROOT))
from clsparts.core.lazy import public_names  # noqa: E402  the package of this checkout, also where another is installed

HEAD = '# Written by tools/stubs.py. Edit the notebooks instead.\n'


def of_package(init: Path) -> str:
    "Imports of all public names, those of the module itself included"
    package = '.'.join(init.parent.relative_to(ROOT).parts)
    own = [f'{ast.unparse(n)}\n' for n in ast.parse(init.read_text()).body if isinstance(n, ast.Assign)
           and isinstance(n.targets[0], ast.Name) and n.targets[0].id.startswith('__')]
    names = public_names(package) | ({'MODELS': 'clsparts.core.registry'} if package == 'clsparts' else {})
    lines = [f'from {module.removeprefix(package)} import {n} as {n}\n' for n, module in sorted(names.items())]
    return HEAD + ''.join(lines + own)


def decorator(f: ast.FunctionDef) -> ast.expr | None:
    "The `@patch` or `@patch(…)` of a function"
    return next((d for d in f.decorator_list if re.match(r'patch\b', ast.unparse(d))), None)


def attributes(f: ast.FunctionDef) -> dict[str, str]:
    "What a method assigns to `self`, with the type of the argument of that name or of the class that is called"
    known = {a.arg: ast.unparse(a.annotation) for a in f.args.args + f.args.kwonlyargs if a.annotation}
    for n in [n for n in ast.walk(f) if isinstance(n, ast.Assign)]:
        target, both = n.targets[0], isinstance(n.targets[0], ast.Tuple) and isinstance(n.value, ast.Tuple)
        for t, v in zip(target.elts, n.value.elts, strict=True) if both else [(target, n.value)]:
            if made := re.match(r'([A-Z]\w+)\(', ast.unparse(v)):
                known[ast.unparse(t).removeprefix('self.')] = made[1]
    stored = [n for n in ast.walk(f) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)]
    return {n.attr: known.get(n.attr, 'Any') for n in stored if ast.unparse(n.value) == 'self'}


def fields(name: str, tree: ast.Module, path: Path) -> tuple[list[ast.stmt], list[ast.AnnAssign]]:
    "The imports of the module from which `path` imports a dataclass, and the fields of the dataclass"
    where = next(n.module for n in tree.body if isinstance(n, ast.ImportFrom) and name in [a.name for a in n.names])
    body = ast.parse((path.parent / f'{where}.py').read_text()).body
    found = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == name)
    return [n for n in body if isinstance(n, ast.ImportFrom)], [n for n in found.body if isinstance(n, ast.AnnAssign)]


def signature(f: ast.FunctionDef) -> ast.FunctionDef:
    "A function with its docstring and without its code; `@patch` becomes what makes it a method"
    d, doc = decorator(f), ast.get_docstring(f)
    f.body = [ast.Expr(ast.Constant(v)) for v in ([doc] if doc else []) + [...]]
    if d:
        f.args.args[0].annotation = None
        options = {k.arg for k in d.keywords} if isinstance(d, ast.Call) else set()
        new = dict(as_prop='property', cls_method='classmethod', set_prop='property')
        f.decorator_list = [ast.Name(new[o]) for o in options]
    return f


def of_module(path: Path) -> str | None:
    "The stub of a module with `@patch`; None for other modules"
    tree = ast.parse(path.read_text())
    patched = {n: ast.unparse(n.args.args[0].annotation) for n in tree.body
               if isinstance(n, ast.FunctionDef) and decorator(n)}
    if not patched:
        return None
    body = ast.parse('from typing import Any').body
    for n in tree.body:
        if isinstance(n, ast.ClassDef):
            methods = [m for m in n.body if isinstance(m, ast.FunctionDef)]
            methods += [f for f, owner in patched.items() if owner == n.name]
            there = {m.name for m in methods} | {ast.unparse(m.target) for m in n.body if isinstance(m, ast.AnnAssign)}
            found = {k: v for m in methods for k, v in attributes(m).items() if k not in there}
            n.body = [m for m in n.body if m not in methods] + [signature(m) for m in methods]
            body += [n]
            n.body += ast.parse('\n'.join(f'{k}: {v}' for k, v in found.items())).body
        elif isinstance(n, ast.FunctionDef) and n not in patched:
            # its arguments are the fields of a dataclass
            if d := re.search(r'@delegates\((\w+)\)', ast.unparse(n)):
                imports, args = fields(d[1], tree, path)
                body[:0] = imports
                n.args.kwonlyargs = [ast.arg(a.target.id, a.annotation) for a in args]
                n.args.kw_defaults, n.args.kwarg, n.decorator_list = [ast.Constant(...)] * len(args), None, []
            body.append(signature(n))
        elif isinstance(n, ast.Assign) and re.match(r'(TypeVar|ParamSpec)\(', ast.unparse(n.value)):
            body.append(n)
        elif isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and not n.targets[0].id.startswith('_'):
            made = re.match(r'([A-Z]\w+)\(', ast.unparse(n.value))                # an instance of a class
            kind = made[1] if made else 'Any'
            body += [n] if 'Literal[' in ast.unparse(n) else ast.parse(f'{n.targets[0].id}: {kind}').body
        elif isinstance(n, ast.Import | ast.ImportFrom):
            body.append(n)
    return HEAD + ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + '\n'


def stubs() -> dict[Path, str]:
    paths = sorted(PACKAGE.rglob('*.py'))
    made = {p: of_package(p) if p.name == '__init__.py' else of_module(p) for p in paths}
    return {p.with_suffix('.pyi'): text for p, text in made.items() if text is not None}


if __name__ == '__main__':
    expected, there = stubs(), {p: p.read_text() for p in PACKAGE.rglob('*.pyi')}
    if '--check' in sys.argv and expected != there:
        sys.exit('The stubs are out of date. Run: python tools/stubs.py')
    for path in there.keys() - expected.keys():
        path.unlink()
    for path, text in expected.items():
        if there.get(path) != text:
            path.write_text(text)
