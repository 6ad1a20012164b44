# Written by tools/stubs.py. Edit the notebooks instead.
from .combined_loss import CombinedLoss as CombinedLoss
from .cross_entropy_loss import CrossEntropyLoss as CrossEntropyLoss
from .focal_loss import FocalLoss as FocalLoss
from .l1 import L1Loss as L1Loss
from .label_smooth_loss import LabelSmoothLoss as LabelSmoothLoss
from .combined_loss import add_up as add_up
from .utils import as_targets as as_targets
from .cross_entropy_loss import binary_cross_entropy as binary_cross_entropy
from .combined_loss import build_loss as build_loss
from .utils import check_reduction as check_reduction
from .l1 import l1_loss as l1_loss
from .combined_loss import loss_dict as loss_dict
from .combined_loss import loss_name as loss_name
from .combined_loss import numbered as numbered
from .utils import reduce_loss as reduce_loss
from .focal_loss import sigmoid_focal_loss as sigmoid_focal_loss
from .cross_entropy_loss import softmax_cross_entropy as softmax_cross_entropy
from .combined_loss import takes_option as takes_option
from .utils import targets_for as targets_for
from .utils import weighted_loss as weighted_loss
__all__ = []
