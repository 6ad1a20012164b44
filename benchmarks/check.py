"How long `clsparts check` takes over a folder of configs, such as mmpretrain's, and what it finds."
import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import head_line, table

from clsparts.cli.config_commands import config_files


def checked(files):
    "What `clsparts check` prints on files, its wall time, processor time and peak memory so far"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile('w+') as out:
        env = {**os.environ, 'PYTHONPATH': os.pathsep.join(p for p in sys.path if p)}
        words = [sys.executable, '-m', 'clsparts', 'check', *files]
        subprocess.run(words, stdout=out, stderr=subprocess.DEVNULL, env=env)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return out.read(), wall, cpu, after.ru_maxrss / 1e6


def offered(text):
    "The files whose refusal offers another architecture"
    return len(re.findall(r'Write [^\n]*backbone\.type=', text))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument('folder', type=Path, help="mmpretrain's are in .mim/configs of the installed package")
    folder = args.parse_args().folder
    files = [f for f, _ in config_files([str(folder)]) if f.endswith('.py')]
    head_line('Checking many configs')
    text, *figures = checked(files)
    composing = [m for m in re.findall(r'^(.*): composes$', text, re.M)]
    rows = [(f'all {len(files)}', *figures, offered(text))]
    rows.append((f'the {len(composing)} that compose', *checked(composing)[1:], ''))
    table(['files', 'wall, s', 'processor, s', 'peak memory, GB', 'refusals that offer another architecture'],
          *((name, f'{wall:.1f}', f'{cpu:.1f}', f'{peak:.2f}', other) for name, wall, cpu, peak, other in rows))
    print(text[text.rindex('\n\n', 0, text.index('composes  ')):].strip())


if __name__ == '__main__':
    main()
