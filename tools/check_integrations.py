"""Check what FiftyOne, Label Studio and Gradio make of our poses, with these programs themselves: scripts/integrations.

They need older packages than the tests, so they run in an environment of their own.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np

import movenet
from movenet.integrations import to_fiftyone, write_label_studio
from movenet.models import DATA

PHOTO = DATA / "astronaut.jpg"


def check_fiftyone(pose: movenet.Pose, width: int, height: int) -> None:
    """FiftyOne holds the points, relative to the picture."""
    import fiftyone

    (keypoint,) = to_fiftyone([pose], width, height).keypoints
    sample = fiftyone.Sample(filepath=str(PHOTO), poses=fiftyone.Keypoints(keypoints=[keypoint]))
    points = np.array(sample.poses.keypoints[0].points) * (width, height)
    shown = np.isfinite(points[:, 0])
    np.testing.assert_allclose(points[shown], pose.keypoints[shown], atol=1e-2)
    assert shown.sum() == (pose.scores >= 0.1).sum()
    assert sample.poses.keypoints[0].label == "person"
    fiftyone.KeypointSkeleton(labels=list(movenet.KEYPOINTS), edges=[list(bone) for bone in movenet.BONES])


def check_label_studio(pose: movenet.Pose, width: int, height: int) -> None:
    """Label Studio accepts the labelling interface and the tasks, and its converter gives the keypoints back."""
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_label_studio(folder, [movenet.Record(str(PHOTO), 0, 0.0, width, height, (pose,))])
        interface = LabelInterface((folder / "labels.xml").read_text(encoding="utf-8"))
        interface.validate()
        (task,) = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
        assert interface.validate_task({"data": task["data"]}), "the task"
        for result in task["predictions"][0]["result"]:
            assert interface.validate_region(result), result
        annotated = {"id": 1, "data": task["data"], "annotations": [{"id": 1, **task["predictions"][0]}]}
        (folder / "in").mkdir()
        (folder / "in" / "tasks.json").write_text(json.dumps([annotated]), encoding="utf-8")
        converter = Converter((folder / "labels.xml").read_text(encoding="utf-8"), str(folder))
        converter.convert_to_json_min(str(folder / "in"), str(folder / "out"))
        (found,) = json.loads((folder / "out" / "result.json").read_text(encoding="utf-8"))
    points = {point["keypointlabels"][0]: (point["x"], point["y"]) for point in found["keypoints"]}
    x, y, _ = pose["nose"]
    np.testing.assert_allclose(points["nose"], (100 * x / width, 100 * y / height), atol=1e-3)


def check_gradio() -> None:
    """The app answers over http as a visitor's browser would ask."""
    import runpy

    from gradio_client import Client, handle_file

    app = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "gradio_app.py"))["app"]
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True)
    try:
        drawn, poses = Client(url, verbose=False).predict(
            handle_file(str(PHOTO)), "lightning", api_name="/draw_poses"
        )
    finally:
        app.close()
    assert movenet.read_photo(drawn).shape == movenet.read_photo(PHOTO).shape
    assert len(poses) == 1
    assert set(poses[0]["keypoints"]) == set(movenet.KEYPOINTS)


def main() -> None:
    """Run the checks."""
    os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    (pose,) = movenet.estimate(PHOTO)
    height, width = movenet.read_photo(PHOTO).shape[:2]
    check_label_studio(pose, width, height)
    print("Label Studio: tasks and labels are valid, and converted back")
    check_fiftyone(pose, width, height)
    print("FiftyOne: the points are those of the pose")
    check_gradio()
    print("Gradio: the app draws and answers")


if __name__ == "__main__":
    main()
