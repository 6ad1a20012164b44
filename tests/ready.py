"""Python processes that need no time to import: each is a fork of one process that has imported what all of them need.

    process = start('-m', 'clsparts', 'train', '--epochs', 1, '--work-dir', folder)
    out, err = process.communicate(timeout=60)
"""
import atexit
import functools
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORTS = (
    'clsparts.all',
    'clsparts.cli.commands',
    'torch._dynamo',
    'torch.distributed.fsdp',
    'torchvision.transforms.v2',
    'matplotlib.backends.backend_agg',
    'accelerate.utils',
)


class Process:
    "What is needed of `subprocess.Popen`, for a process that is no child of this one"

    def __init__(self, folder):
        self.folder, self.returncode = Path(folder), None
        deadline = time.monotonic() + 300
        while not (self.folder/'pid').exists():
            assert time.monotonic() < deadline, 'no process was started'
            time.sleep(.01)
        self.pid = int((self.folder/'pid').read_text())

    def poll(self):
        if self.returncode is None and (self.folder/'status').exists():
            self.returncode = int((self.folder/'status').read_text())
        return self.returncode

    def wait(self, timeout=None):
        deadline = time.monotonic() + (timeout or 600)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.folder), timeout)
            time.sleep(.01)
        return self.returncode

    def communicate(self, timeout=None):
        "What it has written, when it has ended"
        self.wait(timeout)
        return (self.folder/'out').read_text(), (self.folder/'err').read_text()

    def send_signal(self, number):
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def ask(jobs, folder, args, env, cwd, session=False):
    "Start a process by a line in the pipe `jobs`; all about it lies in a new folder"
    folder = tempfile.mkdtemp(dir=folder)
    write(f'{folder}/job', json.dumps(dict(args=[*map(str, args)], env=env, cwd=str(cwd), session=session)))
    with open(jobs, 'w') as f:
        f.write(f'{folder}\n')
    return Process(folder)


class Server:
    "A process that has imported these modules, in an environment with these variables; it ends with this process"

    def __init__(self, imports=IMPORTS, **env):
        self.env = {**os.environ, 'PYTHONPATH': str(ROOT), 'MPLBACKEND': 'Agg', 'OMP_NUM_THREADS': '1', **env}
        self.folder = tempfile.TemporaryDirectory()
        self.jobs = f'{self.folder.name}/jobs'
        os.mkfifo(self.jobs)
        read = os.open(self.jobs, os.O_RDONLY | os.O_NONBLOCK)
        self.end = os.open(self.jobs, os.O_WRONLY)                      # as long as it is open, there may be more
        os.set_blocking(read, True)
        self.process = subprocess.Popen(
            [sys.executable, __file__, *imports], stdin=read, env=self.env, start_new_session=True
        )
        os.close(read)
        atexit.register(self.stop)

    def start(self, *args, env=None, cwd=None, session=False):
        "`python ARGS`, that is `-m MODULE …` or `-c CODE …`, in a new process and, with `session`, in a new session"
        assert self.process.poll() is None, 'the process that is forked has ended'
        return ask(
            self.jobs,
            self.folder.name,
            args,
            {**self.env, **{k: str(v) for k, v in (env or {}).items()}},
            cwd or Path.cwd(),
            session,
        )

    def stop(self):
        "With all that is left of its processes"
        if self.process.returncode is not None:
            return
        os.close(self.end)
        try:
            self.process.wait(20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@functools.cache
def usual():
    return Server()


def start(*args, **options):
    "As `Server.start`, with all that a training imports; a usual process where there is no fork"
    if hasattr(os, 'fork'):
        return usual().start(*args, **options)
    env = {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'MPLBACKEND': 'Agg',
        **{k: str(v) for k, v in (options.get('env') or {}).items()},
    }
    return subprocess.Popen(
        [sys.executable, *map(str, args)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=options.get('cwd'),
    )


def write(path, text):
    "Whoever sees the file sees all of it"
    Path(f'{path}.tmp').write_text(text)
    os.replace(f'{path}.tmp', path)


# in the process that is forked

def serve():
    "For each line a process, which returns here with what it has to do; another waits for it, and notes how it ends"
    # as in a terminal, also where the tests run in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    while folder := sys.stdin.readline().strip():
        reap()
        if os.fork():
            continue
        if not (pid := os.fork()):
            return folder
        write(f'{folder}/pid', str(pid))
        write(f'{folder}/status', str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
        os._exit(0)
    reap()


def reap():
    "Let go of those that have ended"
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def run(folder, args, env, cwd, session):
    "What `python ARGS` does"
    if session:
        os.setsid()
    for fd, path in enumerate((os.devnull, f'{folder}/out', f'{folder}/err')):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), fd)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[0] = cwd
    sys.argv = ['-c', *args[2:]]
    if args[0] == '-m':
        runpy.run_module(args[1], run_name='__main__', alter_sys=True)
    else:
        exec(compile(args[1], '<string>', 'exec'), {'__name__': '__main__'})


if __name__ == '__main__':
    for name in sys.argv[1:]:
        __import__(name)
    gc.freeze()                                         # forks share this memory, and need not search it
    folder = serve()
    if folder:
        run(folder, **json.loads(Path(folder, 'job').read_text()))
