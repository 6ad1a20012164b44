# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import ast
import importlib
import inspect
import math
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from importlib.metadata import distributions
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin
from weakref import WeakValueDictionary
from fastcore.basics import patch
from .errors import MAX_NAME, ConfigError, Fix, Issue, closest, did_you_mean, join_path, printable, slips
from .lazy import defined_names
from .openmmlab_names import NAMES, PARTS, absent, openmmlab_name, unscoped
from .optional_imports import import_installed, site_folders
from .other_libraries import SCOPES, part_for, renamed
KINDS: Any

@dataclass
class Entry:
    """A registered class"""
    name: str
    part: Callable
    kind: str | None
    module: str
    namespace: dict | None = field(repr=False, default=None)

    @property
    def place(self) -> str:
        """Module and class, for error messages"""
        ...

@lru_cache(maxsize=1024)
def parameters(part: Callable) -> tuple[dict[str, inspect.Parameter], bool]:
    """Named parameters accepted by `part` (read-only); `**kwargs` of a class is replaced by the parameters of its bases"""
    ...

@dataclass(frozen=True)
class Range:
    """Bounds of a number, for an annotation: `Annotated[float, Range(0, below=1)]`"""
    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def __contains__(self, value):
        ...

    def __str__(self):
        ...

    def nearest(self, value) -> float | None:
        """The inclusive bound that `value` is beyond; None if there is none"""
        ...

@dataclass(frozen=True, eq=False)
class Choices:
    """Values that an editor offers for a parameter, such as the keys of a table: `Annotated[str, Choices(VIT_ARCHS)]`"""
    values: Iterable

@dataclass(frozen=True, eq=False)
class Example:
    """A value that an editor starts from where a parameter has no default: `Annotated[float, Example(.1)]`"""
    value: Any

def members(annotation) -> list[tuple]:
    """The types of a union, or the one type, without `Annotated`"""
    ...

def metadata(annotation, kind: type):
    """What `Annotated` adds to an annotation, or to a type inside a union"""
    ...

def literals(annotation) -> list:
    """The values that `Literal` lists in an annotation; empty without one"""
    ...

def _fits(value, type_):
    """Whether a value is of a plain type; True and False are not numbers"""
    ...

def _wrong_type(parameter, value):
    """What `parameter` expects, if its annotation and `value` have plain types that differ, and what may be meant"""
    ...

def _right_type(parameter, value):
    """The number that was written as a string, or the dict of a name; empty for anything else"""
    ...

def _issues(name, parameter, value):
    """What is wrong with a value, as far as the annotation of `parameter` tells"""
    ...

def _wrong_choice(parameter, value):
    """The choices, if `Literal` does not list the value, and the closest one"""
    ...

def _out_of_range(parameter, value):
    """The bounds of `Range`, if a number is outside of them, and the nearest one"""
    ...

def _wrong_entries(name, parameter, value):
    """Issues of a tuple or list whose annotation names the types of its entries: `tuple[int, ...]`, `list[float]`"""
    ...

def _is_layer(part):
    """Whether `part` is a class of torch modules; imports no torch"""
    ...
MAX_EXTRA: Any

def _other_keyword(function, keyword, value):
    """The issue for a keyword that other libraries use"""
    ...

def _unknown_arguments(name, takes, args):
    """An issue for each argument that is not among the parameters"""
    ...

def check_arguments(name: str, part: Callable, args: Mapping, defaults: Mapping={}) -> None:
    """Raise one `ConfigError` that lists every argument that is unknown, invalid or missing"""
    ...

def name_call(name: str, arg: str) -> str:
    """An example of a config with `arg`"""
    ...

def call_issues(f: Callable, args: tuple, kwargs: Mapping) -> list[Issue]:
    """Issues of a call: unknown and missing arguments, wrong types, and a first argument that is not a classifier"""
    ...

def is_classifier(o) -> bool:
    """Whether an object has the parts of a classifier; imports no torch"""
    ...
_P = ParamSpec('_P')
_R = TypeVar('_R')

def checks_call(f: Callable[_P, _R]) -> Callable[_P, _R]:
    """A function that raises one `ConfigError` for all issues of its call"""
    ...

def check_typed(cfg, where: str, example: str) -> None:
    """Raise `ConfigError` unless `cfg` is a dict that names a type"""
    ...

class Index:
    """Which module defines a name, read from the `_modidx` that nbdev writes into a package"""

    def __init__(self, package: str | None):
        ...

    @cached_property
    def modules(self) -> dict[str, set[str]]:
        """Top-level names by module"""
        ...

    def defining(self, name: str) -> list[str]:
        """The modules that define `name`"""
        ...

    def of_kind(self, kind: str | None) -> list[str]:
        """The modules with parts of `kind`; those with any part for None, the shared layers for norm, activation, …"""
        ...
    package: str | None

def module_kind(module: str) -> str | None:
    """The kind of the parts in a module's folder: `clsparts.necks.gap` contains necks"""
    ...

def kind_of(part: Callable, module: str, known: Mapping={}) -> str | None:
    """The kind of a part: from its module's folder, its base classes, or the end of its name; None if unknown"""
    ...

def _origin(part):
    """The module that defines a class, and the namespace of the notebook or script if that is where"""
    ...

class Registry:
    """Classes by name and kind: registered, found lazily, built from configs"""

    def __init__(self, name: str, package: str | None=None, group: str | None=None):
        ...

    def notebook(self, module: str) -> None:
        """Declare this notebook the source of `package.module`: its definitions replace the exported ones"""
        ...

    def __repr__(self):
        ...

    def register_module(self, name: str | list[str] | None=None, force: bool=False, module: Callable | None=None, kind: str | None=None) -> Callable:
        """Register a class, as decorator `@MODELS.register_module()` or as call `MODELS.register_module(module=X)`"""
        ...

    def _kinds(self):
        ...

    def _add(self, entry, force):
        ...

    def _load(self, module):
        """Import a module for what it registers; a failure is kept, with its cause"""
        ...

    def _current(self, name):
        """The entry, unless it was made in a notebook that this process has left"""
        ...

    def _registered(self):
        ...

    def _search(self, name):
        """The entry whose name is that of its class or of an entry point; None if there is none"""
        ...

    def _load_entry_points(self, name=None):
        ...

    def offers(self) -> dict[str, str]:
        """Names that other packages offer through entry points, and where they are; imports nothing"""
        ...

    def _load_all(self, kind=None):
        ...

    def find(self, name: str, kind: str | None=None) -> Entry:
        """The entry of `name`; raises `ConfigError` that names the closest ones, or why its module cannot be imported"""
        ...

    def get(self, name: str) -> Callable:
        """The class registered as `name`; raises `ConfigError` if there is none"""
        ...

    def __contains__(self, name):
        ...

    def entries(self, kind: str | None=None) -> list[Entry]:
        """All entries of a kind or of unknown kind, without wrappers, sorted by name; imports their modules"""
        ...

    def names(self, kind: str | None=None) -> list[str]:
        """All registered names of a kind, sorted; imports their modules, and warns of those that fail to import"""
        ...

    def _names(self, kind=None):
        ...

    def _missing(self, kind=None):
        """Which parts are left out because their modules fail to import, with the reasons; '' if none are"""
        ...

    def _check_kind(self, name, found, kind, path='type'):
        """Raise `ConfigError` if a part's kind is known and another one is expected"""
        ...

    def _note(self, part):
        """The path of a class; from here on, this process finds the class by it"""
        ...

    def _known_class(self, name):
        """The class of that path, if it was registered, passed, or written into a config; as it is defined at present"""
        ...

    def name_of(self, part: Callable) -> str:
        """The name of `part` in a config: its registered name, else its path, which this process can read back"""
        ...

    def refusal(self, name: str) -> str:
        """Why a config may not name this path, and what to do; '' if it may; imports nothing"""
        ...

    def _refusal(self, name, what, slow=False):
        ...

    def trust(self, names: Iterable[str]) -> None:
        """Let configs name these classes, `'package.module:Class'`: their modules are imported when they are built"""
        ...

    def _find_class(self, name, kind):
        """The entry of a class that a config names by its path"""
        ...

    def _import_class(self, name, shown):
        """Import a class of the allowed packages, of this package, or of a trusted config"""
        ...

    def _not_found(self, name, kind):
        """The issue for a name that is not registered"""
        ...

    def _check_slot(self, part, kind, path):
        """Raise `ConfigError` for a class that is made for another slot of a classifier"""
        ...

    def part_of(self, type_: str | Callable, kind: str | None=None) -> Callable:
        """The class that a `type` means: a name is looked up, a class is returned; raises `ConfigError` for anything else"""
        ...

    def _resolve(self, cfg, kind):
        """Name, callable and arguments of a config; no callable for a finished module"""
        ...

    def build(self, cfg, kind: str | None=None, where: str | None=None, **defaults):
        """Build a part from its config; raises `ConfigError` with the path, what was expected, what was found and the fix"""
        ...
    _entries: Any
    failures: Any
    offered: Any
    _passed: WeakValueDictionary
    _trusted: Any
    name: str
    index: Index
    group: str | None

@lru_cache
def _entry_points(group):
    """The entry points that installed packages define in a group"""
    ...

def _loaded(load):
    """What `load` imports, and the error if it fails, even `SystemExit`"""
    ...
LAYERS: Any
SLOW: Any

def _package_of(module):
    """The package in `LAYERS` that a module belongs to; None if there is none"""
    ...

def _spelling(part):
    ...

def _look_up(module, qualname):
    """The value of a dotted name in a loaded module; None if there is none"""
    ...

def _layers_in(module):
    ...

def _near(name, names):
    """The names that `name` may be a typo of, or that differ only in the ending"""
    ...

def _stem(name):
    """A name without the ending that many of its kind share"""
    ...
MODELS: Registry
