"Images, folders, tables and data options from strangers: read correctly, counted, or refused before the first step."

import io
import os
import random
import socket
import struct
import sys
import types
import warnings
import zlib

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from table import Case, Fails, Works, table

from clsparts.core.errors import ConfigError
from clsparts.data.datasets import Data, load_data, show_images
from clsparts.data.image_files import image_endings, read_csv, read_image
from clsparts.data.transforms import Preset, check_augment

READ = 'cannot be read as an image'


def pixels(seed=0, size=(6, 8)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def photo(path, seed=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed)).save(path, **options)
    return path


def encoded(form, seed=0, image=None, **options):
    (image or Image.fromarray(pixels(seed))).save(file := io.BytesIO(), form, **options)
    return file.getvalue()


# one image

def holding(name, content):
    "A file with this content"
    def make(folder):
        (folder/name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder/name
    return make


def array(name, values, **options):
    "A file with these pixels"
    def make(folder):
        image = values if isinstance(values, Image.Image) else Image.fromarray(values)
        image.save(folder/name, **options)
        return folder/name
    return make


def made(name, action):
    "What `action` makes of a path"
    def make(folder):
        action(folder/name)
        return folder/name
    return make


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as s, pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)                                        # names of sockets are short
        s.bind(path.name)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def big_endian(values):
    return Image.frombytes('I;16B', values.shape[::-1], values.astype('>u2').tobytes())


def bomb(w, h):
    "A PNG that claims this size"
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 1, 0, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(bytes(9)))
        + chunk(b'IEND', b'')
    )


def zipped_text():
    from PIL.PngImagePlugin import PngInfo
    info = PngInfo()
    info.add_text('comment', 'a' * 70_000_000, zip=True)
    return encoded('PNG', pnginfo=info)


GREY = np.tile(np.arange(0, 256, 5, dtype=np.uint8), (4, 1))             # its mean is 128 of 255
STRIPE = Image.fromarray(np.repeat(np.uint8([[[255, 0, 0]] * 4 + [[0, 0, 255]] * 4]), 6, 0))    # red, then blue
PALETTE = Image.fromarray(GREY).convert('P')
SAME = (3, 4, 52), 128                                                  # shape, and mean value
IMAGES = [
    Case(name, make, Works(value))
    for name, make, value in [
        ('PNG', array('x.png', GREY), SAME),
        ('16-bit PNG', array('x.png', GREY.astype(np.uint16) * 257), SAME),
        ('16-bit TIFF', array('x.tif', GREY.astype(np.uint16) * 257), SAME),
        ('16-bit TIFF, big endian', array('x.tif', big_endian(GREY.astype(np.uint16) * 257)), SAME),
        ('16-bit PGM', holding('x.pgm', b'P5 52 4 65535\n' + (GREY.astype('>u2') * 257).tobytes()), SAME),
        ('32-bit TIFF up to 255', array('x.tif', GREY.astype(np.int32)), SAME),
        ('float TIFF up to 1', array('x.tif', (GREY / 255).astype(np.float32)), SAME),
        ('black float TIFF', array('x.tif', np.zeros((4, 5), np.float32)), ((3, 4, 5), 0)),
        ('1 bit', array('x.png', Image.fromarray(GREY > 127)), ((3, 4, 52), 128)),
        ('palette', array('x.png', PALETTE), SAME),
        ('palette with transparency', array('x.png', PALETTE, transparency=bytes(range(256))), SAME),
        ('palette with one transparent colour', array('x.gif', PALETTE, transparency=3), SAME),
        ('grey and alpha', array('x.png', Image.fromarray(GREY).convert('LA')), SAME),
        (
            'colour and alpha 0',
            array('x.png', Image.merge('RGBA', [Image.fromarray(GREY)] * 3 + [Image.new('L', (52, 4))])),
            SAME,
        ),
        ('CMYK', array('x.jpg', Image.fromarray(GREY).convert('RGB').convert('CMYK'), quality=100), SAME),
        ('JPEG 2000', array('x.jp2', GREY), SAME),
        ('WebP', array('x.webp', Image.fromarray(GREY).convert('RGB'), lossless=True), SAME),
        (
            'animation',
            array('x.gif', Image.fromarray(GREY), save_all=True, append_images=[Image.new('L', (52, 4))]),
            SAME,
        ),
        ('pages', array('x.tif', Image.fromarray(GREY), save_all=True, append_images=[Image.new('L', (9, 9))]), SAME),
        ('wrong ending', array('x.jpg', GREY, format='PNG'), SAME),
        ('EXIF: upside down', array('x.png', Image.fromarray(GREY).rotate(180), exif=turned(3)), SAME),
        ('EXIF: no such orientation', array('x.png', GREY, exif=turned(77)), SAME),
        ('its bytes', lambda folder: encoded('PNG', image=Image.fromarray(GREY)), SAME),
        ('a PIL image', lambda folder: Image.fromarray(GREY), SAME),
        ('a name with newlines', array('a\n\x1b[2J.png', GREY), SAME),
        ('a name that is no UTF-8', array(os.fsdecode(b'caf\xe9.png'), GREY), SAME),
    ]
] + [
    Case(name, make, Fails(mentions=(READ, *said) if isinstance(said, tuple) else (READ, said)))
    for name, make, said in [
        ('zero bytes', holding('x.png', b''), 'it is empty'),
        ('text', holding('x.png', 'no image'), 'cannot identify'),
        ('web page', holding('x.jpg', '\n<!doctype HTML><html>Log in'), 'it is a web page'),
        (
            'SVG',
            holding('x.png', '<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
            'SVG',
        ),
        (
            'pointer of Git LFS',
            holding('x.png', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
            'git lfs pull',
        ),
        ('HEIC', holding('x.heic', b'\0\0\0\x18ftypheic\0\0\0\0'), 'HEIC'),
        (
            'PostScript for Ghostscript',
            holding('x.jpg', '%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run showpage\n'),
            'cannot identify',
        ),
        ('PDF', holding('x.png', '%PDF-1.4'), 'cannot identify'),
        ('PSD', holding('x.png', b'8BPS\0\1' + bytes(60)), 'cannot identify'),
        ('ICNS', holding('x.png', b'icns' + bytes(60)), 'cannot identify'),
        ('XPM', holding('x.png', '/* XPM */ static char * x[] = {"1 1 1 1", "a c #000000", "a"};'), 'cannot identify'),
        ('head only', holding('x.png', encoded('PNG')[:40]), ()),
        ('half of a PNG', holding('x.png', encoded('PNG')[:-60]), 'truncated'),
        (
            'half of a JPEG',
            holding('x.jpg', encoded('JPEG', image=Image.fromarray(pixels(size=(64, 64))))[:1500]),
            'truncated',
        ),
        ('bomb of 400 megapixels', holding('x.png', bomb(20_000, 20_000)), 'decompression bomb'),
        ('bomb in one row', holding('x.png', bomb(2**31 - 1, 1)), ()),
        ('PPM of 10^9 by 10^9', holding('x.ppm', b'P6 1000000000 1000000000 255\n' + bytes(9)), ()),
        (
            'BMP of negative size',
            holding('x.bmp', encoded('BMP')[:18] + b'\xff\xff\xff\xff\xff\xff\xff\x7f' + encoded('BMP')[26:]),
            (),
        ),
        ('32-bit TIFF up to 70000', array('x.tif', np.int32([[0, 70_000]])), ('70000', '8 or 16 bits')),
        ('32-bit TIFF below 0', array('x.tif', np.int32([[-1, 5]])), '-1'),
        ('float TIFF up to 255', array('x.tif', GREY.astype(np.float32)), ('floats from 0 to 255', 'expected 0 to 1')),
        ('float TIFF with NaN', array('x.tif', np.float32([[0, np.nan]])), 'nan'),
        ('float TIFF with inf', array('x.tif', np.float32([[0, np.inf]])), 'inf'),
        ('compressed text of 70 MB', lambda folder: zipped_text(), 'too large'),
        ('bytes of no image', lambda folder: b'GIF89a', 'the image'),
    ]
] + [
    Case(name, make, Fails(mentions=text))
    for name, make, text in [
        ('folder', made('x.png', lambda p: p.mkdir()), 'expected a file, got a folder.'),
        ('pipe', made('x.png', os.mkfifo), 'got a named pipe'),
        ('socket', made('x.png', a_socket), 'socket'),
        ('device', lambda folder: '/dev/zero', 'device'),
        ('link to a device', made('x.png', lambda p: p.symlink_to('/dev/zero')), 'device'),
        ('link to itself', made('x.png', lambda p: p.symlink_to(p)), 'symbolic links'),
        ('link to nothing', made('x.png', lambda p: p.symlink_to('nowhere')), 'there is no such file'),
        ('missing', lambda folder: folder / 'x.png', 'there is no such file'),
        ('NUL in the name', lambda folder: f'{folder}/a\0b.png', 'null'),
        ('long name', lambda folder: folder / ('n' * 300), 'too long'),
        ('URL', lambda folder: 'http://example.com/x.png', 'http://example.com/x.png: there is no such file'),
        ('escape codes in the name', lambda folder: folder / '\x1b[2J\ud800.png', r'\x1b[2J'),
    ]
]


@table(IMAGES)
def test_image(case, tmp_path):
    source = case.make(tmp_path)
    def call():
        x = read_image(source)
        return tuple(x.shape), round(x.double().mean().item())
    case.check(call)


def test_dark_16_bit_images_are_reported():
    with pytest.warns(UserWarning, match='no value above 255'):
        read_image(Image.fromarray(GREY.astype(np.uint16)))


def test_orientation():
    for orientation, angle in ((1, 0), (3, 180), (6, 90), (8, 270)):
        image = STRIPE.rotate(angle, expand=True)
        assert torch.equal(read_image(encoded('PNG', image=image, exif=turned(orientation))), read_image(STRIPE)), (
            orientation
        )


FORMS = dict(PNG={}, JPEG={}, GIF={}, BMP={}, TIFF=dict(compression='tiff_lzw'), WEBP={})


@settings(derandomize=True, max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(list(FORMS)), st.sampled_from(list(FORMS)), st.integers(0, 2 ** 32),
       st.sampled_from(['flip', 'cut', 'splice', 'zero']))
def test_fuzzed_images(form, other, seed, how):
    "Bytes that are flipped, cut off, or spliced with another file: an image or a ConfigError"
    content, draw = bytearray(encoded(form, **FORMS[form])), random.Random(seed)
    if how == 'cut':
        del content[draw.randrange(len(content)):]
    elif how == 'splice':
        content[draw.randrange(len(content)):] = encoded(other, **FORMS[other])[draw.randrange(20):]
    else:
        for _ in range(draw.randint(1, 8)):
            content[draw.randrange(len(content))] = draw.randrange(256) if how == 'flip' else 0
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        try:
            x = read_image(bytes(content), draw.choice([1, 3]))
        except ConfigError:
            return
    assert x.ndim == 3 and x.dtype == torch.uint8


# folders

def files(*names, links=(), text=()):
    "A folder with a small image of its own for each name, links, and other files"
    def make(folder):
        for i, name in enumerate(names):
            photo(folder/'data'/name, i, format='PNG')
        for name, to in links:
            (folder/'data'/name).parent.mkdir(parents=True, exist_ok=True)
            (folder/'data'/name).symlink_to(to)
        for name in text:
            (folder/'data'/name).parent.mkdir(parents=True, exist_ok=True)
            (folder/'data'/name).write_text('x')
        return folder/'data'
    return make


def in_both(*names):
    return [f'{c}/{n}' for c in ('cat', 'dog') for n in names]


def mixed_kinds(folder):
    "An image of every ending that is read"
    folder = files(*in_both('0.png', '1.png'))(folder)
    for i, ending in enumerate(image_endings()):
        form = Image.registered_extensions()[ending]
        photo(
            folder / 'cat' / f'k{i}{ending.upper() if i % 2 else ending}',
            i + 50,
            format='JPEG' if form == 'MPO' else form,
        )
    return folder


def deep(folder):
    root = files('dog/0.png', 'dog/1.png', 'cat/0.png')(folder)
    here = root/'cat'
    for _ in range(600):
        here = here/'n'
        here.mkdir()
    photo(here/'1.png', 9)
    return root


def woven(folder):
    "Forty floors with two links each to the next: 2^40 ways"
    root = files('dog/0.png', 'cat/0.png')(folder)
    for i in range(40):
        (root/'cat'/f'f{i}').mkdir()
        for side in 'ab':
            (root/'cat'/f'f{i}'/side).symlink_to(root/'cat'/f'f{i + 1}')
    return root


def piped(folder):
    root = files(*in_both('0.png', '1.png'))(folder)
    os.mkfifo(root/'cat/2.png')
    return root


TWO = ['cat', 'dog']
FOUR = in_both('0.png', '1.png')
FOLDERS = [
    *[
        Case(name, make, Works(value, warns))
        for name, make, value, warns in [
            ('two classes', files(*FOUR), (4, TWO), ''),
            ('every ending that is read', mixed_kinds, (4 + len(image_endings()), TWO), ''),
            (
                'kinds that are not read',
                files(*FOUR, text=['cat/a.heic', 'cat/b.HEIC', 'dog/c.xyz', 'dog/noend']),
                (4, TWO),
                '.heic (2), .xyz (1), without an ending (1)',
            ),
            (
                'what systems leave',
                files(
                    *FOUR,
                    text=[
                        '.DS_Store',
                        'cat/Thumbs.db',
                        'cat/._0.png',
                        'dog/desktop.ini',
                        '__MACOSX/._0.png',
                        '@eaDir/x.png',
                    ],
                ),
                (4, TWO),
                '',
            ),
            ('link to itself beside the classes', files(*FOUR, links=[('loop', 'loop')]), (4, TWO), ''),
            (
                'link to itself in a class',
                files(*FOUR, links=[('cat/loop.png', 'loop.png')]),
                (4, TWO),
                'links to nothing (1)',
            ),
            ('link to nothing', files(*FOUR, links=[('cat/x.png', 'nowhere')]), (4, TWO), 'links to nothing (1)'),
            ('pipe named like an image', piped, (4, TWO), 'pipes or devices (1)'),
            (
                'image in two classes',
                files(*FOUR, links=[('dog/9.png', '../cat/0.png')]),
                (5, TWO),
                'same bytes and different targets: 1',
            ),
            (
                'copy in a class',
                files(*FOUR, links=[('cat/9.png', '0.png')]),
                (5, TWO),
                'images with a copy, which may end up in the validation set: 1',
            ),
            (
                'one image of a class',
                files(*FOUR, 'owl/0.png'),
                (5, [*TWO, 'owl']),
                'classes with a single image, which is used for training: owl',
            ),
            ('nested folders', files('cat/a/0.png', 'cat/a/b/1.png', 'dog/0.png', 'dog/1.png'), (4, TWO), ''),
            ('600 nested folders', deep, (4, TWO), ''),
            (
                'names that are no UTF-8',
                files(*(os.fsdecode(b'caf\xe9/%d.png' % i) for i in range(2)), 'cat/\udcff0.png', 'cat/1.png'),
                (4, [os.fsdecode(b'caf\xe9'), 'cat']),
                '',
            ),
            (
                'names with newlines and escapes',
                files('a\n/0.png', 'a\n/1\x1b[2J.png', 'b\x07/0.png', 'b\x07/1.png'),
                (4, ['a\n', 'b\x07']),
                '',
            ),
            (
                'names with $ and <b>',
                files('$5_or_$10/0.png', '<b>/0.png', '$5_or_$10/1.png', '<b>/1.png'),
                (4, ['$5_or_$10', '<b>']),
                '',
            ),
            ('train without val', files(*(f'train/{n}' for n in FOUR)), (4, TWO), ''),
            (
                'val lacks a class',
                files(*(f'train/{n}' for n in FOUR), 'val/cat/5.png'),
                (5, TWO),
                'classes without validation images: dog',
            ),
            (
                'image in train and val',
                files(
                    *(f'train/{n}' for n in FOUR), 'val/dog/5.png', links=[('val/cat/0.png', '../../train/cat/0.png')]
                ),
                (6, TWO),
                'also in the validation set: 1',
            ),
        ]
    ],
    *[
        Case(name, make, Fails('data', said))
        for name, make, said in [
            ('missing', lambda folder: folder / 'data', 'no such folder'),
            ('empty', made('data', lambda p: p.mkdir()), 'The folder is empty'),
            ('a file', holding('data', 'x'), 'got a file'),
            ('a pipe', made('data', os.mkfifo), 'got a file'),
            ('link to itself', made('data', lambda p: p.symlink_to(p)), 'symbolic links'),
            ('one class', files('cat/0.png', 'cat/1.png'), 'expected at least two class folders'),
            (
                'empty class',
                lambda folder: (files(*FOUR)(folder) / 'owl').mkdir() or folder / 'data',
                'expected images in owl',
            ),
            ('class of HEIC alone', files(*FOUR, text=['owl/0.heic']), '.heic (1)'),
            ('images beside the classes', files(*FOUR, '5.png'), '5.png'),
            ('link back to the whole', files(*FOUR, links=[('cat/all', '..')]), 'read already'),
            ('link to another class', files(*FOUR, links=[('kitten', 'cat')]), 'read already'),
            ('2^40 ways', woven, 'read already'),
            ('val has another class', files(*(f'train/{n}' for n in FOUR), 'val/cow/5.png'), "no class 'cow'"),
            (
                'train beside a part of another name',
                files(*(f'{part}/{n}' for n in FOUR for part in ('train', 'heldout'))),
                'expected a folder val or test',
            ),
            ('escape codes in the name', lambda folder: folder / '\x1b[2J', r'\x1b[2J'),
            ('NUL in the name', lambda folder: f'{folder}/a\0b', 'null'),
            ('long name', lambda folder: folder / ('n' * 300), 'too long'),
            ('no such user', lambda folder: '~nobody-here/x', 'no such user'),
        ]
    ],
]


@table(FOLDERS)
def test_folder(case, tmp_path):
    source = case.make(tmp_path)
    def call():
        data = load_data(f'folder:{source}@8')
        assert [*data.notes] == [] or isinstance(case.then, Fails) or case.then.warns, data.notes
        for part in (data.train, data.val):
            for x, y in part:
                assert x.shape == (3, 8, 8) and 0 <= y < len(data.classes)
        return len(data.train) + len(data.val), data.classes
    case.check(call)


def test_unreadable_folder(tmp_path, monkeypatch):
    root, listed = files(*FOUR)(tmp_path), os.scandir
    def scandir(path):
        if str(path).endswith('cat'):
            raise PermissionError(13, 'Permission denied')
        return listed(path)
    monkeypatch.setattr(os, 'scandir', scandir)
    with pytest.raises(ConfigError, match='cat: cannot be read: Permission denied'):
        load_data(f'folder:{root}')


def test_names_are_drawn_as_they_are():
    fig = show_images([torch.zeros(1, 4, 4)] * 5, ['$5_or_$10', '$x', '\ud800', 'a\x1b[2J\x07', 'e' * 100_000])
    assert fig._repr_png_().startswith(b'\x89PNG')


# tables

def csv_of(text, **options):
    return lambda folder: (holding('data/t.csv', text)(files(*(f'{i}.png' for i in range(12)))(folder).parent), options)
def rows(*cells, head='path,label'):
    return '\n'.join([head, *cells]) + '\n'


SIMPLE = rows('0.png,a', '1.png,b', '2.png,a', '3.png,b')
DONE = (4, ['a', 'b'])
NUMBERED = rows(*(f'{i}.png,{i}' for i in range(12)))
TABLES = [
    *[
        Case(name, csv_of(text), Works(value, warns))
        for name, text, value, warns in [
            ('plain', SIMPLE, DONE, ''),
            ('BOM and CRLF', b'\xef\xbb\xbf' + SIMPLE.replace('\n', '\r\n').encode(), DONE, ''),
            ('old Mac line ends', SIMPLE.replace('\n', '\r'), DONE, ''),
            ('spaces', SIMPLE.replace(',', ' , '), DONE, ''),
            (
                'quoted newline in a label',
                rows('0.png,"a\nb"', '1.png,c', '2.png,"a\nb"', '3.png,c'),
                (4, ['a\nb', 'c']),
                '',
            ),
            ('labels 0 to 11', NUMBERED, (12, [str(i) for i in range(12)]), 'classes with a single image'),
            (
                'numbers and words',
                rows('0.png,10', '1.png,9', '2.png,x', '3.png,10', '4.png,9', '5.png,x'),
                (6, ['10', '9', 'x']),
                '',
            ),
            ('backslashes', rows('.\\0.png,a', '1.png,b', '.\\2.png,a', '3.png,b'), DONE, ''),
            ('repeated rows', SIMPLE + '0.png,a\n./1.png,b\n', DONE, 'repeated rows are left out: 2 of 6'),
            ('paths that lead out', rows('../data/0.png,a', '1.png,b', '2.png,a', '3.png,b'), DONE, ''),
            (
                'one file in train and val',
                rows('0.png,a,train', '1.png,b,train', '0.png,a,val', '2.png,b,val', head='path,label,split'),
                DONE,
                'also in the validation set: 1',
            ),
            (
                'a class in val only',
                rows('0.png,a,train', '1.png,c,train', '3.png,a,val', '2.png,b,val', head='path,label,split'),
                (4, ['a', 'b', 'c']),
                'without training images: b',
            ),
            ('several labels', rows('0.png,a;b', '1.png,b', '2.png,'), (3, ['a', 'b']), ''),
            ('0 and 1 for several', rows('0.png,1,1', '1.png,0,1', head='path,a,b'), (2, ['a', 'b']), ''),
            ('soft', rows('0.png,.3,.7', '1.png,0,1', head='path,a,b'), (2, ['a', 'b']), ''),
            (
                'a long label',
                rows('0.png,' + 'a' * 9000, '1.png,b', '2.png,b', '3.png,' + 'a' * 9000),
                (4, ['a' * 9000, 'b']),
                '',
            ),
            (
                'escape codes in a label',
                rows('0.png,\x1b[2J', '1.png,b', '2.png,\x1b[2J', '3.png,b'),
                (4, ['\x1b[2J', 'b']),
                '',
            ),
        ]
    ],
    *[
        Case(name, text if callable(text) else csv_of(text, **options), Fails(mentions=said))
        for name, text, said, options in [
            ('empty', '', 'got nothing', {}),
            ('one line', 'path,label\n', 'there are no rows', {}),
            ('UTF-16', SIMPLE.encode('utf-16'), 'UTF-8', {}),
            ('Latin-1', rows('0.png,K\xe4fer').encode('latin-1'), 'utf-8', {}),
            ('semicolons', SIMPLE.replace(',', ';'), 'separated by commas', {}),
            ('tabs', SIMPLE.replace(',', '\t'), 'separated by commas', {}),
            ('trailing commas', SIMPLE.replace('\n', ',\n'), 'column 3 has no name', {}),
            ('trailing comma in a row', rows('0.png,a', '1.png,b,'), ('line 3', 'got 3'), {}),
            ('a cell is missing', rows('0.png,a', '1.png'), ('line 3', 'got 1'), {}),
            ('open quote', rows('0.png,"a', '1.png,b'), 'unexpected end', {}),
            ('NUL bytes', SIMPLE + '\0' * 100, 'line 6', {}),
            ('NUL in a path', rows('0\0.png,a'), 'line 2', {}),
            ('field over the limit', rows('0.png,' + 'a' * 200_000), 'field limit', {}),
            ('100,000 columns', ','.join(['path', *(f'c{i}' for i in range(100_000))]) + '\n0.png,1\n', 'line 2', {}),
            (
                '100,000 columns, all there',
                ','.join(['path', *(f'c{i}' for i in range(100_000))]) + '\n0.png' + ',2' * 100_000 + '\n',
                'from 0 to 1',
                {},
            ),
            ('no path column', SIMPLE.replace('path', 'file'), "'path'", {}),
            ('a column twice', rows('0.png,a,b', head='path,label,label'), 'twice', {}),
            ('an empty label', rows('0.png,a', '1.png,'), ('line 3', 'one label'), {}),
            ('nan', rows('0.png,a', '1.png,nan'), ('line 3', 'missing'), {}),
            ('NaN in many', rows('0.png,a;b', '1.png,NaN'), ('line 3', 'missing'), {}),
            ('<NA>', rows('0.png,a', '1.png,<NA>'), ('line 3', 'missing'), {}),
            ('1 and 01', rows('0.png,1', '1.png,01'), 'same number', {}),
            ('one class', rows('0.png,a', '1.png,a'), 'expected at least two classes', {}),
            ('one file with two labels', rows('0.png,a', '1.png,b', './0.png,b'), ('lines 2 and 4', 'a;b'), {}),
            (
                'one file with two labels by a link',
                lambda folder: (
                    csv_of(rows('0.png,a', 'l.png,b'))(folder)[0],
                    (folder / 'data/l.png').symlink_to('0.png') or {},
                ),
                'lines 2 and 3',
                {},
            ),
            ('classes twice', SIMPLE, "'a' is listed 2 times", dict(classes=['a', 'a', 'b'])),
            ('classes as numbers', SIMPLE, 'expected strings', dict(classes=[0, 1])),
            ('classes as a number', SIMPLE, 'a list of names', dict(classes=2)),
            ('a class that is not named', SIMPLE, "'b' is not among", dict(classes=['a', 'c'])),
            (
                'soft targets that sum to .9',
                rows('0.png,.5,.5', '1.png,.5,.4', head='path,a,b'),
                ('line 3', 'multi_label=True'),
                {},
            ),
            ('negative', rows('0.png,1.5,-.5', head='path,a,b'), 'line 2', {}),
            ('nan as a number', rows('0.png,nan,1', head='path,a,b'), 'column a', {}),
            ('inf', rows('0.png,inf,1', head='path,a,b'), 'column a', {}),
            ('another split', rows('0.png,a,dev', head='path,label,split'), "'dev'", {}),
            ('a file that is missing', rows('9999.png,a'), '9999.png', {}),
            ('a URL', rows('http://example.com/0.png,a'), 'is not a file in', {}),
            ('a device', rows('/dev/zero,a'), 'is not a file in', {}),
            ('a folder as image', rows('.,a'), 'is not a file in', {}),
            ('/etc/passwd', rows('/etc/passwd,a', '1.png,b', '2.png,b'), READ, {}),
            ('a pipe', lambda folder: (made('t.csv', os.mkfifo)(folder), {}), 'pipe', {}),
            ('a device as table', lambda folder: ('/dev/zero', {}), 'device', {}),
            ('a folder', lambda folder: (folder, {}), 'folder', {}),
            ('no such user', lambda folder: ('~nobody-here/t.csv', {}), 'no such user', {}),
            ('broken option', SIMPLE, "'mend'", dict(broken='mend')),
            ('unknown option', SIMPLE, 'data.sise', dict(sise=3)),
            ('multi_label as text', SIMPLE, 'True or False', dict(multi_label='yes')),
            ('val_fraction of 0', SIMPLE, 'data.val_fraction', dict(val_fraction=0)),
            ('val_fraction nan', SIMPLE, 'data.val_fraction', dict(val_fraction=float('nan'))),
            ('seed as text', SIMPLE, 'data.seed', dict(seed='1')),
            ('huge seed', SIMPLE, 'data.seed', dict(seed=2**80)),
        ]
    ],
]


@table(TABLES)
@pytest.mark.filterwarnings('ignore:.*t.csv. notes on the data')
def test_table(case, tmp_path):
    source, options = case.make(tmp_path)
    def call():
        data = load_data(dict(name=f'csv:{source}', size=8, **options))
        assert [*data.notes] == [] or isinstance(case.then, Fails) or case.then.warns, data.notes
        for part in (data.train, data.val):
            assert all(x.shape == (3, 8, 8) for x, _ in part)
        return len(data.train) + len(data.val), data.classes
    case.check(call)


def test_files_outside_the_folder_are_reported(tmp_path):
    (tmp_path/'t').mkdir()
    (tmp_path/'t/t.csv').write_text(rows('../0.png,a', f'{photo(tmp_path/"1.png", 1)},b'))
    photo(tmp_path/'0.png')
    assert '2 of 2 files are outside' in read_csv(tmp_path/'t/t.csv').notes[0]


CELLS = st.sampled_from(
    [
        '0.png',
        '1.png',
        'path',
        'label',
        'split',
        'a',
        'b',
        'nan',
        '"',
        '""',
        '\n',
        '\r',
        ',',
        ';',
        '|',
        '\t',
        '\0',
        '\ufeff',
        '.5',
        '1',
        '-1',
        'train',
        'é',
        ' ',
        '\\',
    ]
)


@settings(derandomize=True, max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(CELLS, max_size=40), st.booleans())
def test_fuzzed_tables(tmp_path, cells, headed):
    "Any text: a table or a ConfigError"
    for i in range(2):
        if not (tmp_path/f'{i}.png').exists():
            photo(tmp_path/f'{i}.png', i)
    (tmp_path/'t.csv').write_text(('path,label\n' if headed else '') + ''.join(cells), newline='')
    try:
        found = read_csv(tmp_path/'t.csv')
    except ConfigError:
        return
    assert len(found.paths) == len(found.targets) and found.classes and len({*found.classes}) == len(found.classes)


# names and options

NAMES = [Case(name, options, Fails(path, said)) for name, options, path, said in [
    ('size of 11 digits', dict(name='folder:x@99999999999'), 'data.size', '1 to 4096'),
    ('size of 5,000 digits', dict(name='folder:x@' + '9' * 5000), 'data', ''),
    ('size in superscript', dict(name='folder:x@²'), 'data', 'no such folder'),
    ('name is a number', dict(name=3), 'data', ''),
    ('name is a list', dict(name=['digits']), 'data', ''),
    ('name of 500 kB', dict(name='e' * 500_000), 'data', ''),
    ('name with escape codes', dict(name='\x1b[2J'), 'data', r'\x1b'),
    ('no name', {}, 'data.name', ''),
    ('download as text', dict(name='mnist', download='False'), 'data.download', ''),
    ('root is a number', dict(name='mnist', root=3), 'data.root', ''),
    ('root of nobody', dict(name='mnist', root='~nobody-here'), 'data.root', 'no such user'),
    ('root with NUL', dict(name='mnist', root='a\0b'), 'data.root', 'null'),
    ('hub without download', dict(name='hf:user/name'), 'data', 'download=True'),
    ('hub with escape codes', dict(name='hf:\x1b[2J'), 'data', r'\x1b'),
    ('hub with NUL', dict(name='hf:a\0b'), 'data', 'null'),
]]


@table(NAMES)
def test_name(case):
    case.check(lambda: load_data(case.given))


HUGE, NAN = 10 ** 400, float('nan')
PRESETS = [
    Case(name, options, Fails(path))
    for name, options, path in [
        ('size 10^9', dict(size=10**9), 'data.size'),
        ('size 0', dict(size=0), 'data.size'),
        ('size as text', dict(size='224'), 'data.size'),
        ('size nan', dict(size=NAN), 'data.size'),
        ('size True', dict(size=True), 'data.size'),
        ('size of 5,000 digits', dict(size=10**5000), 'data.size'),
        ('channels 4', dict(channels=4), 'data.channels'),
        ('channels 3.0', dict(channels=3.0), 'data.channels'),
        ('channels a list', dict(channels=[3]), 'data.channels'),
        ('channels 10^9', dict(channels=10**9, mean=[0], std=[1]), 'data.channels'),
        ('crop ratio negative', dict(crop_ratio=-0.5), 'data.crop_ratio'),
        ('crop ratio nan', dict(crop_ratio=NAN), 'data.crop_ratio'),
        ('crop ratio tiny', dict(crop_ratio=1e-3), 'data.crop_ratio'),
        ('crop ratio 10^400', dict(crop_ratio=HUGE), 'data.crop_ratio'),
        ('interpolation', dict(interpolation='lanczos'), 'data.interpolation'),
        ('interpolation a list', dict(interpolation=[]), 'data.interpolation'),
        ('std 0', dict(mean=[0.5] * 3, std=[0] * 3), 'data.std'),
        ('std nan', dict(mean=[0.5] * 3, std=[NAN] * 3), 'data.std'),
        ('mean of two', dict(mean=[0.5] * 2, std=[0.5] * 3), 'data.mean'),
        ('mean a number', dict(mean=0.5, std=0.5), 'data.mean'),
        ('mean without std', dict(mean=[0.5] * 3), 'data.std'),
        ('squash as text', dict(squash='yes'), 'data.squash'),
        ('unknown option', dict(__class__='x'), 'data.__class__'),
        ('a list', [224], 'data'),
        ('text', '224', 'data'),
        ('keys that are numbers', {1: 2}, 'data.1'),
    ]
]
AUGMENTS = [
    Case(name, options, Fails(path))
    for name, options, path in [
        ('a number', 3, 'augment'),
        ('a list', [], 'augment'),
        ('None', None, 'augment'),
        ('unknown', 'flop', 'augment'),
        ('500 kB', 'e' * 500_000, 'augment'),
        ('unknown option', dict(flop=1), 'augment.flop'),
        ('flip nan', dict(flip=NAN), 'augment.flip'),
        ('flip 10^400', dict(flip=HUGE), 'augment.flip'),
        ('shift -1', dict(shift=-1), 'augment.shift'),
        ('erase inf', dict(erase=float('inf')), 'augment.erase'),
        ('erase of 5,000 digits', dict(erase=10**5000), 'augment.erase'),
        ('10^9 operations', dict(policy='randaugment', num_ops=10**9), 'augment.num_ops'),
        ('policy a list', dict(policy=['trivial']), 'augment.policy'),
        ('magnitude 10^9', dict(policy='randaugment', magnitude=10**9), 'augment.magnitude'),
        ('scale 0', dict(scale=(0, 1)), 'augment.scale'),
        ('scale nan', dict(scale=(NAN, 1)), 'augment.scale'),
        ('ratio 10^9', dict(ratio=(1, 10**9)), 'augment.ratio'),
        ('ratio of one', dict(ratio=[1]), 'augment.ratio'),
        ('escape codes', dict(**{'\x1b[2J': 1}), None),
    ]
]


@table(PRESETS)
def test_preset(case):
    case.check(lambda: Preset.from_dict(case.given))


@table(AUGMENTS)
def test_augment(case):
    case.check(lambda: check_augment(case.given))


def test_a_thread_of_pixels():
    "An image of 1 by 60,000 pixels would have 2.5 billion, were its shorter side brought to 256"
    assert Preset(224).eval_transform()(torch.zeros(3, 1, 60_000, dtype=torch.uint8)).shape == (3, 224, 224)
    assert Preset(224).train_transform('crop and flip')(torch.zeros(3, 60_000, 1, dtype=torch.uint8)).shape == (
        3,
        224,
        224,
    )


# Hugging Face's

def test_old_versions_are_not_asked(tmp_path, canary, monkeypatch):
    "datasets 2.18 runs the script of a folder"
    def load(path, **options):
        exec(compile((tmp_path/'evil'/'evil.py').read_text(), 'evil.py', 'exec'))
        return {}
    old = types.ModuleType('datasets')
    old.__version__, old.load_dataset, old.load_dataset_builder, old.load_from_disk = '2.18.0', load, load, load
    monkeypatch.setitem(sys.modules, 'datasets', old)
    (tmp_path/'evil').mkdir()
    (tmp_path/'evil/evil.py').write_text(canary)
    with pytest.raises(ConfigError, match=r'clsparts\[hf\]'):
        load_data(f'hf:{tmp_path}/evil')
    with pytest.raises(ConfigError, match=r'clsparts\[hf\]'):
        load_data(dict(name='hf:user/evil', download=True))


def test_scripts_are_not_trusted(monkeypatch):
    "Versions 3 can run them, if they are told to; and only readers of plain tables and images are used"
    asked = {}
    class Pickles:
        pass
    Pickles.__module__ = 'datasets.packaged_modules.pandas.pandas'
    def load(path, cache_dir=None, trust_remote_code=None):
        asked.update(path=path, trust_remote_code=trust_remote_code)
        return Pickles()
    fake = types.ModuleType('datasets')
    fake.__version__, fake.load_dataset_builder = '3.6.0', load
    monkeypatch.setitem(sys.modules, 'datasets', fake)
    with pytest.raises(ConfigError, match='not of pandas'):
        load_data(dict(name='hf:user/evil', download=True))
    assert asked == dict(path='user/evil', trust_remote_code=False)


def test_a_folder_datasets_is_not_imported(tmp_path, canary, monkeypatch):
    (tmp_path/'datasets').mkdir()
    (tmp_path/'datasets/__init__.py').write_text(canary)
    for name in [n for n in sys.modules if n == 'datasets' or n.startswith('datasets.')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match='pip install'):
        load_data(f'hf:{tmp_path}')


@pytest.fixture(scope='module')
def hub():
    datasets = pytest.importorskip('datasets')
    datasets.disable_progress_bars()
    return datasets


@pytest.fixture
def no_requests(monkeypatch):
    "A name that is looked up, or a host that is asked, is an error at once"
    def refused(*args, **options):
        raise AssertionError(f'asked for {args}')
    monkeypatch.setattr(socket, 'getaddrinfo', refused)
    monkeypatch.setattr(socket.socket, 'connect', refused)


EVIL = {
    'script': ('evil.py', None),
    'pickle': ('train.pkl', b'cos\nsystem\n(S"touch PWNED"\ntR.'),
    'tar': ('train.tar', b'x' * 512),
    'README with a URL': (
        'README.md',
        b'---\nconfigs:\n- config_name: default\n  data_files: http://example.com/x.parquet\n---\n',
    ),
    'broken parquet': ('train.parquet', b'PAR1xPAR1'),
    'broken state': ('state.json', b'{'),
    'another state': ('state.json', b'[]'),
    'broken dict': ('dataset_dict.json', b'{"splits": 3}'),
    'splits that lead out': ('dataset_dict.json', b'{"splits": ["../.."]}'),
    'nothing': None,
}


@pytest.mark.parametrize('case', EVIL)
def test_hub_folder(case, hub, tmp_path, canary, no_requests):
    (tmp_path/'evil').mkdir()
    if EVIL[case]:
        (tmp_path/'evil'/EVIL[case][0]).write_bytes(EVIL[case][1] or canary.encode())
    with pytest.raises(ConfigError) as e:
        load_data(dict(name=f'hf:{tmp_path}/evil', root=str(tmp_path/'cache')))
    assert str(tmp_path/'evil') in str(e.value)


def parquet(hub, tmp_path, images, labels, feature=lambda kind: kind):
    "A Parquet file as the hub has them, written without a look at images and labels"
    from pyarrow.parquet import write_table

    rows = hub.Dataset.from_dict(
        dict(image=images, label=labels), features=hub.Features(image=hub.Image(), label=feature(hub.Value('int64')))
    )
    told = hub.Features(image=hub.Image(), label=feature(hub.ClassLabel(names=['a', 'b'])))
    (tmp_path/'set').mkdir()
    write_table(
        rows.data.table.replace_schema_metadata(told.arrow_schema.metadata),
        tmp_path / 'set/train-00000-of-00001.parquet',
    )
    return dict(name=f'hf:{tmp_path}/set@8', root=str(tmp_path/'cache'))


def test_images_of_rows(hub, tmp_path, no_requests):
    "Bytes are read; a URL or another scheme in the place of a path is not followed"
    good = [dict(bytes=encoded('PNG', i), path=None) for i in range(4)]
    bad = [
        dict(bytes=None, path=p)
        for p in (
            'http://example.com/x.png',
            'hf://datasets/a/b/x.png',
            'zip://x.png::http://example.com/x.zip',
            '/dev/zero',
        )
    ] + [None]
    data = load_data(parquet(hub, tmp_path, good + bad, [0, 1] * 4 + [0]))
    whole = data.train.dataset
    assert torch.equal(
        (whole[1][0] * 255).round().byte(),
        Preset(8, crop_ratio=1.0, interpolation='bilinear')
        .eval_transform()(read_image(encoded('PNG', 1)))
        .mul(255)
        .round()
        .byte(),
    )
    for i in range(4, 9):
        with pytest.raises(ConfigError, match=f'{READ}|has no image|no such file|expected a file'):
            whole[i]


@pytest.mark.parametrize('labels', [[10 ** 12, 0], [None, 0], [2 ** 62, 1], [1.5, 1.]], ids=str)
def test_labels_of_rows(labels, hub):
    from clsparts.data.datasets import from_hugging_face
    rows = hub.Dataset.from_dict(dict(image=[Image.fromarray(pixels(i)) for i in range(2)], label=labels))
    with pytest.raises(ConfigError, match='label'):
        from_hugging_face(rows, label='label')


def test_labels_out_of_range(hub, tmp_path):
    images = [dict(bytes=encoded('PNG', i), path=None) for i in range(2)]
    with pytest.raises(ConfigError, match='row 1 has 7'):
        load_data(parquet(hub, tmp_path, images, [[0], [7]], hub.List))


def test_empty_files_are_reported(tmp_path):
    root = files(*FOUR, text=['cat/9.png'])(tmp_path)
    (root/'cat/9.png').write_bytes(b'')
    with pytest.warns(UserWarning, match='files of zero bytes: 1'):
        load_data(f'folder:{root}')


def test_notes_are_kept(tmp_path):
    with pytest.warns(UserWarning) as said:
        data = load_data(f'folder:{files(*FOUR, text=["cat/x.heic"])(tmp_path)}@8')
    assert isinstance(data, Data) and len(said) == len(data.notes) == 1 and data.notes[0] in str(said[0].message)
