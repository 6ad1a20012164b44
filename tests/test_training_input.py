"The data of a training: real files in every format work, and what is wrong with them is reported before training."

import hashlib
import json
import pickle
import struct
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

from clsparts.checkpoints.checkpoint import read_checkpoint
from clsparts.checkpoints.snapshots import Snapshots
from clsparts.cli.commands import main
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data, as_data, load_data
from clsparts.data.image_files import image_endings
from clsparts.training.trainer import fit

rng = np.random.default_rng(0)
SMALL = dict(type='ResNet_CIFAR', depth=18, stem_channels=4, base_channels=4)


def classifier(channels=3, k=3, loss=None, targets=None):
    torch.manual_seed(0)
    return compose(
        {**SMALL, 'in_channels': channels},
        'GlobalAveragePooling',
        dict(type='LinearClsHead', num_classes=k),
        loss,
        targets=targets,
    )


def trained(data, channels=3, k=3, **options):
    return fit(
        options.pop('clf', None) or classifier(channels, k),
        data,
        epochs=1,
        batch_size=8,
        device='cpu',
        progress=False,
        **options,
    )


def train(out, data, channels, k, loss=None, **options):
    "`clsparts train CONFIG`; gives the exit status"
    head = dict(type='LinearClsHead', num_classes=k, loss=loss or dict(type='CrossEntropyLoss'))
    cfg = dict(
        model=dict(backbone={**SMALL, 'in_channels': channels}, neck=dict(type='GlobalAveragePooling'), head=head),
        data=data,
        train=dict(epochs=1, batch_size=8, **options),
    )
    out.parent.mkdir(exist_ok=True)
    (out.parent/'config.json').write_text(json.dumps(cfg))
    return main(['train', str(out.parent/'config.json'), '--work-dir', str(out), '--device', 'cpu'])


# real files

def picture(path, size=(12, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)


def digest(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def idx(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        struct.pack('>BBBB', 0, 0, 8, values.ndim) + struct.pack(f'>{values.ndim}I', *values.shape) + values.tobytes()
    )


def mnist(root, patch, name='MNIST', wrong=None):
    for part, n in (('train', 30), ('t10k', 20)):
        labels = np.arange(n, dtype=np.uint8) % 10
        if part == wrong:
            labels[3] = 12
        idx(root/name/'raw'/f'{part}-images-idx3-ubyte', rng.integers(0, 256, (n, 28, 28), dtype=np.uint8))
        idx(root/name/'raw'/f'{part}-labels-idx1-ubyte', labels)


def cifar(root, patch, k=10, wrong=None):
    from torchvision import datasets
    cls, key = (datasets.CIFAR10, 'labels') if k == 10 else (datasets.CIFAR100, 'fine_labels')
    folder = root/cls.base_folder
    folder.mkdir(parents=True)
    def put(name, content):
        (folder/name).write_bytes(pickle.dumps(content))
        return digest(folder/name)
    for part in ('train_list', 'test_list'):
        labels = [i % k for i in range(k if k > 10 else 10)]
        if part == wrong:
            labels[5] = k + 2
        hashes = [
            [name, put(name, {'data': rng.integers(0, 256, (len(labels), 3072), dtype=np.uint8), key: labels})]
            for name, _ in getattr(cls, part)
        ]
        patch.setattr(cls, part, hashes)
    patch.setattr(
        cls, 'meta', {**cls.meta, 'md5': put(cls.meta['filename'], {cls.meta['key']: [f'c{i}' for i in range(k)]})}
    )


def flowers(root, patch, wrong=None):
    from scipy.io import savemat
    from torchvision.datasets import Flowers102
    folder, n = root/'flowers-102', 15
    for i in range(1, n + 1):
        picture(folder/'jpg'/f'image_{i:05d}.jpg')
    labels = np.arange(1, n + 1)
    if wrong:
        labels[4] = 110
    savemat(folder/'imagelabels.mat', dict(labels=labels[None]))
    savemat(
        folder / 'setid.mat',
        dict(trnid=np.arange(1, 6)[None], valid=np.arange(6, 11)[None], tstid=np.arange(11, 16)[None]),
    )
    patch.setattr(
        Flowers102,
        '_file_dict',
        {
            k: (name, digest(folder / name) if (folder / name).exists() else md5)
            for k, (name, md5) in Flowers102._file_dict.items()
        },
    )


def pets(root, patch):
    folder, names = root/'oxford-iiit-pet', ['Abyssinian', 'Bengal', 'beagle']
    (folder/'annotations').mkdir(parents=True)
    for part in ('trainval', 'test'):
        for i in range(6):
            picture(folder/'images'/f'{names[i % 3]}_{part}{i}.jpg')
        (folder / 'annotations' / f'{part}.txt').write_text(
            ''.join(f'{names[i % 3]}_{part}{i} {i % 3 + 1} 1 1\n' for i in range(6))
        )


def folder(root, patch=None, parts=('',), classes=('cat', 'dög', '猫'), n=4):
    for part in parts:
        for c in classes:
            for i in range(n):
                picture(root/part/c/f'{i}.{("png", "JPG", "jpeg", "BMP")[i % 4]}')


def messy(root, patch):
    "What lies about in folders that people have worked in"
    folder(root)
    picture(root/'cat'/'old'/'deep.PNG')
    (root/'.ipynb_checkpoints').mkdir()
    for name in ('.hidden.png', '._0.png', 'Thumbs.db'):
        (root/'cat'/name).write_text('no image')


def table(text, encoding='utf-8', n=6):
    def make(root, patch):
        for i in range(n):
            picture(root/f'{i}.png')
        (root/'t.csv').write_bytes(text.encode(encoding))
    return make


def rows(targets='ab', form='{}.png,{}\n', n=6):
    return ''.join(form.format(i, targets[i % len(targets)]) for i in range(n))


def hugging_face(*sizes, labels=lambda i: i % 3):
    def make(root, patch):
        import datasets
        datasets.disable_progress_bars()
        features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=['x', 'y', 'z']))
        def part(n):
            return datasets.Dataset.from_dict(
                dict(
                    image=[Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)) for _ in range(n)],
                    label=[labels(i) for i in range(n)],
                ),
                features=features,
            )

        (
            datasets.DatasetDict(train=part(sizes[0]), test=part(sizes[1])) if len(sizes) > 1 else part(sizes[0])
        ).save_to_disk(root / 'hf')

    return make


BINARY = dict(type='CrossEntropyLoss', use_sigmoid=True)
# files, name of the data with {} for their folder, images (train, test) and their shape, first classes; options of the
# data and the loss
GOOD = {
    'MNIST': (mnist, 'mnist', (30, 20), (1, 28, 28), ['0 - zero', '1 - one'], {}),
    'MNIST in colour': (mnist, 'mnist', (30, 20), (3, 32, 32), ['0 - zero'], dict(channels=3, size=32)),
    'Fashion-MNIST': (
        lambda r, p: mnist(r, p, 'FashionMNIST'),
        'fashion_mnist',
        (30, 20),
        (1, 28, 28),
        ['T-shirt/top'],
        {},
    ),
    'CIFAR-10': (cifar, 'cifar10', (50, 10), (3, 32, 32), ['c0', 'c1'], {}),
    'CIFAR-100': (lambda r, p: cifar(r, p, 100), 'cifar100', (100, 100), (3, 32, 32), ['c0', 'c1'], {}),
    'Flowers': (flowers, 'flowers102', (10, 5), (3, 16, 16), ['pink primrose'], dict(size=16)),
    'Pets': (pets, 'oxford_pets', (6, 6), (3, 16, 16), ['Abyssinian', 'Bengal', 'Beagle'], dict(size=16)),
    'folder': (messy, 'folder:{}@16', (11, 2), (3, 16, 16), ['cat', 'dög', '猫'], {}),
    'folder in parts': (
        lambda r, p: folder(r, parts=('train', 'val', 'test')),
        'folder:{}@16',
        (12, 12),
        (3, 16, 16),
        ['cat', 'dög', '猫'],
        {},
    ),
    'folder, fewer classes held out': (
        lambda r, p: (folder(r, parts=('train',)), folder(r, parts=('val',), classes=('cat',))),
        'folder:{}@16',
        (12, 4),
        (3, 16, 16),
        ['cat'],
        {},
    ),
    'folder, one part only': (
        lambda r, p: folder(r, parts=('train',)),
        'folder:{}@16',
        (10, 2),
        (3, 16, 16),
        ['cat'],
        {},
    ),
    'table': (table('path,label\n' + rows()), 'csv:{}/t.csv@16', (5, 1), (3, 16, 16), ['a', 'b'], {}),
    'table of Windows': (
        table('\ufeffpath,label\r\n' + rows().replace('\n', '\r\n')),
        'csv:{}/t.csv@16',
        (5, 1),
        (3, 16, 16),
        ['a', 'b'],
        {},
    ),
    'table with empty lines': (
        table('path,label\n\n' + rows().replace('\n', '\n\n')),
        'csv:{}/t.csv@16',
        (5, 1),
        (3, 16, 16),
        ['a', 'b'],
        {},
    ),
    'table with parts': (
        table('path,label,split\n' + rows(['a,train', 'b,train', 'a,val', 'b,test'])),
        'csv:{}/t.csv@16',
        (4, 1),
        (3, 16, 16),
        ['a', 'b'],
        {},
    ),
    'table of several labels': (
        table('path,label\n' + rows(['a', 'b', 'a;b', ''])),
        'csv:{}/t.csv@16',
        (5, 1),
        (3, 16, 16),
        ['a', 'b'],
        dict(loss=BINARY),
    ),
    'Hugging Face': (hugging_face(9, 6), 'hf:{}/hf@16', (9, 6), (3, 16, 16), ['x', 'y', 'z'], {}),
    'Hugging Face, one part': (hugging_face(9), 'hf:{}/hf', (8, 1), (3, 16, 16), ['x', 'y', 'z'], dict(size=16)),
}


@pytest.mark.parametrize('case', GOOD)
def test_files_of_every_kind(case, tmp_path, monkeypatch):
    "They are read, trained on by the command line, and the classes come out in checkpoint and metrics"
    make, name, sizes, shape, classes, options = GOOD[case]
    loss = options.get('loss')
    (tmp_path/'data').mkdir()
    make(tmp_path/'data', monkeypatch)
    data = dict(
        name=name.format(tmp_path / 'data'),
        root=str(tmp_path / 'data'),
        **{k: v for k, v in options.items() if k != 'loss'},
    )
    read = load_data(data)
    assert ((len(read.train), len(read.val)), read.image_shape, read.classes[:len(classes)]) == (sizes, shape, classes)
    assert all(
        x.shape == shape and x.dtype == torch.float32 and x.isfinite().all() for x, _ in (read.train[0], read.val[-1])
    )
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='no font in use has')
        assert train(tmp_path/'runs'/'run', data, shape[0], len(read.classes), loss) == 0
    _, meta = read_checkpoint(tmp_path/'runs'/'run'/'checkpoint.safetensors')
    assert (meta['classes'], tuple(meta['image_shape'])) == (read.classes, shape)
    assert np.isfinite(json.loads((tmp_path/'runs'/'run'/'metrics.json').read_text())['final']['train_loss'])


THERE = (
    'Available: digits, mnist, fashion_mnist, cifar10, cifar100, flowers102, oxford_pets, '
    'folder:PATH, csv:PATH, hf:PATH.'
)
# files, name of the data, options, and all that is said, with {} for their folder
WRONG_FILES = {
    'no data': (
        None,
        'cifar10',
        {},
        "data: expected the files of cifar10 in {0}, found none or damaged ones. "
        "Download them: dict(name='cifar10', root='{0}', download=True)",
    ),
    'cut off': (
        lambda r, p: (
            mnist(r, p),
            idx(r / 'MNIST/raw/train-images-idx3-ubyte', np.zeros((0, 28, 28), np.uint8)),
            (r / 'MNIST/raw/train-images-idx3-ubyte').write_bytes(b'\0' * 9),
        ),
        'mnist',
        {},
        "data: expected the files of mnist in {0}, found none or damaged ones. "
        "Download them: dict(name='mnist', root='{0}', download=True)",
    ),
    'MNIST label': (
        lambda r, p: mnist(r, p, wrong='train'),
        'mnist',
        {},
        'data: training image 3: expected a label from 0 to 9, got 12.',
    ),
    'MNIST held-out label': (
        lambda r, p: mnist(r, p, wrong='t10k'),
        'mnist',
        {},
        'data: validation image 3: expected a label from 0 to 9, got 12.',
    ),
    'CIFAR label': (
        lambda r, p: cifar(r, p, wrong='test_list'),
        'cifar10',
        {},
        'data: validation image 5: expected a label from 0 to 9, got 12.',
    ),
    'Flowers label': (
        lambda r, p: flowers(r, p, True),
        'flowers102',
        dict(size=16),
        'data: {0}/flowers-102/jpg/image_00005.jpg: expected a label from 0 to 101, got 109.',
    ),
    'Pets, an image missing': (
        lambda r, p: (pets(r, p), (r / 'oxford-iiit-pet/images/Bengal_trainval1.jpg').unlink()),
        'oxford_pets',
        dict(size=16),
        '{0}/oxford-iiit-pet/images/Bengal_trainval1.jpg: there is no such file.',
    ),
    'no folder': (None, 'folder:{}/nope', {}, 'data: {0}/nope: no such folder.'),
    'empty folder': (
        None,
        'folder:{}',
        {},
        'data: {0}: expected one folder per class, with images in it. The folder is empty.',
    ),
    'a file for a folder': (
        table(''),
        'folder:{}/t.csv',
        {},
        'data: {0}/t.csv: expected a folder of images, got a file. Use csv:PATH for a table.',
    ),
    'images without folders': (
        lambda r, p: picture(r / '0.png'),
        'folder:{}',
        {},
        'data: {0}: expected one folder per class, with images in it. There are images, but no folders: 0.png.',
    ),
    'one class': (
        lambda r, p: folder(r / 'pets'),
        'folder:{}',
        {},
        'data: {0}: expected at least two class folders, got only pets. Did you mean {0}/pets?',
    ),
    'parts of other names': (
        lambda r, p: folder(r, parts=('Training', 'Test')),
        'folder:{}',
        {},
        'data: {0}: expected the folders train and val, got Test, Training. Rename them.',
    ),
    'held out alone': (
        lambda r, p: folder(r, parts=('val',)),
        'folder:{}',
        {},
        'data: {0}: expected the folders train and val, got val. Rename them.',
    ),
    'a class held out alone': (
        lambda r, p: (folder(r, parts=('train',)), folder(r, parts=('val',), classes=('cat', 'cats'))),
        'folder:{}',
        {},
        "data: {0}/val: the training set has no class 'cats'. Did you mean 'cat'? Available: cat, dög, 猫.",
    ),
    'nothing to train with': (
        lambda r, p: ((r / 'train').mkdir(), folder(r, parts=('val',))),
        'folder:{}',
        {},
        'data: {0}/train: expected one folder per class, with images in it. The folder is empty.',
    ),
    'an empty class': (
        lambda r, p: (folder(r), (r / 'owl').mkdir()),
        'folder:{}',
        {},
        'data: {0}: expected images in owl. Their names end in '
        + ', '.join(image_endings())
        + '. Remove the folder, or fill it.',
    ),
    'a link that goes round': (
        lambda r, p: (folder(r), (r / 'cat' / 'all').symlink_to(r)),
        'folder:{}',
        {},
        'data: {0}/cat/all: it is a link to {0}, which is read already. Remove the link.',
    ),
    'no path': (None, 'folder:', {}, "data: there is no data set 'folder:'. Did you mean 'folder:PATH'? " + THERE),
    'a name misspelt': (
        None,
        'cifar',
        {},
        "data: there is no data set 'cifar'. Did you mean 'cifar10' or 'cifar100'? " + THERE,
    ),
    'an option misspelt': (
        None,
        'folder:{}',
        dict(sise=16),
        "data.sise: folder: has no option 'sise'. Did you mean 'size'? "
        'Available: size, channels, crop_ratio, interpolation, mean, std, squash, broken, val_split, '
        'classes, seed, val_fraction.',
    ),
    'mean of bytes': (
        folder,
        'folder:{}',
        dict(mean=[123, 116, 103], std=[58, 57, 57]),
        '2 problems:\n'
        '- data.mean: expected 3 numbers from 0 to 1, one per channel, of pixels divided by 255, got [123, 116, 103].\n'
        '- data.std: expected 3 numbers from 0 to 1, one per channel, of pixels divided by 255, got [58, 57, 57].',
    ),
    'no table': (None, 'csv:{}/t.csv', {}, 'data: {0}/t.csv: there is no such file.'),
    'a folder for a table': (None, 'csv:{}', {}, 'data: {0}: expected a file, got a folder.'),
    'another separator': (
        table('path;label\n' + rows(form='{}.png;{}\n')),
        'csv:{}/t.csv',
        {},
        "data: {0}/t.csv: expected a column 'path' in the first line, got path;label. Cells are separated by commas.",
    ),
    'no header': (
        table(rows()),
        'csv:{}/t.csv',
        {},
        "data: {0}/t.csv: expected a column 'path' in the first line, got 0.png, a.",
    ),
    'bad line': (
        table('path,label\n0.png,a\n1.png,b,c\n'),
        'csv:{}/t.csv',
        {},
        'data: {0}/t.csv, line 3: expected 2 cells, as in the first line, got 3.',
    ),
    'missing file': (
        table('path,label\n0.png,a\n\n9.png,b\n'),
        'csv:{}/t.csv',
        {},
        "data: {0}/t.csv, line 4: '9.png' is not a file in {0}.",
    ),
    'wrong label': (
        table('path,label\n' + rows()),
        'csv:{}/t.csv',
        dict(classes=['a', 'c']),
        "data: {0}/t.csv, line 3: 'b' is not among the classes. Available: a, c.",
    ),
    'classes as a word': (
        table('path,label\n' + rows()),
        'csv:{}/t.csv',
        dict(classes='ab'),
        "data.classes: expected a list of names, got 'ab'.",
    ),
    'several labels in words': (
        table('path,label\n' + rows()),
        'csv:{}/t.csv',
        dict(multi_label='no'),
        "data.multi_label: expected True or False, got 'no'.",
    ),
    'no row to train with': (
        table('path,label,split\n' + rows('ab', '{}.png,{},val\n')),
        'csv:{}/t.csv',
        {},
        'data: {0}/t.csv: expected a row with train in the column split, got none.',
    ),
    'soft numbers': (
        table('path,a,b\n0.png,1,x\n'),
        'csv:{}/t.csv',
        {},
        "data: {0}/t.csv, line 2, column b: expected a number from 0 to 1, got 'x'.",
    ),
    'no such saved set': (
        None,
        'hf:{}/nope',
        {},
        'data: {0}/nope is not a local folder, and downloads need download=True. '
        "Set dict(name='hf:{0}/nope', download=True).",
    ),
    'Hugging Face label': (
        hugging_face(9, 6, labels=lambda i: -1 if i == 5 else i % 3),
        'hf:{}/hf',
        dict(size=16),
        'data: training image 5: expected a label from 0 to 2, got -1.',
    ),
}


@pytest.mark.parametrize('case', WRONG_FILES)
def test_wrong_files(case, tmp_path, monkeypatch):
    "Reading, or `fit` before its first step, says what is wrong, whole"
    make, name, options, told = WRONG_FILES[case]
    here = tmp_path/'data'
    here.mkdir()
    if make:
        make(here, monkeypatch)
    def run():
        data = load_data(dict(name=name.format(here), root=str(here), **options))
        trained(data, data.image_shape[0], len(data.classes), work_dir=tmp_path/'run')
    with pytest.raises(ConfigError) as e:
        run()
    assert str(e.value) == told.format(here)
    assert not (tmp_path/'run'/'checkpoint.safetensors').exists()


# data sets of one's own

IMAGES, LABELS = torch.rand(24, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 3


class Own(Dataset):
    "Pairs that are not known before they are asked for"
    def __init__(self, images=IMAGES, targets=LABELS):
        self.images, self.its_targets = images, targets
    def __len__(self):
        return len(self.images)
    def __getitem__(self, i):
        return self.images[i], self.its_targets[i]


class Stream(IterableDataset):
    def __iter__(self):
        return iter(zip(IMAGES, LABELS, strict=True))


class Far(Own):
    "Pairs that only workers reach, but for the first"
    def __getitem__(self, i):
        if i and get_worker_info() is None:
            raise LookupError
        return super().__getitem__(i)


def put(labels, i, value):
    labels = labels.clone()
    labels[i] = value
    return labels


def tensors(images=IMAGES, labels=LABELS):
    return TensorDataset(images, labels)
def both(part):
    return Data(part, tensors(), ['a', 'b', 'c'])


TARGETS = {
    'int64': lambda: tensors(),
    'int32': lambda: tensors(labels=LABELS.int()),
    'uint8': lambda: tensors(labels=LABELS.to(torch.uint8)),
    'Python numbers': lambda: Own(targets=LABELS.tolist()),
    'NumPy int32': lambda: Own(targets=LABELS.numpy().astype('int32')),
    'list of pairs': lambda: list(zip(IMAGES, LABELS, strict=True)),
    'one-hot floats': lambda: tensors(labels=torch.eye(3)[LABELS]),
    'one-hot doubles': lambda: tensors(labels=torch.eye(3)[LABELS].double()),
    'one-hot int64': lambda: tensors(labels=torch.eye(3)[LABELS].long()),
    'loaders': lambda: as_data(DataLoader(tensors(), 8), DataLoader(tensors(), 8)),
    'loaders of int32': lambda: as_data(DataLoader(tensors(labels=LABELS.int()), 8), DataLoader(tensors(), 8)),
}


@pytest.mark.parametrize('kind', TARGETS)
def test_targets_of_every_type(kind):
    "They are the same labels, and give the same loss as int64"
    told = dict(classes=['a', 'b', 'c'])
    data = TARGETS[kind]()
    data = data if isinstance(data, Data) else as_data(data, data, **told)
    order = dict(clf=classifier())
    first = trained(data, **order)[0]['train_loss']
    if not isinstance(data.train, DataLoader):
        assert first == pytest.approx(
            trained(as_data(tensors(), tensors(), **told), clf=classifier())[0]['train_loss'], abs=1e-6
        )


def test_workers_read_what_is_held_out():
    data = Data(tensors(), Far(), ['a', 'b', 'c'])
    assert trained(data, num_workers=1)[0]['val_loss'] == pytest.approx(
        trained(both(tensors()))[0]['val_loss'], abs=1e-6
    )
    with pytest.raises(ConfigError) as e:
        trained(data)
    assert str(e.value).startswith('data: loading image 1 failed: LookupError')


WHOLE = 'data: expected integer labels of shape (n,) or float targets of shape (n, 3), got '
AS_FLOATS = 'Use transform=v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]).'
WRONG_SETS = {
    'label above': (
        lambda: both(tensors(labels=put(LABELS, 13, 7))),
        'data: training image 13: expected a label from 0 to 2, got 7.',
    ),
    'label below': (
        lambda: both(tensors(labels=put(LABELS, 13, -1))),
        'data: training image 13: expected a label from 0 to 2, got -1.',
    ),
    'label above, held out': (
        lambda: Data(tensors(), tensors(labels=put(LABELS, 13, 7)), ['a', 'b', 'c']),
        'data: validation image 13: expected a label from 0 to 2, got 7.',
    ),
    'label above, no classes said': (
        lambda: tensors(labels=put(LABELS, 1, 7)),
        'data: training image 1: expected a label from 0 to 2, got 7.',
    ),
    'label above, not known before': (
        lambda: both(Own(targets=put(LABELS, 13, 7).tolist())),
        'data: image 13: expected a label from 0 to 2, got 7.',
    ),
    'label above, in a loader': (
        lambda: as_data(
            DataLoader(Own(targets=put(LABELS, 13, 7).tolist()), 8), DataLoader(tensors(), 8), ['a', 'b', 'c']
        ),
        'data: image 5 of batch 2: expected a label from 0 to 2, got 7.',
    ),
    'target above one': (
        lambda: both(tensors(labels=put(torch.eye(3)[LABELS], (4, 1), 1.5))),
        "data: training image 4: expected a target from 0 to 1 for class 'b', got 1.5.",
    ),
    'target of no number': (
        lambda: both(tensors(labels=put(torch.eye(3)[LABELS], (4, 1), float('nan')))),
        "data: training image 4: expected a target from 0 to 1 for class 'b', got nan.",
    ),
    'double labels': (
        lambda: both(tensors(labels=LABELS.double())),
        WHOLE + 'float64 of shape (24,). Use .long() for labels.',
    ),
    'labels in a column': (
        lambda: both(tensors(labels=LABELS[:, None])),
        WHOLE + 'int64 of shape (24, 1). Use target[:, 0] for labels.',
    ),
    'labels in a column, in a loader': (
        lambda: both(DataLoader(Own(targets=LABELS[:, None]), 8)),
        WHOLE + 'int64 of shape (8, 1). Use target[:, 0] for labels.',
    ),
    'targets of other classes': (lambda: both(tensors(labels=torch.rand(24, 5))), WHOLE + 'float32 of shape (24, 5).'),
    'names for labels': (
        lambda: both(Own(targets=['cat'] * 24)),
        "data: expected targets as integers or rows of floats, got 'cat'.",
    ),
    'other classes': (
        lambda: Data(tensors(), tensors(), list('abcd')),
        'head.num_classes: the data has 4 classes, not 3. '
        "Use clf = clf.swap(head=dict(type='LinearClsHead', num_classes=4, in_channels=32)).",
    ),
    'several labels for a loss of one': (
        lambda: Data(
            tensors(labels=torch.ones(24, 3)), tensors(labels=torch.ones(24, 3)), list('abc'), multi_label=True
        ),
        "head.loss: CrossEntropyLoss assumes one label per image, but the targets are multi-label. "
        "Use clf = clf.swap(loss=dict(type='CrossEntropyLoss', use_sigmoid=True)).",
    ),
    'arrays': (
        lambda: both(Own(IMAGES.numpy())),
        'data: expected images as float tensors (c, h, w), got ndarray. ' + AS_FLOATS,
    ),
    'PIL images': (
        lambda: both(Own([Image.new('RGB', (8, 8))] * 24)),
        'data: expected images as float tensors (c, h, w), got Image. ' + AS_FLOATS,
    ),
    'bytes': (
        lambda: both(tensors((IMAGES * 255).byte())),
        'data: expected images as float tensors (c, h, w), got torch.uint8 of shape (3, 8, 8). ' + AS_FLOATS,
    ),
    'doubles': (
        lambda: both(tensors(IMAGES.double())),
        "data: expected images of the type of the weights, torch.float32, got torch.float64. "
        "Use image.to(torch.float32).",
    ),
    'halves, held out': (
        lambda: Data(tensors(), tensors(IMAGES.half()), list('abc')),
        "data: expected images of the type of the weights, torch.float32, got torch.float16. "
        "Use image.to(torch.float32).",
    ),
    'one channel': (
        lambda: both(tensors(IMAGES[:, :1])),
        'the backbone expects images of 3 channels (in_channels=3), got 1: shape (8, 1, 8, 8). '
        'Use x.expand(-1, 3, -1, -1) for greyscale images.',
    ),
    'sizes that differ': (lambda: both(Own([*IMAGES[:20], *torch.rand(4, 3, 9, 8)])), None),
    'a loader alone': (
        lambda: DataLoader(tensors(), 8),
        'data: a DataLoader cannot be split. Pass a second one, as_data(train, val), or the data set.',
    ),
    'a stream': (Stream, 'data: expected a data set with a length, got an IterableDataset. Wrap it in a DataLoader.'),
    'a loader of a stream': (
        lambda: both(DataLoader(Stream(), 8)),
        'data: expected a loader with a length (object of type \'Stream\' has no len()). Give its data set a __len__.',
    ),
    'a name': (lambda: 'digits', "data: expected a data set, got a name. Use load_data('digits')."),
    'nothing': (lambda: None, 'data: expected a data set or DataLoader of pairs of image and target, got NoneType.'),
    'no images': (lambda: tensors(IMAGES[:0], LABELS[:0]), 'data: expected at least one image, got an empty data set.'),
    'one image': (
        lambda: tensors(IMAGES[:1], LABELS[:1]),
        'data: expected at least two images, one of them for validation, got 1.',
    ),
}


@pytest.mark.parametrize('case', WRONG_SETS)
def test_wrong_sets(case):
    make, told = WRONG_SETS[case]
    with pytest.raises((ConfigError, ValueError)) as e:
        trained(make())
    if told is None:
        assert str(e.value).startswith('data: images of a batch must share one shape: image ')
    else:
        assert str(e.value) == told


# images that are broken

@pytest.fixture
def broken(tmp_path):
    "A folder with a file whose head is sound, and a last snapshot to be kept"
    folder(tmp_path/'data', n=6, classes=('cat', 'dog', 'owl'))
    path = tmp_path/'data'/'dog'/'3.BMP'
    picture(path, (40, 40))
    path.write_bytes(path.read_bytes()[:600])
    return path


@pytest.mark.parametrize('num_workers', [0, 2])
def test_a_broken_image_stops(num_workers, broken, tmp_path, capsys):
    "The same words whoever reads it, and the run keeps its last snapshot"
    run = tmp_path/'runs'/'run'
    assert train(run, f'folder:{tmp_path}/data@16', 3, 3, num_workers=num_workers) == 2
    said = [
        line
        for line in capsys.readouterr().err.replace('\r', '\n').splitlines()
        if line.startswith('clsparts') or 'Traceback' in line
    ]
    assert len(said) == 1 and said[0].startswith(
        f'clsparts train: {broken}: cannot be read as an image: image file is truncated'
    ), said
    assert Snapshots(run/'snapshots').latest() is not None


@pytest.mark.parametrize('num_workers', [0, 2])
def test_a_broken_image_is_skipped(num_workers, broken, tmp_path, capfd):
    run = tmp_path/'runs'/'run'
    assert train(run, dict(name=f'folder:{tmp_path}/data@16', broken='skip'), 3, 3, num_workers=num_workers) == 0
    assert (
        f'{broken}: cannot be read as an image: image file is truncated' in (err := capfd.readouterr().err)
        and ' takes its place.' in err
    )


def test_a_broken_row_is_skipped(tmp_path):
    import datasets
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=['x', 'y']))
    good = [Image.fromarray(rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)) for _ in range(6)]
    datasets.Dataset.from_dict(
        dict(image=[*good[:3], dict(bytes=b'junk', path=None), *good[3:]], label=[0, 1, 0, 1, 0, 1, 0]),
        features=features,
    ).save_to_disk(tmp_path / 'hf')
    data = load_data(dict(name=f'hf:{tmp_path}/hf@16', broken='skip')).train
    with pytest.warns(
        UserWarning, match='row 3: cannot be read as an image: cannot identify image file. row 4 takes its place.'
    ):
        data.dataset[3]
    with pytest.raises(ConfigError) as e:
        load_data(f'hf:{tmp_path}/hf@16').train.dataset[3]
    assert str(e.value) == 'row 3: cannot be read as an image: cannot identify image file'
