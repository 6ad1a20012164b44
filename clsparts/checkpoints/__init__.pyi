# Written by tools/stubs.py. Edit the notebooks instead.
from .checkpoint import Kept as Kept
from .pretrained_weights import LoadReport as LoadReport
from .snapshots import Snapshots as Snapshots
from .pretrained_weights import adapt_input_channels as adapt_input_channels
from .checkpoint import check_fit as check_fit
from .checkpoint import kept_in as kept_in
from .checkpoint import known_to as known_to
from .pretrained_weights import load_checkpoint as load_checkpoint
from .checkpoint import load_classifier as load_classifier
from .digits_classifier import load_digits_classifier as load_digits_classifier
from .snapshots import pack as pack
from .snapshots import put_aside as put_aside
from .snapshots import random_states as random_states
from .checkpoint import read_checkpoint as read_checkpoint
from .pretrained_weights import resize_relative_position_bias as resize_relative_position_bias
from .checkpoint import save_checkpoint as save_checkpoint
from .snapshots import set_random_states as set_random_states
from .snapshots import unpack as unpack
from .digits_classifier import unpacked as unpacked
from .checkpoint import without_pretrained as without_pretrained
from .checkpoint import write_checkpoint as write_checkpoint
__all__ = []
