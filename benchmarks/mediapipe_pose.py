"""MediaPipe Pose on a COCO list, in an environment of its own: writes COCO results that `movenet eval` scores.

    python -m venv mediapipe && mediapipe/bin/pip install mediapipe==0.10.21
    mediapipe/bin/python benchmarks/mediapipe_pose.py single.json images results.json [lite|full|heavy] [--turns]
    movenet eval --annotations single.json --score-results results.json

0.10.21 is the last release whose wheel carries its models. Still mode, as its documentation advises for unrelated
pictures; one person a picture, its 33 landmarks reduced to COCO's 17. Prints the median milliseconds a picture; with
--turns it reads "first last" lines, the next pictures to run, and answers each with a list of milliseconds.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

import cv2
import mediapipe

LANDMARKS = [0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
"""MediaPipe's numbers of COCO's 17 keypoints, in COCO's order."""
COMPLEXITY = {"lite": 0, "full": 1, "heavy": 2}


def main(annotations: str, images: str, results: str, variant: str = "full", turns: str = "") -> None:
    """Run on every picture of the list."""
    pose = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=COMPLEXITY[variant])
    pictures = json.loads(Path(annotations).read_text())["images"]
    found: list = []
    if turns:
        for line in sys.stdin:
            first, last = map(int, line.split())
            print(json.dumps(estimate(pose, pictures[first:last], Path(images), found)), flush=True)
    else:
        times = estimate(pose, pictures, Path(images), found)
        print(json.dumps({"variant": variant, "found": len(found), "median_ms": median(times)}))
    Path(results).write_text(json.dumps(found))


def estimate(pose: object, pictures: list, folder: Path, found: list) -> list:
    """Add what is found in the pictures to the results; return the milliseconds of each picture."""
    times = []
    for image in pictures:
        picture = cv2.cvtColor(cv2.imread(str(folder / image["file_name"])), cv2.COLOR_BGR2RGB)
        start = time.perf_counter()
        landmarks = pose.process(picture).pose_landmarks
        times.append(1000 * (time.perf_counter() - start))
        if landmarks is not None:
            found.append(to_result(image, [landmarks.landmark[k] for k in LANDMARKS]))
    return times


def to_result(image: dict, landmarks: list) -> dict:
    """Turn landmarks, 0…1 of the picture, into a COCO result; the score is their mean visibility."""
    keypoints = []
    for point in landmarks:
        keypoints += [point.x * image["width"], point.y * image["height"], point.visibility]
    score = sum(point.visibility for point in landmarks) / len(landmarks)
    return {"image_id": image["id"], "category_id": 1, "keypoints": keypoints, "score": score}


if __name__ == "__main__":
    main(*sys.argv[1:])
