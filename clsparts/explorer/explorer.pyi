# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import re
from collections.abc import Mapping
from pathlib import Path
import ipywidgets as w
from fastcore.basics import patch
from IPython import get_ipython
from torch import nn
from ..analysis.flow_diagram import Diagram
from ..base.module import BaseModule
from ..base.shapes import CHANNELS, PARTS, image_shape_of
from ..checkpoints.checkpoint import Kept
from ..composer.classifier import ImageClassifier
from ..composer.dry_run import fingerprint
from ..composer.spec import KEYS
from ..config.config import Config
from ..core.errors import ConfigError
from ..core.tables import escaped, one_line
from ..evaluation.predictions import open_classifier
from .background_runs import Runs
from .cost_panel import CostPanel
from .export_panel import ExportPanel, run_config
from .feature_panel import FeaturePanel
from .page import CSS, Page, Worker, button, error_html, guarded
from .pickers import OptionsPanel, PartPicker
from .state import KINDS, START, Resolved, State, selection_of
from .train_panel import TrainPanel

def _without_channels(part):
    """A part's config without the channels that `compose` infers"""
    ...

def _config_of(part):
    """The config of a module that knows it; the module itself otherwise"""
    ...

def _check_sizes(image_shape, **numbers):
    """Raise `ConfigError` for invalid sizes"""
    ...

def _image_shape_for(selection):
    """The image shape that a backbone is made for; 224 × 224 if it cannot be built"""
    ...

def _model_of(start):
    """The config of a classifier in `start`: a classifier, its config, or the config of a run"""
    ...

def initial_selection(start: Mapping | nn.Module | None=None) -> dict:
    """The selection to start from; raises `ConfigError` if `start` is not a classifier"""
    ...

def read_start(start) -> tuple:
    """Read the config, checkpoint or classifier that the explorer is opened with"""
    ...

def flow_html(diagram: Diagram, drawn: int=0) -> str:
    """The diagram with clickable parts: their `data-act` is `part:KIND`"""
    ...

def issue_title(path: str) -> str:
    """What an issue is about: 'head · loss' for `head.loss`"""
    ...
PANELS: Any

class Explorer:
    """The widget, as created by `explore`"""

    def __init__(self, start=None):
        ...

    def _layout(self):
        """Arrange the pieces"""
        ...

    @property
    def resolved(self) -> Resolved:
        """What the current selection resolves to: `resolved.clf`, `.summary`, `.diagram`, `.issues`, `.code`"""
        ...

    @property
    def runs(self) -> list:
        """The training runs, see `explorer.background_runs.Run`"""
        ...

    @property
    def config(self) -> Config:
        """The config of the current selection with the settings of the train panel, for `clsparts train`"""
        ...

    @property
    def classifier(self) -> ImageClassifier:
        """The latest trained classifier, the one it was opened with, or a new one; raises `ComposeError` for a misfit"""
        ...

    def _run_settings(self):
        ...

    def _given_for(self, resolved):
        """The classifier it was opened with, and its `Kept`; None if there is none or the composition has changed"""
        ...

    def report(self, e: Exception) -> None:
        """Show an error below the diagram"""
        ...

    def _close_others(self, picker):
        ...

    def _switch(self):
        """Show only the selected panel"""
        ...

    def _act(self, act):
        """A click on a part of the diagram"""
        ...

    def _draw(self):
        """Update everything that is visible"""
        ...

    def _fix_rows(self, resolved):
        """One line per issue, with its fix as a button"""
        ...

    def _fix_row(self, issue):
        ...

    def _replace_fixes(self, rows):
        """Show these rows and close the widgets of the old ones"""
        ...

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The widget; without a kernel, the diagram"""
        ...
    _given_model: Any
    pickers: Any
    panels: Any
    tabs: Any
    _worker: Worker
    widget: Any
    _given: Any
    _kept: Any
    state: State
    _runs: Runs
    _drawn: Any
    diagram: Page
    fixes: Any
    errors: Any
    buttons: Any

def _cell():
    """The id of the running cell; None outside of a notebook, or if the front end does not send it"""
    ...

def explore(start: str | Path | Mapping | nn.Module | None=None) -> Explorer:
    """The explorer in a notebook cell; raises `ConfigError` if it cannot start from `start`"""
    ...
