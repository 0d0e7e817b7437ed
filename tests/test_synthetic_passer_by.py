"""A person walks past another one: what happens in such a clip is known."""

import cv2
import numpy as np
import pytest

from movenet.errors import DataError
from movenet.synthetic.camera import CameraSettings
from movenet.synthetic.passer_by import MOTIONS, make_clips_with_passer_by
from test_synthetic_one_person import annotation, write

CAMERA = CameraSettings(width=160, height=90, rate_hz=10)


@pytest.fixture
def clips(tmp_path):
    people = [annotation(i) for i in range(5)]
    return make_clips_with_passer_by(write(tmp_path, *people), tmp_path, 4, seed=3, camera=CAMERA)


def test_the_person_is_there_first_and_the_passer_by_crosses_the_picture_once(clips):
    assert [clip.clip.name.split("-")[0] for clip in clips] == list(MOTIONS)
    for clip in clips:
        truths = clip.truths()
        assert (truths[0].visible, truths[0].passer_by.visible, truths[-1].passer_by.visible) == (1, 0, 0)
        x = [truth.passer_by.box[0] for truth in truths]
        assert np.ptp(np.sign(np.diff(x))) == 0
        assert np.ptp(x) > CAMERA.width


def test_the_passer_by_is_another_person_and_hides_the_keypoints_behind_them(clips):
    for clip in clips:
        assert clip.walker.person.path != clip.clip.person.path
        alone = np.array([truth.visible for truth in clip.clip.truths()])
        passed = np.array([truth.visible for truth in clip.truths()])
        assert (passed <= alone).all()
        assert (passed < alone).any()


def test_the_passer_by_is_drawn_over_the_clip(clips, tmp_path):
    clip = clips[0]
    for index, path in enumerate((clip.clip.person.path, clip.walker.person.path)):
        path.parent.mkdir(exist_ok=True, parents=True)
        cv2.imwrite(str(path), np.full((480, 640, 3), (40, 200)[index], np.uint8))
    seen = [(image.astype(int) > 120).mean() for image, _ in clip.frames()]
    assert max(seen) > 0.02 > seen[0]
    assert len(seen) == len(clip)


def test_one_photo_is_too_few(tmp_path):
    with pytest.raises(DataError, match="expected two photos"):
        make_clips_with_passer_by(write(tmp_path, annotation(1)), tmp_path, 1, seed=0, camera=CAMERA)
