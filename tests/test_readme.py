"README.md is short, its links work in the repository and on PyPI, and its commands exist."
import re
import shlex

import pytest
from common import ROOT

from clsparts.cli.commands import COMMANDS

README = (ROOT/'README.md').read_text(encoding='utf-8')
SHELL = '\n'.join(re.findall(r'```bash\n(.*?)```', README, re.S))


def links(text):
    "The targets of Markdown links and images"
    return re.findall(r'\]\(([^)\s]+)\)', text)


def test_length():
    assert len(README.splitlines()) <= 120


def test_test_command():
    "`.ci/run` runs the line that contains this word"
    assert README.count('nbdev_test') == 1


def test_links_in_the_repository():
    relative = [link for link in links(README) if not link.startswith('http')]
    assert len(relative) > 10
    for link in relative:
        assert (ROOT/link).is_file(), link


def test_links_on_pypi(monkeypatch):
    "The long description in the built package has the same links, all absolute; images point to the raw file"
    from distutils.core import run_setup

    import setuptools  # noqa: F401  (provides distutils)
    monkeypatch.chdir(ROOT)
    text = run_setup('setup.py', stop_after='init').get_long_description()
    root = 'https://github.com/clsparts/clsparts'
    assert len(links(text)) == len(links(README))
    for built, link in zip(links(text), links(README), strict=True):
        assert built == (
            link if link.startswith('http') else f'{root}/{"raw" if "nbs/images/" in link else "blob"}/main/{link}'
        )
    assert f'![Diagram of a ResNet-50]({root}/raw/main/nbs/images/flow.svg)' in text


@pytest.mark.parametrize('line', re.findall(r'\bclsparts .*', SHELL))
def test_commands(line):
    assert shlex.split(line, comments=True)[1] in COMMANDS


def test_tutorials():
    "All tutorials are listed, beginning with images of one's own"
    listed = re.findall(r'\(nbs/tutorials/(\w+)\.ipynb\)', README)
    assert listed[0] == 'from_a_folder'
    assert sorted(listed) == sorted(p.stem for p in (ROOT/'nbs'/'tutorials').glob('*.ipynb'))
