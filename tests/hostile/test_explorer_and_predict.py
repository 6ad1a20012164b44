"What `predict` and the explorer do with images, checkpoints and names from strangers; and that the two agree."
import contextlib
import io
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from functools import partial
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from table import CONTROL, Case, Fails, Works, table
from torch import nn

from clsparts.analysis.feature_maps import show_grad_cam
from clsparts.analysis.flow_diagram import Box, Connection, Diagram, diagram, part_box
from clsparts.analysis.layer_summary import compare
from clsparts.checkpoints.checkpoint import save_checkpoint
from clsparts.cli.explore_command import explore_in_lab, explorer_notebook
from clsparts.cli.run_commands import evaluate_run, export_run, predict_images
from clsparts.core.errors import ConfigError, Fix
from clsparts.core.registry import MODELS
from clsparts.core.tables import Table, escaped
from clsparts.data.transforms import Preset
from clsparts.evaluation.predictions import Predictions, open_classifier, predict
from clsparts.explorer.background_runs import Runs
from clsparts.explorer.cost_panel import costs_html
from clsparts.explorer.explorer import Explorer, flow_html
from clsparts.explorer.export_panel import export_texts
from clsparts.explorer.feature_panel import top_html
from clsparts.explorer.fix_buttons import issue_title
from clsparts.explorer.narrow_diagram import narrow_html
from clsparts.explorer.page import Worker, button, error_html
from clsparts.explorer.state import START, State, resolve_selection
from clsparts.explorer.train_panel import runs_html
from clsparts.training.runs import TrainingRun

BACKBONE = dict(type='ResNet_CIFAR', depth=18, in_channels=3, stem_channels=4, base_channels=4)
GAP = dict(type='GlobalAveragePooling')
PRESET = Preset(32, crop_ratio=.8, mean=(.4, .5, .6), std=(.2, .3, .25))
NAMES = ['cat', '$5_or_$10', 'caf\udce9']


def model(k=3, **backbone):
    return dict(
        type='ImageClassifier',
        backbone={**BACKBONE, **backbone},
        neck=GAP,
        head=dict(type='LinearClsHead', num_classes=k),
    )


@pytest.fixture(scope='module', autouse=True)
def no_pictures():
    "Runs of these tests write no figures"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingRun, 'draw', lambda run: None)
        yield


@pytest.fixture(scope='module')
def clf():
    torch.manual_seed(0)
    clf = MODELS.build({**model(), 'head': dict(type='LinearClsHead', num_classes=3, in_channels=32)}).eval()
    nn.init.normal_(clf.head.fc.weight)
    return clf


@pytest.fixture(scope='module')
def checkpoint(clf, tmp_path_factory):
    return save_checkpoint(
        tmp_path_factory.mktemp('checkpoint') / 'clf.safetensors',
        clf,
        classes=NAMES,
        preset=PRESET.to_dict(),
        image_shape=(3, 32, 32),
    )


# one reader of images for all

def noise(h, w, c=3):
    return np.random.default_rng(h * w).integers(0, 256, (h, w, c), dtype=np.uint8)


def saved(image, format, **options):
    image.save(file := io.BytesIO(), format, **options)
    return file.getvalue()


def turned():
    "An image that is shown turned to the right"
    image = Image.fromarray(noise(30, 60))
    exif = image.getexif()
    exif[0x0112] = 6
    return saved(image, 'JPEG', exif=exif)


def palette():
    image = Image.fromarray(noise(40, 40)).quantize(16)
    return saved(image, 'PNG', transparency=3)


IMAGES = {
    'EXIF orientation': turned,
    '16-bit grey PNG': lambda: saved(Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40), 'PNG'),
    'palette with transparency': palette,
    'CMYK JPEG': lambda: saved(Image.fromarray(noise(40, 40)).convert('CMYK'), 'JPEG'),
    'a wide photo': lambda: saved(Image.fromarray(noise(50, 90)), 'JPEG'),
    'grey and small': lambda: saved(Image.fromarray(noise(5, 7)[..., 0]), 'PNG'),
}


def upload(explorer, content):
    "Show an uploaded file in the panel; returns its scores"
    panel = explorer.panels['Feature maps']
    panel.upload.value = [
        dict(
            name='a',
            type='image/png',
            size=len(content),
            content=memoryview(content),
            last_modified=datetime(2020, 1, 1),
        )
    ]
    assert panel._worker.wait(20)
    return panel.probabilities


@pytest.fixture(scope='module')
def starts(checkpoint, clf, tmp_path_factory):
    "Explorers with classifiers of several sources, and what `predict` opens: checkpoint, run folder, explorer's run"
    folder = tmp_path_factory.mktemp('runs')
    plain = save_checkpoint(folder/'plain.safetensors', clf, image_shape=(3, 32, 32))
    trained = Explorer({**model(10, in_channels=1), 'image_shape': (1, 8, 8)})
    trained._runs._work_dir = folder
    run = trained._runs.start(dict(model=trained.resolved.model, train=dict(epochs=1, batch_size=512)), 'one')
    assert run.wait(20) and run.status == 'done', run.message
    found = {
        name: (Explorer(path), path)
        for name, path in dict(checkpoint=checkpoint, plain=plain, folder=run.folder).items()
    }
    found['trained'] = trained, run.folder
    for explorer, _ in found.values():
        panel = explorer.panels['Feature maps']
        panel._figure = lambda *_: ''                                    # figures are drawn elsewhere
        panel.show(explorer.resolved)
    return found


@pytest.mark.parametrize('image', IMAGES)
@pytest.mark.parametrize('start', ['checkpoint', 'plain', 'folder', 'trained'])
def test_explorer_sees_what_predict_sees(starts, start, image):
    (explorer, path), content = starts[start], IMAGES[image]()
    expected = predict(path, content)
    torch.testing.assert_close(upload(explorer, content), expected.pred_score[0], atol=1e-6, rtol=0)
    if start == 'trained':
        assert 'Trained weights of the run' in explorer.panels['Feature maps'].status.value
    if start != 'plain':  # names of classes are known
        first = (
            ET.fromstring(explorer.panels['Feature maps'].top.value.replace('scope=row', 'scope="row"'))
            .find('tr/th')
            .text
        )
        assert first == {'caf\udce9': r'caf\udce9'}.get(name := expected[0]['class'], name)


# clicks, and the weights that train meanwhile

DROPPING = dict(
    type='ImageClassifier',
    head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=16),
    backbone=dict(
        type='VisionTransformer',
        arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16),
        img_size=8,
        patch_size=4,
        in_channels=1,
        drop_rate=0.2,
        drop_path_rate=0.3,
    ),
)


class Drawing(nn.Module):
    "Needs numbers, and draws some of its own when it is built and when it is run"
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 8)
        torch.rand(3)

    def forward(self, x):
        return (self.fc(x.flatten(1)) * (1 + 0 * torch.rand(1).item()),)


class Small(nn.Module):
    "Draws its weights when it is built"
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 256)

    def forward(self, x):
        return (self.fc(x.flatten(1)),)


def trained(folder, click=None):
    "The weights after an epoch, with 50 clicks meanwhile"
    run = Runs(folder).start(dict(model=DROPPING, train=dict(epochs=1, batch_size=64, augment='shift')), 'one')
    for i in range(50 * bool(click)):
        click(i)
    assert run.wait(20) and run.status == 'done', run.message
    return {k: v.clone() for k, v in run.classifier.state_dict().items()}


def clicking():
    "A function that does what clicks in the explorer do: run a part for real, look inside, build with weights"
    drawing, state = (
        {**START, 'backbone': dict(type=Drawing), 'neck': None},
        State({**START, 'backbone': dict(type=Small), 'neck': None}),
    )
    panel = (explorer := Explorer({**model(in_channels=1), 'image_shape': (1, 8, 8)})).panels['Feature maps']
    panel._figure = lambda *_: ''

    def click(i):
        if i % 25 == 0:
            resolve_selection(drawing)
        elif i % 25 == 1:
            explorer.state.set('num_classes', 11 + i), panel.show(explorer.resolved), panel._worker.wait(5)
        else:
            state.build()
    return click


@pytest.mark.filterwarnings('ignore:backbone. Drawing cannot run without numbers')
def test_clicks_draw_nothing_from_the_global_generator(monkeypatch):
    click, before = clicking(), torch.get_rng_state()
    def restored(*_):
        raise AssertionError('a click sets the state of the global generator')
    for name in ('set_rng_state', 'manual_seed'):
        monkeypatch.setattr(torch.random, name, restored), monkeypatch.setattr(torch, name, restored)
    for i in range(4):
        click(i)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.filterwarnings('ignore:backbone. Drawing cannot run without numbers')
def test_clicks_leave_a_training_as_it_is(tmp_path):
    expected, click = trained(tmp_path/'alone'), clicking()
    for i in range(3):
        found = trained(tmp_path/f'clicked-{i}', click)
        assert all(torch.equal(found[k], v) for k, v in expected.items())


# names from strangers

HOSTILE = {
    'markup': '</title></svg><script>alert(1)</script><img src=x onerror=alert(1)>',
    'quotes': '"\' onclick=\'alert(1)\' x="',
    'control characters': '\x00\x1b[2J\x07\x9b31m\ufffe\uffff',
    'half a surrogate pair': 'caf\udce9\ud800',
    'right to left': 'a\u202egnp.exe\u2066',
    'line ends': 'cat\nb.png: dog (99.9 %)\r\n\t',
    'dollars': '$x^2$ $5_or_$10 $\\frac{$',
    '300 characters': 'Wort' * 75,
    'an entity': '&lt;script&gt; ]]> <!--',
}


class _Seen(HTMLParser):
    "Elements and their attributes"
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, *sorted(k for k, _ in attrs)))


def elements(html):
    "Names of elements and attributes of HTML in their order; the text holds nothing that a widget cannot send"
    html.encode()
    assert not CONTROL.search(html.replace('\n', ''))
    seen = _Seen()
    seen.feed(html)
    return seen.found


def raised(message):
    try:
        raise ValueError(message)
    except ValueError as e:
        return e


def run_named(name):
    return SimpleNamespace(
        name=name, status='failed', history=[], epochs=1, accuracy=None, folder=name, message=name, traceback=name,
        cfg=dict(model=dict(neck=name)),
    )


def found_with(name):
    return Predictions(torch.tensor([[.6, .4]]), [name], [name, 'b'])


VIEWS = {
    'predictions': lambda name: found_with(name)._repr_html_(),
    'table': lambda name: Table([name, name], [[name, name]], caption=name, notes=[name])._repr_html_(),
    'top classes': lambda name: top_html(torch.tensor([.6, .4]), [name, 'b']),
    'error': lambda name: error_html(ConfigError(name, name, Fix({name: name})), name),
    'traceback': lambda name: error_html(raised(name)),
    'runs': lambda name: runs_html([run_named(name)]),
}


@pytest.fixture(scope='module')
def resolved():
    return resolve_selection({**START, 'backbone': {**BACKBONE, 'in_channels': 1}})


@pytest.mark.parametrize('name', HOSTILE)
def test_names_in_html(name, resolved):
    for view, html in VIEWS.items():
        assert elements(html(HOSTILE[name])) == elements(html('name')), view
    assert elements(costs_html(resolved, {HOSTILE[name]: resolved})) == elements(
        costs_html(resolved, {'name': resolved})
    )


TAGS = {'svg', 'style', 'rect', 'circle', 'g', 'title', 'text', 'tspan', 'path'}
CARD_TAGS = {'div', 'span', 'b', 'code', 'ul', 'li', 'p'}                          # of the narrow diagram
ATTRIBUTES = {
    'role',
    'aria-label',
    'class',
    'width',
    'height',
    'viewBox',
    'font-size',
    'style',
    'x',
    'y',
    'rx',
    'cx',
    'cy',
    'r',
    'd',
    'fill',
    'fill-opacity',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'text-anchor',
    'data-part',
    'data-connection',
}


def drawn_with(name):
    "A flow with a name wherever one can be"
    boxes = [
        Box('image', 'image'),
        part_box('backbone', {'type': name, name: name}),
        part_box('neck', dict(type='GlobalAveragePooling', **{name: [name]})),
        part_box('head', dict(type=name)),
        Box('output', 'logits'),
    ]
    return Diagram(
        boxes,
        [Connection(['1 × 8 × 8']), Connection([name], name), Connection(['vector 3']), Connection([])],
        name,
        part_box('teacher', {'type': name, name: name}),
    )


@pytest.mark.parametrize('name', HOSTILE)
def test_names_in_drawings(name):
    drawn = drawn_with(HOSTILE[name])
    for element in ET.fromstring(drawn.svg).iter():                     # an XML parser takes it
        assert element.tag.removeprefix('{http://www.w3.org/2000/svg}') in TAGS
        assert {*element.attrib} <= ATTRIBUTES, {*element.attrib} - ATTRIBUTES
    assert {tag for tag, *_ in elements(flow_html(drawn))} <= {t.lower() for t in TAGS} | CARD_TAGS
    assert elements(narrow_html(drawn)) == elements(narrow_html(drawn_with('name')))
    assert not CONTROL.search(drawn.text.replace('\n', ''))


@pytest.mark.parametrize('name', HOSTILE)
def test_names_in_a_terminal(name):
    found = found_with(HOSTILE[name])
    for text in (str(found), str(Table(['class'], [[HOSTILE[name]]]))):
        text.encode()
        assert not CONTROL.search(text.replace('\n', '')) and len(text.splitlines()) == (5 if text == str(found) else 3)


@pytest.mark.parametrize('name', ['markup', 'control characters', 'half a surrogate pair', '300 characters'])
def test_names_in_a_config(name):
    "An explorer of a config with such names is drawn, reports what is wrong, and its code can be sent to a page"
    resolved = resolve_selection(
        {**START, 'backbone': {**BACKBONE, HOSTILE[name]: HOSTILE[name]}, 'head': dict(type=HOSTILE[name])}
    )
    assert len(resolved.issues) == 2 and len(resolved.name) < 100
    ET.fromstring(resolved.diagram.svg)
    for finding in resolved.issues:
        issue_title(finding.path), button(str(finding.fix), print, 'fix', tip=finding.message).description.encode()
    for text in export_texts(resolved).values():
        escaped(text, None).encode()


def test_names_in_figures(clf, monkeypatch):
    "Two dollars are no formula"
    monkeypatch.setattr('matplotlib.font_manager.findSystemFonts', lambda: [])
    for name in ('dollars', 'half a surrogate pair', '300 characters'):
        figure = show_grad_cam(clf, torch.rand(3, 16, 16), [HOSTILE[name], '$a_b$', 'c'])
        figure.savefig(io.BytesIO(), format='png')
    found = replace(found_with('a'), classes=['$a_b$', 'b'], read=lambda i: torch.rand(3, 8, 8))
    found.show().savefig(io.BytesIO(), format='png')


# what is printed and written

@contextlib.contextmanager
def strict_terminal():
    "Standard output as a terminal that refuses what is not UTF-8"
    with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding='utf-8', errors='strict')) as out:
        yield out


def printed(call):
    with strict_terminal() as out:
        call()
        out.flush()
        text = out.buffer.getvalue().decode()
    assert not CONTROL.search(text.replace('\n', ''))
    return text


predict_, evaluate_, export_ = predict_images, evaluate_run, export_run


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    "A folder of classes and files with names that are not UTF-8, and escapes"
    folder = tmp_path_factory.mktemp('photos')
    for i, name in enumerate(NAMES):
        for j in range(2):
            path = folder/name/f'caf\udce9\x1b[2J\n{i}{j}.png'
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(noise(40, 40 + i)).save(path)
    return folder


def test_lines_of_predict(checkpoint, photos):
    lines = printed(lambda: predict_(str(checkpoint), [str(photos)])).splitlines()
    assert len(lines) == 6 and all(r'caf\udce9\x1b[2J\n' in line for line in lines)


def test_table_of_predict_keeps_bytes(checkpoint, photos, tmp_path):
    out = tmp_path/'caf\udce9.csv'
    assert r'caf\udce9.csv' in printed(lambda: predict_(str(checkpoint), [str(photos)], out=str(out)))
    assert out.read_bytes().count(b'caf\xe9\x1b[2J\n') == 6


def test_evaluate_and_export_print(checkpoint, photos, tmp_path):
    assert r'caf\udce9' in printed(lambda: evaluate_(str(checkpoint), f'folder:{photos}', out=str(tmp_path/'out.json')))
    with pytest.MonkeyPatch.context() as patch:                         # what is exported is tested elsewhere
        patch.setattr('clsparts.evaluation.export.export_program', lambda *args, **kwargs: None)
        assert r'caf\udce9.pt2: images (batch, 3, 32, 32)' in printed(
            lambda: export_(str(checkpoint), str(tmp_path / 'caf\udce9.pt2'))
        )


def test_explore_prints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert r'caf\udce9.ipynb' in printed(lambda: explore_in_lab(out='caf\udce9.ipynb', dry=True))
    assert 'udce9' in explorer_notebook('caf\udce9')


@pytest.mark.starts_processes
def test_command_in_a_utf8_terminal(checkpoint, photos):
    done = subprocess.run(
        [sys.executable, '-m', 'clsparts', 'predict', str(checkpoint), str(photos)],
        capture_output=True,
        env={**os.environ, 'PYTHONIOENCODING': 'utf-8:strict', 'PYTHONUTF8': '1'},
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.decode().splitlines()) == 6


# a checkpoint whose metadata is from a stranger

METAS = [
    ('classes is a number', dict(classes=5), 'classes'),
    ('classes is a text', dict(classes='abc'), 'classes'),
    ('classes has numbers', dict(classes=[1, 2, 3]), 'classes'),
    ('too few classes', dict(classes=['a']), 'classes'),
    ('too many classes', dict(classes=['a'] * 10 ** 4), 'classes'),
    ('preset is a list', dict(preset=[]), 'preset'),
    ('preset has other keys', dict(preset={'size': 32, '\x1b[2J': 1}), 'preset'),
    ('preset of 10^9 pixels', dict(preset=dict(size=10 ** 9)), 'preset'),
    ('preset crops from 10^9 pixels', dict(preset=dict(size=1000, crop_ratio=1e-3)), 'preset'),
    ('preset with std 0', dict(preset=dict(mean=[0, 0, 0], std=[0, 0, 0])), 'preset'),
    ('shape of no image', dict(image_shape=[0, -1, 10 ** 9]), 'image_shape'),
    ('shape of 10^18 pixels', dict(image_shape=[3, 10 ** 9, 10 ** 9]), 'image_shape'),
    ('shape is a dict', dict(image_shape={'c': 3}), 'image_shape'),
    ('shape of floats', dict(image_shape=[3., 32., 32.]), 'image_shape'),
    ('target is a list', dict(target=['labels']), 'target'),
]
CASES = [Case(name, meta, Fails(mentions=entry)) for name, meta, entry in METAS]


@table(CASES)
def test_metadata(case, clf, tmp_path):
    path = save_checkpoint(tmp_path/'clf.safetensors', clf, **case.given)
    case.check(lambda: predict(path, IMAGES['a wide photo']()))


ELSEWHERE = ('classes is a number', 'too few classes', 'preset of 10^9 pixels', 'shape of no image')


@table([c for c in CASES if c.name in ELSEWHERE])
def test_metadata_elsewhere(case, clf, tmp_path):
    path = save_checkpoint(tmp_path/'clf.safetensors', clf, **case.given)
    for use in (Explorer, lambda p: export_(str(p), str(tmp_path/'clf.pt2')), lambda p: evaluate_(str(p), 'digits')):
        case.check(partial(use, path))


def test_names_that_are_passed_replace_those_of_the_file(clf, tmp_path):
    path = save_checkpoint(tmp_path/'clf.safetensors', clf, classes=['a'], image_shape=(3, 32, 32))
    assert predict(path, IMAGES['a wide photo'](), classes=['a', 'b', 'c'], preset=PRESET)[0]['class'] in 'abc'
    assert open_classifier(path, classes=['a', 'b', 'c'], preset=PRESET)[1].classes == ['a', 'b', 'c']


# what is predicted

def pipe(folder):
    os.mkfifo(folder/'pipe.png')
    return folder/'pipe.png'


def empty(folder):
    (folder/'empty').mkdir()
    return folder/'empty'


def looped(folder):
    Image.fromarray(noise(9, 9)).save(folder/'a.png')
    for name in ('loop', 'again'):
        (folder/name).symlink_to(folder, target_is_directory=True)
    (folder/'self.png').symlink_to(folder/'self.png')
    return folder


def cut(folder):
    path = folder/'cut.png'
    path.write_bytes(IMAGES['16-bit grey PNG']()[:80])
    return path


def options(**given):
    return lambda folder: (IMAGES['a wide photo'](), given)


ASKED = [
    Case('a pipe', pipe, Fails(mentions='pipe.png')),
    Case('a folder without images', empty, Fails(mentions='empty')),
    Case('links that lead back', looped, Fails('data', 'Remove the link')),
    Case('a file that was cut', cut, Fails(mentions='cut.png')),
    Case('a null byte', lambda folder: 'a\0b.png', Fails('images')),
    Case('a name of 10^5 characters', lambda folder: 'x' * 10**5 + '.png', Fails('images')),
    Case('no bytes', lambda folder: b'', Fails(mentions='image 0')),
    *[
        Case(f'threshold {v}', options(threshold=v), Fails('threshold'))
        for v in (float('nan'), -0.5, 2, 'x', [0.5, float('inf'), 0.5])
    ],
    *[
        Case(f'{name} {v}', options(**{name: v}), Fails(name))
        for name in ('top', 'batch_size')
        for v in (0, -1, float('nan'), '3')
    ],
    *[Case(f'{name} 10^9', options(**{name: 10**9}), Works()) for name in ('top', 'batch_size')],
    Case('workers -1', options(num_workers=-1), Fails('num_workers')),
]


@table(ASKED)
def test_images_and_options(case, checkpoint, tmp_path):
    given = case.make(tmp_path)
    images, more = given if isinstance(given, tuple) else (given, {})
    case.check(lambda: len(predict(checkpoint, images, **more)))


def test_an_image_that_changes(checkpoint, tmp_path):
    path = tmp_path/'a.png'
    path.write_bytes(IMAGES['palette with transparency']())
    found = predict(checkpoint, path)
    path.write_text('none')
    with pytest.raises(ConfigError, match='a.png'):
        found.show()


OUTS = [
    Case('a folder', 'folder.csv', Fails('--out', 'folder.csv')),
    Case('another ending', 'a.txt', Fails('--out', '.csv')),
    Case('a null byte', 'a\0.csv', Fails('--out')),
    Case('a long name', 'x' * 300 + '.csv', Fails('--out')),
    Case('below a file', 'file/a.csv', Fails('--out', 'file/a.csv')),
    Case('a missing folder is made', 'new/a.csv', Works()),
    Case('an existing table is replaced', 'old.csv', Works()),
]


@table(OUTS)
def test_out(case, checkpoint, tmp_path):
    (tmp_path/'folder.csv').mkdir()
    for name in ('file', 'old.csv', 'a.png'):
        (tmp_path/name).write_bytes(IMAGES['palette with transparency']())
    case.check(
        lambda: printed(lambda: predict_(str(checkpoint), [str(tmp_path / 'a.png')], out=str(tmp_path / case.given)))
    )
    if isinstance(case.then, Works):
        assert (tmp_path/case.given).read_text().startswith('path,class,score')


@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='a folder that nobody can write to is needed')
def test_out_read_only(checkpoint):
    with pytest.raises(ConfigError, match='--out: /proc/a.csv: cannot be written'):
        predict_(str(checkpoint), ['a.png'], out='/proc/a.csv')


# what an explorer starts from

STARTS = [
    Case('no dict', [1], Fails('model')),
    Case('model is a list', dict(model=[1]), Fails('model')),
    Case('shape of no image', {**model(), 'image_shape': [0, -1, 10**9]}, Fails('image_shape')),
    Case('shape is a text', {**model(), 'image_shape': 'abc'}, Fails('image_shape')),
    Case('classes is a text', {**model(), 'num_classes': 'abc'}, Fails('num_classes')),
    Case('batch is a text', dict(model=model(), train=dict(batch_size='x')), Fails('batch_size')),
    Case('train is a list', dict(model=model(), train=[1]), Works('')),
    Case(
        'backbone is a number', dict(backbone=3, head=dict(type='LinearClsHead')), Works('once the parts fit together')
    ),
    Case('a type of 10^5 characters', dict(backbone=dict(type='R' * 10**5)), Works('once the parts fit together')),
    Case('an option of 10^5 characters', model(**{'x' * 10**5: 1}), Works('once the parts fit together')),
    Case('a value of 10^5 characters', model(depth='x' * 10**5), Works('once the parts fit together')),
    Case(
        'an image of 10^6 pixels a side',
        {**model(), 'image_shape': (3, 10**6, 10**6)},
        Works('image_shape: one image needs'),
    ),
    Case('10^6 classes', {**model(10**6), 'image_shape': (3, 8, 8)}, Works('Not trained yet')),
    Case('21,841 classes', {**model(21_841), 'image_shape': (3, 8, 8)}, Works('Not trained yet')),
]


@table(STARTS)
def test_starts(case):
    def call():
        explorer = Explorer(case.given)
        for panel in ('Cost', 'Options', 'Export'):
            explorer.panels[panel].show(explorer.resolved)
        inside = explorer.panels['Feature maps']
        inside._figure = lambda *_: ''
        inside.show(explorer.resolved)
        assert inside._worker.wait(15) and explorer.errors.value == ''
        assert len(explorer.diagram.value) < 10 ** 5
        return inside.status.value
    expected, case = case.then, replace(case, then=Works()) if isinstance(case.then, Works) else case
    said = case.check(call)
    if isinstance(expected, Works):
        assert expected.value in said


def test_errors_of_callbacks_are_shown():
    explorer = Explorer()
    def fails(*_):
        raise KeyError('<b>lost</b>')
    cost, take = explorer.panels['Cost'], explorer.panels['Export']
    cost.state, take.resolved, take.show = None, explorer.resolved, fails
    for act in (
        lambda: cost.page._handle_custom_msg(dict(act='go:x'), []),
        lambda: setattr(take.form, 'value', 'JSON config'),
    ):
        explorer.errors.value = ''
        act()
        assert 'Error' in explorer.errors.value and '<b>lost' not in explorer.errors.value


def test_a_worker_survives_its_report(capsys):
    done = []
    def report(e):
        raise ValueError('no way to report')
    def job():
        done.append(1)
        if len(done) == 1:
            raise KeyError('first')
    worker = Worker(job, report)
    for _ in range(2):
        worker.wake(), worker.wait(5), time.sleep(.01)
    assert len(done) == 2 and 'no way to report' in capsys.readouterr().err


# as many classes as ImageNet-21k

def test_many_classes(tmp_path):
    k = 21_841
    clf = MODELS.build({**model(), 'head': dict(type='LinearClsHead', num_classes=k, in_channels=32)}).eval()
    path = save_checkpoint(
        tmp_path / 'clf.safetensors', clf, classes=[f'class {i}' for i in range(k)], image_shape=(3, 32, 32)
    )
    found = predict(path, [IMAGES['a wide photo']()] * 4)
    found.to_csv(tmp_path/'a.csv')
    assert len(str(found).splitlines()) == 8 and len(show_grad_cam(clf, torch.rand(3, 32, 32)).axes) == 5
    assert diagram(clf, (3, 32, 32)).boxes[3].params == 32 * k + k and compare(clf, image_shape=(3, 32, 32)).names == [
        'ResNet_CIFAR'
    ]
