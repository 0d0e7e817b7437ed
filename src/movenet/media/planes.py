"""FFmpeg's frames as `PlanarImage` without a copy, and conversion between planes and RGB."""

from __future__ import annotations

from typing import Final, cast

import cv2
import numpy as np
from av import VideoFrame
from av.video.format import VideoFormat
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from movenet.planar import LUMA_WEIGHTS, Colours, PlanarImage

UNSPECIFIED: Final = 2
"""Code of an unknown colour matrix, primaries and transfer characteristics (ITU-T H.273, tables 2 to 4)."""
BT709: Final = 1
BT601: Final = 6
HIGH_DEFINITION_PX: Final = 576
"""Height in pixels above which video without a stated colour matrix is taken for BT.709, as players do."""
LIMITED_RANGE: Final = 1
"""AVCOL_RANGE_MPEG: luma from 16 to 235."""
FULL_RANGE: Final = 2
"""AVCOL_RANGE_JPEG: luma from 0 to 255."""
RGB_COLOURS: Final = Colours(BT601)
"""Colours of RGB pictures in a video: those of OpenCV's conversion. Primaries and curve of sRGB are near BT.709's."""


def is_planar_420(kind: VideoFormat) -> bool:
    """Tell whether a pixel format is YUV 4:2:0 of any depth, without transparency."""
    is_yuv = len(kind.components) == 3 and not kind.is_rgb and not kind.has_palette
    return is_yuv and (kind.chroma_width(4), kind.chroma_height(4)) == (2, 2)


def colours_of(frame: VideoFrame) -> Colours | None:
    """Return the meaning of a YUV frame's samples; None if its colour matrix is not supported in planes.

    What the video does not state is taken for BT.709, but the matrix of small pictures for BT.601.
    """
    matrix, full_range = frame.colorspace, frame.color_range == FULL_RANGE or frame.format.name == "yuvj420p"
    if matrix == UNSPECIFIED:
        matrix = BT709 if frame.height > HIGH_DEFINITION_PX else BT601
    if matrix not in LUMA_WEIGHTS:
        return None
    primaries, transfer = (
        BT709 if code == UNSPECIFIED else code for code in (frame.color_primaries, frame.color_trc)
    )
    return Colours(matrix, full_range, primaries, transfer)


def color_range(colours: Colours) -> int:
    """Return FFmpeg's code of the range."""
    return FULL_RANGE if colours.full_range else LIMITED_RANGE


def planes_of(frame: VideoFrame, colours: Colours) -> PlanarImage:
    """Return a yuv420p or yuvj420p frame as planes, which share its memory."""
    y, u, v = map(pixels, frame.planes)
    return PlanarImage(y, u, v, colours)


def pixels(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return a view of a plane of bytes as (H, W)."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def to_frame(image: PlanarImage) -> VideoFrame:
    """Return a copy of planes as FFmpeg's frame."""
    height, width = image.y.shape
    frame = VideoFrame(width, height, "yuv420p")
    for plane, samples in zip(frame.planes, image.planes, strict=True):
        pixels(plane)[:] = samples
    colours = image.colours
    frame.colorspace, frame.color_range = colours.matrix, color_range(colours)
    return frame


def to_rgb(image: PlanarImage) -> NDArray[np.uint8]:
    """Return planes as (H, W, 3) uint8 RGB; rows may be padded."""
    frame = to_frame(image).reformat(format="rgb24", interpolation=Interpolation.BILINEAR, threads=1)
    return cast("NDArray[np.uint8]", frame.to_ndarray())


def from_rgb(image: NDArray[np.uint8], colours: Colours) -> PlanarImage:
    """Return a (H, W, 3) uint8 RGB picture of even sides as planes."""
    height, width = image.shape[:2]
    if colours == RGB_COLOURS:
        i420 = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), np.uint8).reshape(-1)
        y, u, v = np.split(i420, (height * width, height * width * 5 // 4))
        half = (height // 2, width // 2)
        return PlanarImage(y.reshape(height, width), u.reshape(half), v.reshape(half), colours)
    yuv = colours.from_rgb(image)
    small = np.asarray(cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.uint8)
    return PlanarImage(yuv[..., 0], small[..., 1], small[..., 2], colours)
