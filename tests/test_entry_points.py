"Parts of other packages, which register through the entry points `clsparts.parts`."
import json
import sys

import pytest

from common import python

PART = '''
from torch import nn
from clsparts.part import BaseModule

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
    site = tmp_path_factory.mktemp('base')/'lib'/f'python{sys.version_info[0]}.{sys.version_info[1]}'/'site-packages'    # for Python's PYTHONUSERBASE
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


def run(site, code, *args): return python(code, *args, path=[site], env=dict(PYTHONUSERBASE=str(site.parents[2])))


def answers(site, *lines):
    "What the last of `lines` is, in an interpreter with that package"
    code = '\n'.join(['import json', 'from clsparts import MODELS', '''def error(name, kind=None):
    try: MODELS.find(name, kind)
    except ValueError as e: return str(e)''', *lines[:-1], f'print(json.dumps({lines[-1]}))'])
    return json.loads(run(site, code).stdout)


def test_found_by_name(site):
    assert answers(site, "part = MODELS.build(dict(type='TinyNeck', factor=3.), 'neck')", '[type(part).__module__, part.factor, part.cfg]') == \
        ['tiny_parts.necks', 3., dict(type='TinyNeck', factor=3.)]


def test_import_of_this_package_leaves_it_alone(site):
    assert answers(site, 'import sys', "['tiny_parts' in sys.modules, 'torch' in sys.modules]") == [False, False]


def test_listed(site):
    assert 'TinyNeck' in answers(site, "MODELS.names('neck')")
    assert 'TinyNeck' not in answers(site, "MODELS.names('head')")


def test_composes(site):
    assert answers(site, 'from clsparts.compose import compose',
                   "clf = compose(dict(type='ResNet', depth=18, base_channels=4), 'TinyNeck')", "clf.cfg['neck']") == dict(type='TinyNeck')


def test_misspelt_argument(site):
    told = answers(site, 'told = None', "try: MODELS.build(dict(type='TinyNeck', facto=3.))\nexcept ValueError as e: told = str(e)", 'told')
    assert "TinyNeck has no argument 'facto'. Did you mean 'factor'?" in told


def test_broken_says_why(site):
    told = answers(site, "error('BrokenNeck')")
    assert 'BrokenNeck cannot be used' in told and 'tiny_parts.broken' in told
    assert "ModuleNotFoundError: No module named 'a_module_that_nobody_has'" in told


def test_broken_stays_with_itself(site):
    "A broken part elsewhere does not hide what is wrong with this name"
    told = answers(site, "error('ResNett', 'backbone')")
    assert "there is no backbone 'ResNett'. Did you mean 'ResNet'?" in told


def test_command_lists_both(site):
    code = 'import sys; from clsparts.cli import main; sys.exit(main())'
    done = run(site, code, 'list')
    assert 'TinyNeck' in done.stdout and 'Doubles its input' in done.stdout
    assert 'tiny_parts.broken' in done.stderr and 'a_module_that_nobody_has' in done.stderr
