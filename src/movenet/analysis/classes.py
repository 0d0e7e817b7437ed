"""Classes of poses, such as those of yoga: features of a pose, and a classifier that is a plain file of numbers.

Prediction needs numpy alone; fitting (`movenet.analysis.class_training`) needs scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.errors import DataError, FileError
from movenet.pose import KEYPOINTS, Pose

Method = Literal["knn", "logistic"]
FORMAT: Final = "movenet pose classes 1"
"""First entry of a file of classes."""
BODY: Final = np.arange(5, len(KEYPOINTS))
"""The keypoints that count: shoulders to ankles."""
SIZE_TORSOS: Final = 2.5
"""A pose is at least this many torso lengths large (Google's tutorial of pose classification)."""
FEATURES: Final = 2 * (len(BODY) + 1)


def pose_features(poses: Sequence[Pose]) -> NDArray[np.float64]:
    """Return the features of N poses, (N, 26): x and y of nose, shoulders … ankles, whatever place and size.

    The origin is the middle of the hips; the unit is the larger of `SIZE_TORSOS` times the torso's length and the
    largest distance of a keypoint from the origin, as in Google's tutorial of pose classification.

    Raises:
        DataError: a pose has another skeleton than COCO's 17 keypoints, or a keypoint that is not finite.
    """
    for pose in poses:
        if len(pose.keypoints) != len(KEYPOINTS) or not np.isfinite(pose.keypoints).all():
            raise DataError(f"expected poses of COCO's {len(KEYPOINTS)} keypoints, all of them finite")
    points = np.array([pose.keypoints for pose in poses], np.float64).reshape(-1, len(KEYPOINTS), 2)
    hips, shoulders = points[:, 11:13].mean(axis=1), points[:, 5:7].mean(axis=1)
    counted = points[:, [0, *BODY]] - hips[:, None]
    torso = np.hypot(*(shoulders - hips).T)
    reach = np.hypot(*np.moveaxis(counted, 2, 0)).max(axis=1, initial=0.0)
    size = np.maximum(np.maximum(SIZE_TORSOS * torso, reach), 1e-6)
    return np.asarray((counted / size[:, None, None]).reshape(len(points), FEATURES))


@dataclass(frozen=True, slots=True, eq=False)
class PoseClasses:
    """A classifier of poses.

    Raises:
        DataError: the arrays do not fit each other.
    """

    names: tuple[str, ...]
    """Names of the C classes."""
    method: Method
    first: NDArray[np.float64]
    """knn: the features of N examples, (N, 26). logistic: weights, (C, 26)."""
    second: NDArray[np.float64]
    """knn: number of the class of each example, (N,). logistic: intercepts, (C,)."""
    neighbours: int = 5
    """knn: how many of the nearest examples vote."""

    def __post_init__(self) -> None:
        rows = len(self.names) if self.method == "logistic" else len(self.second)
        fits = self.first.shape == (rows, FEATURES) and self.second.shape == (rows,)
        finite = fits and np.isfinite(self.first).all() and np.isfinite(self.second).all()
        if self.method not in ("knn", "logistic") or len(self.names) < 2 or not finite or self.neighbours < 1:
            raise DataError("expected a classifier of at least two classes, got arrays that do not fit")
        if self.method == "knn" and not ((self.second >= 0) & (self.second < len(self.names))).all():
            raise DataError("expected examples of the classes named, got others")

    def probabilities(self, poses: Sequence[Pose]) -> NDArray[np.float64]:
        """Return the probability of each class for N poses, (N, C); with knn the share of the votes.

        Raises:
            DataError: as `pose_features`.
        """
        features = pose_features(poses)
        if self.method == "logistic":
            logits = features @ self.first.T + self.second
            powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        distances = np.square(features[:, None] - self.first[None]).sum(axis=2)
        count = min(self.neighbours, len(self.first))
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :count]
        votes = np.eye(len(self.names))[self.second.astype(np.intp)[nearest]]
        # A nearer example weighs more, so that votes seldom tie.
        weights = 1 / (np.sqrt(np.take_along_axis(distances, nearest, axis=1)) + 1e-3)
        return np.asarray((votes * weights[..., None]).sum(axis=1) / weights.sum(axis=1)[:, None])

    def predict(self, pose: Pose) -> tuple[str, float]:
        """Return the most probable class of a pose, and its probability, 0…1.

        Raises:
            DataError: as `pose_features`.
        """
        (shares,) = self.probabilities([pose])
        best = int(shares.argmax())
        return self.names[best], float(shares[best])

    def save(self, path: str | Path) -> None:
        """Write the classifier as .npz, arrays of numbers and text that load without pickle.

        Raises:
            DataError: the name has another suffix.
            FileError: the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() != ".npz":
            raise DataError(f"expected a name ending in .npz for the classes, got {path}")
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                format=np.array(FORMAT),
                names=np.array(self.names),
                method=np.array(self.method),
                first=self.first,
                second=self.second,
                neighbours=np.array(self.neighbours),
            )


def load_classes(path: str | Path) -> PoseClasses:
    """Return the classifier in a file that `PoseClasses.save` wrote.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no such file.
    """
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found: dict[str, Any] = {name: arrays[name] for name in arrays.files}
    except OSError as problem:
        raise FileError(f"cannot read the classes {path}: {problem.strerror or problem}") from problem
    except (ValueError, BadZipFile, EOFError, AttributeError) as problem:
        raise DataError(f"{path}: expected classes of poses, got another file ({problem})") from problem
    if str(found.get("format")) != FORMAT:
        raise DataError(f"{path}: expected '{FORMAT}', got another file")
    try:
        return PoseClasses(
            tuple(str(name) for name in found["names"]),
            str(found["method"]),  # type: ignore[arg-type]  # checked by PoseClasses
            found["first"].astype(np.float64),
            found["second"].astype(np.float64),
            int(found["neighbours"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise DataError(f"{path}: expected classes of poses, got a damaged file ({problem})") from problem
