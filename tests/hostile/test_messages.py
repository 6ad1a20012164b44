"A name from a stranger reaches a terminal as text alone."
from table import Case, Fails, table

from clsparts.core.errors import ConfigError, did_you_mean

CASES = [Case(name, text, Fails(mentions=shown)) for name, text, shown in [
    ('window title', '\x1b]0;owned\x07', r'\x1b]0;owned\x07'),
    ('screen cleared', '\x1b[2J\x1b[H', r'\x1b[2j'),
    ('one-byte escape', '\x9b31m', r'\x9b31m'),
    ('carriage return hides the line', 'x\rfine', r'x\rfine'),
    ('backspaces', 'x\b\b\bfine', r'x\x08'),
    ('right-to-left override', 'a\u202egnp.exe', r'\u202e'),
    ('half a surrogate pair', 'a\ud800', r'\ud800'),
    ('500 kB', 'e' * 500_000, 'eee … eee'),
]]


@table(CASES)
def test_name_in_an_error(case):
    def call():
        raise ConfigError(f'model.{case.given[:20]}', f'there is no {case.given}.')
    case.check(call)


def test_closest_name_of_a_huge_one():
    assert did_you_mean('ResNet' * 100_000, ['ResNet'] * 1000) == ''
