"""Settings for a data set that has none yet: `movenet train my-set/` writes them to `my-set/train.toml`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from movenet.annotations import read_coco
from movenet.atomic import atomic_write
from movenet.errors import DataError
from movenet.pose import KEYPOINTS

SETTINGS_FILE: Final = "train.toml"
_TEMPLATE: Final = """# Fine-tunes Lightning on this data set:  movenet train {folder}
# Every setting: movenet/training/settings.py and docs/training.md.

out = "run"                     # the folder of the run, beside this file

[model]
initial_weights = "lightning"   # or "thunder": slower, more accurate
name = "lightning-{folder}"
{skeleton}
[[data]]
{data}
{validation}
[training]
steps = 300
batch_size = 16
learning_rate = 5e-4            # relative to the size of each weight
warm_up_steps = 30
ema_decay = 0.98
freeze_until = "block_5"        # the first half of the backbone (edges and simple shapes) stays as it is
{wise_ft}
[intervals]
log = 10
validation = 100
"""
_WISE_FT: Final = """wise_ft = 0.25                  # 25 % fine-tuned and 75 % official weights: little is forgotten
"""


def find_settings(path: Path) -> tuple[Path, bool]:
    """Return the settings file for a TOML file or a folder, and whether it was written now.

    A folder is a data set: its `train.toml`, which is written if it is missing (`default_settings`).

    Raises:
        DataError: the folder is no data set.
        FileError: the file cannot be written.
    """
    if not path.is_dir():
        return path, False
    target = path / SETTINGS_FILE
    if target.exists():
        return target, False
    text = default_settings(path)
    with atomic_write(target) as part:
        part.write_text(text, encoding="utf-8")
    return target, True


def default_settings(folder: Path) -> str:
    """Return TOML settings that fine-tune Lightning on the data set in a folder.

    The folder has `images/`, and `train.json` (COCO keypoints, as `movenet dataset build` writes them) or `labels/`
    (YOLO-pose). AP and PCK are measured on `val.json`, if it has people. Names of keypoints in `train.json` that are
    not COCO's make a custom skeleton, whose "left_" and "right_" are exchanged in mirrored images.

    Raises:
        DataError: the folder has neither.
    """
    images, coco, yolo = folder / "images", folder / "train.json", folder / "labels"
    if not images.is_dir() or not (coco.is_file() or yolo.is_dir()):
        raise DataError(
            f"expected a data set in {folder}: images/ and train.json (COCO keypoints, as movenet dataset build "
            "writes them), or images/ and labels/ (YOLO-pose)"
        )
    labels = 'annotations = "train.json"' if coco.is_file() else 'yolo_labels = "labels"'
    names = read_coco(coco, images).keypoint_names if coco.is_file() else KEYPOINTS
    is_body = tuple(names) == KEYPOINTS
    return _TEMPLATE.format(
        folder=folder.resolve().name.replace('"', "").replace("\\", ""),
        skeleton="" if is_body else _skeleton(names),
        data=f'images = "images"\n{labels}\n',
        validation=_validation(folder),
        wise_ft=_WISE_FT if is_body else "",
    )


def _skeleton(names: tuple[str, ...]) -> str:
    pairs = [
        [name, "right_" + name.removeprefix("left_")]
        for name in names
        if name.startswith("left_") and "right_" + name.removeprefix("left_") in names
    ]
    return f"\n[skeleton]\nnames = {json.dumps(list(names))}\npairs = {json.dumps(pairs)}\n"


def _validation(folder: Path) -> str:
    path = folder / "val.json"
    if not path.is_file() or not any(image.people for image in read_coco(path, folder / "images").images):
        return ""
    return '[[validation]]\nannotations = "val.json"\nimages = "images"\n'
