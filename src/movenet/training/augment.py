"""How a person is shown: never twice the same, always from one random generator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from movenet.annotations import Box
from movenet.crop import Crop
from movenet.training.view import View

Rgb = NDArray[np.uint8]
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far views and colours stray. All shares and probabilities are 0…1."""

    factor: float = 1.1
    """Side of the square, as a multiple of the box's longer edge, before it is scaled."""
    scale: float = 0.25
    """The square is up to exp(scale) × larger or smaller."""
    shift: float = 0.1
    """It moves by up to this share of its side, in x and y."""
    turn_deg: float = 30.0
    """It turns by up to so much …"""
    turns: float = 0.6
    """… with this probability."""
    mirror: float = 0.5
    """Probability that it is mirrored, left and right swapped."""
    colour: float = 0.3
    """Brightness, contrast, saturation and gamma change by up to this share."""
    blur: float = 0.1
    """Probability of a blur, and again of noise, and again of a low resolution."""
    sharpen: float = 0.1
    """Probability that edges are raised: small pictures look soft beside those of a camera."""
    occlusion: float = 0.2
    """Probability that a rectangle of another place of the picture covers some of the square."""


PLAIN = Augmentation(scale=0, shift=0, turns=0, mirror=0, colour=0, blur=0, sharpen=0, occlusion=0)
"""The square as it is shown to a finished model."""


def draw_view(box: Box, side: int, rng: Rng, how: Augmentation) -> View:
    """Draw a random view of whoever is in `box`."""
    # All numbers are drawn whatever the settings, so that one setting does not change what the others draw.
    scale, shift_x, shift_y, turn = rng.uniform(-1, 1, 4)
    turns, mirrors = rng.uniform(0, 1, 2)
    around = Crop.around_box(box, how.factor * math.exp(how.scale * scale), side)
    left = around.left + how.shift * shift_x * around.width
    top = around.top + how.shift * shift_y * around.height
    crop = Crop(left, top, around.width, around.height, side, side)
    angle = math.radians(how.turn_deg) * turn if turns < how.turns else 0.0
    return View(crop, angle, mirrors < how.mirror)


def repaint(square: Rgb, rng: Rng, how: Augmentation) -> Rgb:
    """Return a square (side, side, 3) in other colours, sharper, softer or half covered, as chance will have it."""
    square = np.ascontiguousarray(square)
    probabilities = rng.uniform(0, 1, 5)
    if probabilities[0] < how.occlusion:
        square = cover(square, rng)
    if probabilities[4] < how.sharpen:
        square = raise_edges(square, rng)
    if probabilities[1] < how.blur:
        square = soften(square, rng)
    if probabilities[2] < how.blur:
        square = coarsen(square, rng)
    square = tint(square, rng, how.colour) if how.colour else square
    return add_noise(square, rng) if probabilities[3] < how.blur else square


def cover(square: Rgb, rng: Rng) -> Rgb:
    """Cover a rectangle of up to a third of the side with another part of the square."""
    side = square.shape[0]
    height, width = rng.integers(side // 12, side // 3 + 1, 2)
    top, from_top = rng.integers(0, side - height + 1, 2)
    left, from_left = rng.integers(0, side - width + 1, 2)
    covered = square.copy()
    covered[top : top + height, left : left + width] = square[
        from_top : from_top + height, from_left : from_left + width
    ]
    return covered


def soften(square: Rgb, rng: Rng) -> Rgb:
    """Blur all around, or along a line as a moving camera does."""
    if rng.uniform() < 0.5:
        return np.asarray(cv2.GaussianBlur(square, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, math.pi)
    along = (np.arange(length) - (length - 1) / 2) * np.array([[math.cos(angle)], [math.sin(angle)]])
    column, row = np.round(along + length // 2).astype(int).clip(0, length - 1)
    kernel = np.zeros((length, length), np.float32)
    kernel[row, column] = 1
    return np.asarray(cv2.filter2D(square, -1, kernel / kernel.sum()), np.uint8)


def raise_edges(square: Rgb, rng: Rng) -> Rgb:
    """Add up to twice what a blur would take away."""
    blurred = cv2.GaussianBlur(square, (0, 0), rng.uniform(0.6, 1.5))
    amount = rng.uniform(0.3, 2)
    return np.asarray(cv2.addWeighted(square, 1 + amount, blurred, -amount, 0), np.uint8)


def coarsen(square: Rgb, rng: Rng) -> Rgb:
    """Show the square as if the person were far away: shrunk by up to 3, then enlarged again."""
    side = square.shape[0]
    small = max(1, round(side / rng.uniform(1.2, 3)))
    shrunk = cv2.resize(square, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def tint(square: Rgb, rng: Rng, reach: float) -> Rgb:
    """Change gamma, contrast and brightness of each channel by a table, and the saturation."""
    gamma, contrast, bright, saturation, *channels = rng.uniform(-reach, reach, 7)
    levels = np.linspace(0, 1, 256)[:, None] ** math.exp(gamma)
    levels = (levels - 0.5) * (1 + contrast) + 0.5 + bright / 2 + np.array(channels) / 4
    table = (255 * levels.clip(0, 1)).astype(np.uint8)[:, None]
    tinted = cv2.LUT(square, table)
    grey = cv2.cvtColor(cv2.cvtColor(tinted, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(tinted, 1 + saturation, grey, -saturation, 0), np.uint8)


def add_noise(square: Rgb, rng: Rng) -> Rgb:
    """Add noise of up to 12 grey levels, as a sensor does in the dark."""
    noise = rng.normal(0, rng.uniform(2, 12), square.shape).astype(np.float32)
    return np.asarray((square + noise).clip(0, 255), np.uint8)
