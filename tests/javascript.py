"""The page's JavaScript, run in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movenet.pose import Pose

BROWSER = Path(__file__).parent / "browser"
"""Folder of the scripts."""


def ask_node(folder: Path, script: str, request: Mapping[str, Any]) -> Any:
    """Return the answer of a script to a request; the request is written into a folder."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    file = folder / "request.json"
    file.write_text(json.dumps(request))
    command = [node, BROWSER / script, file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def plain_pose(pose: Pose) -> dict[str, Any]:
    """Return a pose as the JavaScript has it."""
    keypoints = np.column_stack([pose.keypoints, pose.scores]).astype(float).tolist()
    return {"id": pose.id, "score": pose.score, "box": pose.box, "keypoints": keypoints}
