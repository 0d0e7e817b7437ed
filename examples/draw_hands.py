"""Draw hands to train on: python draw_hands.py FOLDER, then movenet train FOLDER/hand.toml. See docs/training.md."""

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np

from movenet import write_photo

SKIN = (224, 172, 140)


def draw(rng):
    """Return a picture of a hand and its fingertips (5, 2), x, y."""
    picture = rng.integers(0, 90, (128, 128, 3)).astype(np.uint8)
    palm, length, turn = rng.uniform(50, 78, 2), rng.uniform(30, 40), rng.uniform(-0.6, 0.6)
    angles = turn + np.linspace(-1.1, 1.1, 5)
    tips = palm + length * np.column_stack([np.sin(angles), -np.cos(angles)])
    for point, width in [(palm, 26), *((tip, 9) for tip in tips)]:
        cv2.line(picture, palm.astype(int).tolist(), point.astype(int).tolist(), SKIN, width)
    return picture, tips


folder, rng = Path(sys.argv[1]), np.random.default_rng(0)
(folder / "pictures").mkdir(parents=True, exist_ok=True)
images, labels = [], []
for i in range(64):
    picture, tips = draw(rng)
    write_photo(folder / "pictures" / f"{i}.jpg", picture)
    images.append({"id": i, "file_name": f"{i}.jpg", "width": 128, "height": 128})
    low, size = tips.min(axis=0) - 8, np.ptp(tips, axis=0) + 16
    keypoints = np.column_stack([tips, np.full(5, 2)]).ravel().tolist()
    label = {"id": i + 1, "image_id": i, "bbox": [*low.tolist(), *size.tolist()], "keypoints": keypoints}
    labels.append(label)
(folder / "hands.json").write_text(json.dumps({"images": images, "annotations": labels}))
shutil.copy(Path(__file__).with_name("hand.toml"), folder)
