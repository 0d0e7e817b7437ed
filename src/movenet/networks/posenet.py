"""PoseNet's network: MobileNetV1, and on its last features one 1 × 1 convolution per head.

    picture (N, H, W, 3) uint8
       │  one black row added below, one black column at the right; scaled to −1…1
       ▼
    MobileNetV1 ──► features: one cell every 16 pixels, the first at the first pixel, the last at the last
       │
       ├────────────┬────────────┬────────────┐
       ▼            ▼            ▼            ▼
     heatmap      offset      outward      inward                             heads

Sources: the published graph (MobileNetV1 × 0.75, output stride 16); Howard et al. 2017 for MobileNetV1, Papandreou
et al. 2018 (PersonLab) for the heads. `movenet.decode.posenet` interprets the heads.
"""

from __future__ import annotations

from typing import Final

import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor, nn

from movenet.networks.movenet import Architecture

HEADS: Final = ("heatmap", "offset", "outward", "inward")
POSENET: Final = Architecture(width=0.75, heads=HEADS)

STEM_CHANNELS: Final = 32
BLOCKS: Final = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 7)
"""Channels (at width 1) and stride of MobileNetV1's blocks, as in table 1 of the paper except for the last two: the
published graph has 512 channels there instead of 1024, and stride 1."""


class Block(nn.Module):
    """Depthwise 3 × 3 convolution, then pointwise 1 × 1 convolution, each followed by ReLU6."""

    def __init__(self, channels: int, out: int, *, stride: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels)
        self.pointwise = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉), each from 0 to 6."""
        return F.relu6(self.pointwise(F.relu6(self.depthwise(x))))


class MobileNetV1(nn.Module):
    """The backbone. `channels` is the number of channels of its output."""

    def __init__(self, width: float):
        super().__init__()
        out = int(STEM_CHANNELS * width)
        self.stem = nn.Conv2d(3, out, 3, 2, padding=1)
        blocks = []
        for wide, stride in BLOCKS:
            channels, out = out, int(wide * width)
            blocks.append(Block(channels, out, stride=stride))
        self.blocks = nn.Sequential(*blocks)
        self.channels = out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 3, 16 h + 1, 16 w + 1) in −1…1 to (N, channels, h + 1, w + 1).

        All sides are odd before each stride of 2, so TensorFlow's SAME padding is symmetric.
        """
        x = F.relu6(self.stem(x))
        features: Tensor = self.blocks(x)
        return features


def head_channels(keypoints: int) -> dict[str, int]:
    """Return the number of channels of each head; pairs are (y, x), in cells."""
    return {
        "heatmap": keypoints,  # logit: near keypoint k of any person
        "offset": 2 * keypoints,  # from a cell near keypoint k to its exact position
        "outward": 2 * (keypoints - 1),  # from the inner end of a bone to its outer end
        "inward": 2 * (keypoints - 1),  # from the outer end of a bone to its inner end
    }


class PoseNet(nn.Module):
    """PoseNet: uint8 RGB pictures in, raw heads out, as in every engine."""

    def __init__(self, architecture: Architecture = POSENET):
        super().__init__()
        self.architecture = architecture
        self.backbone = MobileNetV1(architecture.width)
        channels = head_channels(architecture.keypoints)
        self.heads = nn.ModuleDict(
            {name: nn.Conv2d(self.backbone.channels, channels[name], 1) for name in architecture.heads}
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map pictures to heads.

        Args:
            images: (N, H, W, 3), RGB, 0…255, any numeric type; H and W multiples of 16.

        Returns:
            Head name → (N, C, H / 16 + 1, W / 16 + 1) float32, before any sigmoid.
        """
        x = images.permute(0, 3, 1, 2).to(self.backbone.stem.weight.dtype)
        # PoseNet needs sides of 16 n + 1 pixels: the padding adds the one pixel, black.
        features = self.backbone(F.pad(x, (0, 1, 0, 1)) * (1 / 127.5) - 1)
        return {name: head(features) for name, head in self.heads.items()}
