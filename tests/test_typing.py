"What editors and type checkers see: the stubs are in step, shipped, and say what `typing/public_api.py` expects."
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest
from common import ROOT


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_stubs_are_in_step():
    done = run(sys.executable, 'tools/stubs.py', '--check')
    assert done.returncode == 0, done.stderr


def test_types_are_shipped():
    "In the wheel and in the sdist"
    setup, manifest = (ROOT/'setup.py').read_text(), (ROOT/'MANIFEST.in').read_text().splitlines()
    assert (ROOT/'clsparts'/'py.typed').exists() and "'py.typed'" in setup and "'*.pyi'" in setup
    assert {'include clsparts/py.typed', 'recursive-include clsparts *.pyi'} <= {*manifest}


@pytest.mark.slow                                                        # .ci/run checks the whole project
@pytest.mark.skipif(not find_spec('basedpyright'), reason='basedpyright is not installed')
def test_public_api():
    "Right uses of the public API have types, and each wrong one is an error"
    checker = shutil.which('basedpyright') or f'{sys.prefix}/bin/basedpyright'
    done = run(checker, '--pythonpath', sys.executable)
    assert done.returncode == 0, done.stdout
