# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import itertools
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from fastcore.basics import patch
from ..checkpoints.checkpoint import Kept, kept_in
from ..composer.dry_run import fingerprint
from ..config.config import Config
from ..core.errors import ConfigError
from ..core.tables import one_line
from ..evaluation.evaluator import score_key
from .distinct_names import run_names
from .starting_point import open_run, uninferred
from .state import model_config, selection_of
from ..runtime.devices import is_out_of_memory
from ..training.callbacks import Callback, StopTraining
from ..training.runs import TrainingRun, prepare

def error_text(e: BaseException, batch_size: int | None=None) -> str:
    """The message for an error during training; if memory ran out, with the batch size to try"""
    ...
ENDED: Any

def score(record: Mapping) -> float:
    """The score in the record of an epoch: accuracy, or mAP"""
    ...

class Run:
    """A training run in a thread; `status` is 'waiting', 'running', 'paused', 'stopping', or one of `ENDED`"""

    def __init__(self, cfg: Mapping, name: str='', work_dir: str | Path | None=None, device: str='cpu', on_change: Callable=lambda run: None, selection: Mapping | None=None):
        ...

    @property
    def history(self) -> list[dict]:
        """One record per epoch, see `fit`"""
        ...

    @property
    def evaluation(self):
        """The `Evaluation` on the validation set after the latest epoch; None before the first"""
        ...

    @property
    def classifier(self):
        """The classifier in training, or that of a saved run; None before `start`"""
        ...

    @property
    def kept(self) -> Kept:
        """Image preprocessing and class names, as in the checkpoint"""
        ...

    @property
    def folder(self) -> Path | None:
        ...

    @property
    def selection(self) -> Mapping | None:
        """The selection that was trained"""
        ...

    @property
    def active(self) -> bool:
        """Whether it has started and not ended"""
        ...

    @property
    def epochs(self) -> int:
        """Number of epochs requested"""
        ...

    @property
    def accuracy(self) -> float | None:
        """Validation accuracy (mAP for multi-label data) after the latest epoch"""
        ...

    def _open(self):
        """Selection, classifier and `Kept` of a saved run, read when they are first needed"""
        ...

    @property
    def seconds_left(self) -> float | None:
        """Remaining time at the current pace, pauses excluded"""
        ...

    def __repr__(self):
        ...

    def start(self) -> Run:
        """Start training in a thread; raises `ConfigError` for an invalid config"""
        ...

    def _change(self, status, *acts):
        ...

    def pause(self) -> None:
        """Pause after the current step"""
        ...

    def resume(self) -> None:
        """Continue after a pause"""
        ...

    def stop(self) -> None:
        """End after the current step and keep the weights"""
        ...

    def wait(self, timeout: float | None=None) -> bool:
        """Wait until the run has ended"""
        ...

    def _train(self):
        ...

    def _draw(self):
        """Save the plots; errors are reported in `message`"""
        ...

    def _record_loss(self, loss):
        ...

    def _after_step(self, trainer):
        ...
    losses: Any
    training: Any
    cfg: Any
    model: Any
    device: str
    name: str
    chosen: Any
    _selection: Any
    status: Any
    step: Any
    steps: Any
    error: Any
    message: Any
    traceback: Any
    _saved: Any
    _opened: Any
    _work_dir: Any
    _on_change: Any
    _notified: Any
    _mean: Any
    _every: Any
    _started: Any
    _paused: Any
    _go: Any
    _stop: Any
    _ended: Any

class _Progress(Callback):
    """Reports steps and epochs to a run"""

    def __init__(self, run: Run):
        ...

    def after_step(self, trainer) -> None:
        ...

    def after_epoch(self, trainer) -> None:
        ...
    run: Run
NAME: Any

def _trained_model(cfg):
    """The model of a saved config as a selection states it: without what `compose` infers"""
    ...

def saved_run(folder: Path) -> Run:
    """A run of an earlier session; raises `ConfigError`, `OSError` or `ValueError` if the folder has none"""
    ...

def saved_runs(work_dir: str | Path, most: int=20) -> list[Run]:
    """The runs of earlier sessions"""
    ...

class Runs:
    """The runs of an explorer, oldest first; one trains at a time"""

    def __init__(self, work_dir: str | Path='runs'):
        ...

    @property
    def running(self) -> Run | None:
        """The run that is training or paused"""
        ...

    def watch(self, f: Callable) -> None:
        """Call `f` after each change of status, each epoch, and at most five times per second during training"""
        ...

    def _notify(self, run):
        ...

    def _make_names(self):
        """Name the runs by what distinguishes them"""
        ...

    def rename(self, run: Run, name: str) -> None:
        """Give a run a name that stays, also after a restart"""
        ...

    def start(self, cfg: Mapping, name: str='', device: str='cpu', selection: Mapping | None=None) -> Run:
        """Start training a new classifier; raises `ConfigError` if another run is active or the config is invalid"""
        ...

    def _folder(self, cfg):
        """The folder of a new run; None for the next free one of `new_folder`"""
        ...

    def trained_run(self, model: Mapping) -> Run | None:
        """The latest run of that model that has ended after at least one step"""
        ...

    def trained(self, model: Mapping):
        """The classifier of `trained_run`"""
        ...
    list: Any
    _work_dir: Path
    _watchers: Any
