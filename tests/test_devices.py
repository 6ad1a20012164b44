"Training in two processes on the CPU: the same losses as in one, and what happens when one of them is gone."
import json
import os
import re
import shutil
import signal
import socket
import time

import pytest
import torch
from ready import start

from clsparts.checkpoints.checkpoint import load_classifier
from clsparts.checkpoints.snapshots import Snapshots

pytestmark = pytest.mark.skipif(os.name != 'posix', reason='signals of Unix')

# no batch norms, which look at the images of one process; an even number of images, so that both processes have as many
CONFIG = dict(model=dict(backbone=dict(type='VisionTransformer', img_size=8, patch_size=2, in_channels=1,
                                       arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32)),
                         head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=16)),
              train=dict(epochs=2, batch_size=64, lr=.01))


def config(folder, **train):
    path = folder/'config.json'
    path.write_text(json.dumps({**CONFIG, 'train': {**CONFIG['train'], **train}}))
    return path


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def ranks(processes):
    "The environments of so many processes that know each other"
    port = free_port()
    return [
        dict(
            RANK=r,
            LOCAL_RANK=r,
            WORLD_SIZE=processes,
            LOCAL_WORLD_SIZE=processes,
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=port,
        )
        for r in range(processes)
    ]


def pair(*args, **more):
    "`clsparts train ARGS` in two processes that know each other"
    return [start('-m', 'clsparts', 'train', *args, '--device', 'cpu', env={**rank, **more}) for rank in ranks(2)]


def when_it_trains(run, processes):
    "Wait for the first records"
    deadline = time.monotonic() + 300
    while not (run/'metrics.json').exists():
        assert time.monotonic() < deadline and all(p.poll() is None for p in processes), [p.poll() for p in processes]
        time.sleep(.05)


def records(run):
    return json.loads((run/'metrics.json').read_text())['epochs']


def test_launched_by_accelerate(tmp_path):
    "As in the README: two processes, with all weights each or a share of them, and one process with twice the batch"

    def launched(how):
        return [
            '-m',
            'accelerate.commands.launch',
            how,
            '--num_processes',
            '2',
            '--num_machines',
            '1',
            '--mixed_precision',
            'no',
            '--dynamo_backend',
            'no',
            '--main_process_port',
            str(free_port()),
            '-m',
            'clsparts',
            'train',
        ]

    ways = dict(
        two=(launched('--multi_gpu'), 32), divided=(launched('--use_fsdp'), 32), one=(['-m', 'clsparts', 'train'], 64)
    )
    for name, (launcher, batch) in ways.items():
        (tmp_path/name).mkdir()
        process = start(
            *launcher,
            config(tmp_path / name, batch_size=batch),
            '--device',
            'cpu',
            '--work-dir',
            tmp_path / name / 'run',
        )
        err = process.communicate(timeout=300)[1]
        assert process.returncode == 0, err
    found = {n: records(tmp_path/n/'run') for n in ways}
    assert [len(f) for f in found.values()] == [2, 2, 2]
    for two, divided, one in zip(*found.values(), strict=True):
        # 1,433 images: the two processes leave out the last one of an epoch, so the means are over 1,432 and 1,433
        # images
        for key, other in dict(train_loss=5e-3, val_accuracy=.03).items():
            assert two[key] == pytest.approx(divided[key], abs=1e-5)
            assert two[key] == pytest.approx(one[key], abs=other)


JOBS = '''
import json, os, shutil, sys, torch
from torch.utils.data import Subset
from clsparts.training.callbacks import Callback
from clsparts.composer.builder import compose_model
from clsparts.data.datasets import Data, digits
from clsparts.runtime.devices import disconnect
from clsparts.core.errors import ConfigError
from clsparts.training.trainer import StopTraining, fit
class Stop(Callback):
    def __init__(self, step): self.step = step
    def after_step(self, training):
        if training.step == self.step: raise StopTraining
data = digits()
data = Data(Subset(data.train, range(512)), data.val, data.classes)
for job in json.loads(sys.argv[1]):
    torch.manual_seed(0)
    clf = compose_model(job.pop('model'))
    os.environ['ACCELERATE_USE_FSDP'] = str(job.pop('divided', False)).lower()
    if 'stop' in job: job['callbacks'] = [Stop(job.pop('stop'))]
    try: fit(clf, data, **{**dict(epochs=2, ema=.5, device='cpu', progress=False), **job})
    except ConfigError as e: print(e)
    folder = job.get('work_dir') or job['resume']
    torch.save(clf.state_dict(), f"{folder}/clf-{os.environ.get('RANK', 0)}.pth")
disconnect()
'''
MODEL = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNet_CIFAR',
        depth=18,
        in_channels=1,
        stem_channels=8,
        base_channels=8,
        norm_cfg=dict(type='GN', num_groups=2),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=64),
)
WRAPPERS = dict(adamw=dict(optimizer=dict(type='AdamW', lr=.01), clip_grad=dict(max_norm=1.), accumulative_counts=2),
                sgd=dict(optimizer=dict(type='SGD', lr=.1, momentum=.9)))
WAYS = dict(whole=False, divided=True)


def fits(processes, *jobs):
    "What `fit` with each of these options, one after the other in so many processes, says of errors"
    jobs = json.dumps([dict(model=MODEL, **j) for j in jobs])
    started = [start('-c', JOBS, jobs, env=rank) for rank in (ranks(processes) if processes > 1 else [{}])]
    done = [p.communicate(timeout=300) for p in started]
    assert [p.returncode for p in started] == [0] * processes, done
    return done[0][0]


def check_same_records(run, other):
    two, one = map(records, (run, other))
    assert len(two) == len(one) == 2
    for a, b in zip(two, one, strict=True):
        for k in ('train_loss', 'val_loss', 'val_accuracy'):
            assert a[k] == pytest.approx(b[k], abs=1e-5), k


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    "Runs of two processes, of one with twice the batch, and of two resumed by one; and the error of a wrong resume"
    folder = tmp_path_factory.mktemp('runs')
    def job(size, wrapper, name=None, **more):
        return dict(
            batch_size=size,
            optim_wrapper=WRAPPERS[wrapper],
            **(dict(work_dir=str(folder / name)) if name else {}),
            **more,
        )

    whole = [job(16, w, f'{way}-{w}', divided=d) for w in WRAPPERS for way, d in WAYS.items()]
    fits(2, *whole, job(16, 'adamw', 'cut', stop=13, divided=True))
    for name in ('cut-one', 'cut-again', 'cut-kept'):
        shutil.copytree(folder/'cut', folder/name)
    fits(2, job(16, 'adamw', resume=str(folder/'cut'), divided=True))
    said = fits(
        1,
        *[job(32, w, f'one-{w}') for w in WRAPPERS],
        *[job(size, 'adamw', resume=str(folder / 'cut-one')) for size in (8, 16)],
        job(32, 'adamw', resume=str(folder / 'cut-again'), stop=15),
    )
    fits(2, job(16, 'adamw', resume=str(folder/'cut-again')))
    return folder, said


@pytest.mark.parametrize('wrapper', WRAPPERS)
@pytest.mark.parametrize('way', WAYS)
def test_to_the_fifth_digit(way, wrapper, trained):
    "Losses, accuracies, and the weights that are kept and that are left in memory"
    two, one = trained[0]/f'{way}-{wrapper}', trained[0]/f'one-{wrapper}'
    check_same_records(two, one)
    assert records(one)[1]['train_loss'] < records(one)[0]['train_loss'] - .2           # it learns
    kept, expected = [load_classifier(run)[0].state_dict() for run in (two, one)]
    torch.testing.assert_close(kept, expected, atol=1e-3, rtol=1e-2)
    for rank in (0, 1):
        torch.testing.assert_close(torch.load(two/f'clf-{rank}.pth'), dict(kept), atol=0, rtol=0)


def test_divided_weights_resume(trained):
    "A snapshot of two processes is whole: two resume it to the bit, one to the fifth digit, and two may resume that"
    folder, said = trained
    torch.testing.assert_close(
        torch.load(folder / 'cut-kept' / 'clf-1.pth'),
        dict(load_classifier(folder / 'cut-kept')[0].state_dict()),
        atol=0,
        rtol=0,
    )
    two, expected = folder/'cut', folder/'divided-adamw'
    assert [{**r, 'seconds': 0} for r in records(two)] == [{**r, 'seconds': 0} for r in records(expected)]
    torch.testing.assert_close(*[load_classifier(r)[0].state_dict() for r in (two, expected)], atol=0, rtol=0)
    for name in ('cut-one', 'cut-again'):
        check_same_records(folder/name, expected)
    assert 'batch_size=8, but the run was started with batch_size=16' in said


@pytest.mark.parametrize('way', WAYS)
def test_interrupted_together(way, tmp_path):
    "Ctrl-C reaches the processes at moments of their own; both end after the same step, and nothing is lost"
    run, settings = tmp_path/'run', config(tmp_path, epochs=30)
    processes = pair(settings, '--work-dir', run, ACCELERATE_USE_FSDP=WAYS[way])
    when_it_trains(run, processes)
    for p, wait in zip(processes, (.03, 0), strict=True):
        p.send_signal(signal.SIGINT)
        time.sleep(wait)
    said = [p.communicate(timeout=200)[1] for p in processes]
    assert [p.returncode for p in processes] == [130, 130], said
    steps = {re.search(r'interrupted after step (\d+) of \d+. Resume from', e)[1] for e in said}
    assert len(steps) == 1, said
    latest = Snapshots(run/'snapshots').latest()
    assert latest[2]['step'] == int(steps.pop())


LAUNCH = '''
import sys
from accelerate import notebook_launcher
from clsparts.all import *
data = digits()
def net():
    torch.manual_seed(0)
    backbone = dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4)
    return compose(backbone, 'GlobalAveragePooling', 'LinearClsHead', num_classes=10)
fit(net(), data, epochs=1, device='cpu', progress=False)      # by itself, before
def train(): fit(net(), data, epochs=1, batch_size=32, device='cpu', progress=False, work_dir=sys.argv[1])
notebook_launcher(train, num_processes=2, use_port=sys.argv[2])
fit(net(), data, epochs=1, device='cpu', progress=False)      # and after
'''


def test_from_a_notebook(tmp_path):
    process = start('-c', LAUNCH, tmp_path/'run', free_port())
    err = process.communicate(timeout=200)[1]
    assert process.returncode == 0, err
    assert Snapshots(tmp_path/'run'/'snapshots').latest()[2]['processes'] == 2 and len(records(tmp_path/'run')) == 1


def test_a_killed_worker(tmp_path):
    "The other says so in words, in time, and the run goes on from its last snapshot"
    run, settings = tmp_path/'run', config(tmp_path, epochs=12)
    processes = pair(settings, '--work-dir', run, CLSPARTS_TIMEOUT=30)
    when_it_trains(run, processes)
    processes[1].send_signal(signal.SIGKILL)
    killed = time.monotonic()
    _, err = processes[0].communicate(timeout=200)
    assert time.monotonic() - killed < 60
    assert processes[0].returncode == 2, err
    assert 'cannot reach the others' in err and f'resumes from {run}' in err
    done = pair('--resume', run)
    assert [p.wait(200) for p in done] == [0, 0]
    assert len(records(run)) == 12
