"""Fitting a classifier of poses, with examples held out to measure it (extra `classes`: scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from movenet.analysis.classes import Method, PoseClasses, pose_features
from movenet.errors import DataError, MissingExtraError
from movenet.pose import MIRROR, Pose

HELD_OUT: Final = 0.25
"""Share of the examples of each class that is held out."""
MIN_EXAMPLES: Final = 4
"""Minimum number of examples of a class."""
INVERSE_REGULARIZATION: Final = 10.0
"""`C` of the logistic regression."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each class was taken for each other."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    """Shape (C, C): rows are the true classes, columns the predicted ones."""

    @property
    def accuracy(self) -> float:
        """Share of the examples whose class was found, 0…1; NaN without examples."""
        total = int(self.counts.sum())
        return float(np.trace(self.counts)) / total if total else float("nan")


def train_classes(
    poses: Sequence[Pose],
    labels: Sequence[str],
    method: Method = "knn",
    *,
    mirror: bool = True,
    seed: int = 0,
) -> tuple[PoseClasses, Confusion]:
    """Fit a classifier on all examples; measure one that was fitted without a quarter of them on that quarter.

    Args:
        poses: N examples.
        labels: the class of each.
        method: k-nearest neighbours or logistic regression.
        mirror: also fit the mirrored poses, so that a class does not depend on the side.
        seed: of the choice of the examples held out.

    Raises:
        DataError: there are fewer than two classes, or fewer than `MIN_EXAMPLES` of one.
        MissingExtraError: scikit-learn is missing.
    """
    names = tuple(sorted(set(labels)))
    numbers = np.array([names.index(label) for label in labels], np.intp)
    counts = np.bincount(numbers, minlength=len(names))
    if len(names) < 2 or counts.min() < MIN_EXAMPLES:
        found = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True)) or "none"
        raise DataError(f"expected at least two classes of {MIN_EXAMPLES} examples each, got {found}")
    held_out = _split(numbers, seed)
    measured = _fit(poses, numbers, ~held_out, (names, method, mirror))
    some = [poses[at] for at in np.flatnonzero(held_out).tolist()]
    confusion = confuse(measured, some, [labels[at] for at in np.flatnonzero(held_out).tolist()])
    return _fit(poses, numbers, np.ones(len(numbers), bool), (names, method, mirror)), confusion


def confuse(classes: PoseClasses, poses: Sequence[Pose], labels: Sequence[str]) -> Confusion:
    """Return the confusion matrix of a classifier on examples.

    Raises:
        DataError: a label is none of its classes.
    """
    if unknown := sorted({*labels} - {*classes.names}):
        raise DataError(f"expected the classes {', '.join(classes.names)}, got {', '.join(unknown)}")
    counts = np.zeros((len(classes.names), len(classes.names)), np.int64)
    if poses:
        predicted = classes.probabilities(poses).argmax(axis=1)
        np.add.at(counts, ([classes.names.index(label) for label in labels], predicted), 1)
    return Confusion(classes.names, counts)


def _split(numbers: NDArray[np.intp], seed: int) -> NDArray[np.bool_]:
    """Return (N,): which examples are held out, a quarter of each class, at least one."""
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(numbers), bool)
    for number in np.unique(numbers):
        own = rng.permutation(np.flatnonzero(numbers == number))
        held_out[own[: max(1, round(HELD_OUT * len(own)))]] = True
    return held_out


def _fit(
    poses: Sequence[Pose],
    numbers: NDArray[np.intp],
    chosen: NDArray[np.bool_],
    how: tuple[tuple[str, ...], Method, bool],
) -> PoseClasses:
    names, method, mirror = how
    features = pose_features([poses[at] for at in np.flatnonzero(chosen).tolist()])
    own = numbers[chosen]
    if mirror:
        features, own = np.concatenate([features, _mirrored(features)]), np.concatenate([own, own])
    if method == "knn":
        return PoseClasses(names, method, features, own.astype(np.float64))
    model = _logistic_regression(features, own)
    weights, intercepts = model.coef_, model.intercept_
    if len(names) == 2:  # scikit-learn keeps one row for two classes
        weights, intercepts = np.vstack([0 * weights, weights]), np.array([0.0, intercepts[0]])
    return PoseClasses(names, method, weights, intercepts)


def _mirrored(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features (N, 26) of the mirrored poses."""
    points = features.reshape(len(features), -1, 2) * (-1.0, 1.0)
    body = np.array(MIRROR[5:]) - 5
    return np.asarray(points[:, [0, *(body + 1)]].reshape(len(features), -1))


def _logistic_regression(features: NDArray[np.float64], numbers: NDArray[np.intp]) -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as problem:
        raise MissingExtraError("scikit-learn", "classes", "training classes of poses") from problem
    return LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=2000).fit(features, numbers)
