"""Print requirements of settings.ini for pip: `pip install $(python tools/requirements.py oldest tests)`

    oldest    the oldest versions that clsparts and its extras admit: `torch>=2.9` as `torch==2.9.*`
    tests     what `pytest tests --ignore=tests/browser` needs besides clsparts and its extras
"""
import re
import sys
from configparser import ConfigParser
from pathlib import Path

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).resolve().parent.parent/'settings.ini')
default = cfg['DEFAULT']


def oldest(requirement: str) -> str:
    "`torch>=2.9` as `torch==2.9.*`, and `pillow>=10` as `pillow==10.0.*`"
    name, version = re.match(r'([\w.-]+)>=([\d.]+)', requirement).groups()
    return f'{name}=={version}{"" if "." in version else ".0"}.*'


sets = dict(
    oldest=[oldest(r) for key, value in default.items() if re.match('requirements|extra_', key) for r in value.split()],
    tests=[r for r in default['dev_requirements'].split() if '==' not in r],
)
print(*[r for name in sys.argv[1:] for r in sets[name]])
