"Summaries of all recorded models and backbones: exact counts, sums, memory of real runs, measured receptive fields."

from types import SimpleNamespace

import pytest
import torch
from common import ROOT, narrow, on_meta, parts
from test_golden import NAMES
from torch import nn

from clsparts.analysis.layer_summary import LEVELS, compare, summary
from clsparts.analysis.receptive_fields import measured_field, receptive_field
from clsparts.base.shapes import image_shape_of
from clsparts.base.testing import count_macs, count_params, golden
from clsparts.core.registry import MODELS

BACKBONES = [pytest.param(e, id=e.name) for e in parts('backbone')]
FIGURES = ('params', 'macs', 'memory')


@pytest.fixture(autouse=True)
def in_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def check_sums(found):
    "Every level adds up to the total, and the stages and layers of a part to the part"
    for level in LEVELS:
        for part in found.at('part'):
            rows = [r for r in found.at(level) if r.part == part.name]
            for key in FIGURES:
                assert sum(getattr(r, key) for r in rows) == getattr(part, key), (level, part.name, key)
    names = [r.name for r in found.at('layer')]
    assert len(names) == len(set(names))
    for row in found.at('part') + found.at('stage'):
        inside = [r for r in found.inside(row.name).rows if r.level == 'layer']
        if row.level == 'part' or row.name not in ('backbone', 'neck', 'head'):
            assert sum(r.macs for r in inside) == row.macs, row.name


@pytest.mark.parametrize('name', NAMES)
def test_records(name):
    record = golden(name)
    clf = on_meta(record['model'])
    found = summary(clf, (record['channels'], record['size'], record['size']) if 'channels' in record else None)
    assert found.total.params == record['params']
    assert found.total.macs == count_macs(record['model'], (1, *found.image_shape))
    assert found.total.memory > 0 and not found.notes
    check_sums(found)


@pytest.mark.parametrize('entry', BACKBONES)
def test_backbones(entry):
    "A narrow backbone, run for real: parameters, multiply-adds, and the bytes that autograd saves for one image"
    backbone = MODELS.build(narrow(entry)).eval()
    shape = image_shape_of(backbone)
    found = summary(SimpleNamespace(backbone=backbone))
    check_sums(found)
    assert found.total.params == count_params(backbone)
    assert found.total.macs == count_macs(narrow(entry), (1, *shape))
    own, kept = {t.untyped_storage().data_ptr() for t in (*backbone.parameters(), *backbone.buffers())}, {}
    def pack(t):
        kept[t.untyped_storage().data_ptr()] = t.untyped_storage()
        return t
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        out = backbone(torch.randn(1, *shape))
    assert found.total.memory == sum(s.nbytes() for p, s in kept.items() if p not in own)
    assert [tuple(o.shape[1:]) for o in out] == found.part('backbone').output


@pytest.mark.parametrize('entry', BACKBONES)
def test_receptive_fields(entry):
    "Predicted and measured receptive fields agree, except for norms that mix positions"
    backbone = MODELS.build(narrow(entry)).eval()
    if any(isinstance(m, (nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)) for m in backbone.modules()):
        return
    shape = image_shape_of(backbone) if hasattr(backbone, 'img_size') else (backbone.in_channels, 64, 640)
    field = receptive_field(backbone, shape).field
    if field is not None:
        assert measured_field(backbone, shape) == min(field[1], shape[2])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16, torch.float64])
def test_other_types(dtype):
    "Memory is counted in the data type of the weights; everything else is unchanged"
    backbone = MODELS.build(dict(type='MobileNetV2', widen_factor=.25))
    single, other = summary(SimpleNamespace(backbone=backbone)), summary(SimpleNamespace(backbone=backbone.to(dtype)))
    assert other.total.macs == single.total.macs and other.total.output == single.total.output
    assert other.total.memory == single.total.memory * dtype.itemsize // 4


class Gated(nn.Module):
    "Reads values, multiplies by itself, and owns parameters besides its layers"
    def __init__(self):
        super().__init__()
        self.embed, self.scale = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.ones(8, 8))
    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2) @ self.scale
        return (x if x.sum().item() != 0 else -x,)


def test_a_part_that_asks_for_numbers():
    backbone = Gated()
    found = summary(SimpleNamespace(backbone=backbone), (3, 16, 16))
    assert (
        len(found.notes) == 1
        and 'backbone cannot run on the meta device' in found.notes[0]
        and found.notes[0] in str(found)
    )
    assert {r.name: (r.params, r.macs) for r in found.at('layer')} == {
        'backbone': (64, 16 * 64),
        'backbone.embed': (392, 16 * 8 * 48),
    }
    assert found.total.layout == ['tokens 16 × 8'] and found.total.receptive_field == 4
    assert backbone.scale.grad is None and backbone.scale.requires_grad
    with pytest.raises(ValueError, match='Build the classifier with weights'):
        summary(SimpleNamespace(backbone=Gated().to('meta')))


def test_any_module():
    "Outputs without tensors, and submodules that return none, are skipped"
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.conv = Inner(), nn.Conv2d(3, 4, 1)
        def forward(self, x):
            return {'x': self.conv(self.inner(x)['x'])}
    class Inner(nn.Module):
        def forward(self, x):
            return {'x': x.relu(), 'n': None}
    found = summary(SimpleNamespace(backbone=Odd()), (3, 8, 8))
    assert found.part('backbone').output == [] and found.total.macs == 64 * 12
    assert [r.name for r in found.at('layer')] == ['backbone.inner', 'backbone.conv']
    assert '–' in str(found) and '<table' in found._repr_html_()


def test_comparison_of_every_backbone():
    "All composed classifiers can be compared, as text and as HTML"
    found = compare(
        *[SimpleNamespace(backbone=on_meta(narrow(e)), cfg=dict(backbone=narrow(e))) for e in parts('backbone')]
    )
    assert 'backbone.type' in found.paths[0] and len(found.records()) == len(BACKBONES)
    assert len(set(found.names)) == len(found.names)
    for name in found.names:
        assert name in str(found) and name in found._repr_html_()
