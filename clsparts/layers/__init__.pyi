# Written by tools/stubs.py. Edit the notebooks instead.
from .embed import AdaptivePadding as AdaptivePadding
from .conv import ConvModule as ConvModule
from .drop import DropPath as DropPath
from .drop import Dropout as Dropout
from .ffn import FFN as FFN
from .activation import HSigmoid as HSigmoid
from .inverted_residual import InvertedResidual as InvertedResidual
from .norm import LN2d as LN2d
from .layer_scale import LayerScale as LayerScale
from .attention import MultiheadAttention as MultiheadAttention
from .embed import PatchEmbed as PatchEmbed
from .se import SELayer as SELayer
from .ffn import SwiGLUFFN as SwiGLUFFN
from .ffn import SwiGLUFFNFused as SwiGLUFFNFused
from .activation import build_activation_layer as build_activation_layer
from .conv import build_conv_layer as build_conv_layer
from .drop import build_dropout as build_dropout
from .norm import build_norm_layer as build_norm_layer
from .activation_checkpointing import checkpointed as checkpointed
from .drop import drop_path_rates as drop_path_rates
from .channels import make_divisible as make_divisible
from .norm import norm_abbreviation as norm_abbreviation
from .embed import pair as pair
from .embed import resize_pos_embed as resize_pos_embed
__all__ = []
