"""Fuzz the readers of COCO and YOLO-pose annotations and of COCO results with seeded malformed files.

    python tools/fuzz_annotations.py --count 4000

Each case must be read or refused with a MoveNetError by every reader: evaluation, training, the checker and the
synthetic clips. Prints how many were, and every fault with its seed.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fuzzing import mutate_bytes, mutate_json, run_campaign
from movenet.annotations import read_results
from movenet.annotations.check import check
from movenet.errors import MoveNetError
from movenet.evaluation import assess, read_truth, to_estimates
from movenet.media import write_photo
from movenet.pose import KEYPOINTS
from movenet.skeleton import BODY
from movenet.synthetic.camera import CameraSettings
from movenet.synthetic.one_person import find_person_photos
from movenet.training.labels import read_coco, read_yolo

WIDTH, HEIGHT, IMAGES = 64, 48, 3


def coco_case(seed: int) -> str:
    """Read a COCO file with mistakes by every reader of COCO."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = _write_images(Path(name))
        path = Path(name) / "labels.json"
        path.write_bytes(_broken_json(_annotations(), chance))
        return _outcome(
            lambda: read_truth(path),
            lambda: read_coco(path, folder, BODY),
            lambda: list(check([path], folder)),
            lambda: find_person_photos(path, folder, CameraSettings()),
        )


def results_case(seed: int) -> str:
    """Score COCO results against annotations, with mistakes in one of the two files."""
    chance = random.Random(seed)
    truth, results = _annotations(), _results()
    with tempfile.TemporaryDirectory() as name:
        listed, estimated = Path(name) / "labels.json", Path(name) / "results.json"
        broken = chance.random() < 0.5
        listed.write_bytes(json.dumps(truth).encode() if broken else _broken_json(truth, chance))
        estimated.write_bytes(_broken_json(results, chance) if broken else json.dumps(results).encode())

        def score() -> None:
            read = read_truth(listed)
            assess(read, to_estimates(read_results(estimated), read))

        return _outcome(score)


def yolo_case(seed: int) -> str:
    """Read a folder of YOLO-pose labels with mistakes by the trainer and the checker."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder, labels = _write_images(Path(name)), Path(name) / "labels"
        labels.mkdir()
        for number in range(IMAGES):
            line = " ".join(["0 0.5 0.5 0.4 0.6", *(f"{x:.4f} {y:.4f} 2" for x, y in _shares())]) + "\n"
            data = mutate_bytes(2 * line.encode(), chance) if number == 0 else line.encode()
            (labels / f"{number}.txt").write_bytes(data)
        if chance.random() < 0.3:
            yaml = b"path: .\nkpt_shape: [17, 3]\nnames:\n  0: person\n"
            (Path(name) / "data.yaml").write_bytes(mutate_bytes(yaml, chance))
        return _outcome(lambda: read_yolo(labels, folder, BODY), lambda: list(check([labels], folder)))


def _outcome(*readers: Callable[[], Any]) -> str:
    """Return "read" if all readers take a file, "refused" if all refuse it, else "by some"."""
    taken = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for read in readers:
            try:
                read()
                taken += 1
            except MoveNetError:
                pass
    return {0: "refused", len(readers): "read"}.get(taken, "read by some, refused by others")


def _broken_json(value: Any, chance: random.Random) -> bytes:
    """Return a JSON file with mistakes: mostly in one entry of its lists, else anywhere, or in its bytes."""
    kind = chance.random()
    if kind < 0.2:
        return mutate_bytes(json.dumps(value).encode(), chance)
    if kind < 0.4:
        return json.dumps(mutate_json(value, chance)).encode()
    entries = chance.choice(list(value.values())) if isinstance(value, dict) else value
    entries[0] = mutate_json(entries[0], chance)
    return json.dumps(value).encode()


def _write_images(folder: Path) -> Path:
    images = folder / "images"
    images.mkdir()
    for number in range(IMAGES):
        write_photo(images / f"{number}.png", np.full((HEIGHT, WIDTH, 3), 40 * number, np.uint8))
    return images


def _shares() -> list[tuple[float, float]]:
    return [(0.3 + 0.4 * (k % 2), 0.2 + 0.04 * k) for k in range(len(KEYPOINTS))]


def _annotations() -> dict[str, Any]:
    flat = [v for x, y in _shares() for v in (x * WIDTH, y * HEIGHT, 2)]
    box = {"bbox": [12.0, 4.0, 40.0, 40.0], "area": 1200.0, "iscrowd": 0}
    people = [
        {"id": i, "image_id": i, "category_id": 1, "keypoints": flat, "num_keypoints": 17, **box}
        for i in range(IMAGES)
    ]
    images = [{"id": i, "file_name": f"{i}.png", "width": WIDTH, "height": HEIGHT} for i in range(IMAGES)]
    categories = [{"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}]
    return {"images": images, "annotations": people, "categories": categories}


def _results() -> list[dict[str, Any]]:
    flat = [v for x, y in _shares() for v in (x * WIDTH, y * HEIGHT, 0.5)]
    return [{"image_id": i, "category_id": 1, "keypoints": flat, "score": 0.5} for i in range(IMAGES)]


def main() -> None:
    """Run the three campaigns and print what they found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1000, help="cases of each kind")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.count)
    for case in (coco_case, results_case, yolo_case):
        print(f"{case.__name__}, seeds {seeds.start} to {seeds.stop - 1}")
        print(run_campaign(case, seeds), flush=True)


if __name__ == "__main__":
    main()
