"Weights from elsewhere: a backbone loads completely, or nothing is loaded and the error names what is wrong."
import pytest
import timm
import torch
from common import narrow, parts
from torch.testing import assert_close

from clsparts.base.module import load_pretrained
from clsparts.base.testing import fill
from clsparts.checkpoints.pretrained_weights import load_checkpoint
from clsparts.cli.commands import main
from clsparts.composer.builder import compose
from clsparts.core.errors import ConfigError
from clsparts.core.registry import MODELS
from clsparts.files.weights import COMPUTED
from clsparts.training.runs import prepare

BACKBONES = [pytest.param(narrow(e), id=e.name) for e in parts('backbone')]


def through_file(net, state, path, **options):
    torch.save(state, path)
    return load_pretrained(net, str(path), **options)


def through_checkpoint(net, state, path, **options):
    return load_checkpoint(net, state, **options)


@pytest.mark.parametrize('load', [through_checkpoint, through_file])
@pytest.mark.parametrize('cfg', BACKBONES)
def test_every_weight_counts(cfg, load, tmp_path):
    "Without any one of its weights or statistics a backbone is not loaded, unless that is allowed; nor with one more"
    theirs, ours = fill(MODELS.build(cfg)), MODELS.build(cfg)
    state, before = theirs.state_dict(), {k: v.clone() for k, v in ours.state_dict().items()}
    weights = [k for k in state if not k.endswith(COMPUTED)]
    for gone in weights[::max(len(weights) // 8, 1)] + weights[-2:]:
        less = {k: v for k, v in state.items() if k != gone}
        other = {**state, gone: torch.zeros(*state[gone].shape, 2)}
        for wrong in (less, other):
            with pytest.raises(ConfigError) as e:
                load(ours, wrong, tmp_path/'a.pth')
            assert gone in str(e.value) and list(e.value.fixes[0].set.values())[0]
    with pytest.raises(ConfigError, match='1 only in the file: layer1.0.attn.weight') as e:
        load(ours, {**state, 'layer1.0.attn.weight': torch.ones(2)}, tmp_path/'a.pth')
    assert_close(dict(ours.state_dict()), before, rtol=0, atol=0)
    load(
        ours,
        {**less, 'layer1.0.attn.weight': torch.ones(2), 'head.weight': torch.ones(2)},
        tmp_path / 'a.pth',
        allow_missing=[gone],
        allow_unexpected=['*.attn.*'],
    )
    assert_close(
        {k: v for k, v in ours.state_dict().items() if k != gone},
        {k: v for k, v in state.items() if k != gone},
        rtol=0,
        atol=0,
    )


@pytest.mark.parametrize('name, model', {
    'seresnet18': dict(type='ResNet', depth=18),
    'ecaresnet26t': dict(type='ResNetV1d', depth=50),
    'resnet50d': dict(type='ResNetV1c', depth=50),
    'resnet50c': dict(type='ResNetV1d', depth=50, base_channels=32),
    'mobilenetv2_110d': dict(type='MobileNetV2', widen_factor=1.1),
}.items())
def test_another_architecture(name, model):
    "Shapes or names are named; nothing is loaded, whatever the head"
    with torch.device('meta'):
        state = timm.create_model(name, num_classes=4).state_dict()
    state = {
        k: torch.ones(v.shape) if v.is_floating_point() else torch.zeros(v.shape, dtype=v.dtype)
        for k, v in state.items()
    }
    ours = compose(model, 'GlobalAveragePooling', 'LinearClsHead', num_classes=4)
    before = {k: v.clone() for k, v in ours.state_dict().items()}
    for head in ('strict', 'reset', 'match'):
        with pytest.raises(ConfigError, match='(not|only) in the file|of another shape'):
            load_checkpoint(ours, state, head)
    assert_close(dict(ours.state_dict()), before, rtol=0, atol=0)


def test_a_run_from_weights_of_another_architecture(tmp_path, capsys):
    "`clsparts train` stops before it makes a folder, and what the error says to write lets it pass"
    tiny = dict(type='ResNet_CIFAR', depth=18, in_channels=1, stem_channels=4, base_channels=4)
    state = fill(compose(tiny, 'GlobalAveragePooling', 'LinearClsHead', num_classes=10)).state_dict()
    torch.save({**state, 'backbone.layer1.0.se.weight': torch.ones(2)}, tmp_path/'se.pth')
    sizes = [o for part in ('stem_channels', 'base_channels') for o in ('--cfg-options', f'model.backbone.{part}=4')]
    assert (
        main(['train', *sizes, '--cfg-options', f'load_from={tmp_path}/se.pth', '--work-dir', str(tmp_path / 'run')])
        == 2
    )
    error = capsys.readouterr().err
    assert 'squeeze-and-excitation' in error and not (tmp_path/'run').exists()
    assert "Set load_from=dict(checkpoint='" in error and "allow_unexpected=['backbone.layer1.0.se.weight'])." in error
    cfg = dict(load_from=dict(checkpoint=str(tmp_path/'se.pth'), allow_unexpected=['backbone.layer1.0.se.weight']))
    run = prepare(
        dict(
            model=dict(backbone=tiny, neck='GlobalAveragePooling', head=dict(type='LinearClsHead', num_classes=10)),
            **cfg,
        ),
        tmp_path / 'run',
    )
    assert_close(dict(run.clf.state_dict()), state, rtol=0, atol=0)
