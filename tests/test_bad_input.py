"Wrong configs and calls: the path and the fix of each issue, and each text once."
import pytest
import torch

from clsparts.all import MODELS, compose
from clsparts.core.errors import ConfigError, Fix

BACKBONE = dict(type='ResNet', depth=18, base_channels=4, stem_channels=8)             # outputs maps of 32 channels
VIT = dict(type='VisionTransformer', img_size=32, patch_size=16,
           arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32))
NECK, HEAD = dict(type='GlobalAveragePooling'), dict(type='LinearClsHead', num_classes=10)
IMAGES, LABELS = torch.randn(2, 3, 32, 32), torch.tensor([1, 2])


def build(backbone=BACKBONE, neck=NECK, head=None, **more):
    "As from a config file"
    head = head or dict(HEAD, in_channels=32)
    return MODELS.build(dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head, **more))


def composed(backbone=BACKBONE, neck=NECK, head=HEAD, loss=None, **more):
    return compose(backbone, neck, head, loss, **more)


def loss_of(loss, target, **more):
    return composed(loss=loss, **more).loss(IMAGES, target)['loss']


def found(wrong) -> tuple[dict, str]:
    "Fix by path, and the text, of the error that `wrong()` raises"
    with pytest.raises(ConfigError) as e:
        wrong()
    return {i.path: i.fix for i in e.value.issues}, str(e.value)


def sets(path, value, *remove):
    "The fix that sets one value"
    return Fix({path: value}, remove)


# a call, and for each issue its path and its fix
WRONG_CONFIGS = {
    'unknown backbone': (
        lambda: build(backbone={**BACKBONE, 'type': 'ResNett'}),
        {'backbone.type': sets('backbone.type', 'ResNet')},
    ),
    'unknown neck': (
        lambda: build(neck=dict(type='GlobalAveragePool')),
        {'neck.type': sets('neck.type', 'GlobalAveragePooling')},
    ),
    'unknown head': (
        lambda: composed(head='LinearHead'),
        {'head.type': sets('head.type', 'LinearClsHead'), 'head': None},
    ),
    'unknown loss': (
        lambda: build(head={**HEAD, 'in_channels': 32, 'loss': dict(type='FocalLos')}),
        {'head.loss.type': sets('head.loss.type', 'FocalLoss')},
    ),
    'unknown loss beside the head': (
        lambda: composed(loss='FocalLos'),
        {'head.loss.type': sets('head.loss.type', 'FocalLoss')},
    ),
    'unknown norm': (
        lambda: composed({**BACKBONE, 'norm_cfg': dict(type='BatchNorm')}),
        {'backbone.norm_cfg.type': None},
    ),
    'no such module': (lambda: build(neck=dict(type='nowhere.at_all:Neck')), {'neck.type': None}),
    'no name': (lambda: composed(dict(depth=18)), {'backbone': None}),
    # a part of another kind: by name, as a class, as a module
    'loss for head': (lambda: build(head=dict(type='CrossEntropyLoss')), {'head.type': None}),
    'head for backbone': (lambda: composed('LinearClsHead'), {'backbone.type': None}),
    'backbone for loss': (lambda: composed(loss='ResNet'), {'head.loss.type': None}),
    'class of another kind': (lambda: composed(head=MODELS.get('CrossEntropyLoss')), {'head.type': None}),
    'module of another kind': (lambda: composed(neck=MODELS.build(BACKBONE)), {'neck': None}),
    'misspelt backbone argument': (
        lambda: build({**BACKBONE, 'norm_evl': True}),
        {'backbone.norm_evl': sets('backbone.norm_eval', True, 'backbone.norm_evl')},
    ),
    'misspelt loss argument': (
        lambda: composed(loss=dict(type='CrossEntropyLoss', use_sigmod=True)),
        {'head.loss.use_sigmod': sets('head.loss.use_sigmoid', True, 'head.loss.use_sigmod')},
    ),
    'misspelt norm argument': (
        lambda: build({**BACKBONE, 'norm_cfg': dict(type='BN', esp=1e-3)}),
        {'backbone.norm_cfg.esp': sets('backbone.norm_cfg.eps', 1e-3, 'backbone.norm_cfg.esp')},
    ),
    'misspelt part': (lambda: build(nek=NECK), {'nek': Fix({}, ('nek',))}),
    'all at once': (
        lambda: composed(dict(type='ResNet', dept=18), dict(type='GlobalAveragePooling', dims=2), {**HEAD, 'top_k': 1}),
        {
            'backbone.dept': sets('backbone.depth', 18, 'backbone.dept'),
            'neck.dims': sets('neck.dim', 2, 'neck.dims'),
            'head.top_k': sets('head.topk', 1, 'head.top_k'),
        },
    ),
    'missing depth': (lambda: build('ResNet'), {'backbone': None}),
    'missing classes': (lambda: composed(head='LinearClsHead'), {'head': None}),
    'missing channels': (lambda: build(head=HEAD), {'head': None}),
    # parts that do not fit each other
    'map for a vector': (lambda: composed(neck=None), {'head': sets('neck', dict(type='GlobalAveragePooling'))}),
    'vector for a map': (lambda: composed(VIT), {'neck': sets('neck', None)}),
    'channels that do not fit': (
        lambda: composed(head={**HEAD, 'in_channels': 512}),
        {'head.in_channels': sets('head.in_channels', 32)},
    ),
    'image that does not fit': (
        lambda: composed(image_shape=(1, 32, 32)),
        {'backbone.in_channels': sets('backbone.in_channels', 1)},
    ),
    'image without channels': (
        lambda: composed(image_shape=(32, 32)),
        {'image_shape': sets('image_shape', (3, 32, 32))},
    ),
    'image under a patch': (
        lambda: composed({**VIT, 'img_size': 8}, None),
        {'backbone': Fix({'backbone.patch_size': 2, 'backbone.img_size': 8})},
    ),
    # values that do not exist
    'style': (lambda: composed({**BACKBONE, 'style': 'cafe'}), {'backbone.style': sets('backbone.style', 'caffe')}),
    'rate': (lambda: composed({**BACKBONE, 'drop_path_rate': 1.5}), {'backbone.drop_path_rate': None}),
    'negative rate': (
        lambda: composed({**BACKBONE, 'drop_path_rate': -0.1}),
        {'backbone.drop_path_rate': sets('backbone.drop_path_rate', 0)},
    ),
    'dim': (lambda: composed(neck={**NECK, 'dim': 4}), {'neck.dim': None}),
    'depth': (lambda: build({**BACKBONE, 'depth': 19}), {'backbone.depth': sets('backbone.depth', 18)}),
    'stage': (lambda: composed({**BACKBONE, 'out_indices': (4,)}), {'backbone.out_indices': None}),
    'topk above the classes': (
        lambda: composed(head={**HEAD, 'topk': (1, 11)}),
        {'head.topk': sets('head.topk', (1,))},
    ),
    'no topk': (lambda: composed(head={**HEAD, 'topk': 0}), {'head.topk': None}),
    'classes in words': (lambda: composed(head={**HEAD, 'num_classes': 'ten'}), {'head.num_classes': None}),
    'classes as text': (
        lambda: composed(head={**HEAD, 'num_classes': '10'}),
        {'head.num_classes': sets('head.num_classes', 10)},
    ),
}
TEXTS = {  # each text once
    'unknown backbone': (
        "backbone.type: there is no backbone 'ResNett'. Did you mean 'ResNet'? Available: ",
        'ResNet_CIFAR, ',
        'Register your own class with @MODELS.register_module().',
    ),
    'no such module': ('neck.type: a config may not name a class of nowhere.at_all.',),
    'no name': ("backbone: expected a dict with a 'type', got one with 'depth'. Use dict(type=…).",),
    'module of another kind': ('neck: expected a neck, got the backbone ResNet. Available: ',),
    'misspelt norm argument': (
        "backbone.norm_cfg.esp: BatchNorm2d has no argument 'esp'. Did you mean 'eps'? ",
    ),
    'all at once': ('3 problems:', '- backbone.dept: ', '- neck.dims: ', '- head.top_k: '),
    'missing depth': ("backbone: ResNet requires the argument 'depth'. Use dict(type='ResNet', depth=…).",),
    'style': ("backbone.style: expected one of 'pytorch', 'caffe', got 'cafe'. Set backbone.style='caffe'.",),
    'rate': ('backbone.drop_path_rate: expected a number >= 0 and < 1, got 1.5.',),
    'classes in words': ("head.num_classes: expected an int, got 'ten'.",),
}


@pytest.mark.parametrize('case', WRONG_CONFIGS)
def test_wrong_config(case):
    wrong, fixes = WRONG_CONFIGS[case]
    paths, text = found(wrong)
    assert paths == fixes
    for words in TEXTS.get(case, ()):
        assert words in text, f'{words!r} is not in: {text}'


RANGE = 'target: expected a label from 0 to 9, got {}.'
FLOATS = ('target: expected integer labels of shape (n,)', 'got float32 of shape (2,). Use .long() for labels.')
LABEL_LOSSES = ('CrossEntropyLoss', 'FocalLoss', dict(type='LabelSmoothLoss', label_smooth_val=.1))

WRONG_CALLS = {
    'map for a vector': (
        lambda: build(neck=None)(IMAGES),
        'LinearClsHead expects a vector (b, 32), got a feature map (b, c, h, w) of shape (2, 32, 1, 1). ',
        "Put neck=dict(type='GlobalAveragePooling') before it.",
    ),
    'channels that do not fit': (
        lambda: build(head={**HEAD, 'in_channels': 512})(IMAGES),
        'LinearClsHead expects a vector (b, 512), got a vector of length 32. Set in_channels=32',
    ),
    'topk without classes': (
        lambda: composed(head=dict(type='ClsHead', topk=(1, 50), cal_acc=True)).loss(IMAGES, LABELS),
        'topk: expected at most num_classes=32, got 50.',
    ),
    'a list of labels': (lambda: loss_of('CrossEntropyLoss', [1, 2]), 'target: ', 'list'),
    'factors for other classes': (
        lambda: loss_of(dict(type='CrossEntropyLoss', class_weight=[1, 2]), LABELS),
        'class_weight: expected one factor per class (10), got 2.',
    ),
    'L1 on labels': (
        lambda: MODELS.build('L1Loss')(torch.randn(2, 10), LABELS),
        'target: expected float targets of shape (n, 10), got int64 of shape (2,).',
        'Use F.one_hot(labels, 10).float()',
    ),
    'one channel': (
        lambda: composed()(IMAGES[:, :1]),
        'the backbone expects images of 3 channels (in_channels=3), got 1: shape (2, 1, 32, 32).',
        'Use x.expand(-1, 3, -1, -1)',
    ),
    'one channel, transformer': (
        lambda: composed(VIT, None).predict(IMAGES[:, :1]),
        'the backbone expects images of 3 channels',
    ),
    'four channels': (
        lambda: composed()(torch.randn(2, 4, 32, 32)),
        'images of 3 channels (in_channels=3), got 4: shape (2, 4, 32, 32).',
    ),
    'one image': (
        lambda: composed()(IMAGES[0]),
        'expected a batch of images (b, c, h, w), got one image (3, 32, 32). Use image[None].',
    ),
    'no channels': (
        lambda: composed()(IMAGES[0, 0]),
        'expected a non-empty batch of images (b, c, h, w), got shape (32, 32).',
    ),
    'no images': (
        lambda: composed()(IMAGES[:0]),
        'expected a non-empty batch of images (b, c, h, w), got shape (0, 3, 32, 32).',
    ),
    'too small': (
        lambda: composed(VIT, None)(torch.randn(2, 3, 8, 8)),
        'VisionTransformer expects images of at least one patch, 16 × 16 pixels, got 8 × 8.',
    ),
    'whole numbers': (
        lambda: composed()(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)),
        'expected floating-point images, got uint8. Use images.float() / 255.',
    ),
    'an array': (lambda: composed()(IMAGES.numpy()), 'expected a tensor of images (b, c, h, w), got ndarray.'),
    'no such stage': (
        lambda: composed().extract_feat(IMAGES, 'necks'),
        "stage: expected 'backbone', 'neck' or 'pre_logits', got 'necks'.",
    ),
    'scores that are maps': (
        lambda: MODELS.build('CrossEntropyLoss')(torch.randn(2, 3, 4, 4), LABELS),
        'pred: expected logits of shape (b, k), got (2, 3, 4, 4).',
    ),
}
for loss in LABEL_LOSSES:
    name = loss if isinstance(loss, str) else loss['type']
    WRONG_CALLS |= {
        f'label above, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1, 10])), RANGE.format(10)),
        f'label below, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1, -1])), RANGE.format(-1)),
        f'float labels, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1.0, 2.0])), *FLOATS),
        f'too many labels, {name}': (
            lambda loss=loss: loss_of(loss, torch.tensor([1, 2, 3])),
            'target: expected one per sample (2), got 3.',
        ),
        f'targets of other classes, {name}': (
            lambda loss=loss: loss_of(loss, torch.rand(2, 9)),
            'or float targets of shape (n, 10), got float32 of shape (2, 9).',
        ),
    }


@pytest.mark.parametrize('case', WRONG_CALLS)
def test_wrong_call(case):
    wrong, *told = WRONG_CALLS[case]
    with pytest.raises((ValueError, TypeError)) as e:
        wrong()
    for words in told:
        assert words in str(e.value), f'{words!r} is not in: {e.value}'


def test_nothing_is_wrong_with_the_right_ones():
    "What the tables above break works"
    assert build()(IMAGES).shape == composed()(IMAGES).shape == composed(VIT, None)(IMAGES).shape == (2, 10)
    assert loss_of('CrossEntropyLoss', LABELS).isfinite()


@pytest.mark.parametrize('dtype', (torch.int32, torch.uint8), ids=str)
@pytest.mark.parametrize('loss', LABEL_LOSSES, ids=str)
def test_labels_of_any_integer_type(loss, dtype):
    torch.manual_seed(0)
    loss, scores = MODELS.build(loss), torch.randn(2, 10)
    assert torch.equal(loss(scores, LABELS.to(dtype)), loss(scores, LABELS))
