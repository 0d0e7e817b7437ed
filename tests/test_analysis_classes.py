"""Classes of poses: features, fitting, files without pickle, and the three commands."""

import json
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from bodies import body, poses_of
from movenet import analysis
from movenet.analysis.classes import pose_features
from movenet.cli import app
from movenet.errors import DataError, FileError, MoveNetError
from movenet.media import open_source, write_photo
from movenet.models import DATA
from movenet.pose import Pose

CLASSES = {
    "arms up": {"upper_arm": -88, "forearm": -92},
    "squat": {"thigh": 10, "shin": 110, "trunk": -60},
    "standing": {},
}


def examples(count, seed=0):
    rng = np.random.default_rng(seed)
    made, labels = [], []
    for name, turns in CLASSES.items():
        for _ in range(count):
            size, place = rng.uniform(0.3, 2), rng.uniform(0, 500, 2)
            made.append((body(**turns) - (300, 300)) * size + place + rng.normal(0, 6 * size, (17, 2)))
            labels.append(name)
    return poses_of(np.array(made)), labels


def test_features_do_not_depend_on_place_and_size():
    one, other = poses_of(np.stack([body(), (body() - 40) * 3]))
    assert pose_features([one]) == pytest.approx(pose_features([other]), abs=1e-6)
    assert pose_features([]).shape == (0, 26)


@pytest.mark.parametrize("method", ["knn", "logistic"])
def test_classes_are_told_apart_held_out_and_on_new_examples(method, tmp_path):
    classes, confusion = analysis.train_classes(*examples(20), method)
    assert confusion.counts.sum() == 15
    assert confusion.accuracy == 1
    new = analysis.confuse(classes, *examples(10, seed=1))
    assert new.accuracy == 1
    classes.save(tmp_path / "c.npz")
    loaded = analysis.load_classes(tmp_path / "c.npz")
    poses, _ = examples(5, seed=2)
    assert np.array_equal(loaded.probabilities(poses), classes.probabilities(poses))
    assert loaded.probabilities(poses).sum(axis=1) == pytest.approx(1)


def test_two_classes_of_logistic_regression_agree_with_scikit_learn():
    poses, labels = examples(12)
    chosen = [at for at, label in enumerate(labels) if label != "squat"]
    classes, _ = analysis.train_classes(
        [poses[at] for at in chosen], [labels[at] for at in chosen], "logistic"
    )
    from sklearn.linear_model import LogisticRegression

    features = pose_features([poses[at] for at in chosen])
    mirrored = pose_features([poses[at].mirrored(0) for at in chosen])
    numbers = [classes.names.index(labels[at]) for at in chosen]
    model = LogisticRegression(C=10.0, max_iter=2000).fit(np.concatenate([features, mirrored]), numbers * 2)
    assert classes.probabilities(poses) == pytest.approx(model.predict_proba(pose_features(poses)), abs=1e-6)


def test_too_few_examples_or_classes_are_refused():
    poses, labels = examples(3)
    with pytest.raises(DataError, match="arms up 3"):
        analysis.train_classes(poses, labels)
    with pytest.raises(DataError, match="two classes"):
        analysis.train_classes(poses[:3] * 2, labels[:3] * 2)


def test_poses_that_are_not_finite_or_of_another_skeleton_are_refused():
    for keypoints in (np.full((17, 2), np.nan), np.zeros((5, 2))):
        with pytest.raises(DataError, match="17 keypoints"):
            pose_features([Pose(keypoints.astype(np.float32), np.ones(len(keypoints), np.float32), 1.0)])


def test_unknown_labels_are_refused():
    classes, _ = analysis.train_classes(*examples(5))
    with pytest.raises(DataError, match="yoga"):
        analysis.confuse(classes, examples(1)[0][:1], ["yoga"])


def test_files_that_are_no_classes_are_refused(tmp_path):
    with pytest.raises(FileError):
        analysis.load_classes(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    np.savez(tmp_path / "pickle.npz", format=np.array({"a": 1}, object))
    np.savez(tmp_path / "part.npz", format=np.array("movenet pose classes 1"), names=np.array(["a", "b"]))
    for name in ("text", "other", "pickle", "part"):
        with pytest.raises(DataError):
            analysis.load_classes(tmp_path / f"{name}.npz")
    classes, _ = analysis.train_classes(*examples(5))
    with pytest.raises(DataError, match=r"\.npz"):
        classes.save(tmp_path / "c.pickle")


def test_prediction_needs_no_scikit_learn(tmp_path):
    classes, _ = analysis.train_classes(*examples(5), "logistic")
    classes.save(tmp_path / "c.npz")
    code = f"import sys; from movenet.analysis import load_classes; load_classes({str(tmp_path / 'c.npz')!r})"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}; print('sklearn' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "False"


def test_three_commands_train_test_and_predict(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_source(DATA / "sample.mp4") as source:
        for frame in source:
            folder = tmp_path / "photos" / ("early" if frame.time_s < 0.4 else "late")
            folder.mkdir(parents=True, exist_ok=True)
            if frame.index % 2 == 0 and (frame.time_s < 0.4 or frame.time_s > 1.6) and frame.time_s < 2.0:
                write_photo(folder / f"{frame.index}.jpg", frame.image)
    write_photo(tmp_path / "photos" / "early" / "black.jpg", np.zeros((64, 64, 3), np.uint8))

    def run(*arguments):
        return CliRunner().invoke(app, ["classes", *map(str, arguments)])

    trained = run("train", "photos", "-o", "c.npz")
    assert trained.exit_code == 0, trained.output
    assert "accuracy" in trained.stdout
    assert "black.jpg: no person" in trained.output
    tested = run("test", "c.npz", "photos")
    assert tested.exit_code == 0, tested.output
    predicted = run("predict", "c.npz", DATA / "sample.mp4", "photos/early/black.jpg")
    assert predicted.exit_code == 0, predicted.output
    assert "no person" in predicted.stdout
    lines = run("predict", "c.npz", "photos/early/black.jpg", "--json").stdout.splitlines()
    assert json.loads(lines[0]) == {
        "source": "photos/early/black.jpg",
        "time_s": 0.0,
        "class": None,
        "probability": None,
    }
    for wrong in (("train", "nothing", "-o", "c.npz"), ("train", "photos", "-o", "c.pkl")):
        assert isinstance(run(*wrong).exception, MoveNetError)
