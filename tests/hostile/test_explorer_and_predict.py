"What `predict` and the explorer do with images, checkpoints and names from strangers; and that the two agree."
import contextlib
import io
import os
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from table import CONTROL, Case, Fails, Works, table
from torch import nn

from clsparts.anatomy import compare
from clsparts.checkpoint import save_checkpoint
from clsparts.cli_explore import explore_in_lab, explorer_notebook
from clsparts.cli_use import evaluate_run, export_run, predict_images
from clsparts.explorer import Explorer, finding_words, flow_html
from clsparts.exploring.cost_panel import costs_html
from clsparts.exploring.inside_panel import top_html
from clsparts.exploring.page import Worker, button, error_html
from clsparts.exploring.state import START, State, look_at
from clsparts.exploring.take_panel import texts_of
from clsparts.exploring.train_panel import runs_html
from clsparts.exploring.training import Runs
from clsparts.findings import ConfigError, Fix
from clsparts.flow import Box, Flow, Seam, flow, part_box
from clsparts.inside import show_activation
from clsparts.predict import Predictions, open_classifier, predict
from clsparts.registry import MODELS
from clsparts.runs import TrainingRun
from clsparts.tables import html_table, text_table
from clsparts.transforms import Preset

BACKBONE = dict(type='ResNet_CIFAR', depth=18, in_channels=3, stem_channels=4, base_channels=4)
GAP = dict(type='GlobalAveragePooling')
PRESET = Preset(32, crop_ratio=.8, mean=(.4, .5, .6), std=(.2, .3, .25))
NAMES = ['cat', '$5_or_$10', 'caf\udce9']


def model(k=3, **backbone):
    return dict(type='ImageClassifier', backbone={**BACKBONE, **backbone}, neck=GAP, head=dict(type='LinearClsHead', num_classes=k))


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
    return save_checkpoint(tmp_path_factory.mktemp('checkpoint')/'clf.safetensors', clf, classes=NAMES, preset=PRESET.to_dict(), image_shape=(3, 32, 32))


# one reader of images for all

def noise(h, w, c=3): return np.random.default_rng(h * w).integers(0, 256, (h, w, c), dtype=np.uint8)


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
    '16-bit grey PNG': lambda: saved(Image.fromarray((np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40)), 'PNG'),
    'palette with transparency': palette,
    'CMYK JPEG': lambda: saved(Image.fromarray(noise(40, 40)).convert('CMYK'), 'JPEG'),
    'a wide photo': lambda: saved(Image.fromarray(noise(50, 90)), 'JPEG'),
    'grey and small': lambda: saved(Image.fromarray(noise(5, 7)[..., 0]), 'PNG'),
}


def upload(explorer, content):
    "Show an uploaded file in the panel; returns its scores"
    panel = explorer.panels['Look inside']
    panel.upload.value = [dict(name='a', type='image/png', size=len(content), content=memoryview(content), last_modified=datetime(2020, 1, 1))]
    assert panel._worker.wait(20)
    return panel.scores


@pytest.fixture(scope='module')
def starts(checkpoint, clf, tmp_path_factory):
    "Explorers with classifiers of several sources, and what `predict` opens: a checkpoint, a run's folder, and a run that was trained in the explorer"
    folder = tmp_path_factory.mktemp('runs')
    plain = save_checkpoint(folder/'plain.safetensors', clf, image_shape=(3, 32, 32))
    trained = Explorer({**model(10, in_channels=1), 'image_shape': (1, 8, 8)})
    trained._runs._out = folder
    run = trained._runs.start(dict(model=trained.look.model, train=dict(epochs=1, batch_size=512)), 'one')
    assert run.wait(20) and run.status == 'done', run.words
    found = dict(checkpoint=(Explorer(checkpoint), checkpoint), plain=(Explorer(plain), plain), folder=(Explorer(run.folder), run.folder), trained=(trained, run.folder))
    for explorer, _ in found.values():
        panel = explorer.panels['Look inside']
        panel._shown = lambda *_: ''                                    # figures are drawn elsewhere
        panel.show(explorer.look)
    return found


@pytest.mark.parametrize('image', IMAGES)
@pytest.mark.parametrize('start', ['checkpoint', 'plain', 'folder', 'trained'])
def test_explorer_sees_what_predict_sees(starts, start, image):
    (explorer, path), content = starts[start], IMAGES[image]()
    expected = predict(path, content)
    torch.testing.assert_close(upload(explorer, content), expected.scores[0], atol=1e-6, rtol=0)
    if start == 'trained': assert 'is trained' in explorer.panels['Look inside'].said.value
    if start != 'plain':                                                # names of classes are known
        first = ET.fromstring(explorer.panels['Look inside'].top.value.replace('scope=row', 'scope="row"')).find('tr/th').text
        assert first == {'caf\udce9': r'caf\udce9'}.get(name := expected[0]['class'], name)


# clicks, and the weights that train meanwhile

DROPPING = dict(type='ImageClassifier', head=dict(type='VisionTransformerClsHead', num_classes=10, in_channels=16), backbone=dict(
    type='VisionTransformer', arch=dict(embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=16), img_size=8, patch_size=4, in_channels=1,
    drop_rate=.2, drop_path_rate=.3))


class Drawing(nn.Module):
    "Needs numbers, and draws some of its own when it is built and when it is run"
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 8)
        torch.rand(3)

    def forward(self, x): return (self.fc(x.flatten(1)) * (1 + 0 * torch.rand(1).item()),)


class Small(nn.Module):
    "Draws its weights when it is built"
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 256)

    def forward(self, x): return (self.fc(x.flatten(1)),)


def trained(folder, click=None):
    "The weights after an epoch, with 50 clicks meanwhile"
    run = Runs(folder).start(dict(model=DROPPING, train=dict(epochs=1, batch_size=64, augment='shift')), 'one')
    for i in range(50 * bool(click)): click(i)
    assert run.wait(20) and run.status == 'done', run.words
    return {k: v.clone() for k, v in run.classifier.state_dict().items()}


def clicking():
    "A function that does what clicks in the explorer do: run a part for real, look inside, build with weights"
    drawing, state = {**START, 'backbone': dict(type=Drawing), 'neck': None}, State({**START, 'backbone': dict(type=Small), 'neck': None})
    panel = (explorer := Explorer({**model(in_channels=1), 'image_shape': (1, 8, 8)})).panels['Look inside']
    panel._shown = lambda *_: ''

    def click(i):
        if i % 25 == 0: look_at(drawing)
        elif i % 25 == 1: explorer.state.set('num_classes', 11 + i), panel.show(explorer.look), panel._worker.wait(5)
        else: state.build()
    return click


@pytest.mark.filterwarnings('ignore:backbone. Drawing cannot run without numbers')
def test_clicks_draw_nothing_from_the_global_generator(monkeypatch):
    click, before = clicking(), torch.get_rng_state()
    def restored(*_): raise AssertionError('a click sets the state of the global generator')
    for name in ('set_rng_state', 'manual_seed'): monkeypatch.setattr(torch.random, name, restored), monkeypatch.setattr(torch, name, restored)
    for i in range(4): click(i)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.filterwarnings('ignore:backbone. Drawing cannot run without numbers')
def test_clicks_leave_a_training_as_it_is(tmp_path):
    expected, click = trained(tmp_path/'alone'), clicking()
    for i in range(3):
        found = trained(tmp_path/f'clicked-{i}', click)
        assert all(torch.equal(found[k], v) for k, v in expected.items())
