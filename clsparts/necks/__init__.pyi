# Written by tools/stubs.py. Edit the notebooks instead.
from .cls_batch_norm_neck import ClsBatchNormNeck as ClsBatchNormNeck
from .generalized_mean import GeneralizedMeanPooling as GeneralizedMeanPooling
from .gap import GlobalAveragePooling as GlobalAveragePooling
from .generalized_mean import gem as gem
__all__ = []
