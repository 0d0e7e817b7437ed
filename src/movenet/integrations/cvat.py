"""Auto-annotation of skeletons in CVAT, run on your computer by its command line.

    cvat-cli task auto-annotate 7 --function-module movenet.integrations.cvat -p model=str:thunder

The task needs a skeleton label "person" whose points have COCO's names, such as "left_wrist"; `cvat-cli task create`
takes it from `labels()`. Parameters (`-p`): model, people, preset, min_score, as of `movenet.Estimator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from movenet.errors import MissingExtraError
from movenet.estimator import MIN_SCORE, Estimator, People, Preset
from movenet.pose import BONES, KEYPOINTS, Pose

if TYPE_CHECKING:
    from cvat_sdk.auto_annotation import DetectionFunctionContext, DetectionFunctionSpec
    from cvat_sdk.models import LabeledShapeRequest
    from PIL.Image import Image

LABEL: Final = "person"
OCCLUDED_BELOW: Final = 0.3
"""Keypoints of a lower score are marked as occluded, for the annotator to check."""
OUTSIDE_BELOW: Final = 0.1
"""Keypoints of a lower score are marked as outside: CVAT does not show them."""


class PoseFunction:
    """A detection function of `cvat_sdk.auto_annotation`: a skeleton for each person."""

    def __init__(self, estimator: Estimator) -> None:
        """Take the estimator that finds the people."""
        self._estimator = estimator

    @property
    def spec(self) -> DetectionFunctionSpec:
        """The labels: one skeleton with the names of the keypoints."""
        from cvat_sdk import auto_annotation as cvat

        names = self._estimator.engine.card.keypoint_names
        points = [cvat.keypoint_spec(name, index) for index, name in enumerate(names)]
        return cvat.DetectionFunctionSpec(labels=[cvat.skeleton_label_spec(LABEL, 0, points)])

    def detect(self, context: DetectionFunctionContext, image: Image) -> Sequence[LabeledShapeRequest]:
        """Return a skeleton of each person in the picture that scores at least `context.conf_threshold`."""
        poses = self._estimator(np.asarray(image.convert("RGB")))
        least = context.conf_threshold or 0.0
        return [_skeleton(pose) for pose in poses if pose.score >= least]


def create(
    model: str = "thunder", people: People = "many", preset: Preset = "balanced", min_score: float = MIN_SCORE
) -> PoseFunction:
    """Return the function: what `cvat-cli` calls, with its `-p` parameters. Needs the extra `cvat`.

    Raises:
        MissingExtraError: if cvat-sdk is not installed.
        ModelError: as `movenet.Estimator` does.
    """
    try:
        import cvat_sdk.auto_annotation  # noqa: F401
    except ImportError:
        raise MissingExtraError("cvat-sdk", "cvat", "annotation in CVAT") from None
    return PoseFunction(Estimator(model, people=people, settings=preset, min_score=min_score))


def labels() -> list[dict[str, Any]]:
    """Return the label of a task, for `cvat-cli task create NAME --labels FILE` and the label constructor's "Raw" tab.

    CVAT draws the skeleton as given in "svg": here a standing person of 100 × 100 units.
    """
    return [
        {
            "name": LABEL,
            "type": "skeleton",
            "attributes": [],
            "sublabels": [{"name": name, "type": "points", "attributes": []} for name in KEYPOINTS],
            "svg": _template(),
        }
    ]


def _skeleton(pose: Pose) -> LabeledShapeRequest:
    from cvat_sdk import auto_annotation as cvat

    elements = [
        cvat.keypoint(
            index, point, occluded=bool(score < OCCLUDED_BELOW), outside=bool(score < OUTSIDE_BELOW)
        )
        for index, (point, score) in enumerate(
            zip(pose.keypoints.tolist(), pose.scores.tolist(), strict=True)
        )
    ]
    return cvat.skeleton(0, elements)


def _template() -> str:
    """Return the template of the skeleton: lines between, and circles at, the points of a standing person."""
    points = dict(zip(KEYPOINTS, _STANDING, strict=True))
    edges = [
        f'<line x1="{points[KEYPOINTS[a]][0]}" y1="{points[KEYPOINTS[a]][1]}" '
        f'x2="{points[KEYPOINTS[b]][0]}" y2="{points[KEYPOINTS[b]][1]}" data-type="edge" '
        f'data-node-from="{a + 1}" data-node-to="{b + 1}"></line>'
        for a, b in BONES
    ]
    nodes = [
        f'<circle r="0.75" cx="{x}" cy="{y}" data-type="element node" data-element-id="{k + 1}" '
        f'data-node-id="{k + 1}" data-label-name="{name}"></circle>'
        for k, (name, (x, y)) in enumerate(points.items())
    ]
    return "".join([*edges, *nodes])


_STANDING: Final = (
    *((50, 10), (52, 8), (48, 8), (55, 9), (45, 9), (60, 22), (40, 22), (65, 36), (35, 36)),
    *((67, 50), (33, 50), (56, 52), (44, 52), (57, 72), (43, 72), (58, 92), (42, 92)),
)
"""x, y of each keypoint of a standing person who faces the viewer, in a square of 100 × 100."""
