"""The steps of `movenet export`: look for torch, measure, tell."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from movenet.cli.output import say
from movenet.errors import MissingExtraError, ModelError
from movenet.models import ModelCard

try:
    from movenet.export.job import Answer, Precision, Runner
    from movenet.export.run import SHEET, Assess, Wish, ship
except ImportError as error:
    raise MissingExtraError(str(error.name), "export", "exporting") from None

if TYPE_CHECKING:
    from movenet.decode import Heads


def wish(format: str, precision: Precision, answer: Answer, side: int | None, pictures: Path | None) -> Wish:  # noqa: A002
    """Return what was asked for on the command line."""
    return Wish(format, precision, answer, side, pictures)


def assessor(annotations: Path | None, images: Path | None, asked: Wish) -> Assess | None:
    """Return what measures an export's AP on a list, whole pictures and two looks; None if there is no list.

    Raises:
        ModelError: if the pictures' folder is missing, or what is asked for has no heads to measure with.
    """
    if annotations is None:
        return None
    if images is None or asked.answer != "heads":
        raise ModelError("--ap needs --images, the folder of the list's pictures, and an export of heads")
    listed, folder = annotations, images

    def assess(card: ModelCard, run: Runner) -> Mapping[str, Any]:
        from movenet.cli.output import progress
        from movenet.engine import ScriptedEngine
        from movenet.estimator import Estimator
        from movenet.evaluation import assess, read_truth, to_estimates
        from movenet.evaluation.protocol import measure

        def answer(squares: NDArray[np.uint8]) -> Heads:
            answers = [run(square) for square in squares[:, None]]
            return {name: np.concatenate([one[name] for one in answers]) for name in card.heads}

        truth = read_truth(listed)
        estimator = Estimator(ScriptedEngine(card, answer), min_score=0.0)
        measured = measure(
            estimator,
            truth,
            folder,
            progress=lambda answers, count: progress(answers, "measuring AP", count),
        )
        scores = assess(truth, to_estimates(measured.results, truth)).scores
        said = {name: round(scores[name], 4) for name in ("AP", "AP50", "AP75")}
        images = len(truth.images(folder))
        return {**said, "list": truth.name, "images": images, "protocol": measured.protocol["pictures"]}

    return assess


def run(model: str, out: Path, asked: Wish, assess: Assess | None, *, json: bool) -> None:
    """Export and tell what came of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converters, about their own innards
        shipped = ship(model, out, asked, assess)
    if json:
        print(out.with_name(out.name + SHEET).read_text(encoding="utf-8"), end="")
        return
    d, ap = shipped.difference, "" if shipped.assessed is None else f" · AP {shipped.assessed['AP']:.3f}"
    say(f"{out}  {asked.format} {asked.precision}, {shipped.bytes / 1e6:.2f} MB{ap}")
    say(
        f"against torch, {d.keypoints} keypoints in {d.squares} squares: median {d.median_px:.1g} px, "
        f"90 % within {d.p90_px:.1g} px, largest {d.largest_px:.1g} px, score {d.largest_score:.1g}"
    )
