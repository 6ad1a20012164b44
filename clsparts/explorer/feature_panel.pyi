# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
from collections.abc import Callable, Mapping
from dataclasses import replace
import ipywidgets as w
import torch
from fastcore.basics import patch
from torchvision.transforms.v2 import functional as F
from ..analysis.feature_maps import show_features, show_grad_cam
from ..base.randomness import OwnGenerator
from ..base.shapes import evaluating, shape_text
from ..checkpoints.checkpoint import Kept, kept_in
from ..checkpoints.digits_classifier import load_digits_classifier
from ..composer.dry_run import fingerprint
from ..core.tables import MAX_CELL, escaped, one_line
from ..data.datasets import available_data, load_data
from ..data.transforms import Preset
from ..evaluation.predictions import as_input
from .background_runs import Runs
from .page import Worker, error_html, guarded, not_busy
from .state import START, Resolved, State, check_memory, model_config
from .theme import Theme, figure_html

def match_shape(image: torch.Tensor, shape: tuple) -> tuple[torch.Tensor, str]:
    """Convert an image to the shape that a composition expects"""
    ...

def uploaded_image(content: bytes, shape: tuple, preset: Preset | None=None) -> tuple[torch.Tensor, str]:
    """Read an image file in the expected shape, as `predict` does; raises `ConfigError` if it is not an image"""
    ...

def top_html(probabilities: torch.Tensor, classes: list[str] | None=None, label: int | None=None, top: int=5) -> str:
    """A table of the most likely classes with bars; the true class is marked"""
    ...

class FeaturePanel:
    """One image, and what the classifier makes of it"""

    def __init__(self, state: State, runs: Runs, report: Callable, given: Callable=lambda resolved: None, theme: Theme | None=None, busy: Callable=not_busy):
        ...

    def _make_inputs(self):
        ...

    def _drop_upload(self):
        """Return from an upload to the samples"""
        ...

    def show(self, resolved: Resolved) -> None:
        """Compute the pictures for this composition"""
        ...

    def _classifier(self, resolved):
        """The classifier, its preprocessing and class names, and a description"""
        ...

    def _follow(self, run):
        """Take the samples from the data of a run that was not shown before"""
        ...

    def _sample(self):
        """An image of the validation set, its label and the names of the classes"""
        ...

    def _input(self, shape, kept):
        """The image in the expected shape, what was done to it, its label and the names of the classes, as far as known"""
        ...

    def _figure(self, draw, alt, none):
        """A figure, or the reason why there is none"""
        ...

    def _fill_stages(self, feats):
        """List the stages; if the selected one does not exist, select the default"""
        ...

    def _clear(self, status):
        ...

    def _paint(self):
        """Compute everything for the current composition and image"""
        ...

    def _work(self):
        ...
    probabilities: Any
    _untrained: Any
    widget: Any
    _worker: Worker
    state: State
    runs: Runs
    report: Callable
    given: Callable
    theme: Theme | None
    _resolved: Any
    _data: Any
    _filling: Any
    _shipped: Any
    _followed: Any
    status: Any
    top: Any
    maps: Any
    cam: Any
    data: Any
    sample: Any
    upload: Any
    stage: Any
NO_FIT: Any
UNTRAINED: Any
LEAST: Any

def default_stage(feats: Mapping) -> str:
    """The deepest stage of the backbone with at least 4 × 4 positions; its last one if there is none"""
    ...
