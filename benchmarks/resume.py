"""Runs killed at a random moment (`kill -9`) and resumed: do they end with the weights of an uninterrupted run?

    python benchmarks/resume.py --kills 50
"""

import argparse
import json
import os
import random
import signal
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'                                     # a process that is forked may not have threads
import torch

from clsparts.checkpoints.checkpoint import read_checkpoint
from clsparts.config.config import merge
from clsparts.training.runs import DEFAULT, train_run

TRAIN = dict(
    epochs=3,
    batch_size=128,
    augment='shift',
    ema=0.9,
    save_steps=3,
    batch_augments=dict(augments=dict(type='Mixup', alpha=0.4), probs=[0.5]),
    optim_wrapper=dict(optimizer=dict(type='AdamW', lr=4e-3), clip_grad=dict(max_norm=5.0), accumulative_counts=2),
)
CONFIG = merge(DEFAULT, dict(model=dict(backbone=dict(base_channels=4, stem_channels=4))))
CONFIG['train'] = TRAIN


def in_a_process(train):
    "The number of a new process that runs `train`"
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        torch.set_num_threads(1)
        warnings.simplefilter('ignore')
        train()
        status = 0
    finally:
        os._exit(status)


def trained(folder):
    "Train, or go on with what the folder holds"
    if (folder/'config.json').exists():
        train_run(resume=folder, device='cpu', progress=False)
    else:
        train_run(CONFIG, folder, 'cpu', progress=False)


def what_is_left(folder):
    "Weights, the best ones, and the losses"
    weights = {n: read_checkpoint(folder/f'{n}.safetensors')[0] for n in ('checkpoint', 'best')}
    return weights, [
        {k: v for k, v in r.items() if k != 'seconds'}
        for r in json.loads((folder / 'metrics.json').read_text())['epochs']
    ]


def same(a, b):
    return a[1] == b[1] and all(torch.equal(v, b[0][n][k]) for n, tensors in a[0].items() for k, v in tensors.items())


def main(kills):
    with tempfile.TemporaryDirectory() as tmp:
        whole, start = Path(tmp)/'whole', time.perf_counter()
        assert os.waitstatus_to_exitcode(os.waitpid(in_a_process(lambda: trained(whole)), 0)[1]) == 0
        seconds, expected = time.perf_counter() - start, what_is_left(whole)
        good, in_time, rng = 0, 0, random.Random(0)
        for i in range(kills):
            folder = Path(tmp)/f'run-{i}'
            pid = in_a_process(partial(trained, folder))
            time.sleep(rng.uniform(0, seconds))
            os.kill(pid, signal.SIGKILL)
            in_time += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
            ended = os.waitstatus_to_exitcode(os.waitpid(in_a_process(partial(trained, folder)), 0)[1]) == 0
            good += ended and same(what_is_left(folder), expected)
        print(
            f'{kills} kills, {in_time} of them before the run had ended by itself ({seconds:.1f} s): {good} runs end '
            'with the weights and losses of the whole one'
        )
        return good == kills


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--kills', type=int, default=50)
    raise SystemExit(0 if main(parser.parse_args().kills) else 1)
