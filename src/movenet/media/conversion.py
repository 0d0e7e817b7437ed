"""Conversion of FFmpeg's frames, of any pixel format, pixel aspect ratio and orientation, to upright pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, cast

import cv2
import numpy as np
from av import VideoFrame
from av.sidedata.sidedata import SideData, SideDataContainer
from av.video.format import VideoFormat
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from movenet.media.blending import blend_over_white
from movenet.media.container import MAX_FRAME_PIXELS
from movenet.media.planes import HIGH_DEFINITION_PX, UNSPECIFIED, colours_of, is_planar_420, planes_of
from movenet.media.tone_mapping import ToneMapper, is_hdr
from movenet.planar import Picture, PlanarImage

EIGHT_BIT: Final = ("yuv420p", "yuvj420p")
"""Pixel formats that `PlanarImage` takes as they are; the second states full range."""
MAX_PIXEL_ASPECT: Final = 4
"""Largest pixel aspect ratio, in either direction; larger ones come from damaged headers and count as square."""


class FrameConverter:
    """Converts the decoded frames of one stream to pictures; FFmpeg's scaler is reused from frame to frame."""

    def __init__(self, pixel_aspect: Fraction | None) -> None:
        """Set the pixel aspect ratio: width / height of a pixel before the frame is rotated; None if unknown."""
        self._pixel_aspect = pixel_aspect or Fraction(1)
        self._reformatter = VideoReformatter()
        self._tone_mapper: ToneMapper | None = None

    def __call__(self, frame: VideoFrame) -> Picture:
        """Return the frame upright, with square pixels: planes if it has YUV 4:2:0, else (H, W, 3) uint8 RGB.

        HDR becomes RGB, tone-mapped; so does what has alpha, blended over white. Rows of RGB may be padded: the array
        is contiguous within each row only. Planes share the decoder's memory, unless they had to be converted.
        """
        matrix = display_matrix(frame)
        planes = self._planes(frame)
        if planes is None:
            return oriented(self._rgb(frame), matrix)
        return oriented_planes(planes, matrix)

    def _planes(self, frame: VideoFrame) -> PlanarImage | None:
        """Return the frame as 8-bit planes; None if it must become RGB."""
        colours = colours_of(frame)
        if colours is None or is_hdr(frame) or not is_planar_420(frame.format):
            return None
        kind = frame.format.name
        same = self._reformatted(frame, kind if kind in EIGHT_BIT else "yuv420p", None)
        return planes_of(same, colours)

    def _rgb(self, frame: VideoFrame) -> NDArray[np.uint8]:
        if is_hdr(frame):
            frame = self._tone_mapped(frame)
        if has_alpha(frame.format):
            return blend_over_white(self._convert(frame, "rgba"))
        image = self._convert(frame, "rgb24")
        # Without a conversion, the decoder may reuse the buffer.
        return image.copy() if frame.format.name == "rgb24" else image

    def _tone_mapped(self, frame: VideoFrame) -> VideoFrame:
        if self._tone_mapper is None or not self._tone_mapper.takes(frame):
            self._tone_mapper = ToneMapper(frame)
        return self._tone_mapper(frame)

    def _convert(self, frame: VideoFrame, kind: str) -> NDArray[np.uint8]:
        guess = frame.colorspace == UNSPECIFIED and frame.height > HIGH_DEFINITION_PX
        same = self._reformatted(frame, kind, Colorspace.ITU709 if guess else None)
        return cast("NDArray[np.uint8]", same.to_ndarray())

    def _reformatted(self, frame: VideoFrame, kind: str, matrix: Colorspace | None) -> VideoFrame:
        """Return the frame with square pixels in another pixel format; itself if nothing changes."""
        width, height = display_size(frame.width, frame.height, self._pixel_aspect)
        return self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=kind,
            src_colorspace=matrix,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )


def display_size(width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Return the width and height of a frame after scaling to square pixels: one side grows, none shrinks."""
    if not Fraction(1, MAX_PIXEL_ASPECT) <= pixel_aspect <= MAX_PIXEL_ASPECT:
        return width, height
    wide = max(width, round(width * pixel_aspect))
    high = max(height, round(height / pixel_aspect))
    return (wide, high) if wide * high <= MAX_FRAME_PIXELS else (width, height)


def has_alpha(kind: VideoFormat) -> bool:
    """Tell whether a pixel format can hold transparency; palettes can."""
    return kind.has_palette or any(component.is_alpha for component in kind.components)


QUARTER_TURNS: Final = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
"""Display matrices of 0 to 3 counterclockwise quarter turns."""


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return (a, b, c, d), each -1, 0 or 1: a pixel (x, y) is shown at (a·x + c·y, b·x + d·y) plus a shift.

    ISO/IEC 14496-12, 8.3.2.3, rounded to quarter turns and reflections; (1, 0, 0, 1) if the frame has none. FFmpeg also
    converts the Exif orientation of a JPEG to such a matrix, without reflections.
    """
    try:
        # Not frame.side_data: it makes the frame refer to itself, so that its memory is freed late.
        named = cast("Callable[[VideoFrame], Mapping[str, SideData]]", SideDataContainer)(frame)
    except ValueError:
        # PyAV does not know another side data type of the frame, such as Exif; only the angle is readable.
        return QUARTER_TURNS[round(frame.rotation / 90) % 4]
    if "DISPLAYMATRIX" not in named:
        return 1, 0, 0, 1
    a, b, _, c, d = np.frombuffer(bytes(named["DISPLAYMATRIX"]), np.int32)[:5] / 65536.0
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return int(np.copysign(1, a)), 0, 0, int(np.copysign(1, d))
    return 0, int(np.copysign(1, b)), int(np.copysign(1, c)), 0


def oriented_planes(image: PlanarImage, matrix: tuple[int, int, int, int]) -> PlanarImage:
    """Apply a display matrix to planes; the place of the chroma samples turns with them."""
    if matrix == (1, 0, 0, 1):
        return image
    y, u, v = (oriented(plane, matrix) for plane in image.planes)
    shift_x, shift_y = image.chroma_shift[:: -1 if matrix[1] else 1]
    mirrored, upside_down = reflections(matrix)
    # Seen from the opposite edge; where a side is odd, the chroma plane reaches one pixel beyond it.
    if mirrored:
        shift_x = y.shape[1] % 2 - shift_x
    if upside_down:
        shift_y = y.shape[0] % 2 - shift_y
    return PlanarImage(y, u, v, image.colours, (shift_x, shift_y))


def reflections(matrix: tuple[int, int, int, int]) -> tuple[bool, bool]:
    """Return whether a display matrix mirrors the columns, and the rows, after the transposition that it may have."""
    a, b, c, d = matrix
    return (c < 0, b < 0) if b else (a < 0, d < 0)


def oriented(image: NDArray[np.uint8], matrix: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Apply a display matrix to a (H, W, 3) picture, or to a plane (H, W)."""
    if matrix == (1, 0, 0, 1):
        return image
    upright = cv2.transpose(image) if matrix[1] else image
    mirrored, upside_down = reflections(matrix)
    if mirrored or upside_down:
        upright = cv2.flip(upright, int(mirrored) - (mirrored and upside_down) * 2)
    return np.asarray(upright, np.uint8)
