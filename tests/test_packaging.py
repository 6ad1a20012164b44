"The metadata: settings.ini is the source, what repeats it agrees, and optional packages are optional."
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser

import pytest
from common import ROOT, python

import clsparts
from clsparts.core.optional_imports import EXTRAS

SETTINGS = ConfigParser(delimiters=['='])
SETTINGS.read(ROOT/'settings.ini', encoding='utf-8')
CFG = SETTINGS['DEFAULT']
PYPROJECT = tomllib.loads((ROOT/'pyproject.toml').read_text(encoding='utf-8'))


def package_names(requirements):
    return {re.match(r'[\w.-]+', r)[0] for r in requirements.split()}


def test_version():
    assert clsparts.__version__ == CFG['version']


def test_pyproject_agrees_with_settings():
    project, nbdev = PYPROJECT['project'], PYPROJECT['tool']['nbdev']
    assert project['name'] == CFG['lib_name'] and project['requires-python'] == '>=' + CFG['min_python']
    assert project['urls']['Repository'] == CFG['git_url']
    assert project['urls']['Docs'] == CFG['doc_host'] + CFG['doc_baseurl']
    for key, value in nbdev.items():
        assert str(value) == CFG[key] or str(value) == str(SETTINGS.getboolean('DEFAULT', key)), key


def test_extras():
    "Errors name the extras that there are, and no extra is required anyway"
    extras = {k.removeprefix('extra_'): package_names(v) for k, v in CFG.items() if k.startswith('extra_')}
    assert extras == {k: set(v) for k, v in EXTRAS.items()}
    for names in extras.values():
        assert not names & package_names(CFG['requirements'])


ABSENT = ['ipywidgets', 'anywidget', 'IPython', 'jupyterlab', 'timm', 'onnx', 'onnxscript', 'onnxruntime', 'datasets',
          'tensorboard', 'sklearn', 'nbdev', 'execnb']
SERVER = f'''
import sys
sys.modules |= dict.fromkeys({ABSENT})
from clsparts.all import *
clf = compose(dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4),
              'GlobalAveragePooling', 'LinearClsHead', num_classes=10)
fit(clf, digits(), epochs=1, device='cpu', progress=False, work_dir='run')
print(summary(clf), diagram(clf), evaluate(clf, digits()), predict('run', digits().val[0][0][None]))
from clsparts.cli.commands import main
assert main(['list']) == 0
import os; os.mkdir('photos')
for use in ("export_onnx(clf, 'clf.onnx')", "load_checkpoint(clf, 'timm://resnet18')", "load_data('hf:photos')",
            "import clsparts.explorer"):
    try: exec(use)
    except (ConfigError, ImportError) as e: print(f'told: {{e}}')
'''


def test_server_without_extras(tmp_path):
    "A headless installation trains and predicts; what needs an extra names it"
    out = python(SERVER, cwd=tmp_path).stdout
    told = re.findall(r'^told: (.*)$', out, flags=re.M)
    assert len(told) == 4 and len(list((tmp_path/'run').glob('*.safetensors'))) == 2
    for text, extra in zip(told, ('onnx', 'timm', 'hf', 'explore'), strict=True):
        assert f'Run: pip install "clsparts[{extra}]"' in text, text


SCRIPT = '''
import sys
from importlib.metadata import distribution
nbdev = distribution('nbdev')
assert nbdev.version.startswith('3.'), nbdev.version
sys.argv = sys.argv[1:]
next(e for e in nbdev.entry_points if e.name == sys.argv[0]).load()()
'''


@pytest.mark.slow
def test_nbdev_3(tmp_path):
    "nbdev 3, installed above the packages of this environment, exports the same modules and runs the notebooks"
    packages = 'nbdev>=3', 'fastcore>=2.2', 'execnb>=0.3', 'ghapi>=2.1', 'fastspec', 'fasttransport'
    pip = [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--target', tmp_path/'site', *packages]
    if subprocess.run(pip).returncode:
        pytest.skip('nbdev 3 cannot be downloaded')
    skipped = shutil.ignore_patterns('.git', '__pycache__', '.ipynb_checkpoints', 'build', '*.egg-info')
    copy = shutil.copytree(ROOT, tmp_path/'copy', ignore=skipped)

    def run(*command):
        return python(SCRIPT, *command, cwd=copy, path=[tmp_path/'site', copy], timeout=3600).stdout

    def texts():
        paths = [*copy.glob('clsparts/**/*.py'), *copy.glob('nbs/**/*.ipynb')]
        return {p: p.read_text(encoding='utf-8') for p in paths if p.name != '_modidx.py'}

    before = texts()
    run('nbdev-export')
    run('nbdev-clean')
    assert [p for p, text in texts().items() if text != before[p]] == []
    assert 'Success' in run('nbdev-test', '--n-workers', 1)
