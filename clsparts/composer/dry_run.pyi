# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import math
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import combinations
import torch
from fastcore.basics import patch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from ..base.module import BaseModule
from ..base.randomness import OwnGenerator
from clsparts.base.shapes import CHANNELS, PARTS, ShapeMismatch, as_tuple, channels_of, evaluating, image_shape_of, in_words, shape_text, shapes_through
from clsparts.composer.spec import KEYS, STEPS, ComposeError, Problem, apply_fixes, as_part, check_keys, check_loss_and_classes, check_slot, check_slots, fill_in, is_head, normalize_composition, options_of, takes
from .wrappers import ModuleHead, ModuleNeck
from ..config.limits import MAX_NESTING
from ..core.errors import ConfigError, Fix, Issue, as_code, patched
from ..core.registry import MODELS, check_arguments, literals, parameters
from ..heads.cls_head import ClsHead, check_topk
from ..losses.combined_loss import build_loss

def _fail(step: str, path: str, message: str, *candidates: Fix | None):
    """Stop the dry run with one issue"""
    ...
MAX_OPERATIONS: Any
MAX_NUMBERS: Any
MAX_PARAMETERS: Any

class Bounded(TorchDispatchMode):
    """A context that raises `ConfigError` instead of running too many operations or allocating too large a tensor"""

    def __init__(self, numbers: int=MAX_NUMBERS):
        ...

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        ...

    def _measure(self, func, args, kwargs, given):
        ...
    operations: Any
    numbers: Any
    limit: Any

def _on_meta(value):
    ...

def fingerprint(cfg, levels: int=MAX_NESTING):
    """A hashable value that is equal for equal configs; modules equal only themselves"""
    ...

def build_meta(cfg, kind, where=None):
    """A part on the meta device in evaluation mode; a module unchanged"""
    ...

def _untrained(cfg):
    """A config that reads no weights from files or the network"""
    ...

@contextmanager
def _random_state_kept():
    ...

class BatchError(ValueError):
    """A part fails for some batch sizes; the message completes the sentence 'this part …'"""

def check_batch(out, n: int) -> None:
    """Raise `BatchError` unless the first axis of every output tensor is the batch"""
    ...

def _with_batch(feats, n):
    """Meta tensors in the shapes of `feats`, for `n` images"""
    ...

def batch_size(feats) -> int:
    """The batch size of features"""
    ...

@torch.no_grad()
def run_eager(cfg, kind, x, cause):
    """The outputs of a part, as meta tensors, for random data in the shapes of `x` but with fewer and smaller images"""
    ...
POOLING: Any

def image_candidates(backbone, own, shape):
    """Changes of the backbone or the image that may make them fit"""
    ...

def channel_candidates(part, kind, feats):
    """The actual number of channels in place of the configured one"""
    ...

def input_candidates(comp, kind, feats):
    """Changes that may make the neck or head accept the features before it"""
    ...

def loss_candidates(comp, targets):
    """Changes that may make the loss accept the targets"""
    ...

def first_sentence(e):
    """The first sentence of an error, without the advice that follows"""
    ...

def mismatch_message(part, e, got):
    """Why a part does not accept its input"""
    ...

def _outputs(kind, feats):
    ...

class DryRun:
    """Runs compositions on the meta device; what a part outputs for an input is computed once"""

    def __init__(self, keys=KEYS, targets: str | None=None, results: dict | None=None):
        ...

    def accepts(self, fix: Fix) -> bool:
        """Whether a fix sets only keys that the composition may have"""
        ...

    def cached(self, key, compute):
        """What `compute` returns, or the error that it raises, computed once per key"""
        ...

    def meta(self, cfg, kind, where=None):
        """The part on the meta device; stops the dry run if it cannot be built"""
        ...

    def output(self, cfg, kind, x):
        """What a part outputs for `x`, or its error; a part that is not `TESTED` is also run for one image"""
        ...

    def image(self, comp):
        """A batch of images on the meta device"""
        ...

    def through_backbone(self, comp):
        """What the backbone outputs, as a tuple"""
        ...

    def through_neck(self, comp, feats):
        """The config of the neck, filled in, and what it outputs"""
        ...

    def through_head(self, comp, feats):
        """The config of the head, filled in, the head on the meta device, and its logits"""
        ...

    def check_teacher(self, comp, x, k):
        """Stop the dry run unless the teacher outputs `k` logits for the images"""
        ...

    def run(self, comp: Mapping, skipped=()) -> dict:
        """The composition with everything filled in; raises the first `Problem` of a step that is not skipped"""
        ...
    results: dict | None
    keys: Any
    targets: str | None
TESTED: Any

def _is_tested(module):
    ...

def _run(part, cfg, kind, x):
    """What a part outputs for `x`; raises `BatchError` if that has no batch axis"""
    ...

def _check_one(part, cfg, kind, x):
    """Raise `BatchError` for a part that fails for a single image"""
    ...
OWN_HEADS: Any

def own_classifier(part, feat: torch.Tensor) -> str | None:
    """The classifier inside a model of torchvision or timm, or of any model for the 1000 classes of ImageNet"""
    ...

def wrap_head(cfg, comp):
    """A module that is not a head in `ModuleHead`, with the loss of its dict or of the composition"""
    ...
MAX_CLASSES: Any
TARGETS: Any

def wrong_targets(targets: str, data: str | None=None) -> Issue | None:
    """The issue about `targets` that do not exist, or that the data does not have"""
    ...

def loss_of(head):
    """The loss of a head on the meta device, with real tensors if it has any"""
    ...

def gradient(loss, logits, target):
    """The gradient of a loss with respect to the logits"""
    ...

def _check_values(loss, name, logits, target, targets, candidates):
    """Stop the dry run if the loss is unbounded below, or a softmax loss for multi-label targets"""
    ...

def validate_loss(comp: Mapping, head, k: int, data: str | None=None) -> None:
    """Stop the dry run unless the head's loss accepts the targets that it is trained with"""
    ...

def check_head_topk(comp, head, k):
    """Stop the dry run if `topk` of a head exceeds the number of logits"""
    ...

def check_one_teacher(comp):
    """Raise `Problem` for a teacher that has a teacher: each dry run would build all of them"""
    ...

def _try_fixes(dry_run, comp, problem, skipped):
    """The candidates that get further than the problem, or the first that leaves none; pairs if no single one does"""
    ...

def _drop_and_continue(comp, path):
    """A fix that removes the option at a path, if it may be left out; an unknown type is removed with its dict"""
    ...

def _fix_and_continue(dry_run, comp, problem, issues, skipped):
    """Add the issues of a problem, with the fix that helps, to `issues`; returns the composition to continue with"""
    ...

def arguments(filled: Mapping) -> dict:
    """The arguments of a classifier in a composition"""
    ...

def resolve(comp: Mapping, dry_run: DryRun | None=None, alone: bool=False) -> dict:
    """Run, fix and continue until the composition fits; raises `ComposeError` that lists all issues, with their fixes"""
    ...

def resolve_model(model: Mapping, image_shape: tuple | None=None, targets: str | None=None, dry_run: DryRun | None=None) -> dict:
    """`resolve` for the config of a classifier; raises `ComposeError` that lists its issues and those of its parts"""
    ...
