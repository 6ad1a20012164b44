"What the benchmarks share."
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

if not any((Path(p or '.')/'clsparts').is_dir() for p in sys.path):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def median(values):
    return statistics.median(values)


def timed(f, repeats):
    "Median seconds of `f()` after a first call that does not count"
    f()
    return median([once(f) for _ in range(repeats)])


def once(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def interleaved(ours, theirs, repeats):
    """Seconds of both, one after the other in turns, so that a busy moment of the machine hits both alike;
    who begins changes from turn to turn, and a first call of each does not count"""
    ours(), theirs()
    times = dict(ours=[], theirs=[])
    for i in range(repeats):
        for name, f in [('ours', ours), ('theirs', theirs)][::-1 if i % 2 else 1]:
            times[name].append(once(f))
    return times['ours'], times['theirs']


def table(header, *rows):
    "Print a Markdown table"
    from clsparts.core.tables import Table
    print(Table(header, rows).markdown(), end='\n\n', flush=True)


def head_line(title):
    "A title, and what it was measured on"
    import torch
    print(f'## {title}\n\ntorch {torch.__version__}, {torch.get_num_threads()} threads, {os.cpu_count()} cores, '
          f'{platform.machine()}, Python {platform.python_version()}\n', flush=True)


def fresh(code, *args, env=None):
    "What `code` prints in a fresh interpreter"
    root = str(Path(__file__).resolve().parent.parent)
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join([root, os.path.join(root, 'benchmarks')]), **(env or {})}
    return subprocess.run(
        [sys.executable, '-c', code, *map(str, args)], capture_output=True, text=True, check=True, env=env
    ).stdout.strip()
