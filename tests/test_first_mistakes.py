"""What people type first who come from another library, or who mistype: each gets an error with what to write here.

`python tests/test_first_mistakes.py` prints the texts as a table.
"""

import importlib

import pytest
import torch

import clsparts
from clsparts.cli.commands import main
from clsparts.composer.builder import compose
from clsparts.core.registry import MODELS
from clsparts.data.datasets import digits
from clsparts.evaluation.evaluator import evaluate
from clsparts.evaluation.export import export_onnx
from clsparts.evaluation.predictions import predict
from clsparts.training.trainer import fit

NECK, HEAD = 'GlobalAveragePooling', 'LinearClsHead'
RESNET = dict(type='ResNet', depth=18)

PACKAGE = dict(
    create_model='Use compose(',
    list_models='MODELS.names',
    get_model='Use compose(',
    vision_learner='Use clf = compose(',
    lr_find='no learning-rate finder',
    AutoModelForImageClassification='Use compose(',
    from_pretrained='load_classifier(',
    ImageFolder="load_data('folder:photos')",
    pipeline='predict(',
    load_model='load_classifier(',
    train_model='fit(clf,',
    compse="Did you mean 'compose'?",
    load_dta="Did you mean 'load_data'?",
)
METHODS = dict(
    fit='Use fit(clf, data).',
    freeze="freeze=['backbone']",
    from_pretrained='load_classifier(',
    forward_features="clf.extract_feat(images, 'backbone')",
    reset_classifier='clf.swap(head=',
    summary='summary(clf)',
    evaluate='evaluate(clf, data)',
    save='save_checkpoint(',
    lr_find='no learning-rate finder',
    fc='clf.head',
    export='export_onnx(clf',
    num_features='clf.head.in_channels',
    save_pretrained='save_checkpoint(',
)
PARTS = {
    'ResNet50': ('backbone', dict(type='ResNet', depth=50)),
    'resnet18': ('backbone', dict(type='ResNet', depth=18)),
    'ViT': ('backbone', dict(type='VisionTransformer', arch='base')),
    'mobilenetv2_100': ('backbone', dict(type='MobileNetV2')),
    'vit_small_patch16_224': ('backbone', dict(type='VisionTransformer', arch='deit-small')),
    'gap': ('neck', dict(type='GlobalAveragePooling')),
    'gem': ('neck', dict(type='GeneralizedMeanPooling')),
    'fc': ('head', dict(type='LinearClsHead')),
    'mlp': ('head', dict(type='StackedLinearClsHead')),
    'ce': ('loss', dict(type='CrossEntropyLoss')),
    'bce': ('loss', dict(type='CrossEntropyLoss', use_sigmoid=True)),
}
COMPOSE = dict(
    pretrained='load_checkpoint(clf,',
    in_chans='in_channels in the backbone',
    img_size='image_shape=',
    criterion="loss='CrossEntropyLoss'",
    num_clases='instead of num_clases',
)
FIT = dict(
    optimizer='optim_wrapper=',
    n_epochs='Set epochs=1 instead of n_epochs.',
    scheduler='param_scheduler=',
    lr_scheduler='param_scheduler=',
    learning_rate='Set lr=1 instead of learning_rate.',
    bs='Set batch_size=1 instead of bs.',
    epoch="Did you mean 'epochs'?",
    fp16="precision='fp16'",
    gpus="device='cuda'",
    loss_fn='compose(…, loss=…)',
    validation_data='(train, val)',
    early_stopping='Set patience=1 instead of early_stopping.',
    output_dir='work_dir=',
    cbs='callbacks=',
    mixup='batch_augments=',
    pretrained='before fit',
    metrics='evaluate(clf, data)',
)
COMMANDS = {
    'trian photos/': "Did you mean 'train'?",
    'fit photos/': 'Use clsparts train photos/.',
    'test run': 'clsparts evaluate',
    'summary ResNet': '--format table',
    'train --epoch 3': 'Did you mean --epochs?',
    'train --bs 8': '--batch-size 64',
    'train --gpu': '--device cuda',
    'train --device gpu': 'Use cuda.',
    'train --epochs ten': 'expected an int',
    'train --set seed=1': '--cfg-options',
    'train --amp': 'train.precision=bf16',
    'train --num-classes 3': 'comes from the data',
    'train nowhere.py': 'nowhere.py',
    'train resnet18': 'ResNet --cfg-options model.backbone.depth=18',
    'train weights.pth': 'load_from=weights.pth',
    'train digits --data digits': 'the data is set twice',
    'list nek': "Did you mean 'neck'?",
    'show Resnet': "Did you mean 'ResNet'?",
    'predict run': 'expected images. Usage:',
    'export ResNet net.pth': '.onnx or .pt2',
}


def small():
    return compose(
        dict(type='ResNet_CIFAR', depth=18, in_channels=1, base_channels=4, stem_channels=4), NECK, HEAD, num_classes=10
    )


def raised(call):
    "The text of the error"
    with pytest.raises((AttributeError, ValueError)) as e:
        call()
    return str(e.value)


CALLS = {
    'fit(data, clf)': (lambda: fit(digits(), small()), 'the classifier comes first: fit(clf, data, …)'),
    'evaluate(data, clf)': (lambda: evaluate(digits(), small()), 'the classifier comes first'),
    'predict(images, clf)': (lambda: predict(torch.zeros(1, 1, 8, 8), small()), 'the classifier comes first'),
    "export_onnx('a.onnx', clf)": (lambda: export_onnx('a.onnx', small()), 'the classifier comes first'),
    "fit('resnet18', data)": (lambda: fit('resnet18', digits()), 'compose(…)'),
    "fit(clf, 'photos')": (lambda: fit(small(), 'photos'), "load_data('photos')"),
    'predict(clf, images, topk=5)': (lambda: predict(small(), torch.zeros(1, 1, 8, 8), topk=5), 'top=5'),
    'evaluate(clf, data, batchsize=8)': (
        lambda: evaluate(small(), digits(), batchsize=8),
        "Did you mean 'batch_size'?",
    ),
}


def cases():
    "Pairs of what is typed and what its error is; each is a call that returns the text, and what the text contains"
    for name, text in PACKAGE.items():
        yield f'clsparts.{name}', lambda n=name: raised(lambda: getattr(clsparts, n)), text
    for name, text in METHODS.items():
        yield f'clf.{name}', lambda n=name: raised(lambda: getattr(small(), n)), text
    for name, (kind, part) in PARTS.items():
        yield f'{kind} {name!r}', lambda n=name, k=kind: raised(lambda: MODELS.find(n, k)), f"Set type='{part['type']}'"
    for name, text in COMPOSE.items():
        yield (
            f'compose(…, {name}=1)',
            lambda n=name: raised(lambda: compose(RESNET, NECK, dict(type=HEAD, num_classes=3), **{n: 1})),
            text,
        )
    for name, text in FIT.items():
        yield f'fit(clf, data, {name}=1)', lambda n=name: raised(lambda: fit(small(), digits(), **{n: 1})), text
    for name, (call, text) in CALLS.items():
        yield name, lambda c=call: raised(c), text


@pytest.mark.parametrize(('call', 'text'), [pytest.param(call, text, id=name) for name, call, text in cases()])
def test_python(call, text):
    assert text in call()


@pytest.mark.parametrize('words', COMMANDS)
def test_command_line(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert COMMANDS[words] in capsys.readouterr().err


def test_imports():
    "An import statement shows the same text"
    with pytest.raises(ImportError, match='create_model is a name of timm'):
        exec('from clsparts import create_model')
    assert callable(importlib.import_module('clsparts').compose)


if __name__ == '__main__':
    import contextlib
    import io

    for name, call, _ in cases():
        print(f'| `{name}` | {call().splitlines()[0]} |')
    for line in COMMANDS:
        with contextlib.redirect_stderr(io.StringIO()) as err:
            main(line.split())
        print(f'| `clsparts {line}` | {err.getvalue().strip().splitlines()[0]} |')
