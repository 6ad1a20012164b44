# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import torch
from fastcore.basics import patch
from ..analysis.flow_diagram import Diagram, diagram
from ..analysis.layer_summary import Summary, si, summary
from ..base.module import BaseModule
from ..base.randomness import OwnGenerator
from ..base.shapes import CHANNELS, PARTS, image_shape_of
from ..composer.builder import compose
from ..composer.classifier import ImageClassifier
from ..composer.dry_run import DryRun, arguments, fingerprint, resolve
from ..composer.spec import KEYS, apply_fixes, as_part, normalize_composition, takes
from ..core.errors import ConfigError, Fix, Issue, as_code, patched
from ..core.registry import MODELS
from ..core.tables import one_line
from .distinct_names import run_names
from .part_options import starting
from .partial_diagram import diagram_with_issues
KINDS: Any
START: Any

def composition_of(selection: Mapping) -> dict:
    """The arguments of `compose` in a selection"""
    ...

def selection_of(comp: Mapping, batch: int=START['batch']) -> dict:
    """The selection for a composition: loss and number of classes are moved from the head to their own keys"""
    ...

def compose_call(selection: Mapping, shape: tuple | None=None) -> str:
    """The call of `compose` for a selection; parts that are modules appear as variable names"""
    ...

def model_config(selection: Mapping) -> dict:
    """The config of the classifier of a selection, for `compose_model`"""
    ...

@dataclass
class Resolved:
    """Everything derived from a selection"""
    selection: dict
    issues: list
    diagram: Diagram
    clf: ImageClassifier | None
    summary: Summary | None
    code: str

    @property
    def ok(self) -> bool:
        """Whether the parts fit together"""
        ...

    @property
    def name(self) -> str:
        """A short name: the backbone with its first two options"""
        ...

    @property
    def model(self) -> dict:
        """The config of the classifier, for `compose_model`"""
        ...

def _build_meta(selection, dry_run):
    """Classifier on the meta device, its summary and its diagram; raises `ConfigError`"""
    ...

def resolve_selection(selection: Mapping, targets: str | None=None) -> Resolved:
    """Compose a selection on the meta device; parts that do not fit are reported in `issues`"""
    ...
MAX_BYTES: Any

def check_memory(resolved: Resolved) -> None:
    """Raise `ConfigError` if the weights and the activations of one image need more than `MAX_BYTES`"""
    ...

def _classes(value):
    """Identities of the registered classes that a selection names"""
    ...

def _class_id(name):
    ...

class State:
    """The current selection with its undo history, what it resolves to, and the pinned selections"""

    def __init__(self, selection: Mapping=START):
        ...

    @property
    def selection(self) -> dict:
        """The current selection (read-only)"""
        ...

    @property
    def pins(self) -> dict[str, Resolved]:
        """The pinned compositions by name; a name that was not chosen states what distinguishes the composition"""
        ...

    @property
    def resolved(self) -> Resolved:
        """What the current selection resolves to"""
        ...

    def resolved_for(self, selection: Mapping) -> Resolved:
        """What a selection resolves to; the last eight are cached"""
        ...

    def watch(self, f: Callable) -> Callable:
        """Call `f` after each change, in the thread that made it"""
        ...

    def _notify(self, what):
        ...

    def go_to(self, selection: Mapping) -> None:
        """Make `selection` the current one; does nothing if it already is"""
        ...

    def choose(self, kind: str, name: str | None) -> None:
        """Replace the part of that kind by another with its starting options; raises `ConfigError` for an unknown name"""
        ...

    def set(self, path: str, value) -> None:
        """Set one option or size"""
        ...

    def set_targets(self, targets: str) -> None:
        """Check the composition, and find fixes, for the targets of the data that it will be trained on"""
        ...

    def match_data(self, image_shape: tuple, num_classes: int) -> None:
        """Set the image shape and the number of classes to those of a data set, in one step"""
        ...

    def reset(self, path: str) -> None:
        """Set an option back to its default, or to its starting value if it has no default"""
        ...

    def apply(self, *fixes: Fix) -> None:
        """Make the changes that issues suggest, in their order"""
        ...

    def fix_all(self) -> None:
        """Make the changes that all issues suggest, in their order"""
        ...

    @property
    def can_undo(self) -> bool:
        ...

    @property
    def can_redo(self) -> bool:
        ...

    def _step(self, by):
        ...

    def undo(self) -> None:
        """Return to the previous selection; does nothing at the first"""
        ...

    def redo(self) -> None:
        """Return to the selection that was undone; does nothing at the last"""
        ...

    def build(self, selection: Mapping | None=None) -> ImageClassifier:
        """The classifier with its initial weights, the same at each call; raises `ComposeError` if the parts do not fit"""
        ...

    def pin(self, name: str='') -> str:
        """Keep the current selection for comparison; one that is pinned already gets the new name, if there is one"""
        ...

    def rename_pin(self, name: str, new: str) -> None:
        """Rename a pin"""
        ...

    def unpin(self, name: str) -> None:
        """Remove a pin; does nothing if there is none of that name"""
        ...
    _pins: Any
    targets: str
    _history: Any
    _at: Any
    _cache: OrderedDict
    _watchers: Any
    _lock: Any

def _with_channels(backbone, shape):
    """The backbone's config with `in_channels` set to the channels of the image"""
    ...
