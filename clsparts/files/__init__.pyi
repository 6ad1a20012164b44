# Written by tools/stubs.py. Edit the notebooks instead.
from .weights import WeightFile as WeightFile
from .atomic import as_path as as_path
from .weights import best_prefix as best_prefix
from .downloads import cached_at as cached_at
from .weights import check_patterns as check_patterns
from .weights import check_prefix as check_prefix
from .weights import check_weights as check_weights
from .weights import count_nonfinite as count_nonfinite
from .downloads import download as download
from .weights import few as few
from .weights import file_format as file_format
from .downloads import hash_in_name as hash_in_name
from .weights import is_allowed as is_allowed
from .weights import is_auxiliary as is_auxiliary
from .weights import is_dense as is_dense
from .atomic import locked as locked
from .weights import misfit as misfit
from .weights import patterns_for as patterns_for
from .atomic import portable_name as portable_name
from .weights import read_weight_file as read_weight_file
from .weights import read_weights as read_weights
from .atomic import regular_file as regular_file
from .atomic import replacing as replacing
from .weights import sufficient as sufficient
from .atomic import sweep as sweep
from .weights import torchvision_weights as torchvision_weights
__all__ = []
