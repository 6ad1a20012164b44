"What happens to a training from outside: no memory, no folder, no file, signals. Each is reported; nothing is lost."

import http.server
import os
import signal
import sys
import threading
import time

import pytest
import torch
from common import python
from ready import start
from torch.utils.data import TensorDataset

from clsparts.checkpoints.pretrained_weights import load_checkpoint
from clsparts.checkpoints.snapshots import Snapshots
from clsparts.cli.commands import main
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data
from clsparts.training.trainer import fit

IMAGES, LABELS = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 3
DATA = Data(TensorDataset(IMAGES, LABELS), TensorDataset(IMAGES, LABELS), ['a', 'b', 'c'])
unix = pytest.mark.skipif(os.name != 'posix', reason='signals and limits of Unix')


def classifier(depth=18):
    torch.manual_seed(0)
    return compose(
        dict(type='ResNet_CIFAR', depth=depth, stem_channels=4, base_channels=4),
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=3),
    )


def trained(clf=None, data=DATA, **options):
    return fit(clf or classifier(), data, **{**dict(epochs=2, batch_size=8, device='cpu', progress=False), **options})


# numbers

@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_no_number(precision, tmp_path):
    "The images of the batch and the last good state are named, and the run goes on from there"
    with pytest.raises(FloatingPointError) as e:
        trained(lr=1e8, epochs=3, precision=precision, work_dir=tmp_path)
    assert str(e.value) == (
        'epoch 1, batch 3: the training loss is nan. Its images: 20, 7, 11, 6, 8, 16, 1, 12. '
        'Try a smaller learning rate than 1e+08: lr=1e+07. '
        f'The last good state is kept in {tmp_path}/snapshots/step-000000000.safetensors.'
    )
    assert Snapshots(tmp_path/'snapshots').latest() is not None


def test_an_image_of_no_numbers():
    images = IMAGES.clone()
    images[5] = float('nan')
    with pytest.raises(FloatingPointError) as e:
        trained(data=Data(TensorDataset(images, LABELS), DATA.val, DATA.classes))
    assert str(e.value) == ('epoch 1, batch 1: the training loss is nan. Its images: 5, 14, 4, 10, 3, 9, 22, 23. '
                            'The pixels of image 5 are not all finite numbers.')


# folders

def test_folders_that_cannot_be_written(tmp_path, capsys):
    (tmp_path/'file').write_text('')
    places = {
        tmp_path / 'file': 'File exists',
        tmp_path / 'file' / 'run': 'Not a directory',
        '/proc/run': 'No such file or directory',
    }
    for place, why in places.items():
        if str(place).startswith('/proc') and sys.platform != 'linux':
            continue
        with pytest.raises(ConfigError) as e:
            trained(work_dir=place)
        assert str(e.value) == f'{place}: a run cannot be kept there: {why}. Choose another folder.'
        assert main(['train', '--work-dir', str(place)]) == 2
        assert (
            capsys.readouterr().err.strip()
            == f'clsparts train: {place}: a run cannot be kept there: {why}. Choose another folder.'
        )


def test_a_folder_that_holds_a_run(tmp_path):
    "It is not written over by `fit` either, and what it holds goes on"
    trained(epochs=1, work_dir=tmp_path/'run')
    before = {p: p.read_bytes() for p in (tmp_path/'run').rglob('*') if p.is_file()}
    for call, told in (
        (
            lambda: trained(work_dir=tmp_path / 'run'),
            f"work_dir: {tmp_path}/run already contains a run, which is kept. "
            f"Choose another folder, or resume it: resume='{tmp_path}/run'.",
        ),
        (
            lambda: trained(resume=tmp_path / 'run'),
            f'resume: cannot resume {tmp_path}/run: epochs=2, but the run was started with epochs=1. '
            f'Set the same, or start a new run.',
        ),
        (
            lambda: trained(classifier(34), epochs=1, resume=tmp_path / 'run'),
            f'resume: cannot resume {tmp_path}/run: backbone.depth=34, but the run was started with backbone.depth=18. '
            f'Set the same, or start a new run.',
        ),
        (lambda: trained(resume=tmp_path / 'runn'), f'resume: {tmp_path}/runn: there is no such folder.'),
    ):
        with pytest.raises(ConfigError) as e:
            call()
        assert str(e.value) == told
    assert {p: p.read_bytes() for p in (tmp_path/'run').rglob('*') if p.is_file()} == before
    assert len(trained(epochs=1, resume=tmp_path/'run')) == 1


# weights from a network that fails

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version, body = 'HTTP/1.1', b'no weights' * 1000

    def log_message(self, *args):
        pass

    def do_GET(self):
        if (status := self.path.split('/')[1]).isdigit():
            return self.send_error(int(status))
        self.send_response(200)
        self.send_header('Content-Length', str(len(self.body)))
        self.send_header('ETag', '"one"')
        self.end_headers()
        self.wfile.write(self.body[:4000] if status == 'half' else self.body)
        self.close_connection = True


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.setenv('CLSPARTS_CACHE', str(tmp_path/'cache'))
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()


@pytest.mark.parametrize('path, told', {
    '/404/a.pth': '{}: there is no such file on the server (HTTP 404).',
    '/503/a.pth': '{}: the server has an error. Try again later (HTTP 503).',
    '/half/a.pth': '{}: the connection broke after 0.0 of 0.0 MB. Try again.',
    '/whole/a-0123456789ab.pth': '{}: expected the SHA-256 0123456789ab (from its name), got ',
    '/whole/a.pth': '{}: is not a weight file, or is cut off',
}.items(), ids=str)
def test_a_url_that_fails(path, told, url, tmp_path, capsys):
    "Exit status 2, one message, no folder of a run"
    with pytest.raises(ConfigError) as e:
        load_checkpoint(classifier(), url + path)
    assert str(e.value).startswith(told.format(url + path)) and 'weights_only' not in str(e.value)
    capsys.readouterr()
    assert main(['train', '--cfg-options', f'load_from={url}{path}', '--work-dir', str(tmp_path/'run')]) == 2
    said = [
        line
        for line in capsys.readouterr().err.replace('\r', '\n').splitlines()
        if line.startswith('clsparts') or 'Traceback' in line
    ]
    assert (
        len(said) == 1
        and said[0].startswith('clsparts train: ' + told.format(url + path))
        and not (tmp_path / 'run').exists()
    )


@pytest.mark.parametrize('where, told', {
    'ftp://host/a.pth': 'ftp://host/a.pth: weights are read from files, http(s)://, torchvision:// and '
                        'timm://, not from ftp://.',
    'http:///a.pth': "expected a URL that starts with http:// or https://, got 'http:///a.pth'. "
                     "Pass a file on disk by its path.",
    'nowhere.pth': 'nowhere.pth: there is no such weight file.',
    'torchvision://resnet5': "torchvision has no model 'resnet5'. Did you mean 'resnet50' or 'resnet152'?",
    3: "load_from: expected a path or URL, got 3.",
}.items(), ids=str)
def test_no_place_for_weights(where, told, tmp_path, capsys):
    assert main(['train', '--cfg-options', f'load_from={where}', '--work-dir', str(tmp_path/'run')]) == 2
    assert capsys.readouterr().err.strip() == f'clsparts train: {told}'


# memory

MEMORY = '''
import resource, sys, torch
torch.set_num_threads(1)
from clsparts.composer.builder import compose
from clsparts.data.datasets import Data
from clsparts.training.trainer import fit
from torch.utils.data import TensorDataset
images, labels = torch.rand(1024, 1, 32, 32), torch.arange(1024) % 2
def data(n): return Data(TensorDataset(images[:n], labels[:n]), TensorDataset(images[:8], labels[:8]), ['a', 'b'])
backbone = dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=16, base_channels=16)
clf = compose(backbone, 'GlobalAveragePooling', dict(type='LinearClsHead', num_classes=2))
common = dict(epochs=1, device='cpu', progress=False)
fit(clf, data(8), batch_size=8, **common)
used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 600 * 2 ** 20,) * 2)
try: fit(clf, data(1024), batch_size=512, work_dir=sys.argv[1], **common)
except MemoryError as e: print(said := str(e))
fits = int(said.split('batch_size=')[1].split(',')[0])
fit(clf, data(2 * fits), batch_size=fits, **common)
'''


@pytest.mark.skipif(sys.platform != 'linux', reason='limits of Linux')
def test_no_memory(tmp_path):
    "The batch that is said to fit does, and is no tiny one"
    # tensors are given back at once, so a fragmented heap changes nothing
    malloc = dict(MALLOC_ARENA_MAX='1', MALLOC_MMAP_THRESHOLD_='65536')
    out = python(MEMORY, tmp_path/'run', env=dict(OMP_NUM_THREADS='1', **malloc)).stdout.strip()
    fits = int(out.split('batch_size=')[1].split(',')[0])
    assert fits >= 64 and out == (
        'a batch of 512 images needs more memory than there is; '
        f'{fits} fit: batch_size={fits}, with accumulative_counts={512 // fits} for the same step. '
        f'The last good state is kept in {tmp_path}/run/snapshots/step-000000000.safetensors.'
    )


# signals

def begun(out, *args):
    "A run in a process group of its own that has written its first records"
    process = start('-m', 'clsparts', 'train', *args, session=True)
    deadline = time.monotonic() + 300
    while not (out/'metrics.json').exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(.05)
    return process


@unix
@pytest.mark.parametrize('signals', [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM]],
                         ids=['Ctrl-C twice', 'SIGTERM to the group'])
def test_signals_with_workers(signals, tmp_path):
    "The step is finished and saved though the workers hear it too; no process is left"
    process = begun(
        tmp_path / 'run', '--epochs', 200, '--work-dir', tmp_path / 'run', '--cfg-options', 'train.num_workers=2'
    )
    for s in signals:
        os.killpg(process.pid, s)
        time.sleep(.02)
    try:
        _, err = process.communicate(timeout=200)
    finally:
        process.kill()
    # of two, Python itself takes one where it comes upon an `exec`
    ended = (130, -signal.SIGINT)[:len(signals)]
    assert process.returncode in ended and 'interrupted' in err and 'Traceback' not in err, err
    path, _, state, _ = Snapshots(tmp_path/'run'/'snapshots').latest()
    assert state['step'] >= 23 and len(signals) > 1 or f'Resume from {tmp_path}/run.' in err


class Dying(torch.utils.data.Dataset):
    "Its reader is killed, as where memory is used up"
    def __len__(self):
        return 64
    def __getitem__(self, i):
        if i == 40:
            os.kill(os.getpid(), signal.SIGKILL)
        return IMAGES[i % 24], int(LABELS[i % 24])


@unix
def test_a_worker_that_is_killed(tmp_path):
    with pytest.raises(ChildProcessError) as e:
        trained(data=Data(Dying(), DATA.val, DATA.classes), num_workers=1, work_dir=tmp_path/'run')
    assert str(e.value).startswith('a process that loads images was killed, perhaps because memory ran out (')
    assert str(e.value).endswith(
        f'Reduce num_workers. The last good state is kept in {tmp_path}/run/snapshots/step-000000000.safetensors. '
        f'Resume from {tmp_path}/run.'
    )
