# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import threading
from collections.abc import Callable, Iterable
import ipywidgets as w
from fastcore.basics import patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter
from ..core.errors import ConfigError
from ..core.tables import escaped
from ..data.datasets import load_data
from ..data.figure_themes import MUTED_INK, PALETTE, THEMES, log_axis
from ..data.figures import Figure
from ..evaluation.plots import plot_confusion
from .background_runs import ENDED, Run, Runs, score
from .distinct_names import differences
from .fix_buttons import IssueRows
from .folder_field import NO_FOLDER
from clsparts.explorer.page import MAX_TRACE, Page, Worker, button, error_html, guarded, named_html, not_busy
from .state import Resolved, State
from .theme import Theme, figure_html, png_html
from .train_settings import TrainForm, apply_to_form, has_control

def colour_of(i: int) -> str:
    ...

def _css_colour(i):
    ...

def _plain_axes(ax, title):
    ...

def plot_runs(runs: Iterable[Run]) -> Figure:
    """Training loss and validation accuracy of runs, by epoch"""
    ...

def duration(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h`"""
    ...

def progress_text(run: Run) -> str:
    """Epoch, time left and accuracy of a run"""
    ...

def _percent(accuracy):
    ...
MAX_COLUMNS: Any

def _row(i, run, settings, is_shown):
    """A row of the table"""
    ...

def runs_html(runs: list[Run], shown: int | None=None) -> str:
    """A table of runs with the settings in which they differ; '' without runs"""
    ...

class TrainPanel:
    """Settings, start/pause/stop buttons, progress, learning curves, a table of runs and a confusion matrix"""

    def __init__(self, state: State, runs: Runs, report: Callable, theme: Theme | None=None, busy: Callable=not_busy):
        ...

    def _make_results(self):
        ...

    def settings(self) -> dict:
        """The config of a run without its model"""
        ...

    def _folder_read(self, name, data):
        """The field has read a folder: keep its data, and compare it with the composition"""
        ...

    def _check_shape(self, name, data, selection):
        """Whether images and classes are those of the composition; if not, offer to change it"""
        ...

    def start(self) -> None:
        """Read the data, then train the current composition"""
        ...

    def _tell(self, html, issues=()):
        """Show a message and issues with buttons, until the next change"""
        ...

    def _start_run(self):
        ...

    def _offer_match(self, name, image_shape, num_classes):
        """Report that the data has another shape, with a button that changes the composition"""
        ...

    def _match_data(self, image_shape, num_classes):
        ...

    def _apply_fixes(self, fixes):
        """Make the changes that the issues of a run suggest"""
        ...

    def _pause(self):
        ...

    def _stop(self):
        ...

    def _select(self, act, text=''):
        """A click on the name of a run: return to its composition; or a new name"""
        ...

    def _update_buttons(self):
        ...

    def show(self, resolved: Resolved) -> None:
        """Update what depends on the composition"""
        ...

    def _run_changed(self, run):
        """Redraw; at once if the status has changed"""
        ...

    def _paint(self):
        """Draw progress, charts, table and confusion matrix"""
        ...

    def _show_progress(self, run):
        ...

    def _show_confusion(self, run):
        """Draw the confusion matrix of a run that has ended"""
        ...
    shown: Any
    _data: Any
    _told_for: Any
    _status_changed: Any
    form: TrainForm
    widget: Any
    state: State
    runs: Runs
    report: Callable
    theme: Theme | None
    _confusion_of: Any
    _last_status: Any
    _latest: Any
    _reported: Any
    _painter: Worker
    _starter: Worker
    buttons: Any
    issues: IssueRows
    bar: Any
    text: Any
    status: Any
    match: Any
    curves: Any
    confusion: Any
    table: Page
WRONG: Any
NOTHING_YET: Any

def _curves_html(runs, dark):
    ...

def _failure_html(run):
    """The error of a run with its traceback folded"""
    ...

def _saved_picture(run):
    """The confusion matrix in the folder of a run; '' if it has none"""
    ...
