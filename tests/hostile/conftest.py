"What no hostile input may do is watched here, for every test in this folder; and their outcomes are counted."
import re
import resource
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch._dynamo  # noqa: F401  imported by the first optimizer otherwise, which is not the time of a row

sys.path.insert(0, str(Path(__file__).parent))                          # for `from table import …`

from table import MEGABYTES, SECONDS, Case, Fails  # noqa: E402

PROCESSES = (
    'os.system',
    'os.exec',
    'os.fork',
    'os.forkpty',
    'os.posix_spawn',
    'os.spawn',
    'os.startfile',
    'pty.spawn',
    'subprocess.Popen',
)
HERE = ('localhost', '127.0.0.1', '::1', None, '')
_seen, _watching = [], []


def _note(event, args):
    if not _watching:
        return
    if event in PROCESSES:
        _seen.append((event, args[0] if args else None))
    elif event == 'socket.getaddrinfo' and args[0] not in HERE:
        _seen.append((event, args[0]))
    elif event == 'socket.connect' and isinstance(args[1], tuple) and args[1][0] not in HERE:
        _seen.append((event, args[1]))


sys.addaudithook(_note)


def pytest_configure(config):
    config.addinivalue_line(
        'markers', 'starts_processes: the test itself starts processes, which are not counted as code that ran'
    )


class Hang(BaseException):
    "A row took too long; not an `Exception`, so that no handler takes it for a refusal"


@contextmanager
def _limited(seconds):
    "Raise `Hang` in the main thread after so many seconds of CPU time, or six times as many on the clock, and note it"
    def ring(*_):
        _seen.append(('hang', f'more than {seconds} s'))
        raise Hang(f'more than {seconds} s')
    before = {s: signal.signal(s, ring) for s in (signal.SIGALRM, signal.SIGPROF)}
    signal.setitimer(signal.ITIMER_REAL, 6 * seconds)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF):
            signal.setitimer(timer, 0)
        for s, handler in before.items():
            signal.signal(s, handler)


def _memory(reset=False):
    "The peak memory of the process in MB, since it was last reset where the system can do that"
    try:
        if reset:
            Path('/proc/self/clear_refs').write_text('5')
        return int(re.search(r'VmHWM:\s+(\d+) kB', Path('/proc/self/status').read_text())[1]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != 'darwin' else 1024 ** 2)


@pytest.fixture(autouse=True)
def watched(request, tmp_path):
    "Fail a test whose input starts a process, contacts a host, writes the canary, or takes too much time or memory"
    _seen.clear()
    peak = _memory(reset=True)
    starts = request.node.get_closest_marker('starts_processes')
    with _limited(SECONDS * (3 if starts else 1)):
        _watching.append(True)
        try:
            yield
        finally:
            _watching.clear()
    found = [o for o in _seen if not (starts and o[0] in PROCESSES)]
    assert not found, f'the input made the process do: {found}'
    assert not (tmp_path/'PWNED').exists(), 'the input ran code'
    assert (more := _memory() - peak) < MEGABYTES, f'the input took {more:.0f} MB'


@pytest.fixture
def canary(tmp_path):
    "Python source that betrays itself when it is run"
    return f'open({str(tmp_path/"PWNED")!r}, "w").close()\n'


@pytest.fixture(autouse=True)
def counted(request):
    "Note what a row expects, for the summary"
    case = getattr(request.node, 'callspec', None) and request.node.callspec.params.get('case')
    if isinstance(case, Case):
        request.node.user_properties.append(('hostile', 'refused' if isinstance(case.then, Fails) else 'works'))
