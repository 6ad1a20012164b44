# Written by tools/stubs.py. Edit the notebooks instead.
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import get_args
from ..config.config import plain
from ..core.errors import ConfigError, Issue
from ..core.registry import check_arguments
from typing import Any
import copy
import math
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
import torch
from accelerate.utils import DistributedType, gather_object, set_seed
from fastcore.basics import patch
from fastcore.meta import delegates
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset, Subset
import clsparts
from ..checkpoints.checkpoint import check_fit, read_checkpoint, without_pretrained, write_checkpoint
from ..checkpoints.snapshots import Snapshots, put_aside, random_states, set_random_states
from ..config.config import diff
from ..core.errors import ConfigError
from ..core.registry import call_issues, is_classifier
from ..data.batch_augments import batch_augments_from, check_soft_targets
from ..data.datasets import Data, augmented, image_name
from ..data.fingerprints import data_digest, digest_changes
from ..data.samplers import Batches, generators_of, reseed
from ..data.transforms import check_augment
from ..evaluation.evaluator import Evaluation, best_record, evaluate, is_finite, merge_evaluations
from ..files.atomic import as_path, locked, sweep
from ..files.weights import check_weights, count_nonfinite
from clsparts.runtime.devices import Agreement, Objective, accelerator_for, batch_that_fits, by_main, channels_last_pays, forget, is_out_of_memory
from ..runtime.fsdp import divide_like, gathered, is_divided, laid_out, same_buffers, spread
from clsparts.training.callbacks import Callback, StopTraining, check_callbacks, check_trackers, tell_all, usual_callbacks
from .histories import History
from .optimizers import accumulation_of, build_optimizer, check_optim_wrapper, clip_of, scaling_of
from .optimizers import freeze as frozen_parts
from .outcomes import Outcome, count_images, training_outcome
from clsparts.training.preflight import check_batch_size, check_fits, check_folder, check_loader, check_resumable, check_targets, collecting, data_for, has_batch_norms, make_folder, remember_images
from .schedules import build_schedule, check_param_scheduler
from .settings import TrainSettings, setting_issues, valid_settings

def folder_of(work_dir: str | Path | None, resume: str | Path | None) -> Path | None:
    """The folder of a run; raises `ConfigError` for one to resume that contains no run"""
    ...

class Trainer:
    """Trains a classifier, and holds everything that changes meanwhile; callbacks receive it"""

    def __init__(self, clf: nn.Module, data: Data | Dataset | DataLoader | tuple, settings: TrainSettings):
        ...

    def _check(self, data):
        """Raise one `ConfigError` for everything that is wrong with settings, classifier and data"""
        ...

    @property
    def main(self) -> bool:
        """Whether this is the process that writes files"""
        ...

    @property
    def steps_per_epoch(self) -> int:
        ...

    @property
    def steps(self) -> int:
        """Optimizer steps of all epochs"""
        ...

    @property
    def elapsed(self) -> float:
        """Seconds, with those of earlier parts of the run"""
        ...

    @property
    def sharded(self) -> bool:
        """Whether processes share the weights (FSDP); `clf` then has them only after each epoch"""
        ...

    @property
    def best_weights(self) -> nn.Module:
        """The module with the weights to use: their moving average if there is one"""
        ...

    @property
    def digest(self) -> dict:
        """Fingerprints of the images, computed once"""
        ...

    @property
    def kept_note(self) -> str:
        """A sentence for errors: where the last good state is"""
        ...

    def set_up(self) -> None:
        """Move the weights to the device, then create batches, optimizer and schedule"""
        ...

    def _set_up_batches(self, batch_size):
        """Create the batches and what augments them; raises `ConfigError` if the loss cannot be computed for their targets"""
        ...

    def interruptible(self):
        """A context in which the first interrupt (Ctrl-C, or a cluster's SIGTERM) is noted, to be raised after the step"""
        ...

    def explain_errors(self, x=None, y=None):
        """A context that explains two errors: out of memory, with the batch size that fits, and lost processes"""
        ...

    def _smaller_batch(self, x, y):
        """Advice for a batch that does not fit into memory"""
        ...

    def _worker_error(self, e):
        """The error if a process that loads images was killed"""
        ...

    def _lost_error(self, e):
        """The error if other processes cannot be reached"""
        ...

    def check_finite_loss(self, loss: torch.Tensor | None=None, x: torch.Tensor | None=None) -> None:
        """Raise `FloatingPointError` if the loss of the batch, or on a GPU that of the previous one, is not finite"""
        ...

    def _cause_of_nan(self, images, x):
        """Why a loss is not finite: pixels that are not, or else the learning rate"""
        ...

    def check_finite_weights(self) -> None:
        """Raise `FloatingPointError` in all processes if the weights of one are not finite"""
        ...

    def train_epoch(self) -> None:
        """Train on the remaining batches of the epoch"""
        ...

    def add_gradients(self, x: torch.Tensor, y: torch.Tensor, group: int) -> torch.Tensor:
        """Compute the loss of a batch and backpropagate it"""
        ...

    def optimizer_step(self) -> None:
        """Update the weights, call the callbacks, and save a snapshot if one is due"""
        ...

    def call(self, moment: str) -> None:
        """Call that method of every callback"""
        ...

    def end_if_interrupted(self) -> None:
        """Raise `Interrupted` after Ctrl-C, in all processes after the same step"""
        ...

    def usable_classifier(self) -> nn.Module:
        """The classifier to evaluate, equal in all processes: with whole weights, averaged if `ema` is set"""
        ...

    def finish_epoch(self) -> None:
        """Evaluate, record, save, and call the callbacks"""
        ...

    def state(self) -> dict:
        """Everything that changes during a training, as tensors and plain data"""
        ...

    def save_weights(self, weights: Mapping[str, torch.Tensor], best: bool=False) -> None:
        """Write the checkpoints of the run"""
        ...

    def save(self) -> None:
        """Write a snapshot and the checkpoints; raises `OSError` if the disk is full, and then the earlier ones remain"""
        ...

    def ended_best(self) -> bool:
        """Whether the best epoch so far has just ended, with a finite score and loss"""
        ...

    def check_data_order(self) -> None:
        """Warn about a loader whose order cannot be repeated; raises `ConfigError` if `save_steps` needs it"""
        ...

    def find_snapshot(self) -> tuple | None:
        """The latest intact snapshot of the run, None if there is none; raises `ConfigError` if it is of another training"""
        ...

    def restore(self) -> None:
        """Continue from the snapshot that was found; raises `ConfigError` if it does not fit"""
        ...

    def _load_state(self, weights, state):
        ...

    def _load_optimizer(self, state):
        ...

    def put_later_aside(self, kept: dict) -> None:
        """Rename checkpoints and metrics of epochs after the snapshot, so that they are not overwritten; warns"""
        ...

    def are_kept(self, kept: Mapping, weights: Mapping[str, torch.Tensor], best: bool=False) -> bool:
        """Whether the checkpoints of the run have these weights already"""
        ...

    def check_same(self, state: Mapping, meta: Mapping) -> None:
        """Raise `ConfigError` if a snapshot has other settings, classifier or data; warn about other versions"""
        ...

    def run(self) -> None:
        """Train all epochs; after an interrupt everything is saved, and `KeyboardInterrupt` reports how to resume"""
        ...

    def train(self) -> History:
        """Lock the folder, set up or resume, and train; warns if nothing was left to train"""
        ...
    folder: Any
    trackers: Any
    callbacks: Any
    data: Any
    settings: Any
    epochs: Any
    accelerator: Any
    processes: Any
    origin: Any
    epoch: Any
    batch: Any
    step: Any
    first_step: Any
    loss: Any
    lr: Any
    total: Any
    count: Any
    history: History
    seen: Any
    outcome: Any
    seconds: Any
    started: Any
    interrupted: Any
    unchecked: Any
    snapshot: Any
    last_good: Any
    _digest: Any
    model: Any
    ema: Any
    masks: Any
    format: Any
    accumulate: Any
    clip: Any
    frozen: Any
    mix: Any
    batches: Batches
    optimizer: Any
    schedule: Any
    objective: Objective
    stepper: Any
    backward: Any
    agreed: Agreement
    clf: nn.Module

def with_rates(optim_wrapper: Mapping, **rates) -> dict:
    """The same `optim_wrapper` with other rates of its optimizer"""
    ...

def sync_batch_norms(clf: nn.Module, device: torch.device) -> None:
    """Compute batch statistics over the images of all processes; raises `ConfigError` on the CPU"""
    ...

def is_of_worker(e: BaseException) -> bool:
    """Whether an error reports that a process that loads images has ended"""
    ...

class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed, and the step is done"""

def evaluate_together(clf: nn.Module, data: Data, accelerator, num_workers: int=0) -> Evaluation:
    """Evaluate the validation images in all processes; the result is that of a single process"""
    ...

def about(data: Data) -> dict:
    """What a checkpoint contains about its data, so that new images can be prepared in the same way"""
    ...
MOMENTS: Any

def _check_alike(then, now, name):
    """Raise `ValueError` unless plain data has the types and lengths of other plain data, under the keys of both"""
    ...

def checkpoints_in(folder: Path) -> dict[str, tuple]:
    """The readable checkpoints in the folder of a run"""
    ...

@contextmanager
def alone_in(folder: Path | None, new: bool=False):
    """A context in which the folder belongs to this training; deletes unfinished files; `ConfigError` if it is in use"""
    ...

def _whole(v, least=0, most=2 ** 53):
    ...

def check_state(state: Mapping, meta: Mapping) -> None:
    """Raise `ConfigError` unless they have the form of `Trainer.state` and `about`"""
    ...

def share_of(sums: list[tuple], i: int, n: int) -> tuple:
    """The sums that process `i` continues with; if the number of processes changed, the first one gets the total"""
    ...
IMAGES: Any

def _differs(now, then):
    ...

def _other_model(then, now):
    """Differences between the configs of two classifiers, apart from the source of their first weights"""
    ...

def _other_data(then, now):
    """Differences in classes and form of the images"""
    ...

def fit(clf, data: Data | Dataset | DataLoader | tuple, *, epochs: int | None=..., batch_size: int | None=..., lr: float | None=..., weight_decay: float | None=..., optim_wrapper: Mapping=..., param_scheduler: Mapping | list | None=..., augment: str | Mapping=..., batch_augments: Mapping | None=..., freeze: list[str] | tuple[str, ...]=..., precision: str | None=..., ema: float | None=..., patience: int | None=..., compile: bool=..., channels_last: bool | None=..., sync_bn: bool=..., seed: int=..., num_workers: int=..., max_keep_ckpts: int=..., save_steps: int | None=..., log_with: str | list | None=..., device: str | None=..., work_dir: str | Path | None=..., resume: str | Path | None=..., progress: bool=..., callbacks: list | tuple=...) -> History:
    """Train `clf`; raises `ConfigError`, `FloatingPointError` for a NaN loss, `MemoryError` with a batch size that fits"""
    ...
