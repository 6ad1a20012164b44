"""The oldest versions that settings.ini admits, to see that they do.

    python -m venv oldest
    oldest/bin/pip install $(python tools/oldest.py) pytest pytest-xdist hypothesis timm onnx  # for the tests
    PYTHONPATH=. oldest/bin/python -m pytest tests --ignore=tests/browser
"""
import re
from configparser import ConfigParser
from pathlib import Path

cfg = ConfigParser(delimiters=['='])
cfg.read(Path(__file__).resolve().parent.parent/'settings.ini')

def oldest(word: str) -> str:
    "`torch>=2.9` as `torch==2.9.*`, and `pillow>=10` as `pillow==10.0.*`"
    name, version = re.match(r'([\w.-]+)>=([\d.]+)', word).groups()
    return f'{name}=={version}{"" if "." in version else ".0"}.*'

print(*map(oldest, cfg['DEFAULT']['requirements'].split()))
