"Training in two processes on the CPU: the same losses as in one, and what happens when one of them is gone."
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from common import ROOT

pytestmark = pytest.mark.skipif(os.name != 'posix', reason='signals of Unix')

# no batch norms, which look at the images of one process; an even number of images, so that both processes have as many
CONFIG = dict(model=dict(backbone=dict(type='VisionTransformer', img_size=8, patch_size=2, in_channels=1,
                                       arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)),
                         head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=16)),
              train=dict(epochs=2, batch_size=64, lr=.01))


def environment(**more):
    return {**os.environ, 'PYTHONPATH': str(ROOT), 'MPLBACKEND': 'Agg', 'OMP_NUM_THREADS': '1', **{k: str(v) for k, v in more.items()}}


def config(folder, **train):
    path = folder/'config.json'
    path.write_text(json.dumps({**CONFIG, 'train': {**CONFIG['train'], **train}}))
    return path


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def pair(*args, **more):
    "`clsparts train ARGS` in two processes that know each other"
    port = free_port()
    def start(rank):
        env = environment(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=2, LOCAL_WORLD_SIZE=2, MASTER_ADDR='127.0.0.1', MASTER_PORT=port, **more)
        return subprocess.Popen([sys.executable, '-m', 'clsparts', 'train', *map(str, args), '--device', 'cpu'], env=env, text=True, stderr=subprocess.PIPE)
    return [start(0), start(1)]


def losses(run): return [r['train_loss'] for r in json.loads((run/'metrics.json').read_text())['epochs']]


def test_two_processes_are_one_with_twice_the_batch(tmp_path):
    command = [sys.executable, '-m', 'accelerate.commands.launch', '--multi_gpu', '--num_processes', '2', '--num_machines', '1', '--mixed_precision', 'no',
               '--dynamo_backend', 'no', '--main_process_port', str(free_port()), '-m', 'clsparts', 'train']
    folders = {}
    for name, launcher, batch in (('two', command, 32), ('one', [sys.executable, '-m', 'clsparts', 'train'], 64)):
        (tmp_path/name).mkdir()
        folders[name] = tmp_path/name/'run'
        done = subprocess.run([*launcher, str(config(tmp_path/name, batch_size=batch)), '--device', 'cpu', '--out', str(folders[name])], env=environment(),
                              capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
    assert len(losses(folders['two'])) == 2
    found = {n: json.loads((f/'metrics.json').read_text())['epochs'] for n, f in folders.items()}
    for two, one in zip(found['two'], found['one']):
        # 1,433 images: the two processes leave out the last one of an epoch, so the means are over 1,432 and 1,433 images
        assert two['train_loss'] == pytest.approx(one['train_loss'], abs=5e-3)
        assert two['test_accuracy'] == pytest.approx(one['test_accuracy'], abs=.03)


SAME = '''
import sys, json, torch
from torch.utils.data import Subset
from clsparts.compose import compose_model
from clsparts.data import Data, digits
from clsparts.train import fit
data = digits()
data = Data(Subset(data.train, range(1024)), data.test, data.classes)
torch.manual_seed(0)
clf = compose_model(json.loads(sys.argv[1]))
history = fit(clf, data, epochs=2, batch_size=int(sys.argv[2]), lr=.01, ema=.9, device='cpu', progress=False, out=sys.argv[3])
'''


def test_to_the_fifth_digit(tmp_path):
    port, model = free_port(), json.dumps(CONFIG['model'])
    def start(size, run, **more): return subprocess.Popen([sys.executable, '-c', SAME, model, str(size), str(tmp_path/run)], env=environment(**more))
    ranks = [start(32, 'two', RANK=r, LOCAL_RANK=r, WORLD_SIZE=2, LOCAL_WORLD_SIZE=2, MASTER_ADDR='127.0.0.1', MASTER_PORT=port) for r in (0, 1)]
    assert [p.wait(200) for p in ranks] == [0, 0]
    assert start(64, 'one').wait(200) == 0
    two, one = [json.loads((tmp_path/n/'metrics.json').read_text())['epochs'] for n in ('two', 'one')]
    for a, b in zip(two, one):
        for k in ('train_loss', 'test_loss', 'test_accuracy'): assert a[k] == pytest.approx(b[k], abs=1e-5), k


def test_a_killed_worker(tmp_path):
    "The other says so in words, in time, and the run goes on from its last snapshot"
    run, settings = tmp_path/'run', config(tmp_path, epochs=30)
    processes = pair(settings, '--out', run, CLSPARTS_TIMEOUT=30)
    deadline = time.monotonic() + 120
    while not (run/'metrics.json').exists():
        assert time.monotonic() < deadline and all(p.poll() is None for p in processes), [p.poll() for p in processes]
        time.sleep(.05)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    _, err = processes[0].communicate(timeout=90)
    assert time.monotonic() - killed < 60
    assert processes[0].returncode == 2, err
    assert 'cannot reach the others any more' in err and f'resumes from {run}' in err
    done = pair('--resume', run)
    assert [p.wait(200) for p in done] == [0, 0]
    assert len(losses(run)) == 30
