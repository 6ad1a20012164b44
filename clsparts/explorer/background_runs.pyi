# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from fastcore.basics import patch
from ..checkpoints.checkpoint import Kept, kept_in
from ..composer.dry_run import fingerprint
from ..core.errors import ConfigError
from ..runtime.devices import is_out_of_memory
from ..training.callbacks import Callback, StopTraining
from ..training.runs import TrainingRun, prepare

def error_text(e: BaseException, batch_size: int | None=None) -> str:
    """The message for an error during training; if memory ran out, with the batch size to try"""
    ...
ENDED: Any

class Run:
    """A training run in a thread; `status` is 'waiting', 'running', 'paused', 'stopping', or one of `ENDED`"""

    def __init__(self, cfg: Mapping, name: str, work_dir: str | Path | None=None, device: str='cpu', on_change: Callable=lambda run: None):
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
        """The classifier in training; None before `start`"""
        ...

    @property
    def kept(self) -> Kept:
        """Image preprocessing and class names, as in the checkpoint"""
        ...

    @property
    def folder(self) -> Path | None:
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
        """Validation accuracy after the latest epoch"""
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

    def _after_step(self, training):
        ...
    losses: Any
    training: Any
    cfg: Any
    model: Any
    name: str
    device: str
    status: Any
    step: Any
    steps: Any
    error: Any
    message: Any
    traceback: Any
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

    def after_step(self, training) -> None:
        ...

    def after_epoch(self, training) -> None:
        ...
    run: Run

class Runs:
    """The runs of an explorer, oldest first; one trains at a time"""

    def __init__(self, work_dir: str | Path | None=None):
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

    def start(self, cfg: Mapping, name: str, device: str='cpu') -> Run:
        """Start training a new classifier; raises `ConfigError` if another run is active or the config is invalid"""
        ...

    def trained_run(self, model: Mapping) -> Run | None:
        """The latest run of that model that has ended after at least one step"""
        ...

    def trained(self, model: Mapping):
        """The classifier of `trained_run`"""
        ...
    list: Any
    _work_dir: Any
    _watchers: Any
