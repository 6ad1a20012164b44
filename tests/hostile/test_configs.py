"A config from a stranger, whatever is in it, is read and checked without running code, network access or long waits."

import io
import json
import os
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table import CONTROL, Case, Fails, Works, table
from torch import nn

from clsparts.cli import config_commands as cli_config
from clsparts.cli.commands import main
from clsparts.cli.config_commands import model_of, read_config
from clsparts.composer.builder import compose, compose_model
from clsparts.composer.dry_run import resolve_model
from clsparts.config.config import Config, check_spelt_out, taken_by
from clsparts.core import registry
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from common import python  # noqa: E402

BACKBONE = dict(type='ResNet', depth=18, base_channels=4, stem_channels=8)
MODEL = dict(
    type='ImageClassifier',
    backbone=BACKBONE,
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3),
)


def with_neck(neck):
    return {**MODEL, 'neck': neck}


def with_backbone(**backbone):
    return {**MODEL, 'backbone': backbone}


def with_head(**head):
    return {**MODEL, 'head': dict(type='LinearClsHead', num_classes=3, **head)}


def nested(levels):
    return {**MODEL, 'teacher': nested(levels - 1)} if levels else MODEL


def checked(path, changes=()):
    "What `clsparts check` does with a file"
    model, place = model_of(read_config(path, list(changes)))
    resolve_model(model)


def json_file(folder, model):
    path = folder/'config.json'
    path.write_text(json.dumps(dict(model=model)))
    return path


@pytest.fixture(autouse=True)
def nothing_trusted(monkeypatch):
    monkeypatch.setattr(MODELS, '_trusted', set())
    before = set(sys.modules)
    yield
    strangers = {m.partition('.')[0] for m in set(sys.modules) - before} & {
        'evil',
        'antigravity',
        'this',
        'turtle',
        'idlelib',
    }
    assert not strangers and not any(
        m.startswith(('timm.task', 'torch.utils.model_dump')) for m in set(sys.modules) - before
    )


# ---- names: what a config may not spell out, and what it may

def foreign(module):
    return Fails('neck.type', mentions=(f'a config may not name a class of {module}', 'register it', 'trusted=True'))


NOT_LAYER = Fails('neck.type', mentions='is not a class of torch modules')

NAMES = {
    # foreign modules, imported or not
    'os:system': foreign('os'),
    'builtins:eval': foreign('builtins'),
    'builtins:exec': foreign('builtins'),
    'subprocess:Popen': foreign('subprocess'),
    'antigravity:Neck': foreign('antigravity'),
    'this:Zen': foreign('this'),
    'evil:Net': foreign('evil'),
    'evil.sub.sub:Net': foreign('evil.sub.sub'),
    'pickle:Unpickler': foreign('pickle'),
    'sys:exit': foreign('sys'),
    'importlib:import_module': foreign('importlib'),
    'ctypes:CDLL': foreign('ctypes'),
    '__main__:X': Fails('neck.type', mentions=('defined in a notebook or script', 'register it')),
    'pytest:main': foreign('pytest'),
    'torch:load': foreign('torch'),
    'torch.hub:load': foreign('torch.hub'),
    'torch.utils.model_dump.__main__:X': foreign('torch.utils.model_dump.__main__'),
    'torch.distributed.launch:main': foreign('torch.distributed.launch'),
    'torch.nn.parallel:DataParallel': foreign('torch.nn.parallel'),
    'torch.nn.quantized:Linear': foreign('torch.nn.quantized'),
    'torch.nn.modulesX:Y': foreign('torch.nn.modulesX'),
    'torch.nnX:Y': foreign('torch.nnX'),
    'torch.jit:ScriptModule': foreign('torch.jit'),
    'torch.package:PackageImporter': foreign('torch.package'),
    'torch.fx:GraphModule': foreign('torch.fx'),
    'torchvision.models:resnet18': foreign('torchvision.models'),
    'torchvision.datasets:MNIST': foreign('torchvision.datasets'),
    'torchvision.opsX:Y': foreign('torchvision.opsX'),
    'timm:create_model': foreign('timm'),
    'timm.models:ResNet': foreign('timm.models'),
    'timm.task:DistillationTeacher': foreign('timm.task'),
    'timm.layers2:X': foreign('timm.layers2'),
    'timm.layers.:X': NOT_LAYER,
    'clsparts.__main__:X': foreign('clsparts.__main__'),
    'clsparts._modidx:d': foreign('clsparts._modidx'),
    'clsparts:MODELS': foreign('clsparts'),
    'clsparts.all:Config': NOT_LAYER,
    'numpy:load': foreign('numpy'),
    'fastcore.xtras:run': foreign('fastcore.xtras'),
    # allowed modules, and what is no layer there, or is defined elsewhere
    'torch.nn:functional': NOT_LAYER,
    'torch.nn:functional.relu': NOT_LAYER,
    'torch.nn:init': NOT_LAYER,
    'torch.nn:Parameter': NOT_LAYER,
    'torch.nn:Module.__init__': NOT_LAYER,
    'torch.nn:Module.__class__': NOT_LAYER,
    'torch.nn:__builtins__': NOT_LAYER,
    'torch.nn:no_such': NOT_LAYER,
    'torch.nn.modules.module:torch.hub.load': NOT_LAYER,
    'torch.nn.modules.no_such:X': NOT_LAYER,
    'torch.nn:modules.conv.torch.load': NOT_LAYER,
    'torch.nn:DataParallel': foreign('torch.nn.parallel'),
    'torch.nn:parallel.DistributedDataParallel': foreign('torch.nn.parallel'),
    'torch.nn:ParameterList': Fails('neck.type', mentions='one argument can take hours'),
    'timm.layers:BlurPool2d': Fails('neck.type', mentions='one argument can take hours'),
    'timm.layers:create_act_layer': NOT_LAYER,
    'torchvision.ops:nms': NOT_LAYER,
    'clsparts.core.registry:Registry': NOT_LAYER,
    'clsparts.composer.dry_run:compile': NOT_LAYER,
    'clsparts.config.config:os.system': NOT_LAYER,
    'clsparts.cli.commands:main': NOT_LAYER,
    'clsparts.files.weights:read_weights': NOT_LAYER,
    'torch.nn:Module': Fails(mentions='Module'),
    'torch.nn:Conv2d': Fails('neck.type', mentions='got the conv'),
    'torch.nn:Upsample2': NOT_LAYER,
    'torch.nn:Linear': Fails('neck', mentions='out_features'),
    # names that are none
    ':': foreign(''),
    ':X': foreign(''),
    'torch.nn:': NOT_LAYER,
    'a:b:c': foreign('a'),
    '::': foreign(''),
    'torch.nn::Flatten': NOT_LAYER,
    '.:X': foreign('.'),
    '..:X': foreign('..'),
    '.torch.nn:Flatten': foreign('.torch.nn'),
    'torch..nn:Flatten': foreign('torch..nn'),
    'torch/nn:Flatten': foreign('torch/nn'),
    '../evil:X': foreign('../evil'),
    '/etc/passwd:X': foreign('/etc/passwd'),
    'torch.nn\x00:Flatten': foreign('torch.nn\\x00'),
    'torch.nn:Flat\x00ten': NOT_LAYER,
    'evil\n:X': foreign('evil'),
    'torch.nn:Flatten\x1b[2J': NOT_LAYER,
    '\x1b]0;owned\x07:X': foreign('\\x1b]0;owned\\x07'),
    '\x1b[2J': Fails('neck.type', mentions='\\x1b[2J'),
    'ｔｏｒｃｈ.nn:Flatten': foreign('ｔｏｒｃｈ.nn'),
    'tor\u202echn:X': foreign('tor\\u202echn'),
    '': Fails('neck.type'),
    ' ': Fails('neck.type'),
    'main': Fails('neck.type'),
    'MODELS': Fails('neck.type'),
    '__init__': Fails('neck.type'),
    'Config': Fails('neck.type'),
    # of a kind that does not fit
    'clsparts.backbones.resnet:ResNet': Fails('neck.type', mentions='got the backbone'),
    'clsparts.losses.focal_loss:FocalLoss': Fails(mentions='got the loss'),
    # long ones
    'ResNet' * 80_000: Fails('neck.type', mentions='…'),
    'torch.nn:' + 'Flatten.' * 60_000: NOT_LAYER,
    'a.' * 200_000 + ':X': Fails('neck.type', mentions='…'),
    ':' * 400_000: foreign(''),
}


@table([Case(repr(name) if len(name) < 60 else f'{name[:20]!r}, {len(name):,} characters', name, then)
        for name, then in NAMES.items()])
def test_name(case, tmp_path):
    "In a file, and in a config that never was one"
    path = json_file(tmp_path, with_neck(dict(type=case.given)))
    replace(case, then=replace(case.then, path=None)).check(lambda: checked(path))
    case.check(lambda: compose_model(with_neck(dict(type=case.given))))
    taken_by(case.given)


ALLOWED = {
    'a loss of torch': with_head(loss='torch.nn:CrossEntropyLoss'),
    'by the module that defines it': with_head(loss='torch.nn.modules.loss:CrossEntropyLoss'),
    'a part of this package': with_neck('clsparts.necks.gap:GlobalAveragePooling'),
    'a registered name': with_neck('GlobalAveragePooling'),
}


@table([Case(name, model, Works()) for name, model in ALLOWED.items()])
def test_name_that_is_allowed(case, tmp_path):
    case.check(lambda: checked(json_file(tmp_path, case.given)))


# ---- arguments and sizes

TEACHER = dict(type='timm.task.distillation:DistillationTeacher', model_name='resnet18', num_classes=2, device='cpu')
HUGE = 10 ** 9

MODELS_TO_CHECK = [
    Case(
        'a pickled teacher',
        with_backbone(**TEACHER, pretrained_path='weights/teacher.pth'),
        Fails('backbone.type', mentions='timm.task.distillation'),
    ),
    Case(
        'code in every place',
        {k: 'evil:Net' if k != 'type' else 'evil.net:Net' for k in MODEL},
        Fails(mentions='a config may not name a class of evil'),
    ),
    Case('as loss', with_head(loss='evil:Loss'), Fails('head.loss.type')),
    Case('as one of several losses', with_head(loss=[['evil:Loss', 1.0]]), Fails()),
    Case('as a norm', with_backbone(**BACKBONE, norm_cfg=dict(type='evil:Norm')), Fails('backbone.norm_cfg.type')),
    Case(
        'as a convolution',
        with_backbone(**BACKBONE, conv_cfg=dict(type='os:system', command='true')),
        Fails('backbone.conv_cfg.type'),
    ),
    Case('as a teacher', {**MODEL, 'teacher': dict(type='evil:Net')}, Fails('teacher.type')),
    Case('a teacher in a teacher', {**MODEL, 'teacher': nested(10)}, Fails('teacher.teacher', fix={})),
    Case(
        'a device',
        with_neck(dict(type='torch.nn:RMSNorm', normalized_shape=32, device='cpu')),
        Fails('neck.device', fix={}),
    ),
    Case(
        'a device of a norm',
        with_backbone(**BACKBONE, norm_cfg=dict(type='BN', device='cpu')),
        Fails('backbone.norm_cfg.device'),
    ),
    Case(
        'linear, 10⁹ by 10⁹',
        with_neck(dict(type='torch.nn:Linear', in_features=HUGE, out_features=HUGE)),
        Fails('neck', mentions='parameters'),
    ),
    Case(
        'linear, 10¹² by 10¹²',
        with_neck(dict(type='torch.nn:Linear', in_features=10**12, out_features=10**12)),
        Fails('neck'),
    ),
    Case('linear, 10⁵ by 10⁵', with_neck(dict(type='torch.nn:Linear', in_features=10**5, out_features=10**5)), Fails()),
    Case('a norm of 10¹² channels', with_neck(dict(type='torch.nn:RMSNorm', normalized_shape=10**12)), Fails()),
    Case('a norm of 10⁸ channels', with_neck(dict(type='torch.nn:RMSNorm', normalized_shape=10**8)), Fails()),
    Case('2⁹⁹⁹ features', with_neck(dict(type='torch.nn:Linear', in_features=2**999, out_features=1)), Fails('neck')),
    Case('10⁹ classes', {**MODEL, 'head': dict(type='LinearClsHead', num_classes=HUGE)}, Fails('head')),
    Case(
        '10⁷ classes',
        {**MODEL, 'head': dict(type='LinearClsHead', num_classes=10**7)},
        Fails('head', mentions='2,000,000 classes'),
    ),
    Case(
        '10,000 losses',
        {
            **MODEL,
            'head': dict(
                type='LinearClsHead', num_classes=10, loss=dict(type='CombinedLoss', losses=['L1Loss'] * 10_000)
            ),
        },
        Fails(mentions='at most 100 losses'),
    ),
    Case('10⁶ classes', {**MODEL, 'head': dict(type='LinearClsHead', num_classes=10**6)}, Works()),
    Case('21,841 classes', {**MODEL, 'head': dict(type='LinearClsHead', num_classes=21_841)}, Works()),
    Case('no classes', {**MODEL, 'head': dict(type='LinearClsHead', num_classes=0)}, Fails()),
    Case('-1 classes', {**MODEL, 'head': dict(type='LinearClsHead', num_classes=-1)}, Fails()),
    Case(
        'NaN classes',
        {**MODEL, 'head': dict(type='LinearClsHead', num_classes=float('nan'))},
        Fails('head.num_classes'),
    ),
    Case(
        'a ViT of 10⁷ layers',
        with_backbone(
            type='VisionTransformer', arch=dict(embed_dims=8, num_layers=10**7, num_heads=2, feedforward_channels=8)
        ),
        Fails(mentions='10,000'),
    ),
    Case(
        'a ViT of 10¹⁰ layers',
        with_backbone(
            type='VisionTransformer', arch=dict(embed_dims=8, num_layers=10**10, num_heads=2, feedforward_channels=8)
        ),
        Fails(mentions='10,000'),
    ),
    Case(
        'an LSTM of 10⁹ layers',
        with_neck(dict(type='torch.nn:LSTM', input_size=1, hidden_size=1, num_layers=HUGE)),
        Fails('neck'),
    ),
    Case(
        '40,000 layers',
        with_neck(dict(type='torchvision.ops:MLP', in_channels=1, hidden_channels=[1] * 40_000)),
        Fails('neck', mentions='operations'),
    ),
    Case('padding of 10⁹', with_neck(dict(type='torch.nn:ZeroPad2d', padding=HUGE)), Fails()),
    Case('images of 10⁹ pixels a side', with_backbone(type='VisionTransformer', arch='base', img_size=HUGE), Fails()),
    Case('channels that are NaN', with_backbone(**{**BACKBONE, 'base_channels': float('nan')}), Fails()),
    Case(
        'channels that are a string',
        with_backbone(**{**BACKBONE, 'base_channels': '64'}),
        Fails('backbone.base_channels', fix={'backbone.base_channels': 64}),
    ),
    Case(
        'a string of 500 kB',
        with_backbone(**{**BACKBONE, 'base_channels': '[' * 500_000}),
        Fails('backbone.base_channels'),
    ),
    Case(
        '5,000 unknown arguments',
        with_backbone(**BACKBONE, **{f'strange_argument_{i}': i for i in range(5000)}),
        Fails(mentions='5,000 unknown arguments'),
    ),
    Case('escape codes as an argument', with_backbone(**BACKBONE, **{'\x1b[2J': 1}), Fails(mentions='\\x1b[2J')),
    Case('self', with_backbone(**BACKBONE, self=1), Fails('backbone.self')),
    Case('dunder arguments', with_backbone(**BACKBONE, __class__=1, __init__=2), Fails('backbone.__class__')),
    Case('an initialiser that is none', with_backbone(**BACKBONE, init_cfg=dict(type='evil:Init')), Fails()),
]


CYCLE = dict(BACKBONE)
CYCLE['init_cfg'] = CYCLE
DEEP = dict(type='Constant')
for _ in range(10_000):
    DEEP = [DEEP]

MODELS_TO_CHECK += [
    Case('a cycle', with_backbone(**CYCLE), Fails()),
    Case('a cycle in a list', with_backbone(**BACKBONE, init_cfg=(CYCLES := [])), Fails()),
    Case('ten thousand brackets', with_backbone(**BACKBONE, norm_cfg=DEEP), Fails()),
    Case('a model in a model', {'model': MODEL}, Fails('model')),
]
CYCLES.append(CYCLES)


@table(MODELS_TO_CHECK)
def test_model(case):
    case.check(lambda: resolve_model(case.given))


# ---- files

def files(**contents):
    "A function that writes files into a folder, and gives the path of the first"
    def make(folder):
        for name, text in contents.items():
            path = folder/name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder/next(iter(contents))
    return make


def file(name, text, **more):
    return files(**{name: text, **more})


C1 = json.dumps(with_backbone(**TEACHER, pretrained_path='weights/teacher.pth'))
C1_YAML = '''model:
  backbone:
    {type: "timm.task.distillation:DistillationTeacher",
     model_name: resnet18, num_classes: 2, pretrained_path: t.pth, device: cpu}
'''
SPELT = Fails(mentions=('timm.task.distillation', 'trusted=True'))
EVIL = "__import__('os').system('true')"

FILES = [
    Case('teacher, JSON', file('a.json', f'{{"model": {C1}}}'), SPELT),
    Case('teacher, Python', file('a.py', f'model = {with_backbone(**TEACHER, pretrained_path="t.pth")!r}'), SPELT),
    Case('teacher, YAML', file('a.yaml', C1_YAML), SPELT),
    Case('a call in Python', file('a.py', f'model = dict(a={EVIL})'), Fails(mentions='a.py, line 1')),
    Case('an import', file('a.py', 'import os\nmodel = dict()'), Fails(mentions='a.py, line 1')),
    Case('a lambda', file('a.py', 'model = (lambda: 1)()'), Fails(mentions='a.py, line 1')),
    Case('attributes of a string', file('a.py', "model = ''.__class__.__mro__"), Fails(mentions='a.py, line 1')),
    Case(
        'a format that looks inside',
        file('a.py', "a = 'x'\nmodel = '{0.__class__}'.format(a)"),
        Fails(mentions='a.py, line 2'),
    ),
    Case('a number of gigabytes', file('a.py', 'model = dict(a=9 ** 9 ** 9)'), Fails(mentions='a.py, line 1')),
    Case('a string of gigabytes', file('a.py', "model = dict(a='x' * 10 ** 12)"), Fails(mentions='a.py, line 1')),
    Case('a list of gigabytes', file('a.py', 'a = [1]\n' + 'a = a + a\n' * 60 + 'model = a'), Fails(mentions='a.py')),
    Case('nested brackets', file('a.py', 'model = ' + '[' * 100_000), Fails(mentions='a.py')),
    Case('nested brackets, JSON', file('a.json', '{"a": ' + '[' * 100_000), Fails(mentions='a.json')),
    Case('5,000 digits, JSON', file('a.json', '{"a": ' + '9' * 5000 + '}'), Fails(mentions='a.json')),
    Case('a YAML tag', file('a.yaml', 'model: !!python/object/apply:os.system ["true"]'), Fails(mentions='a.yaml')),
    Case(
        'laughs',
        file(
            'a.yaml',
            'a0: &a0 [x]\n' + ''.join(f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 12)),
        ),
        Fails(mentions='a.yaml'),
    ),
    Case('a YAML cycle', file('a.yaml', 'a: &a {b: *a}'), Fails(mentions='a.yaml')),
    Case('twice the same key', file('a.json', '{"model": 1, "model": 2}'), Fails(mentions='a.json')),
    Case('no UTF-8', file('a.json', b'{"a": "\xff"}'), Fails(mentions='a.json')),
    Case('null bytes', file('a.py', 'model = 1\0'), Fails(mentions='a.py')),
    Case('a script by its ending', file('a.sh', 'true'), Fails(mentions='a.sh')),
    Case('nothing there', lambda folder: folder / 'nowhere.json', Fails(mentions='nowhere.json')),
    Case('a folder', lambda folder: folder, Fails()),
    Case('a null byte in its name', lambda folder: f'{folder}/a\0.json', Fails(mentions='null byte')),
    Case('/dev/zero', lambda folder: '/dev/zero', Fails()),
    Case('a loop of links', lambda folder: (os.symlink('a.json', folder / 'a.json'), folder / 'a.json')[1], Fails()),
    Case(
        'a pipe', lambda folder: (os.mkfifo(folder / 'a.json'), folder / 'a.json')[1], Fails(mentions='is not a file')
    ),
    Case('a base outside', file('configs/a.json', '{"_base_": "../../../../etc/passwd"}'), Fails(mentions='outside')),
    Case('a base by its full path', file('configs/a.json', '{"_base_": "/etc/passwd"}'), Fails(mentions='outside')),
    Case('a base that is itself', file('a.json', '{"_base_": "a.json"}'), Fails(mentions='inherit from itself')),
    Case('a base in a package', file('a.py', "_base_ = 'timm::configs/a.py'"), Fails(mentions='installed package')),
    Case(
        'a base behind a link',
        lambda folder: (
            file('configs/a.json', '{"_base_": "b.json"}')(folder),
            os.symlink('/etc/passwd', folder / 'configs' / 'b.json'),
            folder / 'configs' / 'a.json',
        )[2],
        Fails(mentions='outside'),
    ),
    Case(
        'a base at a URL',
        file('a.json', '{"_base_": "http://example.invalid/a.json"}'),
        Fails(mentions='does not exist'),
    ),
    Case(
        'two hundred bases',
        files(**{f'{i}.json': json.dumps(dict(_base_=f'{i + 1}.json')) for i in range(200)}),
        Fails(mentions='100 files'),
    ),
    Case(
        'the same base often',
        file('a.json', json.dumps(dict(_base_=['b.json'] * 200)), **{'b.json': '{}'}),
        Fails(mentions='100 files'),
    ),
    Case(
        'an imported class of a stranger',
        file('a.py', f"from evil import Net\nmodel = {MODEL!r}\nmodel['neck'] = dict(type=Net)"),
        Fails(mentions='a class of evil'),
    ),
    Case(
        'an imported module of a stranger',
        file('a.py', f"import evil.sub as e\nmodel = {MODEL!r}\nmodel['neck'] = dict(type=e.Net)"),
        Fails(mentions='a class of evil.sub'),
    ),
    Case(
        'an imported class that is called',
        file('a.py', "from evil import Net\nmodel = dict(neck=Net())"),
        Fails(mentions='calls evil.Net'),
    ),
    Case(
        'an imported function',
        file('a.py', "from torch.hub import load\nmodel = load('evil')"),
        Fails(mentions='calls torch.hub.load'),
    ),
    Case(
        'what copy imports itself',
        file('a.py', "import copy\nmodel = copy.copyreg.sys.exit()"),
        Fails(mentions='calls copy.copyreg.sys.exit'),
    ),
    Case('all of a module', file('a.py', "from os.path import *"), Fails(mentions='is code')),
    Case(
        'another context',
        file('a.py', "from evil import read\nwith read():\n    from .b import *"),
        Fails(mentions='is code'),
    ),
    Case(
        'an imported base outside',
        file('configs/a.py', "with read_base():\n    from ..b import *", **{'b.py': 'x = 1'}),
        Fails(mentions='outside'),
    ),
    Case(
        'an imported base that is itself',
        file('a.py', "with read_base():\n    from .a import *"),
        Fails(mentions='inherit from itself'),
    ),
    Case(
        'an imported base in a package',
        file('a.py', "with read_base():\n    from evil.configs.a import *"),
        Fails(mentions='installed package'),
    ),
    Case(
        'an imported base behind a link',
        lambda folder: (
            file('configs/a.py', "with read_base():\n    from .b import *")(folder),
            os.symlink('/etc/passwd', folder / 'configs' / 'b.py'),
            folder / 'configs' / 'a.py',
        )[2],
        Fails(mentions='outside'),
    ),
    Case(
        'two hundred imported bases',
        files(**{f'c{i}.py': f"with read_base():\n    from .c{i + 1} import *" for i in range(200)}),
        Fails(mentions='100 files'),
    ),
    Case(
        'a type over that of a base',
        file(
            'a.json',
            json.dumps(dict(_base_='b.json', model=dict(backbone=dict(type='evil:Net')))),
            **{'b.json': json.dumps(dict(model=MODEL))},
        ),
        Fails(mentions='a class of evil'),
    ),
    Case(
        'a type under that of a file',
        file(
            'a.json',
            json.dumps(dict(_base_='b.json', model=dict(backbone=BACKBONE))),
            **{'b.json': json.dumps(dict(model=dict(MODEL, backbone=dict(type='evil:Net', x=1))))},
        ),
        Works(warns='it is dropped'),
    ),
    Case('no model', file('a.json', '{"a": 1}'), Fails('model')),
    Case('a list for a model', file('a.json', '{"model": [1, 2]}'), Fails()),
    Case('a number for a model', file('a.json', '{"model": 7}'), Fails()),
    Case(
        'half a surrogate pair',
        file('a.json', '{"model": {"backbone": {"type": "\\ud800"}}}'),
        Fails(mentions='\\ud800'),
    ),
    Case(
        'escape codes in a key',
        file('a.json', json.dumps({'model': {**MODEL, '\x1b[2Jbackbon': 1}})),
        Fails(mentions='\\x1b[2J'),
    ),
]


@table(FILES)
def test_file(case, tmp_path, canary):
    (tmp_path/'evil.py').write_text(canary)
    path = case.make(tmp_path)
    case.check(lambda: checked(path))


SETS = {
    'model.neck.type=evil:Net': Fails(mentions='a class of evil'),
    'model.neck=dict(type="os:system", command="true")': Fails(mentions='a class of os'),
    f'model.neck=dict(a={EVIL})': Fails(mentions='model.neck'),
    f'model.neck={EVIL}': Fails('model.neck.type'),
    'model': Fails(mentions='path=value'),
    '=1': Fails(),
    '': Fails(),
    'model.__class__.__init__=1': Fails(mentions='__class__'),
    'model.backbone.depth.real=1': Fails(),
    'model.backbone.0=1': Fails(),
    '.'.join(['model'] * 100_000) + '=1': Fails(),
    'model.backbone.depth=' + '9' * 5000: Fails(),
    'model.backbone.depth=' + '(' * 100_000: Fails('model.backbone.depth'),
    'model.backbone.depth=' + '-' * 100_000 + '1': Fails('model.backbone.depth'),
    'model.backbone.depth=1e999': Fails(),
    'model.neck.type=\x1b[2J': Fails(mentions='\\x1b[2J'),
    'model.backbone.out_indices.99999999999999999999=1': Fails(),
    '_base_=/etc/passwd': Works(),
    'model.\x00=1': Fails(mentions='\\x00'),
}


@table([Case(repr(text[:70]), text, then) for text, then in SETS.items()])
def test_set(case, tmp_path):
    path = json_file(tmp_path, {**MODEL, 'backbone': {**BACKBONE, 'out_indices': [3]}})
    def changed():
        try:
            checked(path, [case.given])
        except ConfigError as e:
            raise e if e.issues[0].path.startswith('model') or not e.issues[0].path else e.prefixed('model') from None
    case.check(changed)


# ---- what the command prints

def run(*argv):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(list(map(str, argv)))
    return status, out.getvalue() + err.getvalue()


@pytest.mark.parametrize('command', ['check', 'show', 'diff'])
def test_printed(tmp_path, command):
    "Names of files and keys reach the terminal without escape codes"
    name = tmp_path/'\x1b[2J.json'
    name.write_text(json.dumps(dict(model=MODEL, **{'\x1b]0;owned\x07': '\x9b31m'})))
    other = tmp_path/'b.json'
    other.write_text(json.dumps(dict(model=with_neck('\x1b[31m'))))
    for argv in [(name,), (other,)] if command != 'diff' else [(name, other), (other, name)]:
        try:
            status, text = run(command, *argv)
        except ConfigError as e:
            text = str(e)
        assert text and not CONTROL.search(text), text


def test_printed_where_the_terminal_lacks_the_letters(tmp_path, monkeypatch):
    name = tmp_path/os.fsdecode(b'\xff\xfe.json')
    name.write_text(json.dumps(dict(model=MODEL)))
    for encoding in ('utf-8', 'ascii'):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(raw, encoding, 'strict'))
        assert main(['check', str(name)]) == 0
        assert b'\\udcff' in raw.getvalue() and b'composes' in raw.getvalue()


@pytest.mark.parametrize('error', [MemoryError(), RecursionError('too deep'), OSError('gone'), SystemExit(3)])
def test_file_after_file(tmp_path, monkeypatch, error):
    "Whatever is wrong with a file ends with that file"
    read = cli_config.read_config
    def reading(path, *args):
        if path.endswith('trap.json'):
            raise error
        return read(path, *args)
    monkeypatch.setattr(cli_config, 'read_config', reading)
    for name in ('a.json', 'z.json'):
        (tmp_path/name).write_text(json.dumps(dict(model=MODEL)))
    (tmp_path/'bytes.yaml').write_bytes(bytes(range(256)))
    (tmp_path/'circle.py').write_text("_base_ = 'circle.py'")
    (tmp_path/'deep.json').write_text('[' * 100_000)
    (tmp_path / 'huge.json').write_text(
        json.dumps(dict(model={**MODEL, 'neck': dict(type='torch.nn:Linear', in_features=HUGE, out_features=HUGE)}))
    )
    (tmp_path/'trap.json').write_text('{}')
    os.mkfifo(tmp_path/'pipe.json')
    (tmp_path/'loop').symlink_to(tmp_path)
    status, text = run('check', tmp_path)
    assert status == 1 and not CONTROL.search(text)
    for name in ('bytes.yaml', 'circle.py', 'deep.json', 'huge.json', 'trap.json', 'pipe.json'):
        assert f'{tmp_path/name}' in text
    table = dict(line.rsplit(maxsplit=1) for line in text.rpartition('files\n')[2].splitlines()[1:])
    assert table == dict(composes='2', wrong='1', unreadable='5'), text


# ---- nothing is imported, nothing asked

@pytest.fixture
def evil(tmp_path, canary, monkeypatch):
    "A stranger's repository, which Python looks into first"
    for package in ('evil', 'fake_timm'):
        (tmp_path/package).mkdir()
        (tmp_path/package/'__init__.py').write_text(canary)
        (tmp_path/package/'layers.py').write_text(canary)
    info = tmp_path/'evil-1.0.dist-info'
    info.mkdir()
    (info/'METADATA').write_text('Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n')
    (info/'entry_points.txt').write_text('[clsparts.parts]\nEvilNeck = evil:Neck\n')
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_folder_named_as_a_package_that_is_not_installed(evil, monkeypatch):
    monkeypatch.setitem(registry.LAYERS, 'fake_timm.layers', 'fake_timm.layers')
    path = evil/'a.py'
    (evil/'b.py').write_text(f'model = {MODEL!r}')
    path.write_text("_base_ = 'b.py'\nmodel = dict(neck=dict(type='fake_timm.layers:X'))")
    cfg = Config.fromfile(path)
    with pytest.raises(ConfigError, match='fake_timm would be imported from'):
        resolve_model(cfg['model'])


ATTACK = '''
import sys
from importlib.machinery import PathFinder
class Hidden:                                           # timm is not installed; Python finds the folder here
    @staticmethod
    def find_spec(name, path=None, target=None): return PathFinder.find_spec(name, ['']) if name == 'timm' else None
sys.meta_path.insert(0, Hidden)
from clsparts.cli import config_commands as cli_config
from clsparts.cli.commands import main
commands = ['check', 'a.json', 'b.json', 'c.json', 'd.json'], ['diff', 'a.json', 'b.json'], ['list', 'neck']
statuses = [main(c) for c in commands]
print(statuses, [m for m in ('timm', 'evil') if m in sys.modules])
'''


@pytest.mark.starts_processes
def test_repository_of_a_stranger(evil):
    "`timm/`, `evil.py` and an entry point in the working folder are neither imported nor offered"
    (evil/'fake_timm').rename(evil/'timm')
    for name, type_ in dict(a='timm.layers:X', b='EvilNeck', c='timm.models:X', d='evil:Neck').items():
        (evil/f'{name}.json').write_text(json.dumps(dict(model=with_neck(dict(type=type_)))))
    done = python(ATTACK, cwd=evil)
    assert (
        done.stdout.splitlines()[-1] == '[1, 1, 0] []' and 'EvilNeck' in done.stdout and 'composes' not in done.stdout
    ), done.stdout + done.stderr


@pytest.mark.starts_processes
def test_module_of_a_stranger_beside_the_command(evil):
    "`python -m clsparts` looks for no module in the working folder"
    import subprocess
    (evil/'ruamel').mkdir()
    (evil/'ruamel'/'yaml.py').write_text((evil/'evil'/'__init__.py').read_text())
    (evil/'a.yaml').write_text('model: {backbone: {type: "evil:Net"}}')
    env = {**os.environ, 'PYTHONPATH': str(Path(registry.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, '-m', 'clsparts', 'diff', 'a.yaml', 'a.yaml'],
        cwd=evil,
        env=env,
        capture_output=True,
        text=True,
    )
    assert 'a config may not name a class of evil' in done.stderr, done.stdout + done.stderr


class _Server(BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    do_HEAD = do_GET


@pytest.fixture
def server():
    _Server.asked.clear()
    server = HTTPServer(('127.0.0.1', 0), _Server)
    threading.Thread(target=server.serve_forever, args=(.01,), daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()
    assert not _Server.asked, f'the input asked for {_Server.asked}'


class NeedsNumbers(nn.Module):
    "A part that cannot run on the meta device"
    def __init__(self, init_cfg=None):
        super().__init__()
        self.inner = MODELS.build(dict(**BACKBONE, init_cfg=init_cfg))

    def forward(self, x):
        return self.inner(x) if x.sum().item() != 1 else None


CALLS = {
    'the cache of torch hub': lambda url: with_backbone(
        **TEACHER, pretrained_cfg_overlay=dict(url=f'{url}/resnet18-f37072fd.pth', hf_hub_id=None, source=None)
    ),
    'Pretrained': lambda url: with_backbone(**BACKBONE, init_cfg=dict(type='Pretrained', checkpoint=f'{url}/a.pth')),
    'pretrained': lambda url: {**MODEL, 'pretrained': f'{url}/a.pth'},
    'Pretrained, run for real': lambda url: with_backbone(
        type=NeedsNumbers, init_cfg=dict(type='Pretrained', checkpoint=f'{url}/a.pth')
    ),
    'Pretrained, image too small': lambda url: with_backbone(
        **BACKBONE, init_cfg=dict(type='Pretrained', checkpoint=f'{url}/a.pth'), in_channels=1
    ),
}


@pytest.mark.parametrize('name', CALLS)
@pytest.mark.filterwarnings('ignore:.*run eagerly')
def test_nothing_is_fetched(name, server):
    try:
        resolve_model(CALLS[name](server))
    except ConfigError:
        assert name == 'the cache of torch hub'


# ---- what stays possible

class Plain(nn.Module):
    def forward(self, x):
        return x


def test_classes_of_ones_own():
    "A class that was passed or registered is found by its spelling, also a local one; no other is"
    class Local(nn.Module):
        def forward(self, x):
            return x
    spelling = f'{__name__}:test_classes_of_ones_own.<locals>.Local'
    with pytest.raises(ConfigError):
        MODELS.build(spelling)
    clf = compose(BACKBONE, 'GlobalAveragePooling', 'LinearClsHead', num_classes=3)
    again = compose(BACKBONE, Local, None)
    assert type(MODELS.build(spelling)) is Local
    assert compose_model(again.cfg).cfg == again.cfg and compose_model(clf.cfg).cfg == clf.cfg
    assert MODELS.refusal(f'{__name__}:Plain')
    MODELS.register_module('PlainOfTheTests', module=Plain)
    try:
        assert type(MODELS.build(f'{__name__}:Plain')) is Plain
    finally:
        del MODELS._entries['PlainOfTheTests']
    assert MODELS.refusal(f'{__name__}:Plain')


def test_trusted(tmp_path, monkeypatch):
    "A trusted config adds its own names, and no others; what fails to import, or exits, is an error with its cause"
    (tmp_path / 'my_nets.py').write_text(
        'from torch import nn\nclass Net(nn.Identity): pass\nclass Other(nn.Identity): pass\nname = 3\n'
    )
    (tmp_path/'my_exit.py').write_text('raise SystemExit(3)')
    monkeypatch.syspath_prepend(tmp_path)
    path = json_file(tmp_path, with_neck(dict(type='my_nets:Net')))
    with pytest.raises(ConfigError):
        Config.fromfile(path)
    Config.fromfile(path, trusted=True)
    assert 'my_nets' not in sys.modules                                 # it is imported where it is built
    assert type(MODELS.build('my_nets:Net')).__module__ == 'my_nets'
    assert MODELS.refusal('my_nets:Other')
    check_spelt_out(['my_exit:Net', 'my_nets:name', 'my_nowhere:Net'], trusted=True)
    with pytest.raises(ConfigError, match='cannot be imported: SystemExit: 3'):
        MODELS.build('my_exit:Net')
    with pytest.raises(ConfigError, match='is not a class of torch modules'):
        MODELS.build('my_nets:name')
    with pytest.raises(ConfigError, match='ModuleNotFoundError'):
        MODELS.build('my_nowhere:Net')
    del sys.modules['my_nets']


# ---- at random

WORDS = st.sampled_from(
    [
        'type',
        'model',
        'backbone',
        'neck',
        'head',
        'loss',
        'depth',
        'init_cfg',
        'norm_cfg',
        '_delete_',
        '_base_',
        '__class__',
        'torch.nn:Linear',
        'os:system',
        'ResNet',
        'LinearClsHead',
        'GlobalAveragePooling',
        'CrossEntropyLoss',
        'evil:Net',
        'num_classes',
        'in_channels',
    ]
) | st.text(max_size=6)
NUMBERS = st.sampled_from([0, -1, 1, 18, 10 ** 9, 2 ** 64, float('inf'), float('nan'), 1e-300]) | st.integers(-4, 70)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(WORDS, v, max_size=4),
    max_leaves=8,
)
QUIET = dict(derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def only_config_errors(call):
    try:
        call()
    except ConfigError as e:
        assert not CONTROL.search(str(e))


@settings(max_examples=12, **QUIET)
@given(st.sampled_from(['backbone', 'neck', 'head', 'teacher']), st.dictionaries(WORDS, VALUES, max_size=3), VALUES)
@pytest.mark.filterwarnings('ignore')
def test_random_model(part, more, value):
    "A model with one part changed is checked, or refused with a clear error"
    only_config_errors(lambda: resolve_model({**MODEL, part: {**MODEL.get(part, {}), **more}}))
    only_config_errors(lambda: resolve_model({**MODEL, part: value}))


@settings(max_examples=60, **QUIET)
@given(st.dictionaries(WORDS, VALUES, max_size=4), st.sampled_from(['.json', '.py', '.yaml']), st.text(max_size=20))
@pytest.mark.filterwarnings('ignore')
def test_random_file(tmp_path_factory, cfg, suffix, text):
    "A file is read, or refused with a clear error"
    path = tmp_path_factory.getbasetemp()/f'random{suffix}'
    path.write_text(
        json.dumps(cfg)
        if suffix == '.json'
        else f'model = {cfg!r}'
        if suffix == '.py'
        else f'model: {json.dumps(cfg)}',
        'utf-8',
        'surrogatepass',
    )
    only_config_errors(lambda: Config.fromfile(path))
    path.write_text(text, 'utf-8', 'surrogatepass')
    only_config_errors(lambda: Config.fromfile(path))


@settings(max_examples=60, **QUIET)
@given(st.lists(st.sampled_from(['torch', 'nn', 'modules', 'timm', 'layers', 'os', 'clsparts', '.', ':', '..',
                                 '__main__', 'X', 'utils', '\0']) | st.text(max_size=3), max_size=8))
def test_random_name(words):
    "A name is a layer, or refused; no module outside of the allow-list is imported for it"
    before = set(sys.modules)
    only_config_errors(lambda: MODELS.find(''.join(words)))
    new = {m for m in set(sys.modules) - before if not m.startswith('clsparts')}
    assert not new or 'timm.layers' in new or 'torchvision.ops' in new, new
