"""The review page: one HTML file in which a person accepts or rejects the pictures of a data set."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from movenet.annotations import from_coco_px
from movenet.atomic import atomic_write
from movenet.crop import Crop
from movenet.dataset.store import DECISIONS, MANIFEST, read_decisions, read_manifest
from movenet.drawing import Style, draw
from movenet.evaluation.worst import to_jpeg
from movenet.media import read_photo
from movenet.pose import Pose

SHEET: Final = "review.html"
SIDE_PX: Final = 220
"""Longer side of a picture on the page, in pixels."""
SOURCE: Final = Path(__file__).parent
STYLE: Final = Style(min_score=0.5)


def write_review_page(folder: Path) -> Path:
    """Write the review page of a data set, the lowest confidence first. The page loads nothing from elsewhere.

    Returns:
        Its path.

    Raises:
        DataError: if the folder holds no data set.
        MediaError: if a picture is missing, or the page cannot be written.
    """
    kept = folder / DECISIONS
    decided = read_decisions(kept) if kept.is_file() else {}
    order = sorted((_confidence(entry), place) for place, entry in enumerate(read_manifest(folder)))
    with atomic_write(folder / SHEET) as temporary, temporary.open("w", encoding="utf-8") as page:
        _begin(page, folder, len(order))
        with (folder / MANIFEST).open("rb") as manifest:
            starts = [0]
            for line in manifest:
                starts.append(starts[-1] + len(line))
            for _, place in order:
                manifest.seek(starts[place])
                entry = json.loads(manifest.readline())
                page.write(_figure(folder, entry, decided.get(entry["image"]["file_name"], "")))
        script = (SOURCE / "review.js").read_text(encoding="utf-8")
        page.write(f"</main>\n<script>\n{script}</script>\n</body></html>\n")
    return folder / SHEET


def _confidence(entry: Mapping[str, Any]) -> float:
    """Return the confidence of the label that the picture was made for, the first of the entry."""
    person = entry["people"][0]
    return float(person["score"] * person["keypoint_similarity"] * person["num_keypoints"])


def _begin(page: IO[str], folder: Path, count: int) -> None:
    name = escape(folder.resolve().name)
    style = (SOURCE / "review.css").read_text(encoding="utf-8")
    page.write(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Review of {name}</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body data-set="{name}">\n<header>\n<h1>Review of {name}</h1>\n'
        f'<p><b id="left">{count}</b> of {count} to review · <b id="rejected">0</b> rejected</p>\n'
        '<p class="keys"><kbd>A</kbd> accept · <kbd>R</kbd> reject · <kbd>U</kbd> undo · <kbd>←</kbd> <kbd>→</kbd> '
        "<kbd>↑</kbd> <kbd>↓</kbd> move · click: reject, click again: accept</p>\n"
        '<p><button id="rest">Accept the rest</button> <button id="save">Save decisions.json (S)</button></p>\n'
        "</header>\n<main>\n"
    )


def _figure(folder: Path, entry: Mapping[str, Any], decision: str) -> str:
    image, person = entry["image"], entry["people"][0]
    name = escape(image["file_name"], quote=True)
    picture = base64.b64encode(_drawn(folder, entry)).decode()
    said = (
        f"{escape(image['clip'])} · {image['time_s']:.1f} s · {entry['part']}<br>"
        f"{person['num_keypoints']} keypoints · score {person['score']:.2f} · "
        f"similarity {person['keypoint_similarity']:.2f}"
    )
    return (
        f'<figure tabindex="0" data-name="{name}" data-verdict="{decision}">'
        f'<img alt="{name}" src="data:image/jpeg;base64,{picture}"><figcaption>{said}</figcaption></figure>\n'
    )


def _drawn(folder: Path, entry: Mapping[str, Any]) -> bytes:
    """Return the picture with all labelled people drawn, as the bytes of a small JPEG."""
    image = read_photo(folder / "images" / entry["image"]["file_name"])
    height, width = image.shape[:2]
    scale = min(1.0, SIDE_PX / max(height, width))
    crop = Crop(0.0, 0.0, width, height, max(round(scale * width), 1), max(round(scale * height), 1))
    poses = []
    for person in entry["people"]:
        triples = np.asarray(person["keypoints"], np.float64).reshape(-1, 3)
        points = crop.to_output(from_coco_px(triples[:, :2])).astype(np.float32)
        poses.append(Pose(points, (triples[:, 2] > 0).astype(np.float32), 1.0))
    return to_jpeg(draw(crop.cut(image), poses, STYLE))
