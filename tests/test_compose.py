"What a wrong composition is told, whole, and that what it is told to write mends it."
import pytest
import torch
from common import ROOT, minimal, parts, python
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn

from clsparts.all import MODELS, compose, diagram
from clsparts.backbones.vision_transformer import VIT_ARCHS
from clsparts.base.module import FILLS
from clsparts.checkpoints.checkpoint import save_checkpoint
from clsparts.composer.builder import compose_model
from clsparts.composer.dry_run import resolve, resolve_model
from clsparts.composer.spec import ComposeError, apply_fixes
from clsparts.core.errors import ConfigError
from clsparts.core.registry import parameters

R18, GAP, HEAD = dict(type='ResNet', depth=18), 'GlobalAveragePooling', dict(type='LinearClsHead', num_classes=10)
VIT = dict(type='VisionTransformer', arch='deit-t')
OWN = "Register your own class with @MODELS.register_module()."


def there_is(kind):
    return 'Available: ' + ', '.join(MODELS.names(kind)) + '.'
class Strided(nn.Module):
    "Halves the image and puts even and odd pixels together: odd sizes do not fit"
    def forward(self, x):
        if x.shape[-1] % 4:
            raise RuntimeError(f'size {x.shape[-1]} is no multiple of 4')
        return x[..., ::2, ::2] + x[..., 1::2, 1::2]


class GivesDict(nn.Module):
    def forward(self, x):
        return dict(features=x)


class Broken(nn.Module):
    def __init__(self, width):
        raise OSError('no room')


class Competing(nn.Module):
    def forward(self, pred, target):
        return nn.functional.cross_entropy(pred, target)


def two_arguments(pred, target, more):
    return pred.sum()


def case(text, *args, **kwargs):
    names = ('backbone', 'neck', 'head', 'loss')
    return {**dict(zip(names, args, strict=False)), **kwargs}, text


WRONG = {
    # unknown names
    'backbone misspelt': case(
        "backbone.type: there is no backbone 'ResNett'. Did you mean 'ResNet'? "
        "{backbones} {own} Set backbone.type='ResNet'.",
        dict(type='ResNett', depth=18),
        GAP,
        HEAD,
    ),
    'backbone in small letters': case(
        "backbone.type: there is no backbone 'resnet'. Did you mean 'ResNet'? "
        "{backbones} {own} Set backbone.type='ResNet'.",
        dict(type='resnet', depth=18),
        GAP,
        HEAD,
    ),
    'backbone of another library': case(
        "backbone.type: there is no backbone 'EfficientFormerV9'. {backbones} {own}", 'EfficientFormerV9', GAP, HEAD
    ),
    'neck misspelt': case(
        "neck.type: there is no neck 'GlobalAvgPooling'. Did you mean 'GlobalAveragePooling'? "
        "{necks} {own} Set neck.type='GlobalAveragePooling'.",
        R18,
        'GlobalAvgPooling',
        HEAD,
    ),
    'head misspelt': case(
        "head.type: there is no head 'LinearHead'. Other libraries use this name. Set head.type='LinearClsHead'.",
        R18,
        GAP,
        dict(type='LinearHead', num_classes=10),
    ),
    'loss misspelt': case(
        "head.loss.type: there is no loss 'CrossEntropy'. Other libraries use this name. "
        "Set head.loss.type='CrossEntropyLoss'.",
        R18,
        GAP,
        HEAD,
        'CrossEntropy',
    ),
    'three names at once': case(
        "3 problems:\n- backbone.type: there is no backbone 'ResNett'. Did you mean 'ResNet'? "
        "{backbones} {own} Set backbone.type='ResNet'.\n"
        "- neck.type: there is no neck 'GlobalAvgPooling'. Did you mean 'GlobalAveragePooling'? "
        "{necks} {own} Set neck.type='GlobalAveragePooling'.\n"
        "- head.type: there is no head 'LinearHead'. Other libraries use this name. Set head.type='LinearClsHead'.",
        dict(type='ResNett', depth=18),
        'GlobalAvgPooling',
        dict(type='LinearHead', num_classes=10),
    ),
    'no such package': case(
        "neck.type: a config may not name a class of nowhere.at_all. "
        "Pass the class itself or register it in Python, MODELS.register_module(module=Neck), "
        'or load with trusted=True (--trusted) if you trust the author.',
        R18,
        'nowhere.at_all:Neck',
        HEAD,
    ),
    'a function in a config': case("neck.type: a config may not name a class of os. …", R18, 'os:system', HEAD),
    # arguments
    'argument misspelt': case(
        "backbone.dept: ResNet has no argument 'dept'. Did you mean 'depth'? "
        "Set backbone.depth=18 instead of backbone.dept.",
        dict(type='ResNet', dept=18),
        GAP,
        HEAD,
    ),
    'argument of another part': case(
        "neck.num_classes: GlobalAveragePooling has no argument 'num_classes'; "
        "it belongs in the head. Remove neck.num_classes.",
        R18,
        dict(type=GAP, num_classes=10),
        HEAD,
    ),
    'argument written twice, once wrongly': case(
        "backbone.Depth: ResNet has no argument 'Depth'. Did you mean 'depth'? Remove backbone.Depth.",
        dict(type='ResNet', depth=18, Depth=50),
        GAP,
        HEAD,
    ),
    'argument missing': case(
        "backbone: ResNet requires the argument 'depth'. Use dict(type='ResNet', depth=…).", 'ResNet', GAP, HEAD
    ),
    'classes missing': case(
        "head: LinearClsHead requires the argument 'num_classes'. Use dict(type='LinearClsHead', num_classes=…).",
        R18,
        GAP,
        'LinearClsHead',
    ),
    'option beside the parts': case(
        "depth: this is an option of ResNet. Put it in the backbone dict. Set backbone.depth=18 instead of depth.",
        'ResNet',
        GAP,
        HEAD,
        depth=18,
    ),
    'option with two underscores': case(
        "backbone__norm_eval: this is an option of ResNet. Put it in the backbone dict. "
        "Set backbone.norm_eval=True instead of backbone__norm_eval.",
        R18,
        GAP,
        HEAD,
        backbone__norm_eval=True,
    ),
    'option of nobody': case(
        "colour: compose has no argument 'colour'. Available: backbone, neck, head, loss, num_classes, image_shape, "
        "targets, teacher. Remove colour.",
        R18,
        GAP,
        HEAD,
        colour=3,
    ),
    'typos in three parts': case(
        "3 problems:\n- backbone.stile: ResNet has no argument 'stile'. Did you mean 'style'? "
        "Set backbone.style='caffe' instead of backbone.stile.\n"
        "- neck.dims: GlobalAveragePooling has no argument 'dims'. Did you mean 'dim'? "
        "Set neck.dim=2 instead of neck.dims.\n"
        "- head.top_k: LinearClsHead has no argument 'top_k'. Did you mean 'topk'? "
        "Set head.topk=(1,) instead of head.top_k.",
        {**R18, 'stile': 'caffe'},
        dict(type=GAP, dims=2),
        {**HEAD, 'top_k': (1,)},
    ),
    'norm misspelt': case(
        "backbone.norm_cfg.type: there is no norm 'BatchNorm'. {norms} {own}",
        {**R18, 'norm_cfg': dict(type='BatchNorm')},
        GAP,
        HEAD,
    ),
    'norm argument misspelt': case(
        "backbone.norm_cfg.esp: BatchNorm2d has no argument 'esp'. Did you mean 'eps'? "
        "Set backbone.norm_cfg.eps=0.001 instead of backbone.norm_cfg.esp.",
        {**R18, 'norm_cfg': dict(type='BN', esp=1e-3)},
        GAP,
        HEAD,
    ),
    'initialiser misspelt': case(
        "head.init_cfg.type: 'Normall' is not an initialiser. Available: {inits}. Set head.init_cfg.type='Normal'.",
        R18,
        GAP,
        {**HEAD, 'init_cfg': dict(type='Normall')},
    ),
    'loss argument misspelt': case(
        "head.loss.use_sigmod: CrossEntropyLoss has no argument 'use_sigmod'. Did you mean 'use_sigmoid'? "
        "Set head.loss.use_sigmoid=True instead of head.loss.use_sigmod.",
        R18,
        GAP,
        HEAD,
        dict(type='CrossEntropyLoss', use_sigmod=True),
    ),
    # values
    'number as text': case(
        "backbone.depth: expected an int, got '18'. Set backbone.depth=18.", dict(type='ResNet', depth='18'), GAP, HEAD
    ),
    'name without its dict': case(
        "backbone.norm_cfg: expected a dict, got 'BN'. Set backbone.norm_cfg=dict(type='BN').",
        {**R18, 'norm_cfg': 'BN'},
        GAP,
        HEAD,
    ),
    'text for a truth value': case(
        "backbone.norm_eval: expected True or False, got 'True'. Set backbone.norm_eval=True.",
        {**R18, 'norm_eval': 'True'},
        GAP,
        HEAD,
    ),
    'no such depth': case(
        'backbone.depth: expected one of 18, 34, 50, 101, 152, got 20. Set backbone.depth=18.',
        dict(type='ResNet', depth=20),
        GAP,
        HEAD,
    ),
    'no such stage': case(
        "backbone.out_indices: ResNet has 4 outputs, 0 to 3 (or -4 to -1); 4 is none of them.",
        {**R18, 'out_indices': (4,)},
        GAP,
        HEAD,
    ),
    'no such architecture': case(
        "backbone.arch: there is no 'bse'. Did you mean 'base'? {archs} Set backbone.arch='base'.",
        dict(type='VisionTransformer', arch='bse'),
        None,
        HEAD,
    ),
    'classes below one': case(
        "head.num_classes: expected an int from 1, got 0.", R18, GAP, dict(type='LinearClsHead', num_classes=0)
    ),
    'topk above the classes': case(
        'head.topk: expected at most num_classes=3, got 5. Set head.topk=(1,).',
        R18,
        GAP,
        dict(type='LinearClsHead', num_classes=3, topk=(1, 5)),
    ),
    'topk above the channels': case(
        "head.topk: expected at most num_classes=512, got 600. Set head.topk=(1,).",
        R18,
        GAP,
        dict(type='ClsHead', topk=(1, 600)),
    ),
    'smoothing of one': case(
        "head.loss.label_smooth_val: expected a number >= 0 and < 1, got 1.0.",
        R18,
        GAP,
        HEAD,
        dict(type='LabelSmoothLoss', label_smooth_val=1.0),
    ),
    'a constructor that fails': case(
        "neck: Broken could not be built: OSError: no room", R18, dict(type=Broken, width=3), HEAD
    ),
    # kinds and places
    'loss for head': case(
        "head.type: expected a head, got the loss CrossEntropyLoss. {heads}", R18, GAP, 'CrossEntropyLoss'
    ),
    'head for backbone': case(
        "backbone.type: expected a backbone, got the head LinearClsHead. {backbones}", 'LinearClsHead', GAP, HEAD
    ),
    'neck and head exchanged': case(
        "neck: LinearClsHead is a head, not a neck; GlobalAveragePooling is a neck, not a head. "
        "Set head=dict(type='LinearClsHead', num_classes=10) and neck=dict(type='GlobalAveragePooling').",
        R18,
        HEAD,
        GAP,
    ),
    'module of another kind': case(
        "neck: expected a neck, got the backbone ResNet. {necks}",
        R18,
        MODELS.build(dict(type='ResNet', depth=18, base_channels=4)),
        HEAD,
    ),
    'dict without a type': case(
        "head: expected a dict with a 'type', got one with 'num_classes'. Use dict(type=…).",
        R18,
        GAP,
        dict(num_classes=10),
    ),
    'a number for a part': case("neck: expected a name, a dict with a type, a class or a module, got 5.", R18, 5, HEAD),
    'no backbone': case(
        "backbone: expected a name, a dict with a type, a class or a module, got None.", None, GAP, HEAD
    ),
    'loss without head': case("head: loss and num_classes need a head.", R18, loss='FocalLoss'),
    'classes without head': case(
        "2 problems:\n- head: loss and num_classes need a head. Set head=dict(type='LinearClsHead').\n"
        "- head: LinearClsHead expects a vector (b, 512), got a "
        "feature map 512 × 7 × 7 from the backbone. Set neck=dict(type='GlobalAveragePooling').",
        R18,
        num_classes=10,
    ),
    'loss twice': case(
        "loss: the loss is set twice, here and in the head. Remove loss.",
        R18,
        GAP,
        {**HEAD, 'loss': 'FocalLoss'},
        'CrossEntropyLoss',
    ),
    'classes twice': case(
        'num_classes: expected 10, as in the head, got 100. Set head.num_classes=100.', R18, GAP, HEAD, num_classes=100
    ),
    'loss beside a finished head': case(
        "loss: the head is a module with its own loss. Set head.loss_module, or pass the head as a dict. Remove loss.",
        R18,
        GAP,
        MODELS.build({**HEAD, 'in_channels': 512}),
        'FocalLoss',
    ),
    # connections
    'map into a linear head': case(
        "head: LinearClsHead expects a vector (b, 512), got a feature map 512 × 7 × 7 from the backbone. "
        "Set neck=dict(type='GlobalAveragePooling').",
        R18,
        None,
        HEAD,
    ),
    'vector into a pooling': case(
        "neck: GlobalAveragePooling(dim=2) expects a 4-D tensor (b, c, h, w), "
        "got a vector of length 192 from the backbone. Set neck=None.",
        VIT,
        GAP,
        HEAD,
    ),
    'tokens into a linear head': case(
        "head: LinearClsHead expects a vector (b, 192), got tokens 197 × 192 from the backbone. "
        "Set backbone.out_type='cls_token'.",
        {**VIT, 'out_type': 'raw'},
        None,
        HEAD,
    ),
    'map into a vector neck': case(
        "neck: ClsBatchNormNeck expects a vector (b, 512), got a feature map 512 × 7 × 7 from the backbone. "
        "Set neck=dict(type='GlobalAveragePooling').",
        R18,
        'ClsBatchNormNeck',
        HEAD,
    ),
    'channels of another network': case(
        "head.in_channels: LinearClsHead expects a vector (b, 2048), "
        "got a vector of length 512 from the neck. Set head.in_channels=512.",
        R18,
        GAP,
        {**HEAD, 'in_channels': 2048},
    ),
    'channels in the neck': case(
        "neck.input_features: ClsBatchNormNeck expects a vector (b, 64), got a vector of length 192 from the backbone. "
        "Set neck.input_features=192.",
        VIT,
        dict(type='ClsBatchNormNeck', input_features=64),
        HEAD,
    ),
    'map and channels at once': case(
        "head: LinearClsHead expects a vector (b, 2048), got a feature map 512 × 7 × 7 from the backbone. "
        "Set head.in_channels=512 and neck=dict(type='GlobalAveragePooling').",
        R18,
        None,
        {**HEAD, 'in_channels': 2048},
    ),
    'a head that gives a maps': case(
        "head: ClsHead expects a vector (b, c), got a feature map 512 × 7 × 7 from the backbone. "
        "Set neck=dict(type='GlobalAveragePooling').",
        R18,
        None,
        'ClsHead',
    ),
    'a head of torch that gives a maps': case(
        "head: Conv2d outputs a feature map 10 × 7 × 7; expected logits (b, k).", R18, None, nn.Conv2d(512, 10, 1)
    ),
    'scores for other classes': case(
        "head: ClsHead outputs 512 logits for num_classes=10. Set head=dict(type='LinearClsHead', num_classes=10).",
        R18,
        GAP,
        'ClsHead',
        num_classes=10,
    ),
    'finished head of another network': case(
        "head: LinearClsHead expects a vector (b, 2048), got a vector of length 512 from the neck. "
        "Set head=dict(type='LinearClsHead', num_classes=10, in_channels=512).",
        R18,
        GAP,
        MODELS.build({**HEAD, 'in_channels': 2048}),
    ),
    'linear layer of another width': case(
        "head: Linear fails on a vector of length 512 from the neck: …", R18, GAP, nn.Linear(2048, 10)
    ),
    'a backbone that gives a dict': case(
        "backbone: GivesDict outputs a dict; expected a tuple of features.", GivesDict(), GAP, HEAD
    ),
    # images
    'grey images': case(
        "backbone.in_channels: ResNet expects images with 3 channels, got an image 1 × 28 × 28. "
        "Set backbone.in_channels=1.",
        R18,
        GAP,
        HEAD,
        image_shape=(1, 28, 28),
    ),
    'images below a patch': case(
        'backbone: VisionTransformer expects images of at least one patch, 16 × 16 pixels, got an image 3 × 8 × 8. '
        'Set backbone.patch_size=2 and backbone.img_size=8.',
        VIT,
        None,
        HEAD,
        image_shape=(3, 8, 8),
    ),
    'images of a size that does not fit': case(
        "backbone: Strided fails on an image 3 × 30 × 30: size 30 is no multiple of 4. "
        "Set image_shape=(3, 32, 32).",
        Strided(),
        GAP,
        HEAD,
        image_shape=(3, 30, 30),
    ),
    'an image without channels': case(
        "image_shape: expected (c, h, w), got (32, 32). Set image_shape=(3, 32, 32).",
        R18,
        GAP,
        HEAD,
        image_shape=(32, 32),
    ),
    # losses and targets
    'distribution loss on labels': case(
        "head.loss: L1Loss cannot be computed for labels: expected float targets of shape (n, 10), got int64 of shape "
        "(3,). Set targets='soft'.",
        R18,
        GAP,
        HEAD,
        'L1Loss',
    ),
    'distribution loss, labels wanted': case(
        "head.loss: L1Loss cannot be computed for labels: expected float targets of shape (n, 10), got int64 of shape "
        "(3,). Set head.loss=dict(type='CrossEntropyLoss').",
        R18,
        GAP,
        HEAD,
        'L1Loss',
        targets='labels',
    ),
    'soft loss on labels': case(
        'head.loss: CrossEntropyLoss cannot be computed for labels: expected float targets of shape (n, 10), got int64 '
        'of shape (3,). Remove head.loss.use_soft.',
        R18,
        GAP,
        HEAD,
        dict(type='CrossEntropyLoss', use_soft=True),
    ),
    'softmax for several labels': case(
        "head.loss.use_sigmoid: CrossEntropyLoss assumes one label per image, but the targets are multi-label. "
        "Set head.loss.use_sigmoid=True.",
        R18,
        GAP,
        HEAD,
        'CrossEntropyLoss',
        targets='multi-label',
    ),
    "torch's softmax for several labels": case(
        "head.loss: CrossEntropyLoss assumes one label per image, but the targets are multi-label. "
        "Set head.loss=dict(type='CrossEntropyLoss', use_sigmoid=True).",
        R18,
        GAP,
        HEAD,
        nn.CrossEntropyLoss(),
        targets='multi-label',
    ),
    "torch's binary loss on labels": case(
        "head.loss: BCEWithLogitsLoss cannot be computed for labels: Target size (torch.Size([3])) must be the same as "
        "input size (torch.Size([3, 10])). Set targets='soft'.",
        R18,
        GAP,
        HEAD,
        nn.BCEWithLogitsLoss(),
    ),
    'factors for other classes': case(
        'head.loss: CrossEntropyLoss cannot be computed for labels: class_weight: expected one factor per class (10), '
        'got 2. '
        "Set head.loss=dict(type='CrossEntropyLoss').",
        R18,
        GAP,
        HEAD,
        dict(type='CrossEntropyLoss', class_weight=[1.0, 2.0]),
    ),
    'a loss of three arguments': case(
        "head.loss: two_arguments cannot be computed for labels: two_arguments() missing 1 required positional "
        "argument: 'more'. "
        "Set head.loss=dict(type='CrossEntropyLoss').",
        R18,
        GAP,
        HEAD,
        two_arguments,
    ),
    'a loss that is not reduced': case(
        'head.loss: CrossEntropyLoss cannot be computed for labels: it outputs the shape (3,); '
        'expected a single number. Remove head.loss.reduction.',
        R18,
        GAP,
        HEAD,
        dict(type='CrossEntropyLoss', reduction='none'),
    ),
    'no such targets': case(
        "targets: expected one of labels, soft, multi-label, got 'multilabel'. Remove targets.",
        R18,
        GAP,
        HEAD,
        targets='multilabel',
    ),
    # teachers
    'a teacher of other classes': case(
        "teacher: the teacher outputs a vector of length 7, but the student outputs 10 logits.",
        R18,
        GAP,
        HEAD,
        dict(type='L1Loss', use_softmax=True),
        teacher=dict(
            type='ImageClassifier',
            backbone=R18,
            neck=dict(type=GAP),
            head=dict(type='LinearClsHead', num_classes=7, in_channels=512),
        ),
    ),
    'a teacher that is wrong': case(
        "teacher.backbone.dept: ResNet has no argument 'dept'. Did you mean 'depth'? "
        "Set teacher.backbone.depth=18 instead of teacher.backbone.dept.",
        R18,
        GAP,
        HEAD,
        dict(type='L1Loss', use_softmax=True),
        teacher=dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', dept=18),
            neck=dict(type=GAP),
            head=dict(type='LinearClsHead', num_classes=10, in_channels=512),
        ),
    ),
}


def error(comp):
    with pytest.raises(ComposeError) as e:
        compose(**comp)
    return e.value


def known():
    "What stands in the texts for lists that grow"
    lists = {f'{k}s' if k != 'loss' else 'losses': there_is(k) for k in ('backbone', 'neck', 'head', 'loss')}
    archs = (
        f"Available: {', '.join(VIT_ARCHS)}; or a dict with embed_dims, num_layers, num_heads, feedforward_channels."
    )
    return dict(
        own=OWN,
        norms=there_is('norm'),
        inits=', '.join([*FILLS, 'Pretrained']),
        archs=archs,
        **lists,
    )


def whole(text):
    for name, value in known().items():
        text = text.replace('{' + name + '}', value)
    return text


@pytest.mark.parametrize('name', WRONG)
def test_told(name):
    "Word for word; … at the end stands for words of torch"
    comp, text = WRONG[name]
    told, expected = str(error(comp)), whole(text)
    assert told == expected or expected.endswith('…') and told.startswith(expected[:-1]), told


@pytest.mark.parametrize('name', WRONG)
def test_fixes_mend(name):
    "With the offered fixes applied it composes, or just that is left for which no fix was offered"
    comp, _ = WRONG[name]
    before = error(comp)
    unfixed = [f.path for f in before.issues if f.fix is None]
    try:
        clf = compose(**comp, fixes=before.fixes)
    except ComposeError as after:
        assert unfixed and [f.path for f in after.issues] == unfixed, after
    else:
        assert not unfixed
        if 'image_shape' not in comp:
            assert clf(torch.randn(2, 3, 64, 64)).ndim == 2


# ---- random compositions: an error in words, or none ----

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.sampled_from([0.0, 0.5, 1e3, float('nan'), float('inf')])
    | st.text(max_size=6)
    | st.sampled_from(['BN', 'LN', 'ReLU', 'base', 'deit-t', 'raw', 'featmap', 'pytorch']),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(['type', 'eps', 'a']), inner, max_size=2)
    ),
    max_leaves=6,
)


def random_part(kind):
    "A name, perhaps wrong, or a dict with options, perhaps wrong"
    names = [e.name for e in parts(kind)]
    fitting = st.sampled_from([minimal(e, img_size=32, patch_size=8, arch='deit-t') for e in parts(kind)])
    options = {e.name: [*parameters(e.part)[0], 'deph', 'norm', ''] for e in parts(kind)}

    def disturbed(cfg):
        return st.dictionaries(st.sampled_from(options[cfg['type']]), PLAIN, max_size=2).map(
            lambda more: {**cfg, **more}
        )

    return st.one_of(fitting.flatmap(disturbed), fitting.flatmap(disturbed), st.sampled_from(names), st.none(), PLAIN)


COMPOSITIONS = st.fixed_dictionaries(
    dict(backbone=random_part('backbone'), neck=random_part('neck'), head=random_part('head')),
    optional=dict(
        loss=random_part('loss'),
        num_classes=st.integers(-1, 20) | st.none(),
        image_shape=st.sampled_from([(3, 32, 32), [1, 33, 47], (3, 8), 'x', None]),
        targets=st.sampled_from(['labels', 'soft', 'multi-label', 'x', None]),
    ),
)


@settings(max_examples=200, derandomize=True, deadline=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(COMPOSITIONS)
def test_random(comp):
    "A composition fits or is told why not; what was offered mends what it was offered for"
    try:
        resolve(comp)
    except ComposeError as e:
        before = e
    else:
        return
    assert all(f.message and len(f.message) > 10 for f in before.issues)
    if not before.fixes:
        return
    try:
        resolve(apply_fixes(comp, before.fixes))
    except ComposeError as after:
        known = [f for f in before.issues if f.fix is None]
        assert [f for f in after.issues if f not in known] == [], f'{before}\n\nmended, it is told:\n{after}'


@settings(max_examples=60, derandomize=True, deadline=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))
@given(st.dictionaries(
    st.sampled_from(['type', 'backbone', 'neck', 'head', 'nek', 'pretrained', 'init_cfg', 'teacher']), PLAIN, max_size=4
))
def test_random_model(model):
    try:
        resolve_model(model)
    except ComposeError as e:
        assert e.issues


class TwoImages(nn.Module):
    "Unpacks the batch in the place of patch and class tokens, as the head in OpenMMLab's guide does"
    def __init__(self, in_channels=192):
        super().__init__()
        self.fc = nn.Linear(in_channels, 10)

    def forward(self, x):
        _, token = x
        return self.fc(token)


class Transposed(nn.Module):
    def forward(self, x):
        return x.transpose(0, 1)


class Squeezed(nn.Module):
    "Leaves out the batch where there is one image"
    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x, 1).squeeze()


class OneAlways(nn.Module):
    def forward(self, x):
        return torch.zeros(17, 10)


class NeedsNumbers(nn.Module):
    def forward(self, x):
        return x.flatten()[:10].view(1, 10) if x.sum() > -1e9 else x


class HoldsNone(nn.Module):
    def forward(self, x):
        return x, None


LINEAR_10 = nn.Linear(512, 10)
WRONG_BATCH = {
    'a constant batch': (dict(backbone=R18, neck=GAP, head=OneAlways()), 'head', '(17, 10)'),
    'axes exchanged by the head': (
        dict(backbone=R18, neck=GAP, head=nn.Sequential(LINEAR_10, Transposed())),
        'head',
        '(10, 509)',
    ),
    'axes exchanged by the neck': (
        dict(backbone=R18, neck=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), Transposed()), head=LINEAR_10),
        'neck',
        '(512, 509)',
    ),
    'no axis for one image': (dict(backbone=R18, neck=Squeezed(), head=LINEAR_10), 'neck', '(512,)'),
    'the batch unpacked': (dict(backbone=VIT, neck=None, head=TwoImages()), 'head', 'too many values to unpack'),
    'batch and channels as one': (
        dict(backbone=nn.Flatten(0), neck=None, head=nn.Identity()),
        'backbone',
        'the first axis must be the batch',
    ),
    'run for real': (dict(backbone=R18, neck=GAP, head=NeedsNumbers()), 'head', '(1, 10)'),
    'a backbone that gives None': (
        dict(backbone=HoldsNone(), neck=GAP, head=LINEAR_10),
        'backbone',
        'outputs a NoneType',
    ),
}


@pytest.mark.parametrize('name', WRONG_BATCH)
@pytest.mark.filterwarnings('ignore:.*run eagerly')
def test_wrong_batch(name):
    "An output without the batch in its first axis is found, and a fix that is offered works for every batch size"
    comp, path, words = WRONG_BATCH[name]
    e = error(comp)
    assert e.issues[0].path == path and words in e.issues[0].message, e
    if not e.fixes:
        return
    clf = compose(**comp, fixes=e.fixes).eval()
    assert [clf(torch.zeros(b, 3, 224, 224)).shape for b in (1, 2)] == [(1, 10), (2, 10)]


def test_picture():
    "The README's picture is what is drawn"
    clf = compose(dict(type='ResNet', depth=50), 'GlobalAveragePooling', 'LinearClsHead', num_classes=1000)
    assert (ROOT/'nbs'/'images'/'flow.svg').read_text(encoding='utf-8') == diagram(clf).svg


WRAPPED = """
import sys
from clsparts.core.registry import MODELS
assert 'clsparts.composer.wrappers' not in sys.modules
print(MODELS.find('ModuleHead', 'head').place, MODELS.find('ModuleNeck', 'neck').place)
import torch
from clsparts.checkpoints.checkpoint import load_classifier
clf, _ = load_classifier(sys.argv[1])
print(type(clf.neck).__name__, type(clf.head).__name__, tuple(clf(torch.zeros(1, 3, 32, 32)).shape))
"""


def test_wrappers_are_found_by_name(tmp_path):
    "A checkpoint contains the registered names of the wrappers, which a fresh process finds without an import"
    pool, flat = dict(type='torch.nn:AdaptiveAvgPool2d', output_size=1), dict(type='torch.nn:Flatten')
    clf = compose(dict(type='MobileNetV2', widen_factor=.25), pool, flat)
    assert [clf.cfg[k]['type'] for k in ('neck', 'head')] == ['ModuleNeck', 'ModuleHead']
    path = save_checkpoint(tmp_path/'clf.safetensors', clf)
    module = 'clsparts.composer.wrappers'
    assert python(WRAPPED, path).stdout.splitlines() == [
        f'{module}:ModuleHead {module}:ModuleNeck',
        'ModuleNeck ModuleHead (1, 1280)',
    ]


@pytest.mark.parametrize('scope', ['mmpretrain', 'mmcls'])
def test_names_with_a_scope(scope):
    "As in OpenMMLab's configs"
    model = dict(
        type=f'{scope}.ImageClassifier',
        backbone=dict(type=f'{scope}.ResNet', depth=18),
        neck=f'{scope}.GlobalAveragePooling',
        head=dict(type=f'{scope}.LinearClsHead', num_classes=3, loss=dict(type=f'{scope}.CrossEntropyLoss')),
    )
    with torch.device('meta'):
        assert compose_model(model).head.in_channels == 512
    with pytest.raises(ConfigError, match="OpenMMLab's backbone RegNet is not in clsparts yet"):
        MODELS.find(f'{scope}.RegNet')
