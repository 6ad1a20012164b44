"What every part promises, whichever it is."
import copy
import json

import pytest
import torch
from common import KINDS, minimal, narrow, on_meta, parts, python, shapes, through_json
from fastcore.docments import docments
from torch._subclasses import FakeTensorMode
from torch.testing import assert_close

from clsparts.base.module import BaseModule
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS, module_kind, parameters

ALL = [pytest.param(e, id=e.name) for kind in KINDS for e in parts(kind)]
every_part = pytest.mark.parametrize('entry', ALL)


def test_no_module_fails_to_import():
    MODELS.entries()
    assert MODELS.failures == {}


def test_import_brings_little():
    "`import clsparts` without torch; the list of all parts without what only pictures and comparisons need"
    code = '''
import sys, clsparts
names = 'torch', 'numpy', 'matplotlib', 'ipywidgets', 'fastcore.docments', 'fastcore.script'
print([m for m in names if m in sys.modules])
'''
    assert python(code).stdout.strip() == '[]'


def test_parts_import_no_heavy_modules():
    "Every module with parts, one after the other in one interpreter: none imports torchvision or matplotlib"
    modules = [m for m in MODELS.index.modules if module_kind(m)]
    code = '''
import importlib, json, sys
heavy = ('torchvision', 'matplotlib', 'ipywidgets', 'PIL', 'nbdev', 'IPython')
for m in json.loads(sys.argv[1]):
    importlib.import_module(m)
    found = [h for h in heavy if h in sys.modules]
    assert not found, f'{m} imports {found}'
from clsparts import MODELS
import torch
for cfg in json.loads(sys.argv[2]):
    with torch.device('meta'): MODELS.build(cfg)
    found = [h for h in heavy if h in sys.modules]
    assert not found, f'building {cfg} imports {found}'
print('fine')
'''
    cfgs = [through_json(minimal(e)) for kind in KINDS for e in parts(kind)]
    assert len(modules) >= 20 and len(cfgs) >= 15
    assert python(code, json.dumps(modules), json.dumps(cfgs)).stdout.strip() == 'fine'


@every_part
def test_documented(entry):
    "The class has a docstring, and each argument a comment: its own, or that of the class that it is inherited from"
    own = vars(entry.part).get('__doc__') or ''
    assert len(own.split()) >= 3, f'{entry.name} has no docstring of its own'
    documented = {k for c in entry.part.__mro__ if '__init__' in vars(c) and c.__module__.startswith('clsparts.')
                  for k, v in docments(c, full=False).items() if v}
    missing = set(parameters(entry.part)[0]) - documented
    assert not missing, f'{entry.name}: no comment on {sorted(missing)}'


@every_part
def test_kind_is_its_folder(entry):
    assert entry.kind == module_kind(entry.module)


@every_part
def test_builds_without_numbers(entry):
    "On the meta device and on fake tensors, with the same names and shapes as for real"
    ghost = on_meta(minimal(entry))
    assert all(t.is_meta for t in ghost.state_dict().values())
    with FakeTensorMode():
        fake = MODELS.build(minimal(entry))
    assert shapes(fake) == shapes(ghost)
    assert shapes(MODELS.build(narrow(entry))) == shapes(on_meta(narrow(entry)))


@every_part
def test_cfg_builds_it_again(entry):
    if not issubclass(entry.part, BaseModule):
        pytest.skip('a plain module keeps no config')
    part = on_meta(minimal(entry))
    assert part.cfg['type'] == entry.name
    again = on_meta(through_json(part.cfg))
    assert shapes(again) == shapes(part)
    assert through_json(again.cfg) == through_json(part.cfg)


@every_part
def test_lists_for_tuples(entry):
    "Every default, written out as a JSON file would hold it, makes the same part"
    defaults = {k: p.default for k, p in parameters(entry.part)[0].items() if p.default is not p.empty}
    cfg = {**defaults, **minimal(entry)}
    assert shapes(on_meta(through_json(cfg))) == shapes(on_meta(minimal(entry)))


@every_part
def test_copies(entry):
    "A deep copy is independent; a state dict moves all weights"
    part = MODELS.build(narrow(entry))
    twin = copy.deepcopy(part)
    for a, b in zip(part.parameters(), twin.parameters(), strict=True):
        assert a is not b
    torch.manual_seed(1)
    other = MODELS.build(narrow(entry))
    with torch.no_grad():
        for p in other.parameters():
            p.add_(1)
    result = other.load_state_dict(part.state_dict())
    assert not result.missing_keys and not result.unexpected_keys
    for (name, a), b, c in zip(
        part.state_dict().items(), twin.state_dict().values(), other.state_dict().values(), strict=True
    ):
        assert_close(a, b, rtol=0, atol=0, msg=name)
        assert_close(a, c, rtol=0, atol=0, msg=name)


@every_part
def test_same_seed_same_weights(entry):
    "And every number is set: none is left as the memory happened to be"
    def build():
        torch.manual_seed(3)
        return MODELS.build(narrow(entry)).state_dict()
    for (name, a), b in zip(build().items(), build().values(), strict=True):
        assert a.isfinite().all(), name
        assert_close(a, b, rtol=0, atol=0, msg=name)


@every_part
def test_unknown_argument_is_named(entry):
    with pytest.raises(ConfigError, match=f"{entry.name} has no argument 'no_such_option'.*Available: "):
        MODELS.build(minimal(entry) | dict(no_such_option=1))
