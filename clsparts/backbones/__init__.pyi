# Written by tools/stubs.py. Edit the notebooks instead.
from .base_backbone import BaseBackbone as BaseBackbone
from .resnet import BasicBlock as BasicBlock
from .resnet import Bottleneck as Bottleneck
from .mobilenet_v2 import MobileNetV2 as MobileNetV2
from .mobilenet_v2 import NumberedInvertedResidual as NumberedInvertedResidual
from .resnet import ResNet as ResNet
from .resnet import ResNetV1b as ResNetV1b
from .resnet import ResNetV1c as ResNetV1c
from .resnet import ResNetV1d as ResNetV1d
from .resnet_cifar import ResNet_CIFAR as ResNet_CIFAR
from .vision_transformer import TransformerEncoderLayer as TransformerEncoderLayer
from .vision_transformer import VisionTransformer as VisionTransformer
from .vision_transformer import arch_settings as arch_settings
from .vision_transformer import encoder_layers as encoder_layers
from .vision_transformer import fit_pos_embed as fit_pos_embed
from .vision_transformer import token_layer_depth as token_layer_depth
__all__ = []
