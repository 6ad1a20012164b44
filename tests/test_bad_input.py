"What a wrong call is told: the place, what was found, what was expected, what to write."
import pytest
import torch

from clsparts.all import MODELS, compose
from clsparts.core.errors import ConfigError

BACKBONE = dict(type='ResNet', depth=18, base_channels=4, stem_channels=8)             # gives a maps of 32 channels
VIT = dict(type='VisionTransformer', img_size=32, patch_size=16,
           arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32))
NECK, HEAD = dict(type='GlobalAveragePooling'), dict(type='LinearClsHead', num_classes=10)
IMAGES, LABELS = torch.randn(2, 3, 32, 32), torch.tensor([1, 2])


def build(backbone=BACKBONE, neck=NECK, head={**HEAD, 'in_channels': 32}, **more):
    "As from a config file"
    return MODELS.build(dict(type='ImageClassifier', backbone=backbone, neck=neck, head=head, **more))


def composed(backbone=BACKBONE, neck=NECK, head=HEAD, loss=None, **more):
    return compose(backbone, neck, head, loss, **more)


def loss_of(loss, target, **more):
    return composed(loss=loss, **more).loss(IMAGES, target)['loss']


WRONG_CONFIGS = {
    # an unknown name: where it stands, the closest name of that kind, what there is, how one's own is found
    'unknown backbone': (lambda: build(backbone={**BACKBONE, 'type': 'ResNett'}),
        "backbone.type: there is no backbone 'ResNett'. Did you mean 'ResNet'? There is: ", 'ResNet_CIFAR, ',
        "Your own class is found after @MODELS.register_module()."),
    'unknown neck': (lambda: build(neck=dict(type='GlobalAveragePool')),
        "neck.type: there is no neck 'GlobalAveragePool'. Did you mean 'GlobalAveragePooling'?"),
    'unknown head': (lambda: composed(head='LinearHead'), "head.type: there is no head 'LinearHead'. Did you mean 'LinearClsHead'"),
    'unknown loss': (lambda: build(head={**HEAD, 'in_channels': 32, 'loss': dict(type='FocalLos')}),
        "head.loss.type: there is no loss 'FocalLos'. Did you mean 'FocalLoss'? There is: CombinedLoss, CrossEntropyLoss, FocalLoss, "),
    'unknown loss beside the head': (lambda: composed(loss='FocalLos'), "head.loss.type: there is no loss 'FocalLos'. Did you mean"),
    'unknown norm': (lambda: composed({**BACKBONE, 'norm_cfg': dict(type='BatchNorm')}),
        "backbone.norm_cfg.type: there is no norm 'BatchNorm'."),
    'no such module': (lambda: build(neck=dict(type='nowhere.at_all:Neck')),
        "neck.type: a config may not name a class of nowhere.at_all."),
    'no name': (lambda: composed(dict(depth=18)), "backbone: a part's dict names it under 'type'; this one has 'depth'. Write dict(type=…)."),

    # a part of the wrong kind, however it is given
    'loss for head': (lambda: build(head=dict(type='CrossEntropyLoss')),
        'head.type: CrossEntropyLoss is a loss; here a head is expected. There is: ClsHead, LinearClsHead, '),
    'head for backbone': (lambda: composed('LinearClsHead'), 'backbone.type: LinearClsHead is a head; here a backbone is expected.'),
    'backbone for loss': (lambda: composed(loss='ResNet'), 'head.loss.type: ResNet is a backbone; here a loss is expected.'),
    'class of another kind': (lambda: composed(head=MODELS.get('CrossEntropyLoss')),
        'head.type: CrossEntropyLoss is a loss; here a head is expected.'),
    'module of another kind': (lambda: composed(neck=MODELS.build(BACKBONE)), 'ResNet is a backbone; here a neck is expected.'),

    # a misspelt argument: which one was meant, and what there is
    'misspelt backbone argument': (lambda: build({**BACKBONE, 'norm_evl': True}),
        "backbone.norm_evl: ResNet has no argument 'norm_evl'. Did you mean 'norm_eval'? It takes: depth, in_channels, "),
    'misspelt loss argument': (lambda: composed(loss=dict(type='CrossEntropyLoss', use_sigmod=True)),
        "head.loss.use_sigmod: CrossEntropyLoss has no argument 'use_sigmod'. Did you mean 'use_sigmoid'?"),
    'misspelt norm argument': (lambda: build({**BACKBONE, 'norm_cfg': dict(type='BN', esp=1e-3)}),
        "backbone.norm_cfg.esp: BatchNorm2d has no argument 'esp'. Did you mean 'eps'?"),
    'misspelt part': (lambda: build(nek=NECK), "nek: ImageClassifier has no argument 'nek'. Did you mean 'neck'?"),
    'all at once': (lambda: composed(dict(type='ResNet', dept=18), dict(type='GlobalAveragePooling', dims=2), {**HEAD, 'top_k': 1}),
        '3 findings', "- backbone.dept: ResNet has no argument 'dept'. Did you mean 'depth'?", '- neck.dims: ', '- head.top_k: '),

    # a missing argument: which one, and how it is written
    'missing depth': (lambda: build('ResNet'),
        "backbone: ResNet needs the argument 'depth', which is not given. Write dict(type='ResNet', depth=…)."),
    'missing classes': (lambda: composed(head='LinearClsHead'),
        "head: LinearClsHead needs the argument 'num_classes', which is not given. Write dict(type='LinearClsHead', num_classes=…)."),
    'missing channels': (lambda: build(head=HEAD), "head: LinearClsHead needs the argument 'in_channels', which is not given."),

    # parts that do not fit each other
    'map for a vector': (lambda: composed(neck=None), 'head: LinearClsHead takes a vector (b, 32); the backbone gives a map 32 × 7 × 7. '
        "Write neck=dict(type='GlobalAveragePooling')."),
    'vector for a map': (lambda: composed(VIT), 'neck: GlobalAveragePooling(dim=2) takes a tensor of 4 axes, (b, c, h, w); the backbone '
        'gives a vector 32. Write neck=None.'),
    'channels that do not fit': (lambda: composed(head={**HEAD, 'in_channels': 512}),
        'head.in_channels: LinearClsHead takes a vector (b, 512); the neck gives a vector 32. Write head.in_channels=32.'),
    'image that does not fit': (lambda: composed(image_shape=(1, 32, 32)),
        'backbone.in_channels: ResNet takes images of 3 channels; the image is 1 × 32 × 32. Write backbone.in_channels=1.'),
    'image without channels': (lambda: composed(image_shape=(32, 32)), 'image_shape: ', '(c, h, w)', 'not (32, 32)'),
    'image under a patch': (lambda: composed({**VIT, 'img_size': 8}, None), 'takes images of at least one patch, 16 × 16 pixels; the image is 3 × 8 × 8. '
        'Write backbone.patch_size=2 and backbone.img_size=8.'),

    # values that there are not
    'depth': (lambda: build({**BACKBONE, 'depth': 19}), 'backbone.depth: ResNet comes in the depths 18, 34, 50, 101, 152; 19 is none of them.'),
    'stage': (lambda: composed({**BACKBONE, 'out_indices': (4,)}), 'backbone.out_indices: ResNet has 4 outputs, 0 to 3 (or -4 to -1); 4 is none of them.'),
    'topk above the classes': (lambda: composed(head={**HEAD, 'topk': (1, 11)}),
        'head.topk: the best 11 of 10 classes: topk is at most num_classes. Write head.topk=(1,).'),
    'no topk': (lambda: composed(head={**HEAD, 'topk': 0}), 'head.topk: numbers from 1 are expected, not 0.'),
    'classes in words': (lambda: composed(head={**HEAD, 'num_classes': 'ten'}), "head.num_classes: a whole number is expected, not 'ten'."),
}


@pytest.mark.parametrize('case', WRONG_CONFIGS)
def test_wrong_config(case):
    wrong, *told = WRONG_CONFIGS[case]
    with pytest.raises(ConfigError) as e: wrong()
    for words in told: assert words in str(e.value), f'{words!r} is not in: {e.value}'


RANGE = 'target: expected a label from 0 to 9, got {}.'
FLOATS = ('target: expected integer labels of shape (n,)', 'got float32 of shape (2,). Use .long() for labels.')
LABEL_LOSSES = ('CrossEntropyLoss', 'FocalLoss', dict(type='LabelSmoothLoss', label_smooth_val=.1))

WRONG_CALLS = {
    'map for a vector': (lambda: build(neck=None)(IMAGES),
        'LinearClsHead takes a vector (b, 32); the last feature is a map (b, c, h, w) of shape (2, 32, 1, 1). ',
        "Put neck=dict(type='GlobalAveragePooling') before it."),
    'channels that do not fit': (lambda: build(head={**HEAD, 'in_channels': 512})(IMAGES),
        'LinearClsHead takes a vector (b, 512); the last feature has 32 channels. Write in_channels=32'),
    'topk without classes': (lambda: composed(head=dict(type='ClsHead', topk=(1, 50), cal_acc=True)).loss(IMAGES, LABELS),
        'topk: the best 50 of 32 classes'),
    'a list of labels': (lambda: loss_of('CrossEntropyLoss', [1, 2]), 'target: ', 'list'),
    'factors for other classes': (lambda: loss_of(dict(type='CrossEntropyLoss', class_weight=[1, 2]), LABELS),
        'class_weight: one factor a class is expected, 10; there are 2.'),
    'L1 on labels': (lambda: MODELS.build('L1Loss')(torch.randn(2, 10), LABELS), 'target: expected float targets of shape (n, 10), got int64 of shape (2,).',
        'Use F.one_hot(labels, 10).float()'),
    'one channel': (lambda: composed()(IMAGES[:, :1]),
        'the backbone takes images of 3 channels (in_channels=3); these have 1, (2, 1, 32, 32).', 'Write x.expand(-1, 3, -1, -1)'),
    'one channel, transformer': (lambda: composed(VIT, None).predict(IMAGES[:, :1]), 'the backbone takes images of 3 channels'),
    'four channels': (lambda: composed()(torch.randn(2, 4, 32, 32)), 'images of 3 channels (in_channels=3); these have 4, (2, 4, 32, 32).'),
    'one image': (lambda: composed()(IMAGES[0]), 'images are a batch (b, c, h, w); this is one, (3, 32, 32). Write image[None].'),
    'no channels': (lambda: composed()(IMAGES[0, 0]), 'images are a batch (b, c, h, w) with no axis of 0, not (32, 32).'),
    'no images': (lambda: composed()(IMAGES[:0]), 'images are a batch (b, c, h, w) with no axis of 0, not (0, 3, 32, 32).'),
    'too small': (lambda: composed(VIT, None)(torch.randn(2, 3, 8, 8)),
        'VisionTransformer takes images of at least one patch, 16 × 16 pixels; these have 8 × 8.'),
    'whole numbers': (lambda: composed()(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)), 'images are floats; these are uint8. Write images.float() / 255.'),
    'an array': (lambda: composed()(IMAGES.numpy()), 'images are a tensor (b, c, h, w), not a ndarray.'),
    'no such stage': (lambda: composed().extract_feat(IMAGES, 'necks'), "stage: 'backbone', 'neck' or 'pre_logits' is expected, not 'necks'."),
    'scores that are maps': (lambda: MODELS.build('CrossEntropyLoss')(torch.randn(2, 3, 4, 4), LABELS), 'pred: expected class scores of shape (b, k), got (2, 3, 4, 4).'),
}
for loss in LABEL_LOSSES:
    name = loss if isinstance(loss, str) else loss['type']
    WRONG_CALLS |= {
        f'label above, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1, 10])), RANGE.format(10)),
        f'label below, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1, -1])), RANGE.format(-1)),
        f'float labels, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1., 2.])), *FLOATS),
        f'too many labels, {name}': (lambda loss=loss: loss_of(loss, torch.tensor([1, 2, 3])), 'target: expected one per sample (2), got 3.'),
        f'targets of other classes, {name}': (lambda loss=loss: loss_of(loss, torch.rand(2, 9)),
            'or float targets of shape (n, 10), got float32 of shape (2, 9).'),
    }


@pytest.mark.parametrize('case', WRONG_CALLS)
def test_wrong_call(case):
    wrong, *told = WRONG_CALLS[case]
    with pytest.raises((ValueError, TypeError)) as e: wrong()
    for words in told: assert words in str(e.value), f'{words!r} is not in: {e.value}'


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
