"Parts of other packages, which register through the entry points `clsparts.parts`."
import json
import os
import sys

import pytest
from common import ROOT, python
from ready import Server

pytestmark = pytest.mark.skipif(not hasattr(os, 'fork'), reason='the interpreters are forks')

PART = '''
from torch import nn
from clsparts.base.module import BaseModule

class TinyNeck(BaseModule):
    "Doubles its input"
    def __init__(self, factor: float = 2.):
        super().__init__()
        self.factor = factor
    def forward(self, inputs): return tuple(self.factor * x for x in inputs)
'''
BROKEN = 'import a_module_that_nobody_has\n'


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    "A folder that holds an installed package with two entry points, one of them broken"
    # for Python's PYTHONUSERBASE
    site = tmp_path_factory.mktemp('base')/'lib'/f'python{sys.version_info[0]}.{sys.version_info[1]}'/'site-packages'
    (site/'tiny_parts').mkdir(parents=True)
    (site/'tiny_parts'/'__init__.py').write_text('')
    (site/'tiny_parts'/'necks.py').write_text(PART)
    (site/'tiny_parts'/'broken.py').write_text(BROKEN)
    info = site/'tiny_parts-1.0.dist-info'
    info.mkdir()
    (info/'METADATA').write_text('Metadata-Version: 2.1\nName: tiny-parts\nVersion: 1.0\n')
    (info/'RECORD').write_text('')
    (info/'entry_points.txt').write_text(
        '[clsparts.parts]\nTinyNeck = tiny_parts.necks:TinyNeck\nBrokenNeck = tiny_parts.broken:BrokenNeck\n')
    return site


@pytest.fixture(scope='module')
def server(site):
    "Interpreters that find that package, and have nothing of this one in memory"
    server = Server(
        ['torch', 'torch._dynamo', 'torchvision', 'matplotlib.figure'],
        PYTHONPATH=os.pathsep.join([str(site), str(ROOT)]),
        PYTHONUSERBASE=str(site.parents[2]),
    )
    yield server
    server.stop()


def run(server, *args):
    process = server.start(*args)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, err


def answers(server, *lines):
    "What the last of `lines` is, in an interpreter with that package"
    code = '\n'.join(['import json', 'from clsparts import MODELS', '''def error(name, kind=None):
    try: MODELS.find(name, kind)
    except ValueError as e: return str(e)''', *lines[:-1], f'print(json.dumps({lines[-1]}))'])
    return json.loads(run(server, '-c', code)[0])


def test_found_by_name(server):
    assert answers(
        server,
        "part = MODELS.build(dict(type='TinyNeck', factor=3.), 'neck')",
        '[type(part).__module__, part.factor, part.cfg]',
    ) == ['tiny_parts.necks', 3.0, dict(type='TinyNeck', factor=3.0)]


def test_import_of_this_package_leaves_it_alone(site):
    code = "import sys; from clsparts import MODELS; print([m for m in ('tiny_parts', 'torch') if m in sys.modules])"
    assert python(code, path=[site], env=dict(PYTHONUSERBASE=str(site.parents[2]))).stdout == '[]\n'


def test_listed(server):
    assert 'TinyNeck' in answers(server, "MODELS.names('neck')")
    assert 'TinyNeck' not in answers(server, "MODELS.names('head')")


def test_composes(server):
    assert answers(
        server,
        'from clsparts.composer.builder import compose',
        "clf = compose(dict(type='ResNet', depth=18, base_channels=4), 'TinyNeck')",
        "clf.cfg['neck']",
    ) == dict(type='TinyNeck')


def test_misspelt_argument(server):
    told = answers(
        server,
        'told = None',
        "try: MODELS.build(dict(type='TinyNeck', facto=3.))\nexcept ValueError as e: told = str(e)",
        'told',
    )
    assert "TinyNeck has no argument 'facto'. Did you mean 'factor'?" in told


def test_broken_says_why(server):
    told = answers(server, "error('BrokenNeck')")
    assert 'BrokenNeck cannot be used' in told and 'tiny_parts.broken' in told
    assert "ModuleNotFoundError: No module named 'a_module_that_nobody_has'" in told


def test_broken_stays_with_itself(server):
    "A broken part elsewhere does not hide what is wrong with this name"
    told = answers(server, "error('ResNett', 'backbone')")
    assert "there is no backbone 'ResNett'. Did you mean 'ResNet'?" in told


def test_command_lists_both(server):
    "Without importing them"
    out, err = run(server, '-m', 'clsparts', 'list', 'tiny')
    assert 'TinyNeck' in out and 'tiny_parts.necks:TinyNeck' in out and 'BrokenNeck' in out and not err
