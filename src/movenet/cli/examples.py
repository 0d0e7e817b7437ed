"""Examples at the end of every `movenet COMMAND --help`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("movenet run photo.jpg", "movenet run dance.mp4 -o out.mp4", "movenet live", "movenet run --help"),
    "run": (
        "movenet run photo.jpg",
        "movenet run dance.mp4 -o out.mp4 --records out.csv",
        "movenet run street.mp4 --people many -o out.mp4",
        "movenet run holiday/ clip.mp4 -o annotated/ --blur face",
        "movenet run dance.mp4 --people many --boxes --trails -o out.mp4",
        "movenet run photo.jpg --records -",
        "movenet run 0 --show",
        "movenet run 0 rtsp://10.0.0.7/main --records poses.jsonl",
    ),
    "analyze": (
        "movenet analyze squats.mp4 --exercise squat -o report.html",
        "movenet analyze mine.mp4 --compare teacher.mp4 -o report.html",
    ),
    "eval": ("movenet eval --annotations single.json --images images --model thunder",),
    "eval-video": ("movenet eval-video --annotations single.json --images images --clips 20",),
    "bench": ("movenet bench -m thunder --threads 2", "movenet bench --stages dance.mp4"),
    "explain": ("movenet explain photo.jpg -o figure.png",),
    "export": ("movenet export lightning -o lightning.onnx", "movenet export thunder -o thunder.tflite"),
    "live": ("movenet live", "movenet live --host 0.0.0.0 --tls"),
    "send": (
        "movenet send 0 --osc 127.0.0.1:9000 --people many",
        "movenet send rtsp://camera/stream --mqtt homeassistant.local --name hall",
    ),
    "train": (
        "movenet train yoga-set/",
        "movenet train --init yoga-set/",
        "movenet train yoga.toml --steps 2000",
    ),
    "classes": ("movenet classes train yoga/ -o yoga.npz", "movenet classes predict yoga.npz class.mp4"),
    "classes train": ("movenet classes train yoga/ -o yoga.npz",),
    "classes test": ("movenet classes test yoga.npz more-yoga/",),
    "classes predict": ("movenet classes predict yoga.npz photo.jpg class.mp4",),
    "dataset": ("movenet dataset build yoga.mp4 -o yoga-set", "movenet dataset check yoga-set/train.json"),
    "dataset build": ("movenet dataset build yoga.mp4 -o yoga-set",),
    "dataset apply": ("movenet dataset apply yoga-set decisions.json",),
    "dataset check": ("movenet dataset check yoga-set/train.json --sides",),
    "hub": ("movenet hub push yoga/model.onnx me/yoga", "movenet hub pull me/yoga -o yoga.onnx"),
    "hub push": ("movenet hub push yoga/model.onnx me/yoga --note 'Yoga poses, from 40 clips.'",),
    "hub pull": ("movenet hub pull me/yoga -o yoga.onnx",),
    "models": ("movenet models", "movenet models -v"),
    "doctor": ("movenet doctor",),
}
"""Name of each command, and of each command of a group → command lines to adapt; "" is `movenet` itself."""


def epilog(command: str) -> str:
    """Return the text under the help of a command; backspace marks keep click from filling its lines."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in EXAMPLES[command])))
