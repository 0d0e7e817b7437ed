"""Many photos."""

import shutil

import numpy as np
import pytest

from movenet.engine import ScriptedEngine
from movenet.errors import MediaError
from movenet.estimator import Estimator
from movenet.estimator.photos import estimate_photos
from movenet.media import write_photo
from movenet.models import DATA, MODELS


@pytest.fixture
def estimator():
    card = MODELS["lightning"]
    channels = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}

    def answer(squares):
        n, height, width, _ = squares.shape
        return {name: np.zeros((n, c, height // 4, width // 4), np.float32) for name, c in channels.items()}

    return Estimator(ScriptedEngine(card, answer), method="whole")


@pytest.fixture
def hundred(tmp_path):
    for i in range(100):
        write_photo(tmp_path / f"{i:03d}.png", np.full((20, 30 + i, 3), i, np.uint8))
    (tmp_path / "042.png").write_bytes(b"this is not a picture")
    return sorted(tmp_path.glob("*.png"))


def test_a_bad_file_does_not_affect_the_other_photos(hundred, estimator):
    done = list(estimate_photos(hundred, [estimator]))
    assert [photo.path for photo in done] == hundred
    assert [i for i, photo in enumerate(done) if photo.error is not None] == [42]
    assert isinstance(done[42].error, MediaError)
    assert all(
        len(photo.poses) == 1 and photo.image.shape[1] == 30 + i for i, photo in enumerate(done) if i != 42
    )


def test_only_a_few_photos_are_read_ahead(hundred, estimator):
    asked = []

    def paths():
        for path in hundred:
            asked.append(path)
            yield path

    photos = estimate_photos(paths(), [estimator])
    next(photos)
    assert len(asked) <= 6
    photos.close()


def test_a_missing_photo_is_an_error_of_its_own(tmp_path, estimator):
    shutil.copy(DATA / "astronaut.jpg", tmp_path / "a.jpg")
    first, second = estimate_photos([tmp_path / "none.jpg", tmp_path / "a.jpg"], [estimator])
    assert first.error is not None
    assert second.error is None
