"""A table of hostile inputs: each row has an input and what must happen.

    CASES = [
        Case('unknown key', dict(model=3), Fails('model')),
        Case('a photo', lambda folder: photo(folder), Works()),
    ]

    @table(CASES)
    def test_configs(case, tmp_path):
        case.check(lambda: read(case.make(tmp_path)))

Whatever a row expects, no row may run code, start a process, contact a host, take over `SECONDS` or `MEGABYTES`, or end
in an error that is not one of this package's: see conftest.py, which watches every test in this folder.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from clsparts.core.errors import CONTROL, ConfigError

SECONDS = 20  # of CPU time for one row; a hang ends there, one that waits after six times as many
MEGABYTES = 1000  # that one row may add to the peak memory of the process


@dataclass(frozen=True)
class Works:
    "The call returns"
    value: object = ...  # what it returns; `...` does not compare
    warns: str = ''  # a warning is expected that has this text in it, whatever its case


@dataclass(frozen=True)
class Fails:
    "The call raises an error of this package"
    path: str | None = None  # where the first finding is, as a dotted path; None does not look
    mentions: str | tuple = ()  # texts that the message has in it, whatever their case: the file, the remedy
    fix: dict | None = None  # what the first fix sets
    error: type = ConfigError


@dataclass(frozen=True)
class Case:
    "One row"
    name: str
    given: object  # the input, or a function from an empty folder to it
    then: Works | Fails

    def make(self, folder):
        "The input; files are made in `folder`"
        return self.given(folder) if isinstance(self.given, Callable) else self.given

    def check(self, call: Callable):
        "Call it, and compare with what must happen; returns the value or the error, for further looks"
        if isinstance(self.then, Works):
            return self._works(call)
        with pytest.raises(self.then.error) as caught:
            call()
        return self._fails(caught.value)

    def _works(self, call):
        if self.then.warns:
            with pytest.warns(UserWarning) as heard:
                value = call()
            said = '\n'.join(str(w.message) for w in heard)
            assert self.then.warns.lower() in said.lower(), f'warned: {said}'
        else:
            value = call()
        if self.then.value is not ...:
            assert value == self.then.value
        return value

    def _fails(self, error):
        text, then = str(error), self.then
        assert not CONTROL.search(text), f'control characters in {text!r}'
        assert len(text) < 5000, f'a message of {len(text)} characters'
        if then.path is not None:
            assert error.issues[0].path == then.path, f'{error.issues[0].path!r}: {text}'
        if then.fix is not None:
            assert error.fixes and dict(error.fixes[0].set) == then.fix, f'fixes: {getattr(error, "fixes", None)}'
        for words in (then.mentions,) if isinstance(then.mentions, str) else then.mentions:
            assert words.lower() in text.lower(), f'{words!r} is not in: {text}'
        return error


def table(cases: list[Case]):
    "A test for each row, under the row's name"
    names = [c.name for c in cases]
    assert len(set(names)) == len(names), f'twice: {sorted({n for n in names if names.count(n) > 1})}'
    return pytest.mark.parametrize('case', cases, ids=names)
