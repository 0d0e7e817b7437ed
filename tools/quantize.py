"""Turn models of the wheel into int8 that keeps its accuracy (docs/int8.md): no training, a few minutes each.

    python tools/quantize.py --shared ../shared lightning thunder multipose -o src/movenet/data

Needs the package's `torch` extra. Calibrates on training pictures alone (`coco-train-small`, `sports/train`), cut as
the estimator cuts them. The same pictures and the same versions on the same processor give the same bytes; on another
processor, sums in another order may turn a weight to the next level.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from movenet.atomic import atomic_write
from movenet.crop import Crop
from movenet.estimator import default_settings
from movenet.export.as_onnx import FLOATING
from movenet.export.int8.graph import Graph
from movenet.export.int8.rounding import quantize
from movenet.media.photo import read_photo
from movenet.models import DATA, MODELS, ModelCard

SMALLEST = 64.0
"""Side in pixels of the smallest box of a calibration person; smaller ones are mostly blur."""


def draw_squares(shared: Path, card: ModelCard, count: int) -> NDArray[np.uint8]:
    """Return `count` squares such as the model sees, in random order, always the same ones."""
    chance = np.random.default_rng(0)
    crops = _whole_pictures(shared, card) if card.is_multi_person else _people(shared, card)
    kinds = [[group[i] for i in chance.permutation(len(group))] for group, _ in crops]
    shares = [round(share * count) for _, share in crops]
    drawn = [
        path_and_crop for kind, share in zip(kinds, shares, strict=True) for path_and_crop in kind[:share]
    ]
    squares = np.stack([crop.cut(read_photo(path)) for path, crop in drawn])
    return squares[chance.permutation(len(squares))]


def _people(shared: Path, card: ModelCard) -> list[tuple[list[tuple[Path, Crop]], float]]:
    """Mostly crops around a person; some whole pictures, for method "whole"."""
    coco, sports = (_annotated(shared / "data" / place) for place in ("coco-train-small", "sports"))
    factor = default_settings(card, "one").crop_factor
    near = [
        [
            (path, Crop.around_box(tuple(person["bbox"]), factor, card.side))
            for path, _, people in pictures
            for person in people
            if person["num_keypoints"] and not person.get("iscrowd") and min(person["bbox"][2:]) >= least
        ]
        for pictures, least in ((coco, SMALLEST / 2), (sports, 0.0))
    ]
    whole = [(path, Crop.whole(*size, card.side)) for path, size, _ in coco]
    return [(near[0], 0.5), (near[1], 0.33), (whole, 0.17)]


def _whole_pictures(shared: Path, card: ModelCard) -> list[tuple[list[tuple[Path, Crop]], float]]:
    """The detector's input: the picture at the top left of a square."""
    coco, sports = (_annotated(shared / "data" / place) for place in ("coco-train-small", "sports"))
    return [
        ([(path, Crop.letterbox(*size, card.side, card.side)) for path, size, _ in pictures], share)
        for pictures, share in ((coco, 0.67), (sports, 0.33))
    ]


def _annotated(folder: Path) -> list[tuple[Path, tuple[int, int], list[dict]]]:
    """Return path, width and height, and the people of each picture of a folder's training list."""
    listed = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    people: dict[int, list[dict]] = {}
    for person in listed["annotations"]:
        people.setdefault(person["image_id"], []).append(person)
    return [
        (folder / "images" / i["file_name"], (i["width"], i["height"]), people.get(i["id"], []))
        for i in listed["images"]
    ]


def main() -> None:
    """Write the models and print what belongs in the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", choices=("lightning", "thunder", "multipose"))
    parser.add_argument("--shared", type=Path, required=True, help="the folder that holds data/")
    parser.add_argument("--count", type=int, default=160, help="calibration squares")
    parser.add_argument("--keep", nargs="*", default=FLOATING, help="what stays in floating point")
    parser.add_argument("-o", "--out", type=Path, default=DATA)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.use_deterministic_algorithms(mode=True)
    for name in arguments.models:
        card, graph = MODELS[name], Graph(onnx.load(MODELS[name].path))
        squares = draw_squares(arguments.shared, card, arguments.count)
        quantization = quantize(graph, squares, tuple(arguments.keep))
        model = graph.write(
            quantization, {"movenet.name": f"{name}-int8", "movenet.source": f"{card.source}; int8"}
        )
        data = model.SerializeToString(deterministic=True)
        with atomic_write(arguments.out / f"{name}-int8.onnx") as path:
            path.write_bytes(data)
        print(f"{name}-int8", len(data), hashlib.sha256(data).hexdigest(), flush=True)


if __name__ == "__main__":
    main()
