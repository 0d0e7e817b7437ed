"""The peer's side of a benchmark in turns: it runs a block of a list's pictures when it is asked to.

Needs the standard library and OpenCV alone, because peers run in environments of their own. Reads "first last" lines,
the next pictures to run, answers each with a JSON list of milliseconds, and writes COCO results at the end of input.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

Poses = list[tuple[list[float], float]]
"""For each person: 51 numbers, x and y in pixels and score of COCO's 17 keypoints, and the person's score."""


def take_turns(
    estimate: Callable[..., Poses], annotations: str, images: str, results: str, *, bgr: bool
) -> None:
    """Run the pictures that are asked for; `estimate` gets each as (H, W, 3) uint8, BGR or RGB."""
    pictures = json.loads(Path(annotations).read_text())["images"]
    found: list[dict] = []
    for line in sys.stdin:
        first, last = map(int, line.split())
        times = []
        for image in pictures[first:last]:
            picture = cv2.imread(str(Path(images) / image["file_name"]))
            picture = picture if bgr else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            start = time.perf_counter()
            poses = estimate(picture)
            times.append(1000 * (time.perf_counter() - start))
            found += [
                {"image_id": image["id"], "category_id": 1, "keypoints": keypoints, "score": score}
                for keypoints, score in poses
            ]
        print(json.dumps(times), flush=True)
    Path(results).write_text(json.dumps(found))
