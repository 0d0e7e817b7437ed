"""MoveNet's network: MobileNetV2, a feature pyramid (FPN), and one small convolutional head per output.

    picture (N, H, W, 3) uint8
       │  scaled to −1…1
       ▼
    MobileNetV2 ──► stride 4 ──► stride 8 ──► stride 16 ──► stride 32        backbone, fine to coarse
                        │            │            │             │
                        ▼            ▼            ▼             ▼
    Pyramid         stride 4 ◄── stride 8 ◄── stride 16 ◄── stride 32        pyramid, coarse to fine
                        │
       ┌────────────┬───┴────────┬────────────┐
       ▼            ▼            ▼            ▼
     center      heatmap      regress      offset                            heads: one cell per 4 × 4 pixels

Sources: Google's published graphs (Lightning v4, Thunder v4, MultiPose v1); Sandler et al. 2018 for MobileNetV2,
Lin et al. 2017 for the pyramid, Zhou et al. 2019 ("Objects as Points") for the heads, which `decode` interprets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import torch
import torch.nn.functional as F  # noqa: N812 (the field's name for it)
from torch import Tensor, nn

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)

SINGLE_HEADS: Final = ("center", "heatmap", "regress", "offset")
MULTI_HEADS: Final = (*SINGLE_HEADS, "box_scale", "box_offset")


@dataclass(frozen=True, slots=True)
class Architecture:
    """What differs between the models: width, heads and number of keypoints."""

    width: float
    """Width multiplier of the backbone; 1.0 is the paper's number of channels."""
    heads: tuple[str, ...] = SINGLE_HEADS
    keypoints: int = 17


LIGHTNING: Final = Architecture(width=1.0)
THUNDER: Final = Architecture(width=1.75)
MULTIPOSE: Final = Architecture(width=1.5, heads=MULTI_HEADS)


class Stage(NamedTuple):
    """A run of bottleneck blocks of MobileNetV2 (table 2 of the paper)."""

    expansion: int
    channels: int
    blocks: int
    stride: int


STAGES: Final = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)
TAPS: Final = (2, 5, 9)
"""Indices of the blocks whose output enters the pyramid, at strides 4, 8 and 16; the last is 9, not the usual 12."""
TOP_CHANNELS: Final = 1280
"""Channels at stride 32, independent of the width."""


def round_channels(channels: float) -> int:
    """Return the multiple of 8 nearest to `channels`, never more than 10 % below it (MobileNetV2's rule)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow's SAME: with stride 2, zeros at the bottom and the right only."""

    def __init__(
        self, channels: int, out: int, size: int, *, stride: int = 1, groups: int = 1, bias: bool = True
    ):
        super().__init__(
            channels, out, size, stride, size // 2 if stride == 1 else 0, groups=groups, bias=bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, out, ⌈H / stride⌉, ⌈W / stride⌉), for even H and W where the stride is 2."""
        return self.convolve(x, self.weight, self.bias)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map as `forward` does, with other weights."""
        if self.stride[0] == 2:
            x = F.pad(x, (0, 1, 0, 1))
        return F.conv2d(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)


class Bottleneck(nn.Module):
    """Inverted residual: expand (1 × 1), depthwise (3 × 3), project (1 × 1); add the input if shapes are equal."""

    def __init__(self, channels: int, out: int, *, expansion: int, stride: int):
        super().__init__()
        hidden = channels * expansion
        self.expand = SameConv(channels, hidden, 1) if expansion > 1 else nn.Identity()
        self.depthwise = SameConv(hidden, hidden, 3, stride=stride, groups=hidden)
        self.project = SameConv(hidden, out, 1)
        self.residual = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, out, H / stride, W / stride)."""
        y = F.relu6(self.expand(x)) if isinstance(self.expand, SameConv) else x
        out: Tensor = self.project(F.relu6(self.depthwise(y)))
        return x + out if self.residual else out


class MobileNetV2(nn.Module):
    """The backbone. `channels` are those of its four outputs, from stride 4 to stride 32."""

    def __init__(self, width: float):
        super().__init__()
        out = round_channels(32 * width)
        self.stem = SameConv(3, out, 3, stride=2)
        blocks = []
        for stage in STAGES:
            for i in range(stage.blocks):
                channels, out = out, round_channels(stage.channels * width)
                stride = stage.stride if i == 0 else 1
                blocks.append(Bottleneck(channels, out, expansion=stage.expansion, stride=stride))
        self.blocks = nn.ModuleList(blocks)
        self.top = SameConv(out, TOP_CHANNELS, 1)
        self.channels = (*(blocks[i].project.out_channels for i in TAPS), TOP_CHANNELS)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (N, 3, H, W) in −1…1 to features at strides 4, 8, 16 and 32; H and W are multiples of 32."""
        x = F.relu6(self.stem(x))
        taps = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                taps.append(x)
        return [*taps, F.relu6(self.top(x))]


class Separable(nn.Module):
    """Depthwise 3 × 3 convolution without bias or activation, then pointwise 1 × 1 convolution with ReLU."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.depthwise = SameConv(channels, channels, 3, groups=channels, bias=False)
        self.pointwise = SameConv(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, out, H, W), ≥ 0."""
        return F.relu(self.pointwise(self.depthwise(x)))


class Pyramid(nn.Module):
    """Feature pyramid: reduce the channels of each scale, then, from coarse to fine, upsample by 2 and add."""

    def __init__(self, channels: tuple[int, ...]):
        super().__init__()
        self.lateral = nn.ModuleList(
            SameConv(c, out, 1) for c, out in zip(channels, (24, 32, 64, 64), strict=True)
        )
        self.merge = nn.ModuleList([Separable(24, 24), Separable(32, 24), Separable(64, 32)])

    def forward(self, features: list[Tensor]) -> Tensor:
        """Map features at strides 4, 8, 16 and 32 to one of shape (N, 24, H / 4, W / 4)."""
        *fine, coarsest = (lateral(f) for lateral, f in zip(self.lateral, features, strict=True))
        x: Tensor = coarsest
        for lateral, merge in zip(reversed(fine), reversed(list(self.merge)), strict=True):
            x = merge(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False) + lateral)
        return x


class Head(nn.Module):
    """One head: a hidden layer (`Separable`, 96 channels) and `answer`, the 1 × 1 output convolution."""

    def __init__(self, out: int):
        super().__init__()
        self.hidden = Separable(24, 96)
        self.answer = SameConv(96, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 24, H, W) to (N, out, H, W)."""
        out: Tensor = self.answer(self.hidden(x))
        return out


def head_channels(keypoints: int) -> dict[str, int]:
    """Return the number of channels of each head; pairs are (y, x), in cells."""
    return {
        "center": 1,  # logit: this cell is the center of a person
        "heatmap": keypoints,  # logit: this cell has keypoint k of any person
        "regress": 2 * keypoints,  # from the center of a person to their keypoint k
        "offset": 2 * keypoints,  # from a cell that has keypoint k to its exact position
        "box_scale": 2,  # height and width of the box of the person centered here
        "box_offset": 2,  # from the center of a person to the center of their box
    }


class Network(nn.Module):
    """MoveNet: uint8 RGB squares in, raw heads out, as in every engine."""

    def __init__(self, architecture: Architecture = LIGHTNING):
        super().__init__()
        self.architecture = architecture
        self.backbone = MobileNetV2(architecture.width)
        self.pyramid = Pyramid(self.backbone.channels)
        channels = head_channels(architecture.keypoints)
        self.heads = nn.ModuleDict({name: Head(channels[name]) for name in architecture.heads})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map pictures to heads.

        Args:
            images: (N, H, W, 3), RGB, 0…255, any numeric type; H and W multiples of 32.

        Returns:
            Head name → (N, C, H / 4, W / 4) float32, before any sigmoid.
        """
        features = self.features(images)
        return {name: head(features) for name, head in self.heads.items()}

    def features(self, images: Tensor) -> Tensor:
        """Map pictures, as in `forward`, to the output of the pyramid, (N, 24, H / 4, W / 4)."""
        x = images.permute(0, 3, 1, 2).to(self.backbone.stem.weight.dtype) * (1 / 127.5) - 1
        out: Tensor = self.pyramid(self.backbone(x))
        return out


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable parameters of a network."""
    return sum(p.numel() for p in network.parameters())


def load_network(state: dict[str, Tensor], architecture: Architecture) -> Network:
    """Return a network of this architecture with these weights; see `fill` for errors."""
    return fill(Network(architecture), state)


def fill(network: AnyNetwork, state: dict[str, Tensor]) -> AnyNetwork:
    """Load weights into a network and set it to eval mode; names and shapes must match exactly.

    Raises:
        RuntimeError: if names or shapes differ (torch lists them).
    """
    network.load_state_dict({name: tensor.to(torch.float32) for name, tensor in state.items()}, strict=True)
    return network.eval()
