"""Extreme numbers in heads and boxes give finite poses or an error, and no warning."""

from dataclasses import replace

import numpy as np
import pytest

from movenet.engine import ScriptedEngine
from movenet.errors import DataError
from movenet.estimator import Estimator, default_settings, from_corners
from movenet.models import MODELS

EXTREMES = np.array([3e38, -3e38, np.inf, -np.inf, np.nan, 1e19, -1e19, 0], np.float32)
IMAGE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
CHANNELS = {
    "center": 1,
    "heatmap": 17,
    "regress": 34,
    "offset": 34,
    "box_scale": 2,
    "box_offset": 2,
    "outward": 32,
    "inward": 32,
}


def scripted(model, values, fraction):
    """Return an engine whose heads are plausible but for a fraction that is drawn from these values."""
    card, random = MODELS[model], np.random.default_rng(0)
    stride, extra = (16, 1) if card.family == "posenet" else (4, 0)

    def head(name, squares):
        n, height, width, _ = squares.shape
        shape = (n, CHANNELS[name], height // stride + extra, width // stride + extra)
        plausible = random.normal(0, 3, shape).astype(np.float32)
        return np.where(random.random(shape) < fraction, random.choice(values, shape), plausible)

    return ScriptedEngine(card, lambda squares: {name: head(name, squares) for name in card.heads})


CASES = [(np.array([value]), 1.0) for value in EXTREMES] + [(EXTREMES, 1.0), (EXTREMES, 0.05)]


@pytest.mark.parametrize("method", ["top-down", "bottom-up"])
@pytest.mark.parametrize("people", ["one", "many"])
@pytest.mark.parametrize("model", ["lightning", "posenet"])
@pytest.mark.parametrize(("values", "fraction"), CASES, ids=[f"{v}, {s}" for v, s in CASES])
def test_poses_are_finite_whatever_the_heads_are(model, people, method, values, fraction):
    estimator = Estimator(
        scripted(model, values, fraction),
        people=people,
        method=method,
        settings=replace(default_settings("lightning", people), detector_sides_px=(128,)),
        detector=None
        if method == "bottom-up" and model == "posenet"
        else scripted("multipose", values, fraction),
        min_score=0.0,
    )
    for pose in (*estimator(IMAGE), *estimator(IMAGE, boxes=[[10, 10, 50, 50]])):
        assert np.isfinite(pose.keypoints).all()
        assert ((pose.scores >= 0) & (pose.scores <= 1)).all()
        assert pose.box is None or np.isfinite(pose.box).all()


@pytest.mark.parametrize(
    "box",
    [(1e308, 0, 1e308, 1), (-1e308, 0, 1e308, 1), (0, 0, 1e39, 10), (5e300, 3, 10, 10), (0, -1e17, 10, 10)],
)
def test_a_box_larger_than_any_picture_is_refused(box):
    with pytest.raises(DataError, match=r"finite x, y, width, height \(up to 1e\+09 px\)"):
        Estimator(scripted("lightning", EXTREMES, 0), method="whole")(IMAGE, [box])


def test_corners_whose_difference_overflows_are_refused():
    with pytest.raises(DataError, match="finite x, y, width, height"):
        from_corners([[-1e308, 0, 1.7e308, 10]])


def test_the_largest_allowed_box_gives_finite_keypoints():
    estimator = Estimator(scripted("lightning", EXTREMES, 0), method="whole", min_score=0.0)
    (pose,) = estimator(IMAGE, [(1e9, -1e9, 1e9, 1e9)])
    assert np.isfinite(pose.keypoints).all()
