"""What README and the front pages of the rooms use, as a type checker sees it: this file is checked and never run.

Every line has the right types, except for those with `# pyright: ignore[rule]`, which have to be errors of that rule.
"""
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, assert_type

import torch
from torch import nn

import clsparts
from clsparts import MODELS, ConfigError
from clsparts import fit as lazy_fit
from clsparts.all import (
    Config,
    Data,
    Evaluation,
    ImageClassifier,
    Predictions,
    Preset,
    as_data,
    compare,
    compose_model,
    diagram,
    digits,
    evaluate,
    export_onnx,
    export_program,
    fit,
    load_checkpoint,
    load_classifier,
    load_data,
    merge,
    patched,
    plot_confusion,
    plot_curves,
    plot_evaluation,
    predict,
    save_checkpoint,
    show_batch,
    show_features,
    show_grad_cam,
    summary,
    train_run,
)
from clsparts.analysis import receptive_field
from clsparts.analysis.flow_diagram import Diagram
from clsparts.analysis.layer_summary import Comparison, Summary
from clsparts.backbones import MobileNetV2, ResNet, ResNet_CIFAR, ResNetV1d, VisionTransformer
from clsparts.base import BaseModule
from clsparts.checkpoints import LoadReport
from clsparts.cli import main
from clsparts.composer import ComposeError, compose, resolve
from clsparts.core import Entry, Fix, Issue, Registry
from clsparts.data import find_image_files
from clsparts.data.figures import Figure
from clsparts.explorer import Explorer, Resolved, Run, Runs, State, explore
from clsparts.heads import LinearClsHead, StackedLinearClsHead, VisionTransformerClsHead
from clsparts.losses import CrossEntropyLoss, FocalLoss, LabelSmoothLoss
from clsparts.necks import GeneralizedMeanPooling, GlobalAveragePooling
from clsparts.training import Callback, History, StopTraining, Trainer, TrainSettings

RESNET = dict(type='ResNet', depth=50)


def composing() -> ImageClassifier:
    clf = compose(RESNET, 'GlobalAveragePooling', 'LinearClsHead', num_classes=1000)
    assert_type(clf, ImageClassifier)
    assert_type(clsparts.compose('ResNet', None, LinearClsHead, nn.CrossEntropyLoss(), num_classes=3), ImageClassifier)
    assert_type(compose_model(dict(type='ImageClassifier', backbone=RESNET), image_shape=(3, 32, 32)), ImageClassifier)
    assert_type(clf(torch.rand(1, 3, 32, 32)), Any)
    assert_type(resolve(dict(backbone=RESNET)), dict)
    try:
        compose(dict(type='ResNet', depth='50'))
    except ComposeError as e:
        assert_type(e.issues, list[Issue])
        assert_type(e.fixes, list[Fix])
        assert_type(patched(RESNET, e.fixes), dict)
        compose('ResNet', fixes=e.fixes)
    except ConfigError as e:
        print(e.issues[0].path.upper())
    compose(50)  # pyright: ignore[reportArgumentType]
    compose(RESNET, num_classes='10')  # pyright: ignore[reportArgumentType]
    clsparts.compos(RESNET)  # pyright: ignore[reportAttributeAccessIssue]
    from clsparts.composer import composer  # pyright: ignore[reportAttributeAccessIssue]
    return composer and clf


def registering():
    assert_type(MODELS, Registry)
    assert_type(MODELS.names('backbone'), list[str])
    assert_type(MODELS.entries('neck'), list[Entry])
    assert_type(MODELS.find('ResNet').module, str)
    assert_type(MODELS.get('ResNet'), Callable)
    MODELS.trust(['timm.layers:Mlp'])
    MODELS.nmes()  # pyright: ignore[reportAttributeAccessIssue]
    MODELS.names(3)  # pyright: ignore[reportArgumentType]

    @MODELS.register_module()
    class Own(BaseModule):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    assert_type(Own(), Own)


def parts():
    assert_type(ResNet(50, out_indices=(0, 1, 2, 3)), ResNet)
    for made in (MobileNetV2(), ResNet_CIFAR(18), ResNetV1d(18), VisionTransformer('deit-tiny')):
        assert_type(made.init_weights(), None)
    for made in (GlobalAveragePooling(), GeneralizedMeanPooling(), LinearClsHead(10, 512)):
        made.eval()
    StackedLinearClsHead(10, 512, (256,))
    VisionTransformerClsHead(10, 192)
    for loss in (CrossEntropyLoss(), FocalLoss(), LabelSmoothLoss(.1)):
        loss(torch.rand(2, 3), torch.tensor([0, 1]))
    ResNet(depht=50)  # pyright: ignore[reportCallIssue]


def looking(clf: ImageClassifier, image: torch.Tensor):
    assert_type(summary(clf, level='stage'), Summary)
    assert_type(diagram(clf), Diagram)
    assert_type(compare(clf, clf, names=['a', 'b']), Comparison)
    assert_type(show_features(clf, image), Figure)
    assert_type(show_grad_cam(clf, image, top=2), Figure)
    print(receptive_field(clf))
    print(summary(clf).sgv)  # pyright: ignore[reportAttributeAccessIssue]


def data_sets() -> Data:
    data = load_data('folder:photos', size=224, crop_ratio=.875)
    assert_type(data, Data)
    assert_type(digits(), Data)
    assert_type(as_data(data.train, classes=['a', 'b']), Data)
    assert_type(data.classes, list[str])
    assert_type(data.preset, Preset | None)
    assert_type(show_batch(data, augment='randaugment'), Figure)
    find_image_files('photos')
    load_data(3)  # pyright: ignore[reportArgumentType]
    print(data.test)  # pyright: ignore[reportAttributeAccessIssue]
    return data


def training(clf: ImageClassifier, data: Data):
    assert_type(fit(clf, data, epochs=20, lr=.01, freeze=['backbone'], work_dir='runs/1'), History)
    assert_type(lazy_fit(clf, (data.train, data.val), callbacks=[Stop()]), History)
    trainer = Trainer(clf, data, TrainSettings(epochs=1))
    assert_type(trainer.train(), History)
    assert_type(trainer.steps, int)
    assert_type(train_run(dict(model=RESNET), resume=Path('runs/1')), Path)
    fit(clf, data, n_epochs=20)  # pyright: ignore[reportCallIssue]
    fit(clf, data, epochs='20')  # pyright: ignore[reportArgumentType]
    trainer.trian()  # pyright: ignore[reportAttributeAccessIssue]
    TrainSettings(workers=2)  # pyright: ignore[reportCallIssue]


class Stop(Callback):
    def after_epoch(self, t: Trainer):
        if t.epoch > 3:
            raise StopTraining


def evaluating(clf: ImageClassifier, data: Data):
    seen = evaluate(clf, data)
    assert_type(seen, Evaluation)
    assert_type(seen.accuracy, float)
    for figure in (plot_confusion(seen, data), plot_evaluation(seen), plot_curves([{}])):
        assert_type(figure, Figure)
    found = predict(clf, ['a.png', Path('b.png')], classes=data.classes)
    assert_type(found, Predictions)
    assert_type(export_onnx(clf, 'clf.onnx', merge=True), Path)
    assert_type(export_program(clf, Path('clf.pt2'), (3, 32, 32)), Path)
    evaluate(clf, data, batchsize=2)  # pyright: ignore[reportCallIssue]
    print(seen.acuracy)  # pyright: ignore[reportAttributeAccessIssue]
    export_onnx('clf.onnx', clf)  # pyright: ignore[reportArgumentType]


def checkpoints(clf: ImageClassifier):
    assert_type(save_checkpoint('clf.safetensors', clf, classes=['a']), Path)
    assert_type(load_checkpoint(clf, 'torchvision://resnet50', head='reset'), LoadReport)
    print(load_classifier('clf.safetensors')[0])
    load_checkpoint('torchvision://resnet50', clf)  # pyright: ignore[reportArgumentType]


def configs(cfg: Mapping):
    assert_type(Config.fromfile('resnet.py'), Config)
    assert_type(merge(cfg, {}), dict)
    Config(dict(a=1)).dump('a.yaml')
    Config.from_file('resnet.py')  # pyright: ignore[reportAttributeAccessIssue]


def exploring():
    assert_type(explore(), Explorer)
    explorer = Explorer()
    assert_type(explorer.state, State)
    assert_type(explorer.resolved, Resolved)
    assert_type(explorer.classifier, ImageClassifier)
    run: Run | None = None
    runs: Runs | None = None
    print(explorer.sate)  # pyright: ignore[reportAttributeAccessIssue]
    assert_type(main(['list']), int)
    return run, runs
