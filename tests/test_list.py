"What `clsparts list` shows without importing torch is what the registry has"
import json
import sys
from pathlib import Path

from common import ROOT, python

from clsparts.cli.list_command import part_records

sys.path.insert(0, str(ROOT/'tools'))
import parts as tool  # noqa: E402  tools/ is put on the path first


def test_list_is_up_to_date():
    assert Path(tool.FILE).read_text(encoding='utf-8') == tool.text(), 'run python tools/parts.py'


def test_whole_command_needs_no_torch():
    code = '''
import sys
from clsparts.cli.commands import main
status = main(['list', '--json'])
print(status, [m for m in ('torch', 'numpy', 'matplotlib', 'ipywidgets') if m in sys.modules])
'''
    lines = python(code).stdout.splitlines()
    assert lines[-1] == '0 []'
    assert json.loads('\n'.join(lines[:-1])) == list(part_records())
