"The recorded configs of the reference build here, with its names and shapes, and give its scores."
import pytest
from common import ROOT

from clsparts.base.testing import check_golden, golden

FOLDER = ROOT/'tests'/'golden'
NAMES = sorted(str(p.relative_to(FOLDER)).removesuffix('.json.gz') for p in FOLDER.glob('*/*.json.gz'))


@pytest.fixture(autouse=True)
def in_repository(monkeypatch):
    monkeypatch.chdir(ROOT)


def records():
    "Names of the records; those with scores and over 30 M parameters are slow"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for name in NAMES:
            record = golden(name)
            slow = record['params'] > 30e6 and 'first' in record
            yield pytest.param(name, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize('name', list(records()))
def test_record(name, record_property):
    record_property('difference', check_golden(name))


def test_there_are_records():
    assert len(NAMES) >= 37


def test_a_difference_is_seen(monkeypatch):
    "The comparison is worth something: one weight of the stem that is off by a thousandth shows"
    import clsparts.base.testing as testing
    name, fill = 'ResNet_CIFAR/resnet__resnet18_8xb16_cifar10', testing.fill
    def fill_almost(module, gain):
        fill(module, gain).backbone.conv1.weight.data[0, 0, 0, 0] *= 1.001
        return module
    monkeypatch.setattr(testing, 'fill', fill_almost)
    with pytest.raises(AssertionError, match='outputs differ by'):
        check_golden(name)
