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
from ..composer.classifier import ImageClassifier
from ..composer.dry_run import fingerprint
from ..config.config import Config
from .background_runs import Runs
from .cost_panel import CostPanel
from .export_panel import ExportPanel, run_config
from .feature_panel import FeaturePanel
from .fix_buttons import IssueRows
from .narrow_diagram import narrow_html
from .page import CSS, Busy, Page, Tabs, Worker, button, error_html, guarded
from .pickers import OptionsPanel, PartPicker
from .starting_point import read_start
from .state import KINDS, Resolved, State
from .theme import Theme
from .train_panel import TrainPanel

def flow_html(diagram: Diagram, drawn: int=0) -> str:
    """The diagram with clickable parts, from left to right and from top to bottom: their `data-act` is `part:KIND`"""
    ...

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

    def _apply(self, fixes):
        """The click on the button of an issue, or on the one of all issues"""
        ...

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The widget; without a kernel, the diagram"""
        ...
    _given_model: Any
    fixes: IssueRows
    busy: Busy
    pickers: Any
    panels: Any
    tabs: Tabs
    _worker: Worker
    widget: Any
    _given: Any
    _kept: Any
    state: State
    _runs: Runs
    _drawn: Any
    theme: Theme
    diagram: Page
    errors: Any
    buttons: Any

def _cell():
    """The id of the running cell; None outside of a notebook, or if the front end does not send it"""
    ...

def explore(start: str | Path | Mapping | nn.Module | None=None) -> Explorer:
    """The explorer in a notebook cell; raises `ConfigError` if it cannot start from `start`"""
    ...
