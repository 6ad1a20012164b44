# Written by tools/stubs.py. Edit the notebooks instead.
from .cls_head import ClsHead as ClsHead
from .stacked_head import LinearBlock as LinearBlock
from .linear_head import LinearClsHead as LinearClsHead
from .stacked_head import StackedLinearClsHead as StackedLinearClsHead
from .vision_transformer_head import VisionTransformerClsHead as VisionTransformerClsHead
from .cls_head import accuracies as accuracies
from .cls_head import check_topk as check_topk
from .cls_head import last_vector as last_vector
__all__ = []
