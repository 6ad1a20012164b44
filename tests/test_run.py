"The main job from the command line: what it leaves, also when it is stopped in the middle."
import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
from common import ROOT
from ready import start as python

from clsparts.checkpoints.checkpoint import load_classifier
from clsparts.cli.commands import main
from clsparts.data.datasets import digits
from clsparts.evaluation.evaluator import evaluate

LITTLE_ROOM = '''
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000,) * 2)
from clsparts.cli.commands import main
sys.exit(main())
'''
FILES = {
    'config.json',
    'checkpoint.safetensors',
    'best.safetensors',
    'snapshots',
    'metrics.csv',
    'metrics.json',
    'curves.png',
    'confusion.png',
}


def left(run):
    "The names of what a run has left, but those of the lock"
    return {p.name for p in run.iterdir()} - {'.lock', '.lock.json'}


unix = pytest.mark.skipif(os.name != 'posix', reason='signals and limits of Unix')


def start(*args, **kwargs):
    "`clsparts ARGS` in a process of its own"
    return python('-m', 'clsparts', *args, **kwargs)


def finish(process, timeout=240):
    "Exit status, output and errors of a process"
    try:
        out, err = process.communicate(timeout=timeout)
    finally:
        process.kill()
    return process.returncode, out, err


def command(*args, **kwargs):
    return finish(start(*args, **kwargs))


def in_the_middle(out):
    "A long run that has written its first records"
    process = start('train', '--epochs', 200, '--work-dir', out)
    deadline = time.monotonic() + 300
    while not (out/'metrics.json').exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(finish(process, 1))
        time.sleep(.05)
    return process


def check_loads(run):
    "The run's checkpoint builds a classifier that does what the metrics of its epoch say; gives that epoch"
    clf, meta = load_classifier(run)
    assert meta['classes'] == [str(i) for i in range(10)] and meta['image_shape'] == [1, 8, 8]
    records = {e['epoch']: e for e in json.loads((run/'metrics.json').read_text())['epochs']}
    seen = evaluate(clf, digits().val)
    assert math.isfinite(seen.loss)
    if meta['epoch'] in records:
        assert seen.accuracy == pytest.approx(records[meta['epoch']]['val_accuracy'], abs=.01)
    assert 0 <= meta['epoch'] - max(records) <= 1                # the checkpoint is written first
    return meta['epoch']


@pytest.fixture(scope='module')
def two_runs(tmp_path_factory):
    "The default run, shortened, twice"
    folder = tmp_path_factory.mktemp('runs')
    done = [command('train', '--epochs', 2, '--work-dir', folder/name) for name in 'ab']
    for status, _, err in done:
        assert status == 0, err
    return folder, done


def test_what_a_run_leaves(two_runs):
    folder, [(_, out, _), _] = two_runs
    assert left(folder/'a') == FILES
    assert '% validation accuracy (chance 10.0 %' in out and 'after 2 epochs' in out
    assert check_loads(folder/'a') == 2
    metrics = json.loads((folder/'a'/'metrics.json').read_text())
    assert [e['epoch'] for e in metrics['epochs']] == [1, 2] and metrics['final'] == metrics['epochs'][-1]
    lines = (folder/'a'/'metrics.csv').read_text().splitlines()
    assert lines[0].split(',')[:2] == ['epoch', 'lr'] and len(lines) == 3
    for name in ('curves.png', 'confusion.png'):
        assert (folder/'a'/name).read_bytes().startswith(b'\x89PNG')


def test_same_seed_same_run(two_runs):
    "To the last digit, but for the time that it took"
    def losses(name):
        return [
            {k: v for k, v in e.items() if k != 'seconds'}
            for e in json.loads((two_runs[0] / name / 'metrics.json').read_text())['epochs']
        ]

    assert losses('a') == losses('b')
    assert (two_runs[0]/'a'/'config.json').read_text() == (two_runs[0]/'b'/'config.json').read_text()


def test_config_of_a_run_runs_again(two_runs, tmp_path):
    "`clsparts train RUN/config.json` repeats it; `--cfg-options`, `--seed` and `--log-with` change it"
    config = json.loads((two_runs[0]/'a'/'config.json').read_text())
    status, _, err = command(
        'train',
        two_runs[0] / 'a' / 'config.json',
        '--cfg-options',
        'train.lr=.05',
        '--seed',
        3,
        '--epochs',
        1,
        '--log-with',
        'tensorboard',
        '--work-dir',
        tmp_path / 'c',
    )
    assert status == 0 and left(tmp_path/'c') == FILES | {'tensorboard'}, err
    again = json.loads((tmp_path/'c'/'config.json').read_text())
    assert (
        again['seed'] == 3
        and again['train']['lr'] == 0.05
        and again['train']['epochs'] == 1
        and again['train']['log_with'] == ['tensorboard']
    )
    assert again['model'] == config['model']


def test_a_run_is_not_overwritten(two_runs):
    before = (two_runs[0]/'a'/'checkpoint.safetensors').read_bytes()
    status, _, err = command('train', '--epochs', 1, '--work-dir', two_runs[0]/'a')
    assert status == 2 and 'already contains a run' in err and 'Traceback' not in err
    assert (two_runs[0]/'a'/'checkpoint.safetensors').read_bytes() == before


def test_predict(two_runs, tmp_path):
    from torchvision.transforms.v2.functional import to_pil_image
    folder, _ = two_runs
    images = []
    for i in (0, 100):
        images.append(tmp_path/f'{i}.png')
        to_pil_image(digits().val[i][0]).save(images[-1])
    status, out, err = command('predict', folder/'a', *images)
    assert status == 0, err
    lines = out.splitlines()
    assert len(lines) == 2 and all(str(i) in line and '%' in line for i, line in zip(images, lines, strict=True))


def test_evaluate_and_export(two_runs, tmp_path):
    "What a run is worth, as its metrics say, and a file for others"
    run, figures = two_runs[0]/'a', tmp_path/'figures.json'
    status, out, err = command('evaluate', run, '--out', figures)
    assert status == 0 and 'precision' in out, err
    assert json.loads(figures.read_text())['accuracy'] == pytest.approx(
        json.loads((run / 'metrics.json').read_text())['final']['val_accuracy']
    )
    status, out, err = command('export', run, tmp_path/'clf.pt2')
    assert status == 0 and 'clf.pt2: images (batch, 1, 8, 8)' in out and (tmp_path/'clf.pt2').stat().st_size > 1000, err


@pytest.mark.parametrize('args, told', {
    'misspelt option': (['--cfg-options', 'model.backbone.dept=34'],
                        "model.backbone.dept: ResNet_CIFAR has no argument 'dept'. Did you mean 'depth'"),
    'no such place': (['--cfg-options', 'model.backbon.depth=34'],
                      "model.backbon: there is no such key. Did you mean 'backbone'?"),
    'no such depth': (['--cfg-options', 'model.backbone.depth=19'], 'model.backbone.depth: '),
    'no such data': (['--cfg-options', 'data=digit'], "data: there is no data set 'digit'. Did you mean 'digits'?"),
    'no override': (['--cfg-options', 'seed'], 'Use path=value'),
    'other classes': (['--cfg-options', 'model.head.num_classes=12'],
                      'model.head.num_classes: the data has 10 classes, not 12. Set model.head.num_classes=10.'),
    'epochs': (['--epochs', '0'], 'train.epochs: expected an int from 1, got 0.'),
    'no such file': (['nowhere.json'], 'nowhere.json: cannot be read: '),
    'tracker': (['--log-with', 'wandb,tensorbord'], 'train.log_with: expected one of '),
    'device': (['--device', 'abacus'], "--device: 'abacus' cannot be used here"),
}.values(), ids=lambda v: ' '.join(v) if isinstance(v, list) else '')
def test_wrong_words(args, told, tmp_path, capsys):
    "Exit status 2, one message, and no folder of a run that never was"
    status = main(['train', *args, '--work-dir', str(tmp_path/'run')])
    err = capsys.readouterr().err
    assert status == 2 and told in err, err
    assert not (tmp_path/'run').exists()


@unix
def test_interrupt(tmp_path):
    run = tmp_path/'run'
    process = in_the_middle(run)
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process)
    assert (
        status == 130 and 'interrupted after step' in err and f'Resume from {run}' in err and 'Traceback' not in err
    ), err
    assert left(run) <= FILES
    check_loads(run)
    done = len(json.loads((run/'metrics.json').read_text())['epochs'])
    again = start('train', '--resume', run)
    deadline = time.monotonic() + 300
    while len(json.loads((run/'metrics.json').read_text())['epochs']) <= done:
        assert again.poll() is None and time.monotonic() < deadline
        time.sleep(.05)
    again.kill()
    finish(again)


@unix
def test_killed_runs_end_as_whole_ones():
    "A few of the kills of the benchmark"
    done = subprocess.run(
        [sys.executable, str(ROOT / 'benchmarks' / 'resume.py'), '--kills', '3'],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0 and '3 runs end with the weights' in done.stdout, done.stdout + done.stderr


@unix
def test_kill(tmp_path):
    "Nothing can be tidied up; what is there loads all the same"
    run = tmp_path/'run'
    process = in_the_middle(run)
    process.kill()
    finish(process)
    (run/'.checkpoint-half.safetensors').write_bytes((run/'checkpoint.safetensors').read_bytes()[:1000])
    check_loads(run)


full_disk = pytest.mark.skipif(sys.platform != 'linux', reason='limits of other processes are set on Linux alone')


@full_disk
def test_disk_full_from_the_beginning(tmp_path):
    "There is room for the config and not for the checkpoint"
    run = tmp_path/'run'
    status, _, err = finish(python('-c', LITTLE_ROOM, 'train', '--epochs', 1, '--work-dir', run))
    assert status == 2 and 'Traceback' not in err, err
    assert '.safetensors' in err and 'File too large' in err and f'resume from {run}' in err
    assert left(run) <= {'config.json', 'snapshots'} and not any((run/'snapshots').iterdir())


@full_disk
def test_disk_full_in_the_middle(tmp_path):
    "The previous checkpoint stays, and no half-written file beside it"
    run = tmp_path/'run'
    import resource
    process = in_the_middle(run)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100_000,) * 2)
    status, _, err = finish(process)
    assert status == 2 and 'Traceback' not in err, err
    assert '.safetensors' in err and 'File too large' in err and f'resume from {run}' in err
    assert left(run) <= FILES
    check_loads(run)


@pytest.mark.slow
def test_main_job(tmp_path):
    "`clsparts train`, as the README says"
    status, out, err = command('train', cwd=tmp_path)
    assert status == 0, err
    run = tmp_path/'runs'/'digits-1'
    assert {p.name for p in run.iterdir()} == FILES
    clf, _ = load_classifier(run)
    assert evaluate(clf, digits().val).accuracy > .97
    assert 'runs/digits-1' in out
