"""Augmentation: random geometry and colours, all drawn from one random generator."""

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
class AugmentationSettings:
    """Table [augmentation]. Fractions and probabilities are 0…1."""

    crop_factor: float = 1.1
    """Side of the crop before scaling, as a multiple of the longer edge of the box."""
    scale: float = 0.25
    """The crop's side is multiplied by exp(−scale) to exp(scale)."""
    shift: float = 0.1
    """The crop moves by up to this fraction of its side, in x and y."""
    rotation_deg: float = 30.0
    """Largest angle of a rotation, in degrees, in both directions."""
    rotation_probability: float = 0.6
    mirror_probability: float = 0.5
    """Probability that the crop is mirrored; left and right keypoints are swapped with it."""
    colour: float = 0.3
    """Brightness, contrast, saturation and gamma change by up to this fraction."""
    degradation_probability: float = 0.1
    """Probability of blur, of noise and of low resolution, each drawn independently."""
    sharpening_probability: float = 0.1
    """Probability that edges are sharpened: small images are softer than those of a camera."""
    occlusion_probability: float = 0.2
    """Probability that a rectangle of the crop is covered with another part of it."""


NO_AUGMENTATION = AugmentationSettings(
    scale=0,
    shift=0,
    rotation_probability=0,
    mirror_probability=0,
    colour=0,
    degradation_probability=0,
    sharpening_probability=0,
    occlusion_probability=0,
)
"""The crop as the model gets it at inference."""


def random_view(box: Box, side: int, rng: Rng, settings: AugmentationSettings) -> View:
    """Return a random view of the person in `box`, `side` pixels large."""
    # All numbers are drawn whatever the settings, so that one setting does not change the random numbers of another.
    scale, shift_x, shift_y, turn = rng.uniform(-1, 1, 4)
    rotates, mirrors = rng.uniform(0, 1, 2)
    around = Crop.around_box(box, settings.crop_factor * math.exp(settings.scale * scale), side)
    left = around.left + settings.shift * shift_x * around.width
    top = around.top + settings.shift * shift_y * around.height
    crop = Crop(left, top, around.width, around.height, side, side)
    angle = math.radians(settings.rotation_deg) * turn if rotates < settings.rotation_probability else 0.0
    return View(crop, angle, mirrors < settings.mirror_probability)


def augment_colours(square: Rgb, rng: Rng, settings: AugmentationSettings) -> Rgb:
    """Return a square (side, side, 3) with random colours, sharpness, noise and occlusion."""
    square = np.ascontiguousarray(square)
    probabilities = rng.uniform(0, 1, 5)
    if probabilities[0] < settings.occlusion_probability:
        square = occlude(square, rng)
    if probabilities[4] < settings.sharpening_probability:
        square = sharpen(square, rng)
    if probabilities[1] < settings.degradation_probability:
        square = blur(square, rng)
    if probabilities[2] < settings.degradation_probability:
        square = reduce_resolution(square, rng)
    square = jitter_colours(square, rng, settings.colour) if settings.colour else square
    return add_noise(square, rng) if probabilities[3] < settings.degradation_probability else square


def occlude(square: Rgb, rng: Rng) -> Rgb:
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


def blur(square: Rgb, rng: Rng) -> Rgb:
    """Blur with a Gaussian, or along a line (motion blur)."""
    if rng.uniform() < 0.5:
        return np.asarray(cv2.GaussianBlur(square, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, math.pi)
    along = (np.arange(length) - (length - 1) / 2) * np.array([[math.cos(angle)], [math.sin(angle)]])
    column, row = np.round(along + length // 2).astype(int).clip(0, length - 1)
    kernel = np.zeros((length, length), np.float32)
    kernel[row, column] = 1
    return np.asarray(cv2.filter2D(square, -1, kernel / kernel.sum()), np.uint8)


def sharpen(square: Rgb, rng: Rng) -> Rgb:
    """Sharpen with an unsharp mask of random radius and amount."""
    blurred = cv2.GaussianBlur(square, (0, 0), rng.uniform(0.6, 1.5))
    amount = rng.uniform(0.3, 2)
    return np.asarray(cv2.addWeighted(square, 1 + amount, blurred, -amount, 0), np.uint8)


def reduce_resolution(square: Rgb, rng: Rng) -> Rgb:
    """Shrink the square by a factor of up to 3, then enlarge it again, as if the person were far away."""
    side = square.shape[0]
    small = max(1, round(side / rng.uniform(1.2, 3)))
    shrunk = cv2.resize(square, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def jitter_colours(square: Rgb, rng: Rng, strength: float) -> Rgb:
    """Change gamma, contrast, saturation, and the brightness of each channel."""
    gamma, contrast, bright, saturation, *channels = rng.uniform(-strength, strength, 7)
    levels = np.linspace(0, 1, 256)[:, None] ** math.exp(gamma)
    levels = (levels - 0.5) * (1 + contrast) + 0.5 + bright / 2 + np.array(channels) / 4
    table = (255 * levels.clip(0, 1)).astype(np.uint8)[:, None]
    tinted = cv2.LUT(square, table)
    grey = cv2.cvtColor(cv2.cvtColor(tinted, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(tinted, 1 + saturation, grey, -saturation, 0), np.uint8)


def add_noise(square: Rgb, rng: Rng) -> Rgb:
    """Add Gaussian noise with a standard deviation of 2 to 12 grey levels, as of a sensor in low light."""
    noise = rng.normal(0, rng.uniform(2, 12), square.shape).astype(np.float32)
    return np.asarray((square + noise).clip(0, 255), np.uint8)
