"Runs: what was trained is never lost, whatever lies in the folder, and a resume continues the same training or none."
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from table import Case, Fails, Works, table
from torch.utils.data import Dataset, TensorDataset

from clsparts.checkpoints import snapshots as snapshots_module
from clsparts.checkpoints.checkpoint import load_classifier, read_checkpoint, write_checkpoint
from clsparts.checkpoints.snapshots import Snapshots
from clsparts.cli.commands import main
from clsparts.cli.run_commands import check_out
from clsparts.composer.builder import compose
from clsparts.config.config import merge
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data, load_data
from clsparts.data.transforms import Preset
from clsparts.files.atomic import as_path, locked, replacing
from clsparts.training.callbacks import Callback, StopTraining
from clsparts.training.runs import DEFAULT, config_from, prepare, train_run
from clsparts.training.trainer import check_state, fit

ROOT = Path(__file__).parents[2]
IMAGES, LABELS = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 3
TRAIN = TensorDataset(IMAGES, LABELS)
DATA = Data(TRAIN, TRAIN, ['a', 'b', 'c'])
RESULTS = 'best.safetensors', 'checkpoint.safetensors', 'metrics.csv', 'metrics.json'
DIGITS = merge(
    DEFAULT, dict(model=dict(backbone=dict(base_channels=2, stem_channels=2)), train=dict(epochs=1, batch_size=512))
)


def classifier(channels=2, **options):
    torch.manual_seed(0)
    return compose(
        dict(type='ResNet_CIFAR', depth=18, stem_channels=channels, base_channels=channels),
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=3, **options),
    )


def trained(clf=None, data=DATA, **options):
    return fit(clf or classifier(), data, **{**dict(epochs=2, batch_size=12, device='cpu', progress=False), **options})


class After(Callback):
    "Does something after so many steps, and stops the training there"
    def __init__(self, steps, f=lambda training: None):
        self.steps, self.f = steps, f

    def after_step(self, training):
        if training.step != self.steps:
            return
        self.f(training)
        raise StopTraining


def content(folder):
    "What is in a folder, but for the lock"
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob('*')
        if p.is_file() and not p.name.startswith('.lock') and 'tensorboard' not in str(p)
    }


@pytest.fixture(scope='module')
def kept(tmp_path_factory):
    "A run that was stopped after 3 of 4 steps, a finished one, and a finished one of a config"
    folder = tmp_path_factory.mktemp('runs')
    trained(work_dir=folder/'cut', callbacks=[After(3)])
    trained(work_dir=folder/'done')
    prepare(DIGITS, folder/'digits').run('cpu', False)
    return folder


@pytest.fixture
def copy(kept, tmp_path):
    "Copies of these runs"
    def of(name):
        return Path(shutil.copytree(kept/name, tmp_path/name))
    return of


# paths

def write(path):
    with replacing(path) as tmp:
        tmp.write_text('new')
    return Path(path).read_text()


def at(name):
    "A path in the empty folder"
    return lambda folder: folder/name


def link(folder):
    (folder/'link').symlink_to(folder/'target')
    return folder/'link'


@table([
    Case('250 letters and an ending', at('x' * 250 + '.txt'), Works('new')),
    Case('80 CJK letters', at('字' * 80), Works('new')),
    Case('an ending of 200 letters', at('x.' + 'y' * 200), Works('new')),
    Case('not UTF-8', at(os.fsdecode(b'caf\xe9.txt')), Works('new')),
    Case('a newline and an escape', at('a\n\x1b[2J.txt'), Works('new')),
    Case('a dead link', link, Works('new')),
    Case('256 letters', at('x' * 256), Fails(mentions=('xxx', 'choose a shorter name'), error=OSError)),
    Case('120 CJK letters', at('字' * 120), Fails(mentions='choose a shorter name', error=OSError)),
    Case('a null byte', at('a\0b'), Fails(mentions='contains a null byte')),
    Case('half a surrogate pair', at('\ud800'), Fails(mentions='cannot be written')),
    Case('a folder', lambda f: f, Fails(mentions='not a file', error=OSError)),
    Case('a device', '/dev/null', Fails(mentions='not a file', error=OSError)),
    Case('below a file', lambda f: link(f).write_text('') or f/'target'/'x',
         Fails(mentions='choose another folder', error=OSError)),
])
def test_files(case, tmp_path):
    case.check(lambda: write(case.make(tmp_path)))


@table([
    Case('empty', '', Fails('work_dir', 'expected a path')),
    Case('a number', 3, Fails('work_dir', 'expected a path')),
    Case('a null byte', 'a\0b', Fails('work_dir', 'contains a null byte')),
    Case('half a surrogate pair', 'a\ud800', Fails('work_dir', 'cannot be a path')),
    Case('a user that is not there', '~no-such-user/run', Fails('work_dir', 'no such user')),
    Case('120 CJK letters', at('字' * 120), Fails(mentions=('cannot be kept there', 'Choose another folder'))),
    Case('a file', lambda f: link(f).write_text('') and None or f/'target', Fails(mentions='Choose another folder')),
    Case('below a file', lambda f: link(f).write_text('') and None or f/'target'/'run',
         Fails(mentions='Choose another folder')),
    Case('below a dead link', lambda f: link(f)/'run', Fails(mentions='Choose another folder')),
    Case('a newline and an escape', at('a\n\x1b[2J'), Works()),
    Case('not UTF-8', at(os.fsdecode(b'caf\xe9')), Fails('work_dir', 'not UTF-8')),
])
def test_folders_of_runs(case, tmp_path):
    case.check(lambda: trained(epochs=1, work_dir=case.make(tmp_path)))


@table([
    Case('nothing there', at('none'), Fails('resume', 'there is no such folder')),
    Case('an empty folder', lambda f: f, Fails('resume', 'holds no run')),
    Case('a file', lambda f: link(f).write_text('') and None or f/'target', Fails('resume', 'no such folder')),
    Case('empty', '', Fails('resume', 'expected a path')),
    Case('a user that is not there', '~no-such-user/run', Fails('resume', 'no such user')),
])
def test_folders_to_resume(case, tmp_path):
    for call in (lambda: trained(resume=case.make(tmp_path)), lambda: train_run(resume=case.make(tmp_path))):
        case.check(call)
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
    assert not any(tmp_path.iterdir())


# finished runs

def without_snapshots(run):
    shutil.rmtree(run/'snapshots')
def flip(path):
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))
def damaged_snapshots(run):
    for p in (run/'snapshots').iterdir():
        flip(p)


def only(*names):
    "Leave just these results"
    def leave(run):
        without_snapshots(run)
        for n in RESULTS:
            if n not in names:
                (run/n).unlink()
    return leave


def dead_link(run):
    only()(run)
    (run/'best.safetensors').symlink_to('/nowhere')


LOST = [
    Case('snapshots deleted', without_snapshots, Fails(mentions='from-checkpoint')),
    Case('snapshots damaged', damaged_snapshots, Fails(mentions='from-checkpoint')),
    *(
        Case(f'only {n}', only(n), Fails(mentions='in another folder' if n.endswith('s') else 'choose another folder'))
        for n in RESULTS
    ),
    Case('a link to best weights on a missing drive', dead_link, Fails()),
]


@pytest.mark.filterwarnings('ignore:.*altered')
@pytest.mark.parametrize('how', ['resume', 'work_dir'])
@table(LOST)
def test_a_finished_run_is_never_overwritten(case, how, copy):
    run = copy('done')
    case.given(run)
    before = content(run)
    if how == 'work_dir' and case.given is damaged_snapshots:
        case = Case('', 0, Fails('work_dir', 'contains a run'))
    error = case.check(lambda: trained(**{how: run}))
    assert error.issues[0].path == how
    assert sorted(content(run).values()) == sorted(before.values())


@pytest.mark.filterwarnings('ignore:.*altered')
@table(LOST[:2])
def test_a_finished_run_is_kept_by_the_command(case, copy, capsys):
    run = copy('digits')
    case.given(run)
    before = content(run)
    assert main(['train', '--resume', str(run), '--device', 'cpu']) == 2
    assert f'--from-checkpoint {run}/best.safetensors' in capsys.readouterr().err
    assert main(['train', '--work-dir', str(run), '--device', 'cpu']) == 2
    assert sorted(content(run).values()) == sorted(before.values())


def test_a_complete_run_stays_as_it_is(copy):
    run = copy('done')
    before = content(run)
    with pytest.warns(UserWarning, match='is complete'):
        assert len(trained(resume=run)) == 2
    assert content(run) == before


@table([Case(n, n, Works()) for n in ('checkpoint.safetensors', 'metrics.csv', 'metrics.json')])
def test_what_a_kill_has_not_written_is_written_by_a_resume(case, copy):
    run = copy('done')
    before = content(run)
    (run/case.given).write_bytes(b'edited,by hand\n1,\xff')
    with pytest.warns(UserWarning, match='is complete'):
        case.check(lambda: trained(resume=run))
    assert {n: c for n, c in content(run).items() if n != 'checkpoint.safetensors'} == {
        n: c for n, c in before.items() if n != 'checkpoint.safetensors'
    }
    assert read_checkpoint(run/'checkpoint.safetensors')[1]['epoch'] == 2


# snapshots

def rewrite(path, tensors=None, to=None, **meta):
    "Another file with some of it changed, without a checksum"
    old, texts = read_checkpoint(path)
    save_file(
        old if tensors is None else tensors,
        to or path,
        metadata={k: json.dumps(v) for k, v in {**texts, **meta}.items()},
    )
    return to or path


def with_training(training):
    return lambda path: rewrite(path, training=training)


def in_the_state(**changes):
    "Another value in the training of a snapshot"
    def damage(path):
        training = read_checkpoint(path)[1]['training']['dict']
        rewrite(path, training=dict(dict=[[k, changes.get(k, v)] for k, v in training]))
    return damage


def huge_number(path):
    save_file(read_checkpoint(path)[0], path, metadata=dict(training='9' * 5000))
def as_folder(path):
    path.unlink()
    path.mkdir()


DAMAGE = dict(
    cut=lambda p: p.write_bytes(p.read_bytes()[:1000]),
    empty=lambda p: p.write_bytes(b''),
    zeros=lambda p: p.write_bytes(bytes(1000)),
    altered=flip,
    text=lambda p: p.write_text('<html>login</html>'),
    no_training=lambda p: save_file(read_checkpoint(p)[0], p),
    training_null=with_training(None),
    training_list=with_training([1]),
    training_huge=huge_number,
    tensor_missing=with_training(dict(tensor='none')),
    two_kinds=with_training(dict(tensor='a', dict=[])),
    step_text=in_the_state(step='3'),
    step_bool=in_the_state(step=True),
    step_negative=in_the_state(step=-1),
    epoch_huge=in_the_state(epoch=10**300),
    history_numbers=in_the_state(history=[1, 2]),
    history_empty_record=in_the_state(history=[dict(dict=[])]),
    settings_none=in_the_state(settings=None),
    random_none=in_the_state(random=None),
    data_empty=in_the_state(data=dict(dict=[])),
    no_classes=lambda p: write_checkpoint(p, read_checkpoint(p)[0]),
)


@pytest.mark.parametrize('how', DAMAGE)
def test_a_damaged_snapshot_is_put_aside(how, copy):
    "The one before it is used, and the damaged one is kept under another name"
    run = copy('cut')
    newest, older = sorted((run/'snapshots').iterdir(), reverse=True)
    DAMAGE[how](newest)
    damaged = newest.read_bytes()
    with pytest.warns(UserWarning, match=f'kept as {newest.name}.damaged. {older.name} is used'):
        found = Snapshots(run/'snapshots').latest(check_state)
    assert found[0] == older and (run/'snapshots'/f'{newest.name}.damaged').read_bytes() == damaged
    assert how not in ('altered', 'step_text') or len(trained(resume=run)) == 2


@table([Case('a folder', as_folder, Works()),
        Case('a dead link', lambda p: p.unlink() or p.symlink_to('/nowhere'), Works()),
        Case('a pipe', lambda p: p.unlink() or os.mkfifo(p), Works()),
        Case('a name of 200 digits', lambda p: p.rename(p.with_name(f'step-{"9" * 200}.safetensors')), Works())])
def test_what_is_no_snapshot_is_passed_over(case, copy):
    run = copy('cut')
    case.given(max((run/'snapshots').iterdir()))
    assert len(case.check(lambda: trained(resume=run))) == 2


@pytest.mark.filterwarnings('ignore:.*(cut off|damaged)')
def test_snapshots_after_damaged_ones_are_kept(copy):
    "Their numbers are lower, and they are the ones that resume"
    run = copy('cut')
    only()(run)
    (run/'snapshots').mkdir()
    for n in (100, 200):
        (run/'snapshots'/f'step-{n:09d}.safetensors').write_bytes(b'cut')
    trained(resume=run, callbacks=[After(3)])
    assert [p.name for p in Snapshots(run/'snapshots').paths] == [f'step-{n:09d}.safetensors' for n in (2, 3)]
    assert all((run/'snapshots'/f'step-{n:09d}.safetensors.damaged').read_bytes() == b'cut' for n in (100, 200))
    assert len(trained(resume=run)) == 2
    assert [p.name for p in Snapshots(run/'snapshots').paths] == [f'step-{n:09d}.safetensors' for n in (3, 4)]


def test_a_snapshot_that_may_not_be_read(copy, monkeypatch):
    "It is not damaged: it belongs to another user"
    run = copy('cut')
    before = content(run)
    def refuse(path, mode):
        raise PermissionError(13, 'Permission denied', str(path))
    monkeypatch.setattr(snapshots_module, 'open', refuse, raising=False)
    Case('', 0, Fails('resume', ('Permission denied', 'as the user who started'))).check(lambda: trained(resume=run))
    assert content(run) == before


# the same training

class Knows(Dataset):
    "Pairs that nobody knows before they are read"
    def __init__(self, shift=0):
        self.shift = shift
    def __len__(self):
        return 24
    def __getitem__(self, i):
        return IMAGES[i], int(LABELS[i] + self.shift) % 3


def tensors(images=IMAGES, labels=LABELS, **options):
    train = TensorDataset(images, labels)
    return Data(train, options.pop('val', train), **{**dict(classes=['a', 'b', 'c']), **options})


def one_pixel():
    images = IMAGES.clone()
    images[7, 0, 3, 3] += .5
    return images


CHANGED = [
    Case(
        'other labels', dict(data=tensors(labels=(LABELS + 1) % 3)), Fails('resume', 'other labels in the train images')
    ),
    Case(
        'one label',
        dict(data=tensors(labels=torch.where(torch.arange(24) == 9, 1, LABELS))),
        Fails('resume', 'first at image 9'),
    ),
    Case('one pixel', dict(data=tensors(images=one_pixel())), Fails('resume', 'first at image 7')),
    Case('another order', dict(data=tensors(IMAGES.flip(0), LABELS.flip(0))), Fails('resume', 'in another order')),
    Case(
        'other images to test with',
        dict(data=tensors(val=TensorDataset(one_pixel(), LABELS))),
        Fails('resume', 'val images'),
    ),
    Case(
        'fewer images',
        dict(data=tensors(IMAGES[:20], LABELS[:20])),
        Fails('resume', '20 training and 20 validation images, but the run was started with 24'),
    ),
    Case('another class name', dict(data=tensors(classes=['a', 'B', 'c'])), Fails('resume', "class 1 is 'B', but")),
    Case(
        'classes in another order', dict(data=tensors(classes=['b', 'a', 'c'])), Fails('resume', "class 0 is 'b', but")
    ),
    Case(
        'other normalisation',
        dict(data=tensors(preset=Preset(8, mean=(0.4,) * 3, std=(0.2,) * 3))),
        Fails('resume', 'preset'),
    ),
    Case(
        'another loss',
        dict(clf=lambda: classifier(loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1))),
        Fails('resume', 'head.loss'),
    ),
    Case(
        'drop path',
        dict(
            clf=lambda: compose(
                dict(type='ResNet_CIFAR', depth=18, stem_channels=2, base_channels=2, drop_path_rate=0.5),
                'GlobalAveragePooling',
                dict(type='LinearClsHead', num_classes=3),
            )
        ),
        Fails('resume', 'backbone.drop_path_rate=0.5, but the run was started with no backbone.drop_path_rate'),
    ),
    Case('another width', dict(clf=lambda: classifier(4)), Fails('resume', 'backbone.base_channels=4, but')),
    Case('another learning rate', dict(lr=0.3), Fails('resume', 'lr=0.3, but')),
    Case('another seed', dict(seed=1), Fails('resume', 'seed=1, but')),
    Case('the same', dict(), Works()),
    Case('equal tensors', dict(data=tensors(IMAGES.clone(), LABELS.int())), Works()),
]


@table(CHANGED)
def test_another_training_does_not_resume(case, copy):
    run, options = copy('cut'), {**case.given}
    if 'clf' in options:
        options['clf'] = options['clf']()
    before = content(run)
    case.check(lambda: trained(resume=run, **options))
    if isinstance(case.then, Fails):
        assert content(run) == before


def test_a_frozen_part(copy):
    clf = classifier()
    clf.backbone.requires_grad_(False)
    Case('', 0, Fails('resume', ('optimizer', 'freeze='))).check(lambda: trained(clf, resume=copy('cut')))


def test_other_versions_are_a_warning(copy):
    run = copy('cut')
    rewrite(max((run/'snapshots').iterdir()), versions=dict(torch='1.0', clsparts=3))
    Case('', 0, Works(warns='instead of 1.0')).check(lambda: trained(resume=run))


@table([Case('other labels', 1, Fails('resume', 'other labels')), Case('the same', 0, Works())])
def test_a_data_set_of_ones_own(case, tmp_path):
    def data(shift):
        return Data(Knows(shift), TRAIN, ['a', 'b', 'c'])
    trained(data=data(0), work_dir=tmp_path/'run', callbacks=[After(1)])
    case.check(lambda: trained(data=data(case.given), resume=tmp_path/'run'))


def renamed(folder):
    (folder/'cat'/'0.png').rename(folder/'cat'/'9.png')
def other_size(folder):
    (folder/'cat'/'1.png').write_bytes((folder/'cat'/'1.png').read_bytes() + b'more')
def other_class(folder):
    (folder/'cat'/'0.png').rename(folder/'dog'/'0b.png')


@table([Case('a file renamed', renamed, Fails('resume', 'other image files')),
        Case('another size', other_size, Fails('resume', '1.png')),
        Case('a file of another class', other_class, Fails('resume')), Case('nothing', lambda folder: None, Works())])
def test_files_that_changed(case, tmp_path):
    for i in range(16):
        (tmp_path/'pets'/'catdog'[i % 2 * 3:][:3]).mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 8), (i * 9, 0, 0)).save(tmp_path/'pets'/'catdog'[i % 2 * 3:][:3]/f'{i // 2}.png')
    whole = load_data(f'folder:{tmp_path}/pets', size=8).train.dataset
    trained(data=Data(whole, whole, ['cat', 'dog', 'c']), work_dir=tmp_path/'run', callbacks=[After(1)])
    case.given(tmp_path/'pets')
    (tmp_path/'pets').rename(tmp_path/'moved')
    whole = load_data(f'folder:{tmp_path}/moved', size=8).train.dataset
    case.check(lambda: trained(data=Data(whole, whole, ['cat', 'dog', 'c']), resume=tmp_path/'run'))


# one process at a time

@table([Case('resume', dict(resume=True), Fails(mentions=(f'process {os.getpid()} on', 'since'))),
        Case('work_dir', dict(work_dir=True), Fails(mentions=f'process {os.getpid()} on')),
        Case('resume, an unknown process', dict(resume=True, owner=b'\xff{'), Fails(mentions='another process')),
        Case('resume, an owner of 5,000 digits', dict(resume=True, owner=b'{"pid": ' + b'9' * 5000),
             Fails(mentions='another process')),
        Case('resume, a host with escapes',
             dict(resume=True, owner=json.dumps(dict(pid=1, host='\x1b[2J', since=[])).encode()),
             Fails(mentions='process 1 on'))])
def test_a_run_that_is_in_use(case, copy):
    "The second training ends at once, and touches nothing"
    run = copy('cut')
    inside, leave = threading.Event(), threading.Event()
    def hold():
        with locked(run):
            inside.set()
            leave.wait(10)
    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    if 'owner' in case.given:
        (run/'.lock.json').write_bytes(case.given['owner'])
    before = content(run)
    try:
        case.check(lambda: trained(**{k: run for k, v in case.given.items() if v is True}))
    finally:
        leave.set()
        thread.join()
    assert content(run) == before
    assert len(trained(resume=run)) == 2


@pytest.mark.starts_processes
def test_the_lock_of_a_killed_process(copy):
    run = copy('cut')
    code = (
        'import time\nfrom clsparts.files.atomic import locked\n'
        f'with locked({str(run)!r}):\n    print("locked", flush=True)\n    time.sleep(60)'
    )
    other = subprocess.Popen(
        [sys.executable, '-c', code], env={**os.environ, 'PYTHONPATH': str(ROOT)}, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b'locked\n'
    Case('', 0, Fails(mentions=f'process {other.pid} on')).check(lambda: trained(resume=run))
    half = run/'snapshots'/f'.step-000000004.tmp-{other.pid}-abcdefgh.safetensors'
    half.write_bytes(b'half')
    other.send_signal(signal.SIGKILL)
    other.wait()
    other.stdout.close()
    assert len(trained(resume=run)) == 2 and not half.exists()


def test_a_lock_that_is_a_link(copy, tmp_path):
    run = copy('cut')
    (tmp_path/'mine').write_text('precious')
    (run/'.lock').unlink()
    (run/'.lock').symlink_to(tmp_path/'mine')
    Case('', 0, Fails(mentions='got a link')).check(lambda: trained(resume=run))
    assert (tmp_path/'mine').read_text() == 'precious'


def test_a_file_system_without_locks(copy, monkeypatch):
    from filelock import FileLock
    def no_locks(self, *args, **kwargs):
        raise NotImplementedError('no flock')
    monkeypatch.setattr(FileLock, 'acquire', no_locks)
    Case('', 0, Works(warns='has no locks')).check(lambda: trained(resume=copy('cut')))


def test_a_folder_that_is_deleted_meanwhile(tmp_path):
    "It is made again, with all that was learnt"
    trained(work_dir=tmp_path/'run', callbacks=[After(3, lambda training: shutil.rmtree(tmp_path/'run'))])
    assert load_classifier(tmp_path/'run')[1]['epoch'] == 1


# configs of runs

@pytest.mark.parametrize('text', ['', '[]', '{"model": 3}',
                                  '{"model": {"backbone": {"type": "os:system", "command": "touch PWNED"}}}',
                                  '{"a": ' + '[' * 100_000,
                                  '{"model": {}, "seed": ' + '9' * 5000 + '}', '\udcff', '{"_base_": "/etc/passwd"}'],
                         ids=['empty', 'a list', 'no model', 'a function', 'brackets', 'a huge number', 'not UTF-8',
                              'another file'])
def test_configs_of_runs(text, copy):
    run = copy('digits')
    (run/'config.json').write_bytes(text.encode('utf-8', 'surrogateescape'))
    before = content(run)
    Case('', 0, Fails()).check(lambda: train_run(resume=run, device='cpu', progress=False))
    assert content(run) == before


def test_a_run_from_pretrained_weights_that_are_gone(tmp_path):
    "It resumes, and remembers where they came from"
    write_checkpoint(tmp_path/'theirs.safetensors', prepare(DIGITS, tmp_path/'none').clf.backbone.state_dict())
    cfg = merge(
        DIGITS,
        dict(
            model=dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'theirs.safetensors'))))
        ),
    )
    begun = prepare(cfg, tmp_path/'run')
    begun.run('cpu', False, [After(1)])
    (tmp_path/'theirs.safetensors').unlink()
    prepare(resume=tmp_path/'run').run('cpu', False)
    _, meta = load_classifier(tmp_path/'run'/'best.safetensors')
    assert meta['initialized_from'] == [['backbone.init_cfg.checkpoint', str(tmp_path/'theirs.safetensors')]]


# new runs from old weights

def without_a_weight(run):
    weights = read_checkpoint(run/'best.safetensors')[0]
    return rewrite(run/'best.safetensors', dict(list(weights.items())[1:]), run/'x.safetensors')


@table([
    Case('the folder', lambda run: run, Works()), Case('its best', lambda run: run/'best.safetensors', Works()),
    Case('a snapshot, without a config beside it', lambda run: max((run/'snapshots').iterdir()),
         Fails('from_checkpoint', 'its folder has no config.json')),
    Case('nothing', lambda run: run/'none.safetensors', Fails(mentions='there is no such checkpoint')),
    Case('the metrics', lambda run: run/'metrics.json', Fails(mentions='metrics.json')),
    Case('a pipe', lambda run: os.mkfifo(run/'pipe.safetensors') or run/'pipe.safetensors',
         Fails(mentions='a named pipe')),
    Case('empty', lambda run: '', Fails('from_checkpoint', 'expected a path')),
    Case('a config that is code', lambda run: write_checkpoint(run/'x.safetensors', {}, config=dict(type='os:system')),
         Fails()),
    Case('other classes',
         lambda run: rewrite(run/'best.safetensors', to=run/'x.safetensors', classes=list('abcdefghij')),
         Fails('from_checkpoint', 'load_from')),
    Case('a weight too few', without_a_weight, Fails('from_checkpoint', 'do not fit')),
])
def test_from_checkpoint(case, copy, tmp_path):
    "A new run in a new folder, with all weights"
    run = copy('digits')
    place = case.given(run)
    before = content(run)
    made = case.check(lambda: prepare(work_dir=tmp_path/'new', from_checkpoint=place))
    assert content(run) == before
    if isinstance(case.then, Works):
        assert all(
            torch.equal(v, made.clf.state_dict()[k]) for k, v in read_checkpoint(run / 'best.safetensors')[0].items()
        )
    else:
        assert not (tmp_path/'new').exists()


def test_from_checkpoint_by_the_command(copy, tmp_path, capsys):
    run, new = copy('digits'), tmp_path/'new'
    without_snapshots(run)
    assert (
        main(
            [
                'train',
                '--from-checkpoint',
                str(run),
                '--work-dir',
                str(new),
                '--cfg-options',
                'train.lr=.001',
                '--device',
                'cpu',
            ]
        )
        == 0
    )
    config = json.loads((new/'config.json').read_text())
    assert (
        config['from_checkpoint'] == f'{run}/best.safetensors'
        and config['train']['lr'] == 0.001
        and config['train']['batch_size'] == 512
    )
    assert main(['train', '--from-checkpoint', str(run), '--resume', str(new)]) == 2
    assert 'from_checkpoint' in capsys.readouterr().err


def test_paths_are_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert as_path('~/run') == tmp_path/'run'
    with pytest.raises(ConfigError):
        config_from('~/none')


# ---- what a stranger's or another run's files must not do

def test_a_run_prepared_earlier_leaves_the_config_of_a_finished_one(tmp_path):
    first, second = (prepare(dict(DIGITS, seed=s), tmp_path/'run') for s in (0, 5))
    first.run(device='cpu', progress=False)
    kept = (tmp_path/'run/config.json').read_bytes()
    with pytest.raises(ConfigError, match='already contains a run'):
        second.run(device='cpu', progress=False)
    assert (tmp_path/'run/config.json').read_bytes() == kept


def test_later_checkpoints_are_kept_when_the_last_snapshot_is_damaged(copy):
    run = copy('done')
    last = sorted((run/'snapshots').glob('step-*.safetensors'))[-1]
    last.write_bytes(last.read_bytes()[:-9])
    before = {n: (run/n).read_bytes() for n in ('checkpoint.safetensors', 'metrics.json')}
    with pytest.warns(UserWarning, match='is kept as'):
        trained(resume=run)
    for n, content_ in before.items():
        assert (run/f'{n}.later').read_bytes() == content_


def test_damaged_snapshots_are_kept_by_a_run_that_starts_anew(copy):
    run = copy('cut')
    for p in run.iterdir():
        if p.name not in ('snapshots', 'config.json'):
            shutil.rmtree(p) if p.is_dir() else p.unlink()
    spoilt = sorted((run/'snapshots').glob('step-*.safetensors'))
    for p in spoilt:
        p.write_bytes(b'spoilt ' + p.name.encode())
    with pytest.warns(UserWarning):
        trained(resume=run)
    for p in spoilt:
        assert p.with_name(p.name + '.damaged').read_bytes() == b'spoilt ' + p.name.encode()


@pytest.mark.parametrize('dtype', [torch.int8, torch.bool, torch.complex64], ids=str)
def test_weights_of_another_type(dtype, copy, tmp_path):
    run = copy('digits')
    weights, meta = read_checkpoint(run/'best.safetensors')
    meta.pop('versions')
    write_checkpoint(run/'best.safetensors', {k: v.to(dtype) for k, v in weights.items()}, **meta)
    with pytest.raises(ConfigError, match=str(dtype).removeprefix('torch.')):
        prepare(from_checkpoint=run, work_dir=tmp_path/'new')


def test_snapshots_of_another_run(copy):
    run, other = copy('cut'), copy('done')
    shutil.rmtree(run/'snapshots')
    (run/'snapshots').symlink_to(other/'snapshots')
    before = content(other)
    with pytest.raises(ConfigError, match='is a link'):
        trained(resume=run)
    assert content(other) == before


@pytest.mark.parametrize('name', ['config.json', 'metrics.json'])
def test_files_of_a_run_are_no_outputs(name, copy):
    run = copy('digits')
    with pytest.raises(ConfigError, match='is a file of the run'):
        check_out(run/name, '--out', '.json')


def test_pictures_of_the_user_are_kept(tmp_path):
    (tmp_path/'curves.png').write_bytes(b'mine')
    with pytest.raises(ConfigError, match='already contains a run'):
        prepare(dict(DEFAULT), tmp_path)


@pytest.mark.parametrize('seed', [10 ** 20, -1, 1.5])
def test_seeds(seed, tmp_path):
    with pytest.raises(ConfigError) as e:
        prepare(dict(DEFAULT, seed=seed), tmp_path/'run')
    assert e.value.issues[0].path == 'seed'
