"""Alignment of two sequences in time by dtaidistance (extra `dtw`), instead of `movenet.analysis.warping.warp`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.comparison import Complexes, Floats, prepare
from movenet.analysis.track import Track
from movenet.errors import MissingExtraError

MIN_KNOWN: Final = 0.5
"""Keypoints that are known in a smaller share of the frames are left out."""


def align_with_dtaidistance(track: Track, reference: Track, window: int) -> NDArray[np.intp]:
    """Return the path (P, 2) of pairs of frames by dynamic time warping of the normalised keypoints.

    The cost of a pair is the Euclidean distance of the keypoints, each pose moved to its weighted mean and scaled to a
    mean square distance of 1 from it. Keypoints that are unknown in half of the frames of a sequence are left out,
    others lie in the mean where they are unknown. Poses are not turned.

    Args:
        track: the sequence to judge.
        reference: the sequence to be like.
        window: largest distance from the diagonal, in frames.

    Raises:
        MissingExtraError: dtaidistance is missing.
    """
    sequences = [prepare(one) for one in (track, reference)]
    usual = np.all([(weights > 0).mean(axis=0) > MIN_KNOWN for _, weights in sequences], axis=0)
    series = [_normalised(points[:, usual], weights[:, usual]) for points, weights in sequences]
    return np.array(_dtw().warping_path(*series, window=window), np.intp)


def _normalised(points: Complexes, weights: Floats) -> Floats:
    """Return the keypoints of each frame, (T, 2C): first all x, then all y."""
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    centred = np.where(weights > 0, points - (weights * points).sum(axis=1, keepdims=True) / total, 0)
    size = np.sqrt((weights * np.abs(centred) ** 2).sum(axis=1, keepdims=True) / total)
    scaled = centred / np.maximum(size, 1e-12)
    return np.concatenate([scaled.real, scaled.imag], axis=1)


def _dtw() -> Any:
    try:
        from dtaidistance import dtw_ndim
    except ImportError:
        raise MissingExtraError("dtaidistance", "dtw", "this alignment") from None
    return dtw_ndim
