"Configs from files and back: what wrong files are told, what comes back, and what reading may not do."
import copy
import json
import math
import os
import pickle
import sys
import unicodedata
import warnings
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clsparts.cli.config_commands import check_configs, diff_configs, show_classifier
from clsparts.config.config import Config, check_spelt_out, diff, merge, override, plain, taken_by
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS

FORMATS = ('.py', '.json', '.yaml', '.yml')
READ = 'and configs are read, not run. Write the value itself, or load it with trusted=True if you trust its author.'
MODEL = "model = dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18, style='pytorch'))\n"


def write(folder, files):
    "Files by name in a folder `configs`; gives the first"
    for name, text in files.items():
        path = folder/'configs'/name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder/'configs'/next(iter(files))


def told(folder, f):
    "The error of `f`, with paths as seen from the folder of configs"
    with pytest.raises(ConfigError) as e:
        f()
    return (
        str(e.value)
        .replace(f'{folder.resolve()}/configs/', '')
        .replace(f'{folder.resolve()}/', '../')
        .replace(str(folder.resolve()), '..')
    )


# the first file is read; the whole error follows
WRONG_FILES = {
    # the chain
    'no such file': (
        {'a.py': '', 'asdf': ''},
        'b.py',
        "b.py: cannot be read: No such file or directory. Did you mean 'a.py'?",
    ),
    'no such base': (
        {'a.py': "_base_ = 'models/resnet5.py'", 'models/resnet50.py': ''},
        None,
        "a.py: its base 'models/resnet5.py' does not exist. Did you mean 'resnet50.py'?",
    ),
    'no such base at all': (
        {'a.json': '{"_base_": ["nowhere/b.py"]}'},
        None,
        "a.json: its base 'nowhere/b.py' does not exist.",
    ),
    'the same key twice': (
        {
            'a.py': "_base_ = ['b.py', 'c.yaml', 'd.json']",
            'b.py': 'x = 1\nmodel = 1',
            'c.yaml': 'y: 2',
            'd.json': '{"y": 1, "x": 2}',
        },
        None,
        'a.py: its bases c.yaml and d.json both define y and x. '
        'Leave one of them out, or let one inherit from the other.',
    ),
    'by way of a common base': (
        {'a.py': "_base_ = ['b.py', 'c.py']", 'b.py': "_base_ = 'd.py'", 'c.py': "_base_ = 'd.py'", 'd.py': 'x = 1'},
        None,
        'a.py: its bases b.py and c.py both define x. Leave one of them out, or let one inherit from the other.',
    ),
    'itself': ({'a.py': "_base_ = './a.py'"}, None, 'a.py → a.py: a config cannot inherit from itself.'),
    'a circle': (
        {'a.py': "_base_ = 'sub/b.json'", 'sub/b.json': '{"_base_": "c.yaml"}', 'sub/c.yaml': '_base_: [b.json]'},
        None,
        'sub/b.json → sub/c.yaml → sub/b.json: a config cannot inherit from itself.',
    ),
    'a little that grows': (
        {'a.json': '{"_base_": "b.py", "x": [' + '"{{_base_.x}}", ' * 5000 + '1]}', 'b.py': 'x = [0] * 5000'},
        None,
        "a.json: '{{_base_.x}}' is too much: a file may take 100,000 steps in all.",
    ),
    'another package': (
        {'a.py': "_base_ = 'mmpretrain::_base_/default_runtime.py'"},
        None,
        "a.py: its base 'mmpretrain::_base_/default_runtime.py' is in an installed package, which is not searched. "
        'Copy it next to this file and name the copy.',
    ),
    'outside': (
        {'a.py': "_base_ = '../secret.py'", '../secret.py': 'x = 1'},
        None,
        "a.py: its base '../secret.py' is outside ../configs, the folder for base files. "
        "To allow it, load with root='..'.",
    ),
    'outside by an absolute path': (
        {'a.yaml': '_base_: /etc/passwd'},
        None,
        "a.yaml: its base '/etc/passwd' is outside ../configs, the folder for base files. "
        "To allow it, load with root='/'.",
    ),
    'outside, not existing': (
        {'a.py': "_base_ = '../nowhere.py'"},
        None,
        "a.py: its base '../nowhere.py' is outside ../configs, the folder for base files. "
        "To allow it, load with root='..'.",
    ),
    'no path at all': (
        {'a.json': r'{"_base_": "b\u0000.py"}'},
        None,
        r"'b\x00.py' leads nowhere: a name holds no null byte.",
    ),
    'too many files': (
        {
            'a.py': "_base_ = ['b.py', 'b.py']",
            **{f'{a}.py': f"_base_ = ['{b}.py', '{b}.py']" for a, b in pairwise('bcdefghij')},
            'j.py': '',
        },
        None,
        'g.py: a config may consist of at most 100 files.',
    ),
    'a folder as base': ({'a.py': "_base_ = './sub.py'", 'sub.py/b.py': ''}, None, 'sub.py: is not a file.'),
    'another kind of file': (
        {'a.py': "_base_ = 'b.toml'", 'b.toml': ''},
        None,
        "b.toml: config files end in .py, .json, .yaml or .yml, not '.toml'.",
    ),
    # the new style
    'no such config to import': (
        {'a.py': "with read_base():\n    from .models.resnet5 import *", 'models/resnet50.py': ''},
        None,
        "a.py: its base 'models/resnet5.py' does not exist. Did you mean 'resnet50.py'?",
    ),
    'a circle of imports': (
        {'a.py': "with read_base():\n    from .b import *", 'b.py': "with read_base():\n    from .a import x"},
        None,
        'a.py → b.py → a.py: a config cannot inherit from itself.',
    ),
    'a circle of both styles': (
        {'a.py': "with read_base():\n    from .b import *", 'b.py': "_base_ = 'a.py'"},
        None,
        'a.py → b.py → a.py: a config cannot inherit from itself.',
    ),
    'an import from outside': (
        {'a.py': "with read_base():\n    from ..secret import *", '../secret.py': 'x = 1'},
        None,
        "a.py: its base '../secret.py' is outside ../configs, the folder for base files. "
        "To allow it, load with root='..'.",
    ),
    'an import of an installed config': (
        {'a.py': "with read_base():\n    from mmpretrain.configs._base_.default_runtime import *"},
        None,
        'a.py, line 2: `from mmpretrain.configs._base_.default_runtime import *` names a config of an installed '
        'package, which is not searched. '
        'Copy it next to this file and import it by its path: `from .file import *`.',
    ),
    'a name that is not in the base': (
        {'a.py': "with read_base():\n    from .b import modle", 'b.py': 'model = 1'},
        None,
        "a.py, line 2: `from .b import modle` uses the key 'modle', which does not exist. "
        "Did you mean 'model'? Available: model.",
    ),
    'a mistake in an imported base': (
        {'a.py': "with read_base():\n    from .b import *", 'b.py': 'x = 1\ny = z'},
        None,
        'b.py, line 2: `z` is not defined.\n    y = z',
    ),
    'both styles in one file': (
        {'a.py': "_base_ = 'b.py'\nwith read_base():\n    from .b import *", 'b.py': 'x = 1'},
        None,
        "a.py, line 1: `_base_ = 'b.py'` is the old style, and `read_base()` the new one. Write one of them.",
    ),
    'too many imported files': (
        {
            f'{a}.py': f"with read_base():\n    from .{b} import *\n    from .{b}2 import *"
            for a, b in pairwise('abcdefghi')
        }
        | {f'{a}2.py': f"with read_base():\n    from .{b} import *" for a, b in pairwise('bcdefghi')}
        | {'i.py': '', 'i2.py': ''},
        None,
        'h.py: a config may consist of at most 100 files.',
    ),
    'imported bases that are large together': (
        {
            'a.py': 'with read_base():\n' + '\n'.join(f'    from .b import x as x{i}' for i in range(9)),
            'b.py': 'x = [0] * 20_000',
        },
        None,
        'a.py: all that the file defines is too much: a value may hold 100,000 pieces in all, counted as '
        'often as they occur.',
    ),
    'a class that is called': (
        {'a.py': "from torch.nn import GELU\nx = GELU()"},
        None,
        'a.py, line 2: `GELU()` calls torch.nn.GELU, and configs are read, not run. '
        'Write the value itself, or load it with trusted=True if you trust '
        'its author. Classes are named: dict(type=GELU, …).\n    x = GELU()',
    ),
    'a mistake in the base': (
        {'a.yaml': '_base_: b.py', 'b.py': 'x = 1\ny = z'},
        None,
        'b.py, line 2: `z` is not defined.\n    y = z',
    ),
    # `_base_` itself
    'a number in Python': (
        {'a.py': '_base_ = 3'},
        None,
        "a.py, line 1: `_base_ = 3` names no files. Set it to a string or a list of strings: `_base_ = "
        "['../_base_/runtime.py']`.",
    ),
    'a number in JSON': (
        {'a.json': '{"_base_": [1]}'},
        None,
        'a.json: _base_ names no files. Set it to a string or a list of strings.',
    ),
    'a mapping in YAML': (
        {'a.yaml': '_base_: {a: b.py}'},
        None,
        'a.yaml: _base_ names no files. Set it to a string or a list of strings.',
    ),
    'what is not in the base': (
        {'a.json': '{"_base_": "b.py", "x": "{{_base_.model.detph}}"}', 'b.py': 'model = dict(depth=18)'},
        None,
        "a.json: '{{_base_.model.detph}}' uses the key 'detph', which does not exist. "
        "Did you mean 'depth'? Available: depth.",
    ),
    'no base to refer to': (
        {'a.yaml': 'x: {{ _base_.y }}'},
        None,
        "a.yaml: '{{ _base_.y }}' refers to the base config, but there is none. "
        "Set `_base_ = ['…']`, the file to inherit from.",
    ),
    'the environment': (
        {'a.yaml': 'x: "{{ $HOME:/root }}"'},
        None,
        "a.yaml: '{{ $HOME:/root }}' reads the environment, and a config means the same everywhere. "
        "Write the value itself.",
    ),
    # Python
    'code': ({'a.py': "x = 1\nimport os\nos.system('exit')"}, None, f'a.py, line 2: `import os` is code, {READ}'),
    'a call': (
        {'a.py': "x = dict(y=open('a.py'))"},
        None,
        f"a.py, line 1: `open('a.py')` calls open, {READ}\n    x = dict(y=open('a.py'))",
    ),
    'no Python': (
        {'a.py': 'x = dict(\n  a=1,,\n)'},
        None,
        'a.py, line 2, column 7: this is not valid Python: invalid syntax.\n    a=1,,',
    ),
    'a key that is a number': (
        {'a.py': 'x = dict(y={1: 2})'},
        None,
        "a.py: x.y: keys are strings; the key 1 is of type int. Write '1'.",
    ),
    'a bomb in Python': (
        {'a.py': 'a = [0] * 9\n' + ''.join(f'{b} = [{a}] * 9\n' for a, b in pairwise('abcdefghi'))},
        None,
        'a.py, line 6: `[e] * 9` is too much: a value may hold 100,000 pieces in all, counted as often as they occur.\n'
        '    f = [e] * 9',
    ),
    # JSON
    'no JSON': ({'a.json': '{"x": 1,\n "y" 2}'}, None, "a.json, line 2, column 6: Expecting ':' delimiter."),
    'a list in JSON': ({'a.json': '[1]'}, None, 'a.json: expected a dict, got a list.'),
    'twice in JSON': ({'a.json': '{"a": {"x": 1, "x": 2}}'}, None, "a.json: the key 'x' appears twice in one object."),
    'deep JSON': (
        {'a.json': '{"a": ' * 900 + '1' + '}' * 900},
        None,
        'a.json: a.a.a.…: values are nested more than 64 deep, or contain themselves.',
    ),
    'very deep JSON': ({'a.json': '[' * 100_000}, None, 'a.json: the file is nested too deeply.'),
    'many values': (
        {'a.json': '{"a": 1, "b": [' + '0,' * 60_000 + '0]}'},
        None,
        'a.json: b: a config may contain at most 50,000 values, counted as often as they occur.',
    ),
    'a long number': (
        {'a.json': '{"a": 1' + '0' * 400 + '}'},
        None,
        'a.json: a: an integer of 1,329 bits; the limit is 1,000.',
    ),
    'a number that Python does not read': (
        {'a.json': '{"a": 1' + '0' * 5000 + '}'},
        None,
        'a.json: integers of more than 4,300 digits cannot be read.',
    ),
    # YAML
    'no YAML': (
        {'a.yaml': 'x: 1\ny: [1, 2\nz: 3'},
        None,
        "a.yaml, line 3, column 2: expected ',' or ']', but got ':'.",
    ),
    'tabs': (
        {'a.yaml': 'x:\n\t- 1'},
        None,
        "a.yaml, line 2, column 1: found character '\\t' that cannot start any token.",
    ),
    'twice in YAML': ({'a.yaml': 'm:\n  x: 1\n  x: 2'}, None, "a.yaml, line 3, column 3: the key 'x' appears twice."),
    'a number for a key': (
        {'a.yaml': 'm:\n  1: x'},
        None,
        'a.yaml, line 2, column 3: keys are strings; put `1` in quotes.',
    ),
    'a date': (
        {'a.yml': 'm: [2024-01-01]'},
        None,
        "a.yml, line 1, column 5: a config holds no value of the kind 'timestamp'. Put it in quotes.",
    ),
    'an object': (
        {'a.yaml': 'm: !!python/object/apply:os.system [exit]'},
        None,
        "a.yaml, line 1, column 4: a config holds no value of the kind 'python/object/apply:os.system'.",
    ),
    'a bomb in YAML': (
        {'a.yaml': 'a0: &a0 [x]\n' + ''.join(f'a{i + 1}: &a{i + 1} [*a{i}, *a{i}, *a{i}]\n' for i in range(40))},
        None,
        'a.yaml, line 1, column 5: the file contains more than 50,000 values, counted as often as they occur.',
    ),
    'itself in YAML': (
        {'a.yaml': 'a: &a {b: [*a]}'},
        None,
        'a.yaml, line 1, column 11: values are nested more than 64 deep, or contain themselves.',
    ),
    'deep YAML': ({'a.yaml': '{a: ' * 5000}, None, 'a.yaml: the file is nested too deeply.'),
    'a list in YAML': ({'a.yaml': '- 1'}, None, 'a.yaml: expected a dict, got a list.'),
    # any file
    'no text': ({'a.py': b'x = "\xff"'}, None, 'a.py: is not UTF-8 text: invalid start byte at byte 5.'),
    'a large file': (
        {'a.json': '{"a": "' + 'x' * 1_000_000 + '"}'},
        None,
        'a.json: the file is too large; a config has at most 1,000,000 bytes.',
    ),
    # what it may import
    'foreign modules': (
        {
            'a.py': "_base_ = 'b.py'\nmodel = dict(neck=dict(type='antigravity:Neck'))",
            'b.py': "model = dict(head=dict(loss=['this:Loss', 'torch.nn:L1Loss']))",
        },
        None,
        'a.py: 2 problems:\n- model.head.loss.0: a config may not name a class of this. '
        'Pass the class itself or register it in Python, MODELS.register_module(module=Loss), or load '
        'with trusted=True (--trusted) if you trust the author.\n'
        '- model.neck.type: a config may not name a class of antigravity. '
        'Pass the class itself or register it in Python, '
        'MODELS.register_module(module=Neck), or load with trusted=True (--trusted) if you trust the author.',
    ),
}


@pytest.mark.parametrize('case', WRONG_FILES)
def test_wrong_file(case, tmp_path):
    files, name, says = WRONG_FILES[case]
    first = write(tmp_path, files)
    assert told(tmp_path, lambda: Config.fromfile(first.with_name(name) if name else first)) == says


# what cannot be written: the config, the formats, the whole error
WRONG_CONFIGS = {
    'names': (
        {'a-b': 1, 'class': 2, '__x': 3, 'dict': 4},
        ['.py'],
        '4 problems:\n'
        + '\n'.join(
            f'- {k}: {k!r} is not a name that a Python config can assign. Rename it, or write .json or .yaml.'
            for k in ('a-b', 'class', '__x', 'dict')
        ),
    ),
    'base': ({'_base_': 'a.py'}, FORMATS, '_base_: _base_ is a directive, not a value. Rename the key.'),
    'delete': (
        {'a': [{'b': {'_delete_': True}}]},
        FORMATS,
        'a.0.b._delete_: _delete_ is a directive, not a value. Rename the key.',
    ),
    'references': (
        {'a': {'b': 'x/{{ fileDirname }}', 'c': ['{{_base_.d}}']}},
        FORMATS,
        "2 problems:\n- a.b: 'x/{{ fileDirname }}' is a reference, which reading replaces. Write the value itself.\n"
        "- a.c.0: '{{_base_.d}}' is a reference, which reading replaces. Write the value itself.",
    ),
    'environment': (
        {'a': '{{ $HOME:x }}'},
        FORMATS,
        "a: '{{ $HOME:x }}' is a reference, which reading replaces. Write the value itself.",
    ),
    'nan': ({'a': {'b': math.nan}}, FORMATS, 'a.b: NaN is not allowed in a config.'),
    'half a character': (
        {'a': '\ud83d'},
        FORMATS,
        r"a: '\ud83d' contains half a character (a lone surrogate), which no file can store.",
    ),
    'one name for another': (
        {'ª': 1},
        ['.py'],
        '2 problems:\n- ª: a .py file cannot hold this: it would be lost.\n'
        '- a: a .py file cannot hold this: it would be read as 1.',
    ),
    'ending': ({'a': 1}, ['.toml'], "out.toml: config files end in .py, .json, .yaml or .yml, not '.toml'."),
}


@pytest.mark.parametrize('case', WRONG_CONFIGS)
def test_not_written(case, tmp_path):
    cfg, endings, says = WRONG_CONFIGS[case]
    (tmp_path/'configs').mkdir()
    for ending in endings:
        path = tmp_path.resolve()/'configs'/f'out{ending}'
        path.write_text('what was there')
        assert told(tmp_path, partial(Config(cfg).dump, path)) == says
        assert path.read_text() == 'what was there' and os.listdir(path.parent) == [path.name]
        path.unlink()


WRONG_VALUES = {
    'a module': (
        lambda: Config(act=[math]),
        'act.0: module is not plain data; a config contains only dicts, lists, strings, numbers, booleans and None. '
        'Use a dict with its `type` for a part.',
    ),
    'a key': (lambda: Config(a={None: 1}), "a: keys are strings; the key None is of type NoneType. Write 'None'."),
    'set later': (
        lambda: setattr(Config(), 'a', {1, 2}),
        'a: set is not plain data; a config contains only dicts, lists, strings, numbers, booleans and None. '
        'Use a dict with its `type` for a part.',
    ),
    'an override': (lambda: Config(a=dict(b=1)).merge_from_dict({'a.b.c': 2}), "a.b: expected a dict or list, got 1."),
    'a misspelt override': (
        lambda: Config(model=1, data=2).merge_from_dict({'modl.x': 2}),
        "modl: there is no such key. Did you mean 'model'? Available: model, data.",
    ),
    'beyond the list': (
        lambda: Config(a=[1]).merge_from_dict({'a.1': 2}),
        'a: the list has 1 elements, so index 1 is out of range.',
    ),
}


@pytest.mark.parametrize('case', WRONG_VALUES)
def test_wrong_value(case):
    f, says = WRONG_VALUES[case]
    with pytest.raises(ConfigError) as e:
        f()
    assert str(e.value) == says


# reading and writing

AWKWARD = [
    '',
    ' ',
    "it's",
    '"',
    '\'"',
    "'''",
    'a\nb',
    '\n',
    '\r\n',
    'a\r',
    '\t',
    '\\',
    '\\n',
    '{',
    '}',
    '{x}',
    '{{x}}',
    '{{ }}',
    '{{',
    '%',
    '%s',
    '#',
    'a #b',
    'a: b',
    '- a',
    '-',
    '?',
    '[',
    ']',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '@',
    '`',
    '~',
    'null',
    'None',
    'true',
    'True',
    'on',
    'yes',
    '1',
    '1e-3',
    '1_0',
    '0x1f',
    '012',
    '.5',
    '.inf',
    'inf',
    'nan',
    '2001-01-01',
    '12:30:00',
    '=',
    '<<',
    '---',
    '...',
    'é',
    'ß',
    '日本',
    '😀',
    '\x00',
    '\x1b',
    '\x7f',
    '\x85',
    '\xa0',
    '\u2028',
    '\ufeff',
    '\ufffe',
    '\U0010ffff',
    'a.b',
    'class',
    'dict',
    '__x__',
    'x' * 150,
]
texts = st.sampled_from(AWKWARD) | st.text(max_size=12)
numbers = (
    st.integers()
    | st.integers(-(2**900), 2**900)
    | st.floats(allow_nan=False)
    | st.sampled_from([math.inf, -math.inf, -0.0, 0.0, 1e-300, 5e-324, 1e16, 1e22, 1.7e308, 1e-5])
)
# Python reads a name that is written in several ways as the same name: `dict(ª=1)` has the key 'a'
keys = texts.filter(lambda k: k != '_delete_' and unicodedata.normalize('NFKC', k) == k or not k.isidentifier())
names = st.sampled_from(['model', 'match', 'x', '_', 'items', 'dump', 'größe']) | st.from_regex(
    '[a-zA-Z_][a-z_0-9]{0,8}', fullmatch=True
).filter(
    lambda k: (
        not k.startswith('__')
        and k
        not in (
            'if',
            'in',
            'is',
            'or',
            'as',
            'def',
            'del',
            'for',
            'try',
            'not',
            'and',
            '_base_',
            'None',
            'True',
            'dict',
            'float',
        )
    )
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)
configs = st.dictionaries(names, values, max_size=5)
odd_configs = st.dictionaries(keys.filter(lambda k: k != '_base_'), values, max_size=5)
fast = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('round')


def check_round_trip(cfg, path):
    cfg = Config(cfg)
    again = Config.fromfile(cfg.dump(path))
    assert again == cfg and repr(again) == repr(cfg)             # the same order, -0.0 and True too


@fast
@given(cfg=configs)
def test_python_round_trip(cfg, folder):
    check_round_trip(cfg, folder/'a.py')


@fast
@given(cfg=odd_configs)
def test_json_round_trip(cfg, folder):
    check_round_trip(cfg, folder/'a.json')


@fast
@given(cfg=odd_configs)
def test_yaml_round_trip(cfg, folder):
    check_round_trip(cfg, folder/'a.yaml')


@fast
@given(cfg=configs)
def test_python_text_is_python(cfg):
    scope = {}
    exec(Config(cfg).pretty_text, {'__builtins__': dict(dict=dict, float=float)}, scope)
    assert scope == plain(cfg)


@fast
@given(cfg=odd_configs)
def test_copies(cfg):
    cfg = Config(cfg)
    for other in (
        copy.copy(cfg),
        copy.deepcopy(cfg),
        pickle.loads(pickle.dumps(cfg)),
        cfg.copy(),
        Config(plain(cfg)),
        cfg | {},
    ):
        assert other == cfg and type(other) is Config and repr(other) == repr(cfg)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(text=st.text('ab_.:=,#\n\t -&*!|>\'"{}[]()012/\\$%<') | st.lists(st.sampled_from(
    ['a: ', 'b: ', '- ', '\n', '  ', '&x ', '*x', '{', '}', '[', ']', ', ', '"', "'", '{{ _base_.a }}', '<<: ',
     '!!set ', '1', '=', 'dict(', ')', '_base_', '? ']), max_size=12).map(''.join),
    ending=st.sampled_from(FORMATS))
def test_any_text_is_a_config_or_an_error_in_words(text, ending, folder):
    path = folder/f'any{ending}'
    path.write_text(text)
    try:
        assert type(Config.fromfile(path)) is Config
    except ConfigError as e:
        assert f'any{ending}' in str(e)


@pytest.mark.parametrize('ending', FORMATS)
def test_formats_inherit_from_each_other(ending, tmp_path):
    first = write(tmp_path, {'_base_/a.py': MODEL + "lr = 0.1\nsteps = (1, 2)"})
    for base in FORMATS:
        cfg = Config.fromfile(first)
        cfg.dump(first.with_name(f'from{base}'))
        over = tmp_path/'configs'/'sub'/f'over{ending}'
        over.parent.mkdir(exist_ok=True)
        over.write_text(
            {
                '.py': f"_base_ = ['../_base_/from{base}']\nmodel = dict(backbone=dict(depth=34))\nlr2 = _base_.lr\n"
                       f"name = '{{{{ fileBasenameNoExtension }}}}'",
                '.json': f'{{"_base_": "../_base_/from{base}", "model": {{"backbone": {{"depth": 34}}}}, "lr2": '
                         f'{{{{_base_.lr}}}}, "name": "{{{{fileBasenameNoExtension}}}}"}}',
            }.get(
                ending,
                f'_base_: ../_base_/from{base}\nmodel: {{backbone: {{depth: 34}}}}\nlr2: {{{{ _base_.lr }}}}\n'
                f'name: {{{{ fileBasenameNoExtension }}}}',
            )
        )
        assert Config.fromfile(over) == merge(cfg, dict(model=dict(backbone=dict(depth=34)), lr2=.1, name='over'))


def test_delete(tmp_path):
    path = write(
        tmp_path,
        {
            'a.yaml': '_base_: b.py\nmodel: {backbone: {_delete_: true, type: ResNet}, neck: {_delete_: false, dim: '
                      '1}, head: {_delete_: true}}',
            'b.py': MODEL + "model.neck = dict(type='GlobalAveragePooling')",
        },
    )
    assert Config.fromfile(path).model == dict(
        type='ImageClassifier', backbone=dict(type='ResNet'), neck=dict(type='GlobalAveragePooling', dim=1), head={}
    )


def test_change_of_type(tmp_path):
    path = write(
        tmp_path,
        {'a.py': "_base_ = 'b.py'\nmodel = dict(backbone=dict(type='VisionTransformer', arch='b'))", 'b.py': MODEL},
    )
    with pytest.warns(UserWarning) as seen:
        cfg = Config.fromfile(path)
    assert [str(w.message) for w in seen] == [
        'model.backbone: type ResNet became VisionTransformer, which has no arguments depth, style; they are dropped.'
    ]
    assert cfg.model == dict(type='ImageClassifier', backbone=dict(type='VisionTransformer', arch='b'))
    with pytest.warns(
        UserWarning,
        match='model.backbone: type VisionTransformer became ResNet, which has no argument arch; it is dropped.',
    ):
        cfg.merge_from_dict({'model.backbone.type': 'ResNet', 'model.backbone.depth': 50})
    assert cfg.model.backbone == dict(type='ResNet', depth=50)


def test_no_part_is_imported_without_a_change_of_type(tmp_path):
    from common import python

    path = write(
        tmp_path, {'a.py': "_base_ = 'b.py'\nmodel = dict(backbone=dict(type='ResNet', depth=34))", 'b.py': MODEL}
    )
    code = '''
import sys
from clsparts.config.config import Config
Config.fromfile(sys.argv[1])
print([m for m in ('torch', 'ruamel.yaml', 'clsparts.base.module') if m in sys.modules])
'''
    assert python(code, path).stdout.strip() == '[]'


def test_files_of_a_long_chain(tmp_path):
    files = {f'c{i}.py': f"_base_ = 'c{i + 1}.py'\nx{i} = dict(depth=_base_.x{i + 1}.depth + 1)" for i in range(99)}
    path = write(tmp_path, {**files, 'c99.py': 'x99 = dict(depth=0)'})
    assert Config.fromfile(path).x0.depth == 99


# what reading may not do

@pytest.fixture
def trap(tmp_path, monkeypatch):
    "A module that must not be imported"
    (tmp_path/'config_trap.py').write_text('from torch import nn\nclass Net(nn.Module): pass\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop('config_trap', None)
    MODELS._trusted.clear()


TRAPS = {
    'type': "model = dict(backbone=dict(type='config_trap:Net'))",
    'name': "model = dict(backbone='config_trap:Net')",
    'no class': "model = dict(type='config_trap:no class')",
    'in a list': "model = dict(head=dict(loss=['config_trap:Net']))",
    'in a pair': "model = dict(head=dict(loss=[['config_trap:Net', .5]]))",
    'over another': "_base_ = 'base.py'\nmodel = dict(backbone=dict(type='config_trap:Net'))",
    'under another': "_base_ = 'trap.py'\nmodel = dict(depth=3)",
    'deep': "data = [dict(x=[dict(type='config_trap:Net')])]",
    'imported': "from config_trap import Net\nmodel = dict(type=Net)",
    'of an imported module': "import config_trap as c\nmodel = dict(type=c.Net)",
    'imported by a base': "with read_base():\n    from .imports import Net as N\nmodel = dict(type=N)",
}


@pytest.mark.parametrize('case', TRAPS)
def test_nothing_is_imported(case, trap):
    path = write(
        trap,
        {
            'a.py': TRAPS[case],
            'base.py': MODEL,
            'trap.py': "model = dict(type='config_trap:Net', width=3)",
            'imports.py': 'from config_trap import Net',
        },
    )

    def refused():
        return 'a config may not name a class of config_trap' in told(trap, lambda: Config.fromfile(path))
    assert refused() and 'config_trap' not in sys.modules
    assert taken_by('config_trap:Net') is None and 'config_trap' not in sys.modules
    __import__('config_trap')
    assert refused()                                                    # that it is imported already is not enough
    assert Config.fromfile(path, trusted=True)
    assert Config.fromfile(path)                                        # its names are trusted from here on


# what mmengine reads, recorded by tools/compare_configs.py

GOLDEN = Path(__file__).parent/'golden'/'configs'
EXPECTED = json.loads((GOLDEN/'expected.json').read_text())


@pytest.mark.parametrize('trusted', [False, True])
@pytest.mark.parametrize('name', EXPECTED)
def test_reading_equals_mmengine(name, trusted):
    "Both styles: values stored in the base are copied, values read from it are not, `update` merges, classes are names"
    assert diff(Config.fromfile(GOLDEN/name, trusted=trusted), EXPECTED[name]) == []


def test_new_style_at_the_command_line(tmp_path, capsys):
    star, merge_ = (str(GOLDEN/'configs'/'resnet'/f'{n}.py') for n in ('star', 'merge'))
    assert [check_configs([star]), show_classifier(star), diff_configs(star, merge_)] == [0, None, 1]
    printed = capsys.readouterr().out
    assert all(text in printed for text in (f'{star}: composes', 'ResNet ', 'model.backbone.depth: 34 → 50'))
    cfg = Config.fromfile(star)
    assert (
        cfg.model.backbone.norm_cfg.type == 'torch.nn.modules.batchnorm:BatchNorm2d' and 'CrossEntropyLoss' not in cfg
    )
    for suffix in FORMATS:
        assert Config.fromfile(cfg.dump(tmp_path/f'a{suffix}')) == cfg
    assert {type(v) for v in plain(cfg).values()} <= {dict, list, str, int, float, bool, type(None)}


def test_code_in_a_trusted_config_of_the_new_style(tmp_path):
    path = write(
        tmp_path,
        {
            'a.py': "from torch import nn\nfrom .b import c\nx = 1",
            'b.py': '',
            'c.py': "import math\nfrom mmengine.hooks import Hook\nx = math.pi // 1",
            'd.py': "from torch import nn\nwith read_base():\n    from .c import *\nfor i in range(3): x += i\n"
                    "act = dict(type=nn.GELU, hook=Hook)",
        },
    )
    assert "a.py, line 2: `from .b import c` imports another config" in told(
        tmp_path, lambda: Config.fromfile(path, trusted=True)
    )
    assert Config.fromfile(path.parent / 'd.py', trusted=True) == dict(
        x=6.0, i=2, act=dict(type='torch.nn:GELU', hook='Hook')
    )
    assert '`import math` is code' in told(tmp_path, lambda: Config.fromfile(path.parent/'d.py'))


def test_spelt_out_classes_of_known_packages():
    check_spelt_out(
        dict(
            a=dict(type='torch.nn:Flatten'),
            b=dict(type='clsparts.necks.gap:GlobalAveragePooling'),
            c='nowhere: text',
            type='tests.nowhere',
        )
    )
    with pytest.raises(ConfigError, match='^torch.type: a config may not name a class of torch_evil'):
        check_spelt_out(dict(torch=dict(type='torch_evil:X')))


@pytest.mark.skipif(os.name != 'posix', reason='links and pipes of Unix')
def test_links_and_pipes(tmp_path):
    path = write(
        tmp_path,
        {
            'a.py': "_base_ = 'link.py'",
            'pipe_user.py': "_base_ = 'pipe.py'",
            'loop_user.py': "_base_ = 'loop.py'",
            '../secret.py': 'x = 1',
        },
    )
    (path.parent/'link.py').symlink_to(tmp_path/'secret.py')
    os.mkfifo(path.parent/'pipe.py')
    (path.parent/'loop.py').symlink_to('loop.py')
    assert "a.py: its base 'link.py' is outside ../configs" in told(tmp_path, lambda: Config.fromfile(path))
    assert told(tmp_path, lambda: Config.fromfile(path.with_name('pipe_user.py'))) == 'pipe.py: is not a file.'
    told(tmp_path, lambda: Config.fromfile(path.with_name('loop_user.py')))
    assert Config.fromfile(path, root=tmp_path).x == 1
    (tmp_path/'entry.py').symlink_to(path)                        # its bases are beside the file that the link leads to
    assert "its base 'link.py' is outside ../configs" in told(tmp_path, lambda: Config.fromfile(tmp_path/'entry.py'))


def test_roots(tmp_path):
    write(
        tmp_path,
        {
            'x/y/a.py': "_base_ = '../b.py'",
            'x/b.py': 'x = 1',
            '../exp/e.py': "_base_ = './sub/f.py'",
            '../exp/sub/f.py': "_base_ = '../g.py'",
            '../exp/g.py': 'x = 2',
            '../lib/_base_/h.py': 'x = 3',
            '../lib/z/i.py': "_base_ = '../_base_/h.py'",
        },
    )
    assert Config.fromfile(tmp_path/'configs'/'x'/'y'/'a.py').x == 1          # the nearest folder `configs`
    assert Config.fromfile(tmp_path/'exp'/'e.py').x == 2                      # else the file's own, for the whole chain
    assert 'is outside ../exp/sub' in told(tmp_path, lambda: Config.fromfile(tmp_path/'exp'/'sub'/'f.py'))
    assert Config.fromfile(tmp_path/'exp'/'sub'/'f.py', root=tmp_path/'exp').x == 2
    assert Config.fromfile(tmp_path/'lib'/'z'/'i.py').x == 3  # a folder that holds `_base_`
    assert 'i.py: is outside the root' in told(
        tmp_path, lambda: Config.fromfile(tmp_path / 'lib' / 'z' / 'i.py', root=tmp_path / 'exp')
    )


# laws

def frozen(*cfgs):
    return [repr(c) for c in cfgs]


@fast
@given(a=odd_configs, b=odd_configs)
def test_merge_laws(a, b):
    before = frozen(a, b)
    merged = merge(a, b)
    assert merge(a, {}) == a and merge({}, a) == a and merge(a, a) == a
    assert merge(merged, b) == merged
    assert set(merged) == {*a, *b}
    assert frozen(a, b) == before
    wipe(merged)
    assert [repr(a), repr(b)] == before


def wipe(cfg):
    "Empty every dict of a merged config: none of them is shared with what it was made of"
    for v in cfg.values():
        if isinstance(v, dict):
            wipe(v)
    cfg.clear()


@fast
@given(a=odd_configs, b=odd_configs)
def test_diff_laws(a, b):
    before, found = frozen(a, b), diff(a, b)
    assert diff(a, a) == [] and bool(found) == (repr_of(a) != repr_of(b))
    assert sorted(map(repr, found)) == sorted(repr((p, x, y)) for p, y, x in diff(b, a))
    assert frozen(a, b) == before


def repr_of(cfg):
    "A text that is the same for equal configs; True is not 1, but 1.0 is, and the order does not matter"
    if isinstance(cfg, dict):
        return '{' + ', '.join(sorted(f'{k!r}: {repr_of(v)}' for k, v in cfg.items())) + '}'
    if isinstance(cfg, list):
        return f'[{", ".join(map(repr_of, cfg))}]'
    return repr(cfg) if isinstance(cfg, bool) or not isinstance(cfg, (int, float)) else f'number {hash(cfg)}'


@fast
@given(cfg=configs, value=values)
def test_override_laws(cfg, value):
    before = frozen(cfg, value)
    for path in cfg:
        new = override(cfg, path, value)
        assert new == merge(cfg, {path: plain(value)}) and override(new, path, value) == new
    in_place = Config(cfg)
    in_place.merge_from_dict(dict.fromkeys(cfg, value))
    assert in_place == merge(cfg, dict.fromkeys(cfg, value)) and frozen(cfg, value) == before


def test_silence():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        merge(dict(type='ResNet', depth=18), dict(type='Unknown'), taken_by)
        merge(dict(type='ResNet', depth=18), dict(type='VisionTransformer'))


@pytest.mark.parametrize('text, fix', [
    ('x = set([1])', 'Write a list.'),
    ('from functools import partial\nx = partial(dict)', 'Write a dict with its `type` and arguments.')])
def test_advice_that_helps(tmp_path, text, fix):
    "A trusted file may not hold these either"
    (tmp_path/'a.py').write_text(text)
    words = told(tmp_path, lambda: Config.fromfile(tmp_path/'a.py'))
    assert 'is not plain data. ' + fix in words and 'trusted' not in words
    with pytest.raises(ConfigError, match='is not plain data'):
        Config.fromfile(tmp_path/'a.py', trusted=True)
