"""The report of a run: AP, PCK and drawn poses before and after training, as one self-contained HTML file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from movenet.atomic import atomic_write
from movenet.networks.onnx_file import read_network
from movenet.training.inputs import initial_network, validation_labels
from movenet.training.run_folder import MODEL_FILE, REPORT_FILE
from movenet.training.settings import Settings, ValidationSettings
from movenet.training.validation import ValidationMetrics, validate

SEEN_PEOPLE: Final = 8
"""People of the training images that are shown if there is no validation dataset."""
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .3rem 1rem; border-bottom: 1px solid #8886; text-align: right; }
th:first-child { text-align: left; }
figure { margin: 1rem 0; }
img { width: 100%; }
:root { color-scheme: light dark; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class BeforeAfter:
    """A dataset measured with the initial and with the trained model."""

    name: str
    before: ValidationMetrics
    after: ValidationMetrics
    is_training_data: bool
    """Whether the model was trained on these very images: the poses show what it learned, not how good it is."""


def compare_models(settings: Settings) -> list[BeforeAfter]:
    """Measure the initial and the trained model of a finished run on each validation dataset.

    Without one, on a few people of the first training dataset with COCO labels; nothing if there is none.

    Raises:
        DataError: labels or images are missing or malformed.
        ModelError: the initial or the trained model cannot be read.
    """
    initial = initial_network(settings)
    trained = read_network(settings.out / MODEL_FILE)
    found = []
    for data in settings.validation or _training_data(settings):
        labels = validation_labels(data, settings.skeleton)
        before, after = (
            validate(network.eval(), labels, initial.side, data.crop_factor)
            for network in (initial.network, trained)
        )
        found.append(BeforeAfter(labels.name, before, after, is_training_data=not settings.validation))
    return found


def write_report(settings: Settings, compared: Sequence[BeforeAfter]) -> Path:
    """Write the report to the folder of the run, and return its path.

    Raises:
        FileError: it cannot be written.
    """
    title = f"{settings.model.name}: before and after training"
    body = "\n".join(map(_section, compared)) or "<p>There is no dataset with labels to measure on.</p>"
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"<p>{settings.training.steps} steps of {settings.training.batch_size}, from "
        f"{escape(settings.model.initial_weights)}. Crops are given by the labelled boxes.</p>\n"
        f"{body}\n</body>\n</html>\n"
    )
    path = settings.out / REPORT_FILE
    with atomic_write(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def _training_data(settings: Settings) -> list[ValidationSettings]:
    first = next((data for data in settings.data if data.annotations is not None), None)
    if first is None or first.annotations is None:
        return []
    return [
        ValidationSettings(
            first.annotations, first.images, name_pattern=first.name_pattern, max_people=SEEN_PEOPLE
        )
    ]


def _section(one: BeforeAfter) -> str:
    note = (
        "<p>There is no validation dataset: these images were trained on, so the figures are too good. Keep some "
        "images for <code>val.json</code>.</p>"
        if one.is_training_data
        else ""
    )
    rows = "".join(
        f"<tr><th>{name}</th><td>{before:.3f}</td><td>{after:.3f}</td><td>{after - before:+.3f}</td></tr>"
        for name, before, after in (
            ("AP", one.before.ap, one.after.ap),
            ("PCK", one.before.pck, one.after.pck),
        )
    )
    figures = "".join(
        f"<figure><figcaption>{when}</figcaption>"
        f'<img alt="{when}: the first squares with the estimated poses" src="{_data_url(sheet)}"></figure>'
        for when, sheet in (("Before", one.before.sheet), ("After", one.after.sheet))
    )
    head = "<tr><th></th><th>before</th><th>after</th><th>change</th></tr>"
    return f"<h2>{escape(one.name)}</h2>\n{note}<table>{head}{rows}</table>\n{figures}"


def _data_url(image: NDArray[np.uint8]) -> str:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
