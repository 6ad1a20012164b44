# Written by tools/stubs.py. Edit the notebooks instead.
from typing import Any
import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from time import perf_counter
import torch
import torch.nn.functional as F
from fastcore.basics import patch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset
from ..base.shapes import evaluating
from ..core.errors import ConfigError, did_you_mean
from ..core.registry import checks_call
from ..core.tables import Table
from ..data.datasets import Data, image_name
from ..data.samplers import in_order
from ..data.targets import validate_targets
from ..runtime.devices import in_pieces

@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Targets and predictions of a data set, and the metrics computed from them"""
    labels: torch.Tensor
    pred_score: torch.Tensor
    loss: float
    classes: list[str] | None = None
    seconds: float = 0.0
    threshold: float | torch.Tensor = 0.5
    multi_label: bool = False
    __repr__ = __str__

    def __post_init__(self):
        ...

    @property
    def names(self) -> list[str]:
        ...

    @property
    def truth(self) -> torch.Tensor:
        """True classes `(n,)`; raises `ValueError` for multi-label data"""
        ...

    @property
    def accuracy(self) -> float:
        ...

    def topk(self, k: int=5) -> float:
        """Top-k accuracy, from 0 to 1; among equal scores the first class comes first"""
        ...

    @property
    def confusion(self) -> torch.Tensor:
        """Confusion matrix, true classes in rows, predicted in columns `(k, k)`; multi-label: one 2 × 2 matrix per class"""
        ...

    def worst(self, n: int=8) -> list[int]:
        """Up to `n` misclassified images, the most confident mistake first"""
        ...

    @cached_property
    def _counts(self):
        ...

    @cached_property
    def _aps(self):
        ...

    @property
    def per_class(self) -> list[dict]:
        """One record per class: `class`, `count`, `precision`, `recall`, `f1`, and `ap` for multi-label data"""
        ...

    @property
    def f1(self) -> float:
        """Macro F1 over the classes that are present or predicted"""
        ...

    @property
    def mean_average_precision(self) -> float:
        """Mean of the average precisions of the classes that have an image; raises `ConfigError` if none has"""
        ...

    @property
    def throughput(self) -> float:
        ...

    @property
    def score_name(self) -> str:
        ...

    @property
    def score(self) -> float:
        ...

    def record(self) -> dict:
        ...

    def __str__(self):
        ...

    def _repr_html_(self):
        ...

    def best_thresholds(self) -> torch.Tensor:
        """The threshold with the highest F1 on these images, per class; classes without an image keep theirs"""
        ...

    def reliability(self, bins: int=15) -> list[dict]:
        """Confidence and accuracy per bin, see `calibration`; of every class for multi-label data"""
        ...

    def ece(self, bins: int=15) -> float:
        """Expected calibration error, see `calibration_error`"""
        ...
MOST: Any

def _confusion(e):
    """The matrix of an evaluation; raises `ConfigError` above `MOST` classes"""
    ...

def _confidence_of_mistakes(e):
    """Per image the confidence in its (worst) mistake `(n,)`; -1 if it has none"""
    ...

def frequent_mistakes(seen: Evaluation, n: int | None=None) -> list[tuple[int, int, int]]:
    """Confusions as `(count, true class, predicted class)`, the most frequent first"""
    ...

def score_key(record: dict) -> str:
    """The key of its score: `val_accuracy`, or `val_mAP` for multi-label data"""
    ...

def best_record(history: list[dict]) -> dict:
    """The record of the first epoch with the highest validation score; values that are not finite rank last"""
    ...

def is_finite(record: dict) -> bool:
    """Whether its validation score and loss are finite"""
    ...

def _per_class(e):
    """The records of the classes"""
    ...

def _count_classes(e):
    """Per class the number of images that are of it, that are predicted as it, and both"""
    ...

def class_figures(true: torch.Tensor, predicted: torch.Tensor, hits: torch.Tensor) -> torch.Tensor:
    """Precision, recall and F1 per class"""
    ...

def average_precisions(scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Area under the precision-recall curve, per class"""
    ...

def thresholds_for(scores: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """The threshold with the highest F1, halfway between two scores"""
    ...

def calibration(confidence: torch.Tensor, correct: torch.Tensor, bins: int=15) -> list[dict]:
    """One record per non-empty bin: `count`, mean `confidence`, `accuracy`"""
    ...

def calibration_error(records: list[dict]) -> float:
    """Mean gap between confidence and accuracy"""
    ...
ROWS: Any

def _record(e):
    """The metrics as plain numbers"""
    ...

def _table(e):
    """One row per class, below a line with the metrics"""
    ...

def _five_crops(x):
    ...
VIEWS: Any

def views(x: torch.Tensor, tta: str | Callable | Sequence | None=None) -> list[torch.Tensor]:
    """The views of the images; raises `ConfigError` for an unknown name"""
    ...

@torch.no_grad()
def scores_of(clf, x: torch.Tensor, tta: str | Callable | Sequence | None=None) -> torch.Tensor:
    """Class probabilities, averaged over the views"""
    ...

def batches_of(data: Dataset | DataLoader, batch_size: int, num_workers: int=0, pin: bool=False):
    """Batches of images and targets, in order"""
    ...

def _ask(clf, x, y, tta):
    """Probabilities of a batch, and the sum of its losses"""
    ...

def asks_each_class(head) -> bool:
    """Whether a head predicts each class independently, so that an image may have several"""
    ...

def check_names(classes: list[str] | None, k: int) -> None:
    """Raise `ConfigError` unless there is one name per class"""
    ...

def known_classes(clf, k: int) -> list[str] | None:
    """The names of the classes that it was trained on, if they are known and fit its head"""
    ...
AUTOCAST: Any

def _autocast(device, precision):
    ...

def _named_from(name, start, i):
    """The name of an image by its position in a batch that starts at `start`"""
    ...

def _check_finite(scores, x, name):
    """Raise `FloatingPointError` for the first image whose scores are not all finite"""
    ...

@torch.no_grad()
@checks_call
def evaluate(clf, data: Data | Dataset | DataLoader, batch_size: int=256, device: str | torch.device | None=None, *, tta: str | Callable | Sequence | None=None, num_workers: int=0, classes: list[str] | None=None, autocast: str | None=None) -> Evaluation:
    """Predictions and loss of `clf` on all of `data`.

Raises `ConfigError` for missing images and invalid targets, and `FloatingPointError` for NaN."""
    ...

def merge_evaluations(parts: Sequence[Evaluation], orders: Sequence[Sequence[int]]) -> Evaluation:
    """One evaluation of all parts, in the order of the indices; raises `ValueError` for overlapping parts"""
    ...
