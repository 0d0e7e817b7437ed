"""PoseNet's network: MobileNetV1, and on its last features one 1 × 1 convolution per question.

    picture (N, H, W, 3) uint8
       │  a black row below and a black column at the right, scaled to −1…1
       ▼
    MobileNetV1 ──► features, one cell every 16 pixels, the first on the first pixel, the last on the last
       │
       ├────────────┬────────────┬────────────┐
       ▼            ▼            ▼            ▼
     heatmap      offset      outward      inward                             four answers for every cell

Sources: the published graph (MobileNetV1 × 0.75, output stride 16); Howard et al. 2017 for MobileNetV1, Papandreou
et al. 2018 (PersonLab) for the heads. `movenet.decode.posenet` reads the answers.
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
"""Channels (before the width) and stride of MobileNetV1's blocks: table 1 of the paper, but that the published graph
has 512 channels in the last two instead of 1024, and does not halve the grid there."""


class Block(nn.Module):
    """A 3 × 3 convolution per channel, then a 1 × 1 one across channels, each with its ReLU6."""

    def __init__(self, channels: int, out: int, *, stride: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, stride, padding=1, groups=channels)
        self.pointwise = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉), each from 0 to 6."""
        return F.relu6(self.pointwise(F.relu6(self.depthwise(x))))


class MobileNetV1(nn.Module):
    """The backbone. `channels` is how many its features have."""

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

        At every stride the sides are odd, so TensorFlow's SAME padding is the same on all sides.
        """
        x = F.relu6(self.stem(x))
        features: Tensor = self.blocks(x)
        return features


def head_channels(keypoints: int) -> dict[str, int]:
    """Return how many numbers each head gives per cell; pairs are (y, x), in cells."""
    return {
        "heatmap": keypoints,  # is this keypoint k of anybody? (before the sigmoid)
        "offset": 2 * keypoints,  # if this is near a keypoint k: the way to it
        "outward": 2 * (keypoints - 1),  # if this is the inner end of a bone: the way to its outer end
        "inward": 2 * (keypoints - 1),  # if this is the outer end of a bone: the way to its inner end
    }


class PoseNet(nn.Module):
    """PoseNet. `forward` takes pictures as every engine does and gives the raw heads."""

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
            images: (N, H, W, 3), RGB, 0…255, any number type; H and W multiples of 16.

        Returns:
            Head name → (N, C, H / 16 + 1, W / 16 + 1) float32, before any sigmoid.
        """
        x = images.permute(0, 3, 1, 2).to(self.backbone.stem.weight.dtype)
        # PoseNet wants sides of 16 n + 1 pixels; a black edge gives them to everyone who holds multiples of 16.
        features = self.backbone(F.pad(x, (0, 1, 0, 1)) * (1 / 127.5) - 1)
        return {name: head(features) for name, head in self.heads.items()}
