# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from numbers import Real
import ipywidgets as w
from fastcore.basics import patch
from ..analysis.layer_summary import si
from ..core.errors import ConfigError, join_path
from ..core.registry import MODELS
from ..core.tables import escaped, one_line
from .page import Tabs, button, guarded, not_busy
from .part_catalogue import catalogue, search
from .part_options import REQUIRED, Option, usable_options
from .part_reader import PartReader, doc_html
from .state import KINDS, Resolved, State

class Quiet:
    """Mixin for views: distinguishes changes made by the program from changes made by the user"""
    _writing = None

    @property
    def is_writing(self) -> bool:
        ...

    @contextmanager
    def quiet(self):
        """Inside the block, changes by this thread are made by the program"""
        ...
    _writing: Any
NONE: Any

def type_name(part) -> str:
    """The name of a part's type"""
    ...

class PartPicker(Quiet):
    """A button that opens a searchable list of the parts of one kind"""

    def __init__(self, state: State, kind: str, report: Callable, busy: Callable=not_busy):
        ...

    @property
    def is_open(self) -> bool:
        ...

    @property
    def current(self) -> str:
        """Name of the selected part; '' for none"""
        ...

    def show(self) -> None:
        """Update the button and the list"""
        ...

    def close(self) -> None:
        """Close the list"""
        ...

    def _toggle(self):
        ...

    def _fill(self):
        """Show the lines that match the search"""
        ...

    def _mark(self):
        """Mark the line of the selected part; none if the search hides it"""
        ...

    def _choose(self, name):
        """Select the part of the marked line, unless it is selected already or cannot be used"""
        ...

    def _message(self, message):
        """Enter in the search field selects the first line"""
        ...

    def _describe(self, found=None):
        """Show the description or the error of the marked part, or that nothing was found"""
        ...
    button: Any
    search: Any
    list: Any
    panel: Any
    on_open: Any
    state: State
    kind: str
    listings: Any
    busy: Callable
    about: Any
    reader: PartReader

def _control(option, value):
    """The widget of an option"""
    ...

def _choices(option, value):
    """Labels and values of a dropdown, the current value included; 'not set' for a required option without a value"""
    ...

def _widen(control, value):
    """Extend the bounds of a number field to include `value`, which ipywidgets would clip"""
    ...

def _is_number(value):
    ...

def _equal(a, b):
    """Whether two option values mean the same"""
    ...

class OptionRow(Quiet):
    """The control of one option, its explanation, and a button that resets it"""

    def __init__(self, state: State, kind: str, option: Option, report: Callable):
        ...

    @property
    def value(self):
        """The value in the selection, or the default"""
        ...

    @property
    def changed(self) -> bool:
        """Whether the value differs from the default"""
        ...

    def show(self) -> None:
        """Update the control"""
        ...

    def _changed(self, change):
        """The user has changed the control"""
        ...

    def _show_value(self, value):
        """Show `value` in the control, unless the control holds text that could not be read"""
        ...

    def _explain(self, error):
        """Show the error message, or the comment of the option"""
        ...
    path: Any
    widget: Any
    _reset_button: Any
    state: State
    kind: str
    option: Option
    report: Callable
    control: Any
    doc: Any
    _error: Any
    _selected: Any
IMAGE_CHANNELS: Any

class SizeRow(Quiet):
    """Image size and number of classes"""

    def __init__(self, state: State, report: Callable):
        ...

    def _set(self, path, value):
        ...

    def _resize(self):
        ...

    def show(self) -> None:
        """Update the fields"""
        ...
    channels: Any
    height: Any
    width: Any
    classes: Any
    widget: Any
    state: State

def layers_html(resolved: Resolved, kind: str) -> str:
    """A table of the stages of a part with output shapes and costs; '' if nothing is known"""
    ...

class OptionsPanel:
    """Sizes, and the options and stages of one part at a time"""

    def __init__(self, state: State, report: Callable):
        ...

    def open(self, kind: str) -> None:
        """Show the options of that part"""
        ...

    def rows_of(self, kind: str) -> list[OptionRow]:
        """One row per option of the current part; empty if it is not a registered part"""
        ...

    def show(self, resolved: Resolved) -> None:
        """Update everything"""
        ...

    def _show_rows(self, rows, kind, part):
        """Replace the rows only if they belong to another part, so that the focus stays where it is"""
        ...
    size: SizeRow
    kinds: Tabs
    widget: Any
    state: State
    report: Callable
    _lock: Any
    _rows: Any
    _shown: Any
    rows: Any
    layers: Any
    reader: PartReader
