"Checkpoints and weight files from strangers: nothing runs or is fetched, memory is bounded, each error has a fix."

import codecs
import io
import json
import os
import pickle
import socket
import struct
import tarfile
import zipfile
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import FunctionType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from table import Case, Fails, Works, table
from torch import nn
from torch.utils.data import TensorDataset

from clsparts.base.module import load_pretrained
from clsparts.checkpoints.checkpoint import (
    load_classifier,
    read_checkpoint,
    save_checkpoint,
    without_pretrained,
    write_checkpoint,
)
from clsparts.checkpoints.pretrained_weights import load_checkpoint
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data
from clsparts.evaluation.evaluator import evaluate
from clsparts.evaluation.export import export_program
from clsparts.evaluation.predictions import predict
from clsparts.files.weights import read_weight_file
from clsparts.training.trainer import fit

torch.manual_seed(0)
CLF = compose(
    dict(type='ResNet', depth=18, base_channels=2), 'GlobalAveragePooling', 'LinearClsHead', num_classes=3
).eval()
STATE, CFG, LAST = CLF.state_dict(), CLF.cfg, 'head.fc.bias'
W = dict(w=torch.ones(2))


def raw(content, name='net.safetensors'):
    "A file with these bytes"
    def make(folder):
        (folder/name).write_bytes(content)
        return folder/name
    return make


def header(text, data=b'', size=None):
    "A file of safetensors with a header written by hand"
    text = text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
    return raw(struct.pack('<Q', len(text) if size is None else size) + text + data)


def entry(dtype='F32', shape=(2,), offsets=(0, 8), **more):
    return dict(w=dict(dtype=dtype, shape=list(shape), data_offsets=list(offsets)), **more)


def texts(**meta):
    "The weights of the classifier with texts written by hand, a `dict` or number as JSON"
    def make(folder):
        save_file(
            STATE,
            folder / 'net.safetensors',
            {'config': json.dumps(CFG)} | {k: v if isinstance(v, str) else json.dumps(v) for k, v in meta.items()},
        )
        return folder/'net.safetensors'
    return make


def weights(**new):
    "A checkpoint in which some weights are others"
    return lambda folder: write_checkpoint(
        folder / 'net.safetensors', STATE | {k.replace('__', '.'): v for k, v in new.items()}, config=CFG
    )


def saved(content, name='net.pth', **kw):
    def make(folder):
        torch.save(content(folder) if isinstance(content, FunctionType) else content, folder/name, **kw)
        return folder/name
    return make


class Calls:
    "Pickled as a call"
    def __init__(self, *call):
        self.call = call
    def __reduce__(self):
        return self.call


def zipped(change=lambda records: records, mode=zipfile.ZIP_STORED, content=W):
    "A file of `torch.save` with its records changed"
    def make(folder):
        saved(content)(folder).rename(folder/'old.pth')
        with zipfile.ZipFile(folder/'old.pth') as old:
            records = [(n, old.read(n)) for n in old.namelist()]
        with zipfile.ZipFile(folder/'net.pth', 'w', mode) as new:
            for name, data in change(records):
                new.writestr(name, data)
        return folder/'net.pth'
    return make


def program(data):
    "A file of `torch.save` with another pickle"
    return zipped(lambda records: [(n, data if n.endswith('/data.pkl') else d) for n, d in records])


def bits(*places):
    "A checkpoint with one bit flipped at a share of its length"
    def make(folder):
        path = save_checkpoint(folder/'net.safetensors', CLF)
        data = bytearray(path.read_bytes())
        for p in places:
            data[int(p * (len(data) - 1))] ^= 4
        path.write_bytes(data)
        return path
    return make


def cut(share):
    def make(folder):
        path = save_checkpoint(folder/'net.safetensors', CLF)
        path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])
        return path
    return make


def pipe(folder, name):
    os.mkfifo(folder/name)
    return folder/name


def bound(folder, name):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(folder/name))
    return folder/name


def linked(folder, name, to):
    (folder/name).symlink_to(to)
    return folder/name


def made(folder, name):
    (folder/name).mkdir()
    return folder/name


def paths(name):
    return [
        Case(f'pipe {name}', lambda folder: pipe(folder, name), Fails(mentions=('named pipe', name))),
        Case(f'device {name}', lambda folder: linked(folder, name, '/dev/zero'), Fails(mentions='got a device')),
        Case(f'socket {name}', lambda folder: bound(folder, name), Fails(mentions='got a socket')),
        Case(f'folder {name}', lambda folder: made(folder, name), Fails(mentions=name)),
        Case(f'circle {name}', lambda folder: linked(folder, name, name), Fails(mentions='symbolic links')),
        Case(f'dead link {name}', lambda folder: linked(folder, name, 'none'), Fails(mentions='there is no such')),
        Case(f'null byte {name}', f'a\0{name}', Fails(mentions='null byte')),
        Case(f'nobody {name}', f'~nobody-here/{name}', Fails(mentions='no such user')),
        Case(f'long name {name}', 'x' * 300 + name, Fails(mentions='too long')),
        Case(f'half a surrogate {name}', f'a\ud800{name}', Fails(mentions=r'\ud800')),
        Case(f'escape code {name}', f'\x1b[2J{name}', Fails(mentions=r'\x1b[2j')),
        Case(
            f'file as folder {name}',
            lambda folder: raw(b'x', 'file')(folder) / name,
            Fails(mentions='there is no such'),
        ),
    ]


@table(paths('x.pth') + paths('x.safetensors'))
def test_path_of_weights(case, tmp_path):
    case.check(lambda: read_weight_file(case.make(tmp_path)))


@table(paths('x.safetensors'))
def test_path_of_checkpoint(case, tmp_path):
    case.check(lambda: load_classifier(case.make(tmp_path)))


BAD = Fails(mentions='net.safetensors: ')
HEADERS = [
    Case('empty', raw(b''), Fails(mentions='is empty')),
    Case('seven bytes', raw(bytes(7)), BAD),
    Case('length only', raw(struct.pack('<Q', 8)), BAD),
    Case('length 0', header('', size=0), BAD),
    Case('length 2⁶³', header('{}', size=2 ** 63), BAD),
    Case('length 2⁶⁴ - 1', header('{}', size=2 ** 64 - 1), BAD),
    Case('length beyond the end', header(entry(), bytes(8), size=10_000), BAD),
    Case('no header', header('{}', size=1), BAD),
    Case('no object', header('[]'), BAD),
    Case('no end', header('{"w": {"dtype": "F32"'), BAD),
    Case('not UTF-8', header(b'{"\xff": 1}'), BAD),
    Case('half a surrogate', header('{"\\ud800": 1}'), BAD),
    Case('no data', header(entry()), BAD),
    Case('too much data', header(entry(), bytes(16)), BAD),
    Case('negative offset', header(entry(offsets=(-8, 0)), bytes(8)), BAD),
    Case('offsets reversed', header(entry(offsets=(8, 0)), bytes(8)), BAD),
    Case('offset 2⁶⁴', header(entry(offsets=(0, 2 ** 64)), bytes(8)), BAD),
    Case('offset is text', header(entry(offsets=('0', '8')), bytes(8)), BAD),
    Case('gap', header(entry() | dict(v=dict(dtype='F32', shape=[2], data_offsets=[12, 20])), bytes(20)), BAD),
    Case('overlap', header(entry() | dict(v=dict(dtype='F32', shape=[2], data_offsets=[4, 12])), bytes(12)), BAD),
    Case('same bytes twice', header(entry() | dict(v=entry()['w']), bytes(8)), BAD),
    Case('duplicate key', header('{"w": %s, "w": %s}' % ((json.dumps(entry()['w']),) * 2), bytes(16)), BAD),
    Case('unknown type', header(entry('F33'), bytes(8)), BAD),
    Case('wrong size of type', header(entry('F64'), bytes(8)), BAD),
    Case('shape 2⁶³', header(entry(shape=(2 ** 63,)), bytes(8)), BAD),
    Case('shape overflows', header(entry(shape=(2 ** 32, 2 ** 32, 4)), bytes(8)), BAD),
    Case('negative shape', header(entry(shape=(-2,)), bytes(8)), BAD),
    Case('no shape', header(dict(w=dict(dtype='F32', data_offsets=[0, 8])), bytes(8)), BAD),
    Case('metadata of numbers', header(entry(__metadata__=dict(config=5)), bytes(8)), BAD),
    Case('nested 10⁵ deep', header('{"w": ' + '[' * 100_000, bytes(8)), BAD),
    Case('a number of 5,000 digits', header('{"w": ' + '9' * 5000 + '}', bytes(8)), BAD),
]
OTHERS = [
    Case('login page', raw(b'<!DOCTYPE html><title>Log in</title>'), Fails(mentions='web page')),
    Case('text', raw(b'Not found\n'), Fails(mentions='is not a weight file')),
    Case('Git LFS', raw(b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), Fails(mentions='git lfs pull')),
    Case('index of shards', raw(b'{"metadata": {}, "weight_map": {}}'), Fails(mentions='index of several')),
    Case('JSON', raw(b'{"a": 1}'), Fails(mentions='is JSON')),
    Case('HDF5 of Keras', raw(b'\x89HDF\r\n\x1a\n' + bytes(100)), Fails(mentions='Keras')),
    Case('gzip', raw(b'\x1f\x8b' + bytes(20)), Fails(mentions='gunzip')),
    Case('NumPy', raw(b'\x93NUMPY' + bytes(20)), Fails(mentions='NumPy')),
    Case('zeros', raw(bytes(5000)), Fails(mentions='is not a weight file')),
    Case('plain pickle', raw(pickle.dumps(dict(w=1))), Fails(mentions='torch.save did not write')),
]


@table(HEADERS + OTHERS)
def test_header_of_weights(case, tmp_path):
    case.check(lambda: read_weight_file(case.make(tmp_path)))


@table(HEADERS + OTHERS)
def test_header_of_checkpoint(case, tmp_path):
    case.check(lambda: load_classifier(case.make(tmp_path)))


@table([Case(f'{c.name}, as .pth', lambda folder, c=c: c.make(folder).rename(folder/'net.pth'),
             Fails(mentions=c.then.mentions if c in OTHERS else ()))
        for c in OTHERS + HEADERS[:5]])
def test_header_as_pth(case, tmp_path):
    case.check(lambda: read_weight_file(case.make(tmp_path)))


DEEP = dict(CFG, neck=[[]])
for _ in range(100):
    DEEP['neck'] = [DEEP['neck']]
CYCLES = '[' * 100_000
META = [
    Case('as written', texts(), Works()),
    Case('null beside it', texts(classes=None, image_shape=None, preset=None), Works()),
    Case('not JSON', texts(config='{'), Fails(mentions='damaged')),
    Case('text of somebody else', texts(format='pt'), Fails(mentions='damaged')),
    Case('number of 5,000 digits', texts(epoch='9' * 5000), Fails(mentions=('damaged', 'net.safetensors'))),
    Case('nested 10⁵ deep', texts(epoch=CYCLES), Fails(mentions='damaged')),
    Case('empty text', texts(epoch=''), Fails(mentions='damaged')),
    Case('NaN as epoch', texts(epoch='NaN'), Works()),
    Case('half a surrogate', texts(classes='["\\ud800", "b", "c"]'), Works()),
    Case('classes is a number', texts(classes=5), Fails('classes', 'list of strings')),
    Case('classes is a text', texts(classes='"abc"'), Fails('classes')),
    Case('classes twice', texts(classes=['a', 'b', 'a']), Fails('classes', 'unique')),
    Case('classes are numbers', texts(classes=[1, 2, 3]), Fails('classes')),
    Case('image_shape is a text', texts(image_shape='"x"'), Fails('image_shape', 'positive ints')),
    Case('image_shape is huge', texts(image_shape=[3, 10**9, 10**9]), Fails('image_shape')),
    Case('image_shape is negative', texts(image_shape=[3, -1, -1]), Fails('image_shape')),
    Case('preset is a list', texts(preset=[]), Fails('preset', 'options of a preset')),
    Case('preset with an unknown key', texts(preset=dict(sise=3)), Fails('preset')),
    Case('preset with a text as size', texts(preset=dict(size='x')), Fails()),
    Case('preset without a size', texts(preset=dict(size=0)), Fails()),
    Case('target is a dict', texts(target={}), Fails('target')),
    Case('config is a text', texts(config='"ResNet"'), Fails('config', 'a dict')),
    Case('config is null', texts(config='null'), Fails('config')),
    Case('config is a list', texts(config='[]'), Fails('config')),
    Case('config is empty', texts(config='{}'), Fails('config')),
    Case('config nested deeply', texts(config=json.dumps(DEEP)), Fails(mentions='nested')),
    Case('config of 10⁵ values', texts(config=json.dumps(dict(CFG, x=[0] * 100_000))), Fails('config')),
    Case('config of a neck', texts(config=dict(type='GlobalAveragePooling')), Fails(mentions='not in its config')),
    Case('config of a backbone', texts(config=CFG['backbone']), Fails(mentions='do not fit')),
    Case('config of a loss', texts(config=dict(type='CrossEntropyLoss')), Fails(mentions='do not fit')),
    Case('config of an optimizer', texts(config=dict(type='SGD', lr=0.1)), Fails('config.type')),
    Case('type is a list', texts(config=dict(CFG, type=[])), Fails('config.type')),
    Case('type with escape codes', texts(config=dict(CFG, type='\x1b[2J')), Fails('config.type')),
    Case('type of 100 kB', texts(config=dict(CFG, type='e' * 100_000)), Fails('config.type')),
    Case(
        'head of 10¹⁰ classes',
        texts(config=dict(CFG, head=dict(CFG['head'], num_classes=10**10))),
        Fails(mentions='of another shape'),
    ),
    Case(
        'backbone of 10⁶ channels',
        texts(config=dict(CFG, backbone=dict(CFG['backbone'], base_channels=10**6))),
        Fails(mentions='another shape'),
    ),
    Case(
        'number with 400 digits',
        texts(config=dict(CFG, backbone=dict(CFG['backbone'], base_channels=10**400))),
        Fails(mentions='bits'),
    ),
    Case(
        'infinite number',
        texts(config=dict(CFG, backbone=dict(CFG['backbone'], base_channels=float('inf')))),
        Fails('config.backbone.base_channels'),
    ),
    Case(
        'os.system as type',
        texts(config=dict(CFG, neck=dict(type='os:system', command='true'))),
        Fails('config.neck.type'),
    ),
    Case('checksum of another file', texts(checksum='0' * 64), Fails()),
    Case('wrong checksum', texts(checksum='"' + '0' * 64 + '"'), Fails(mentions='was altered')),
    Case('checksum is a list', texts(checksum='[]'), Fails(mentions='was altered')),
    Case(
        'without a config',
        lambda folder: write_checkpoint(folder / 'net.safetensors', STATE),
        Fails(mentions='load_checkpoint'),
    ),
    Case(
        'without a weight',
        lambda folder: write_checkpoint(folder / 'net.safetensors', dict(list(STATE.items())[1:]), config=CFG),
        Fails(mentions='not in the file'),
    ),
    Case(
        'without weights',
        lambda folder: write_checkpoint(folder / 'net.safetensors', {}, config=CFG),
        Fails(mentions='not in the file'),
    ),
    Case('another weight', weights(**{'\x1b[2J': torch.ones(1)}), Fails(mentions=r'\x1b[2j')),
    Case('state of a training', weights(**{'training.x': torch.ones(1)}), Works()),
    *[Case(f'bit at {p}', bits(p), Fails(mentions='net.safetensors')) for p in (0, 0.001, 0.05, 0.3, 0.6, 0.99, 1)],
    *[Case(f'cut at {p}', cut(p), Fails(mentions='net.safetensors')) for p in (0.0001, 0.01, 0.3, 0.9999)],
]
VALUES = {
    'NaN': (torch.full((3,), torch.nan), '3 of 3'),
    'one infinity': (torch.tensor([1.0, torch.inf, 1.0]), '1 of 3'),
    'float64 too large': (torch.full((3,), 1e300, dtype=torch.float64), '3 of 3'),
    'int8': (torch.ones(3, dtype=torch.int8), 'is int8'),
    'uint8': (torch.ones(3, dtype=torch.uint8), 'is uint8'),
    'int64': (torch.ones(3, dtype=torch.int64), 'is int64'),
    'bool': (torch.ones(3, dtype=torch.bool), 'is bool'),
    'complex': (torch.ones(3, dtype=torch.complex64), 'is complex64'),
    'fp8': (torch.ones(3).to(torch.float8_e5m2), 'is float8_e5m2'),
    'float16': (torch.ones(3).half(), None),
    'bfloat16': (torch.ones(3).bfloat16(), None),
    'float64': (torch.ones(3).double(), None),
}
PICKLED = {'sparse': (torch.ones(3).to_sparse(), 'sparse_coo'), 'meta': (torch.ones(3, device='meta'), 'meta float32')}
META += [
    Case(
        f'{name} weights',
        weights(head__fc__bias=v),
        Fails(mentions=(LAST, words, 'net.safetensors')) if words else Works(),
    )
    for name, (v, words) in VALUES.items()
]


@table(META)
def test_classifier(case, tmp_path):
    case.check(lambda: load_classifier(case.make(tmp_path)))


@table([Case('number of 5,000 digits', texts(epoch='9' * 5000), Fails()),
        Case('nested', texts(training=CYCLES), Fails()),
        Case('no training', texts(), Works()),
        Case('HTML', OTHERS[0].given, Fails()),
        Case('empty', raw(b''), Fails())])
def test_snapshot(case, tmp_path):
    case.check(lambda: read_checkpoint(case.make(tmp_path)))


@table([Case(name, v, Fails(mentions=(LAST, words)) if words else Works())
        for name, (v, words) in (VALUES | PICKLED).items()]
       + [Case('another shape', torch.ones(4), Fails()),
          Case('expanded to 10¹²', torch.ones(1).expand(10 ** 12), Fails(mentions='more than the file holds'))])
@pytest.mark.parametrize('load', [load_checkpoint, load_pretrained])
def test_all_or_nothing(case, load, tmp_path):
    clf = deepcopy(CLF)
    before = {k: v.clone() for k, v in clf.state_dict().items()}
    path = saved({**{k: v + 1 for k, v in STATE.items()}, LAST: case.given})(tmp_path)
    case.check(lambda: load(clf, str(path)))
    if isinstance(case.then, Fails):
        assert all(torch.equal(v, before[k]) for k, v in clf.state_dict().items())
    else:
        assert clf.head.fc.bias.dtype == torch.float32 and clf.head.fc.bias.eq(1).all()


def nest(levels, wide=1):
    key = ()
    for _ in range(levels):
        key = (key,) * wide
    return key


def hexed(times):
    text = 'a'
    for _ in range(times):
        text = Calls(codecs.encode, (text, 'hex'))
    return text


def patched_directory(at, new):
    "A file of `torch.save` in whose directory the first record has other numbers"
    def make(folder):
        path = zipped()(folder)
        data = bytearray(path.read_bytes())
        start = data.index(b'PK\1\2') + at
        data[start:start + len(new)] = new
        path.write_bytes(data)
        return path
    return make


def patch_legacy(folder, count):
    path = saved(W, **LEGACY)(folder)
    path.write_bytes(path.read_bytes().replace(b'K\x02N', b'J' + struct.pack('<i', count) + b'N'))
    return path


def zip_of(folder, records):
    with zipfile.ZipFile(folder/'net.pth', 'w') as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    return folder/'net.pth'


def tar_of(folder):
    with tarfile.open(folder/'net.pth', 'w') as archive:
        archive.addfile(tarfile.TarInfo('storages'), io.BytesIO())
    return folder/'net.pth'


def opens(folder):
    return (f'open({str(folder/"PWNED")!r}, "w")',)


LEGACY = dict(_use_new_zipfile_serialization=False)
PUSH = b'\x80\x02'  # the start of a pickle of protocol 2
PICKLES = [
    Case('as written', saved(W), Works()),
    Case('old format', saved(W, **LEGACY), Works()),
    Case('a file of safetensors', lambda folder: save_file(W, folder / 'net.pth') or folder / 'net.pth', Works()),
    Case('a file of torch.save as safetensors', saved(W, 'net.safetensors'), Fails(mentions='Rename it to .pth')),
    Case('shape of 0 by 10¹⁸', header(entry(shape=(0, 10**18), offsets=(0, 0))), Works()),
    Case('os.system', saved(dict(W, x=Calls(os.system, ('true',)))), Fails(mentions='posix.system')),
    Case('eval', saved(lambda folder: dict(W, x=Calls(eval, opens(folder)))), Fails(mentions='eval')),
    Case('exec', saved(lambda folder: dict(W, x=Calls(exec, opens(folder)))), Fails(mentions='exec')),
    Case(
        'exec, old format',
        saved(lambda folder: dict(W, x=Calls(exec, opens(folder))), **LEGACY),
        Fails(mentions='exec'),
    ),
    Case(
        'exec within getattr',
        saved(lambda folder: dict(W, x=Calls(getattr, (Calls(exec, opens(folder)), 'x')))),
        Fails(mentions='exec'),
    ),
    Case('getattr', saved(dict(W, x=Calls(getattr, ('text', 'upper')))), Works()),
    Case('import', saved(dict(W, x=Calls(__import__, ('this',)))), Fails(mentions='__import__')),
    Case('a whole module', saved(nn.Linear(2, 2)), Fails(mentions='linear.Linear')),
    Case('an optimizer object', saved(torch.optim.SGD([nn.Parameter(torch.ones(1))], 0.1)), Fails(mentions='SGD')),
    Case('subprocess, by hand', program(PUSH + b'csubprocess\nPopen\n(Utrue\ntR.'), Fails(mentions='net.pth')),
    Case('name with escape codes', program(PUSH + b'c\x1b[2J\nowned\n.'), Fails(mentions='net.pth')),
    Case('bytearray of 10 GB', saved(dict(W, x=Calls(bytearray, (10**10,)))), Fails(mentions='bytearray')),
    Case(
        'bytearray of 10 GB, old format',
        saved(dict(W, x=Calls(bytearray, (10**10,))), **LEGACY),
        Fails(mentions='bytearray'),
    ),
    Case('text doubled 40 times', saved(dict(W, x=hexed(40))), Fails(mentions='latin1')),
    Case('punycode', saved(dict(W, x=Calls(codecs.encode, ('ü' * 1000, 'punycode')))), Fails(mentions='latin1')),
    Case('encode by way of a stranger', program(PUSH + b'c_codecs\nencode\nq\x00(h\x00l.'), Fails(mentions='latin1')),
    Case(
        'encode with a list',
        program(PUSH + b'c_codecs\nencode\n](X\x02\0\0\0aaX\x03\0\0\0hexeR.'),
        Fails(mentions='latin1'),
    ),
    Case(
        'encode with a list, one by one',
        program(PUSH + b'c_codecs\nencode\n]X\x02\0\0\0aaaX\x03\0\0\0hexaR.'),
        Fails(mentions='latin1'),
    ),
    Case('encode in a dict', program(PUSH + b'}(Uac_codecs\nencode\nu.'), Fails()),
    Case('bytes and arrays', saved(dict(W, x=[b'ab', bytes(9), np.arange(3), np.float32(1)])), Works()),
    Case('named .bin', saved(W, 'net.bin'), Works()),
    Case('key of 2⁶⁰ tuples', saved(dict(W, x=nest(60, 2))), Fails(mentions='nests tuples')),
    Case('tuples 100 deep', saved(dict(W, x=nest(100))), Fails(mentions='nests tuples')),
    Case('30,000 lists in each other', program(PUSH + b']' * 30_000 + b'a' * 29_999 + b'.'), Fails()),
    Case('10⁵ tuples in each other', program(PUSH + b')' + b'\x85' * 100_000 + b'.'), Fails(mentions='nests tuples')),
    Case(
        '10⁶⁰ references',
        program(
            PUSH
            + b']q\x00'
            + b''.join(
                b']q' + bytes([i]) + b'(' + b'h' + bytes([i - 1]) + b'h' + bytes([i - 1]) + b'e' for i in range(1, 200)
            )
            + b'.'
        ),
        Fails(),
    ),
    Case('pickle without an end', program(PUSH + b']'), Fails()),
    Case('pickle of nothing', program(b''), Fails()),
    Case('stack underflow', program(PUSH + b'R.'), Fails()),
    Case('unknown memo', program(PUSH + b'h\x05.'), Fails()),
    Case('text longer than the file', program(PUSH + b'X\xff\xff\xff\x7fab.'), Fails()),
    Case('number of 5,000 digits', program(PUSH + b'L' + b'9' * 5000 + b'L\n.'), Fails()),
    Case('protocol 5', program(pickle.dumps(dict(a=1), 5)), Fails()),
    Case('list', saved([1, 2]), Fails(mentions='no table of tensors')),
    Case('one tensor', saved(torch.ones(2)), Fails(mentions='no table of tensors')),
    Case('names that are numbers', saved({1: torch.ones(2), None: torch.ones(2)}), Fails(mentions='no table')),
    Case(
        'holds itself',
        saved(lambda folder: (loop := dict(a=1), loop.update(model=loop))[0]),
        Fails(mentions='no table'),
    ),
    Case('name of 10⁶ dots', saved({'.' * 1_000_000: torch.ones(2)}), Fails(mentions='a name of')),
    Case(
        '30,000 tensors',
        saved(dict.fromkeys(map(str, range(30_000)), torch.ones(()))),
        Fails(mentions='30,000 tensors'),
    ),
    Case(
        'expanded to 10¹²',
        saved(dict(w=torch.ones(1).expand(10**6, 10**6))),
        Fails(mentions='more than the file holds'),
    ),
    Case(
        'nested tensor',
        saved(lambda folder: dict(w=torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]))),
        Fails(mentions='nested'),
    ),
    Case('meta as classes', saved(dict(W, meta=dict(CLASSES=[nest(2), torch.ones(2)], cfg=torch.ones(2)))), Works()),
    Case('config of 10⁵ brackets', saved(dict(W, meta=dict(cfg='(' * 100_000))), Works()),
    Case('config of 2 MB', saved(dict(W, meta=dict(cfg='a=1\n' * 500_000))), Works()),
    Case('config with wrong escapes', saved(dict(W, meta=dict(cfg=r'a = "\d"'))), Works()),
    Case(
        'TorchScript',
        lambda folder: torch.jit.script(nn.Linear(2, 2)).save(str(folder / 'net.pth')) or folder / 'net.pth',
        Fails(mentions='torch.jit.load'),
    ),
    Case(
        'cut', lambda folder: (p := saved(W)(folder)).write_bytes(p.read_bytes()[:300]) and p, Fails(mentions='cut off')
    ),
    Case(
        'cut, old format',
        lambda folder: (p := saved(W, **LEGACY)(folder)).write_bytes(p.read_bytes()[:-4]) and p,
        Fails(mentions='cut off'),
    ),
    Case('old format of 10¹² numbers', lambda folder: patch_legacy(folder, 2**31 - 1), Fails()),
]
ZIPS = [
    Case('records stored anew', zipped(), Works()),
    Case('deflated', zipped(mode=zipfile.ZIP_DEFLATED), Fails(mentions='compressed')),
    Case(
        'deflated 30 MB',
        zipped(
            lambda r: [(n, bytes(30_000_000) if n.endswith('/data.pkl') else d) for n, d in r], zipfile.ZIP_DEFLATED
        ),
        Fails(mentions='compressed'),
    ),
    Case('bzip2', zipped(mode=zipfile.ZIP_BZIP2), Fails(mentions='compressed')),
    Case('two pickles', zipped(lambda r: r + [('other/data.pkl', r[0][1])]), Fails(mentions='one data.pkl')),
    Case('two pickles, other case', zipped(lambda r: r + [(r[0][0].upper(), r[0][1])]), Fails()),
    Case('no pickle', zipped(lambda r: [o for o in r if not o[0].endswith('.pkl')]), Fails(mentions='data.pkl')),
    Case('no records', zipped(lambda r: []), Fails()),
    Case('no numbers', zipped(lambda r: [o for o in r if '/data/' not in o[0]]), Fails(mentions='net.pth')),
    Case('fewer numbers', zipped(lambda r: [(n, d[:4] if '/data/' in n else d) for n, d in r]), Fails()),
    Case('npz', lambda folder: zip_of(folder, {'a.npy': b'x'}), Fails(mentions='NumPy')),
    Case(
        'Keras',
        lambda folder: zip_of(folder, {'config.json': b'{}', 'model.weights.h5': b''}),
        Fails(mentions='data.pkl'),
    ),
    Case('records out of the folder', lambda folder: zip_of(folder, {'../../PWNED': b'x'}), Fails()),
    Case('tar', lambda folder: tar_of(folder), Fails(mentions='tar')),
    Case('record of 2³² bytes', patched_directory(24, struct.pack('<I', 2**32 - 2)), Fails()),
    Case('zip64 without its field', patched_directory(24, struct.pack('<I', 2**32 - 1)), Fails()),
    Case('other method in the directory', patched_directory(10, struct.pack('<H', 8)), Fails(mentions='compressed')),
    Case('encrypted', patched_directory(8, struct.pack('<H', 1)), Fails(mentions='compressed')),
    Case('offset of another record', patched_directory(42, struct.pack('<I', 1)), Fails()),
]


@table(PICKLES + ZIPS)
def test_pickle(case, tmp_path):
    case.check(lambda: read_weight_file(case.make(tmp_path)))


@pytest.mark.parametrize('load', [load_classifier, read_weight_file])
def test_limits(load, tmp_path, monkeypatch):
    "The limits are of the constants that name them"
    monkeypatch.setattr('clsparts.files.weights.MAX_STEPS', 10)
    monkeypatch.setattr('clsparts.files.weights.MAX_PICKLE', 1000)
    for content, words in [(W, 'steps'), (dict(W, x='x' * 1000), 'pickle of')]:
        with pytest.raises(ConfigError, match=words):
            read_weight_file(saved(content)(tmp_path))


TENSOR = st.sampled_from(['dtype', 'shape', 'data_offsets', '__metadata__', 'w'])
HEADER = st.recursive(
    st.none() | st.integers(-2 ** 70, 2 ** 70) | st.text(max_size=5)
    | st.sampled_from(['F32', 'I8', 'BOOL', 'F8_E5M2', 'C64']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TENSOR, inner, max_size=4),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=50, deadline=None, database=None)
@given(st.dictionaries(st.text(max_size=5), HEADER, max_size=3), st.binary(max_size=40), st.integers(-3, 3))
def test_fuzz_header(fuzzed, tensors, data, off):
    "Any header and any bytes are read, or refused"
    text = json.dumps(tensors).encode()
    fuzzed.write_bytes(struct.pack('<Q', max(0, len(text) + off)) + text + data)
    for read in (read_weight_file, read_checkpoint, load_classifier):
        refused_or_read(read, fuzzed)


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(['Pretrained', 'ResNet', '\x1b[2J']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*CFG, 'type', 'init_cfg', 'override', 'checkpoint', 'depth']), inner, max_size=4
        )
    ),
    max_leaves=10,
)


KEY = st.sampled_from(['config', 'classes', 'image_shape', 'preset', 'target', 'checksum', 'training'])


@settings(derandomize=True, max_examples=50, deadline=None, database=None)
@given(st.dictionaries(KEY, VALUE.map(json.dumps) | st.text(max_size=9)))
def test_fuzz_texts(fuzzed, meta):
    "Any texts beside the weights are read, or refused"
    save_file(W, fuzzed, meta)
    for read in (read_weight_file, read_checkpoint, load_classifier):
        refused_or_read(read, fuzzed)


@settings(derandomize=True, max_examples=50, deadline=None, database=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
@pytest.mark.filterwarnings('ignore')
def test_fuzz_pickle(fuzzed, changes, legacy):
    "Any bytes of a file of `torch.save` may be others"
    buffer = io.BytesIO()
    torch.save(dict(state_dict=W, meta=dict(CLASSES=['a'])), buffer, _use_new_zipfile_serialization=not legacy)
    data = bytearray(buffer.getvalue())
    for place, byte in changes:
        data[int(place * (len(data) - 1))] = byte
    path = fuzzed.with_suffix('.pth')
    path.write_bytes(data)
    refused_or_read(read_weight_file, path)


@settings(derandomize=True, max_examples=60, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from(['init_cfg', 'backbone', 'pretrained', 'teacher']), VALUE))
def test_fuzz_pretrained(cfg):
    "Nothing that loads is left, and what has nothing to lose stays"
    out, sources = without_pretrained(cfg)
    again, none = without_pretrained(out)
    assert (repr(again), none) == (repr(out), [])
    if 'Pretrained' not in repr(cfg) and 'pretrained' not in repr(cfg):
        assert json.dumps(out, sort_keys=True) == json.dumps(cfg, sort_keys=True) and not sources


@pytest.fixture(scope='module')
def fuzzed(tmp_path_factory):
    return tmp_path_factory.mktemp('fuzz')/'net.safetensors'


def refused_or_read(read, path):
    try:
        read(path)
    except ConfigError as e:
        assert path.name in str(e) or e.issues[0].path, e


class Asked(BaseHTTPRequestHandler):
    "A server on this machine that notes what it is asked for"
    paths = []

    def do_GET(self):
        self.paths.append(self.path)
        self.send_error(404)

    def log_message(self, *args):
        pass


@pytest.fixture(scope='module')
def url():
    with HTTPServer(('127.0.0.1', 0), Asked) as server:
        Thread(target=server.serve_forever, args=(.01,), daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/w.pth'
        server.shutdown()


PLACES = {
    'pretrained': lambda to: dict(CFG, pretrained=to),
    'init_cfg': lambda to: dict(CFG, init_cfg=dict(type='Pretrained', checkpoint=to)),
    'in a list': lambda to: dict(
        CFG, init_cfg=[dict(type='Normal', layer='Linear'), dict(type='Pretrained', checkpoint=to)]
    ),
    'backbone': lambda to: dict(
        CFG, backbone=dict(CFG['backbone'], init_cfg=dict(type='Pretrained', checkpoint=to, prefix='backbone'))
    ),
    'override': lambda to: dict(
        CFG, init_cfg=dict(type='Normal', layer='Linear', override=dict(type='Pretrained', name='head', checkpoint=to))
    ),
    'override without a type': lambda to: dict(
        CFG, init_cfg=dict(type='Pretrained', checkpoint=to, override=[dict(name='head')])
    ),
    'override in an override': lambda to: dict(
        CFG, init_cfg=dict(override=dict(name='head', type='Normal', override=dict(type='Pretrained', checkpoint=to)))
    ),
    'teacher': lambda to: dict(CFG, teacher=dict(CFG, pretrained=to)),
}


@pytest.mark.parametrize('written', [True, False], ids=['by us', 'by hand'])
@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('what', ['url', 'file'])
def test_no_other_file(place, what, written, url, tmp_path):
    "A config beside weights loads nothing else, wherever it asks for it, and the classifier is the same"
    to = url if what == 'url' else str(pipe(tmp_path, 'other.pth'))  # reading the pipe would be an error
    cfg, state = PLACES[place](to), dict(STATE)
    if place == 'teacher':
        state |= {f'teacher.{k}': v for k, v in STATE.items()}
    if written:
        path = write_checkpoint(tmp_path/'net.safetensors', state, config=cfg)
    else:
        save_file(
            {k: v.clone() for k, v in state.items()}, path := tmp_path / 'net.safetensors', dict(config=json.dumps(cfg))
        )
    clf, meta = load_classifier(path)
    assert clf.state_dict().keys() == state.keys() and all(
        torch.equal(v, state[k]) for k, v in clf.state_dict().items()
    )
    assert not Asked.paths and to not in json.dumps(clf.cfg)
    if written:
        assert [c for _, c in meta['initialized_from']] == [to]


def test_begun_from_weights_that_moved(tmp_path):
    "Fine-tuned in the usual way, saved, loaded and exported where the first file is gone"
    torch.save(STATE, tmp_path/'begin.pth')
    clf = compose(
        dict(
            CFG['backbone'], init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'begin.pth'), prefix='backbone')
        ),
        CFG['neck'],
        dict(CFG['head']),
    )
    assert torch.equal(clf.backbone.conv1.weight, CLF.backbone.conv1.weight)
    path = save_checkpoint(tmp_path/'net.safetensors', clf)
    (tmp_path/'begin.pth').unlink()
    again, meta = load_classifier(path)
    assert all(torch.equal(v, clf.state_dict()[k]) for k, v in again.state_dict().items())
    assert meta['initialized_from'] == [['backbone.init_cfg.checkpoint', str(tmp_path/'begin.pth')]]
    load_classifier(save_checkpoint(tmp_path/'again.safetensors', again, **meta))
    assert export_program(again, tmp_path/'net.pt2', (3, 32, 32)).exists()


def test_report_of_foreign_names(tmp_path):
    "A report is text, whatever the names"
    path = saved({**STATE, '\x1b]0;owned\x07<b>': torch.ones(1)}, '\x9b31m.pth')(tmp_path)
    report = load_checkpoint(deepcopy(CLF), path, allow_unexpected=['*'])
    for text in (str(report), repr(report), report._repr_html_()):
        assert '\x1b' not in text and '\x9b' not in text and r'\x1b]0;owned' in text
    assert '<b>' not in report._repr_html_()


def test_run_begun_from_weights_that_moved(tmp_path):
    "A run that began from a file is evaluated and predicted with when that file is gone"
    tiny, begin = (
        dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=2, base_channels=2),
        tmp_path / 'begin.safetensors',
    )
    save_checkpoint(begin, compose(tiny, 'GlobalAveragePooling', 'LinearClsHead', num_classes=3))
    rule = dict(type='Pretrained', checkpoint=str(begin), prefix='backbone')
    clf = compose(dict(tiny, init_cfg=rule), 'GlobalAveragePooling', 'LinearClsHead', num_classes=3)
    few = TensorDataset(torch.rand(8, 1, 8, 8), torch.arange(8) % 3)
    data = Data(few, few, ['a', 'b', 'c'])
    fit(clf, data, epochs=1, work_dir=tmp_path/'run', device='cpu', progress=False)
    begin.unlink()
    again, meta = load_classifier(tmp_path/'run')
    assert meta['initialized_from'] == [['backbone.init_cfg.checkpoint', str(begin)]]
    assert len(evaluate(again, data.val).labels) == 8 and len(predict(tmp_path/'run', few.tensors[0])) == 8
    for path in (tmp_path/'run'/'snapshots').glob('*.safetensors'):
        assert 'Pretrained' not in json.dumps(read_checkpoint(path)[1]['config'])


@table([Case('null byte', 'a\0.safetensors', Fails(mentions='null byte')),
        Case('another ending', 'a.pth', Fails(mentions='.safetensors')),
        Case('half a surrogate', 'a\ud800.safetensors', Fails())])
def test_path_to_write(case):
    case.check(lambda: write_checkpoint(case.given, W))
