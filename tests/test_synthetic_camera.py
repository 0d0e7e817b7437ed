from dataclasses import replace

import cv2
import numpy as np
import pytest

from movenet.errors import DataError
from movenet.synthetic.camera import CameraSettings, Clip, PersonPhoto, Shot

CLEAN = CameraSettings(width=160, height=120, seconds=0.2, shutter=0.0, noise=0.0)
DOTS = np.array([(60.5, 40.5), (100.5, 50.5), (70.5, 90.5), (110.5, 80.5)])


@pytest.fixture
def person(tmp_path):
    """A dark photo, 180 × 140, with a white dot at each of four keypoints; the others are unlabelled."""
    photo = np.full((140, 180, 3), 20, np.uint8)
    for x, y in DOTS:
        cv2.circle(photo, (int(x), int(y)), 3, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "dots.png"), photo)
    keypoints = np.full((17, 2), np.nan)
    keypoints[5:9] = DOTS
    return PersonPhoto(tmp_path / "dots.png", keypoints, (50.0, 30.0, 70.0, 70.0), 3000.0)


def shot(frames, centre=(85.0, 65.0), scale=1.0, roll=0.0, scene="person"):
    path = np.broadcast_to(np.asarray(centre, float), (frames, 2))
    return Shot(scene, path, np.broadcast_to(scale, (frames,)), np.broadcast_to(roll, (frames,)))


def clip(person, *shots, camera=CLEAN, seed=0):
    return Clip("test", person, shots, camera, seed)


def brightest_near(image, point, reach=8):
    """Return the centre of brightness around a point, x, y from the corner of the picture."""
    left, top = (int(v) - reach for v in point)
    patch = image[top : top + 2 * reach, left : left + 2 * reach, 0].astype(float) - 20
    y, x = np.mgrid[: 2 * reach, : 2 * reach] + 0.5
    return (
        np.array([(patch * x).sum() + left * patch.sum(), (patch * y).sum() + top * patch.sum()])
        / patch.sum()
    )


@pytest.mark.parametrize(
    "take",
    [
        shot(6),
        shot(6, scale=np.linspace(0.7, 1.3, 6)),
        shot(6, centre=np.linspace((80.0, 60.0), (92.3, 71.7), 6)),
        shot(6, roll=np.linspace(-0.2, 0.2, 6)),
        shot(6, centre=(83.37, 66.21), scale=0.61, roll=0.05),
    ],
    ids=["still", "zoom", "pan", "roll", "all"],
)
def test_the_ground_truth_is_where_the_dots_are(person, take):
    made = clip(person, take)
    for (image, _), truth in zip(made.frames(), made.truths(), strict=True):
        for point in truth.keypoints[5:9]:
            np.testing.assert_allclose(brightest_near(image, point), point, atol=0.05)


def test_the_ground_truth_is_the_middle_of_the_motion_blur(person):
    take = shot(6, centre=np.linspace((80.0, 65.0), (100.0, 65.0), 6))
    made = clip(person, take, camera=replace(CLEAN, shutter=0.5))
    frames = list(zip(made.frames(), made.truths(), strict=True))
    for (image, _), truth in frames[1:-1]:
        np.testing.assert_allclose(brightest_near(image, truth.keypoints[5]), truth.keypoints[5], atol=0.05)


def test_a_longer_exposure_blurs_motion(person):
    take = shot(6, centre=np.linspace((80.0, 65.0), (100.0, 65.0), 6))
    sharp = [image for image, _ in clip(person, take).frames()][3]
    blurred = [image for image, _ in clip(person, take, camera=replace(CLEAN, shutter=1.0)).frames()][3]
    assert (
        np.abs(np.diff(blurred.astype(int), axis=1)).max() < np.abs(np.diff(sharp.astype(int), axis=1)).max()
    )


def test_a_frame_without_motion_shows_the_photo_itself(person):
    image, _ = next(clip(person, shot(6, centre=(80.0, 60.0))).frames())
    photo = cv2.imread(str(person.path))
    assert np.abs(image.astype(int) - photo[:120, :160].astype(int)).mean() < 1


def test_unlabelled_keypoints_are_nan(person):
    truth = clip(person, shot(6)).truths()[0]
    assert np.isnan(truth.keypoints[[0, 4, 9, 16]]).all()


def test_size_box_and_area_grow_with_the_scale(person):
    near, far = clip(person, shot(3, scale=np.array([1.0, 0.5, 0.5]))).truths()[:2]
    assert far.size_px == pytest.approx(near.size_px / 2)
    assert far.box[2:] == pytest.approx(np.array(near.box[2:]) / 2)
    assert far.area == pytest.approx(near.area / 4)


def test_visible_is_the_share_of_labelled_keypoints_inside_the_frame(person):
    # The frame's left edge stands at x = 80 of the photo: two of four dots are left of it.
    truth = clip(person, shot(6, centre=(160.0, 65.0))).truths()[0]
    assert truth.visible == 0.5


def test_an_empty_scene_shows_no_person_and_has_no_ground_truth(person):
    empty = clip(person, shot(6, scene="empty"))
    (image, _), truth = next(empty.frames()), empty.truths()[0]
    assert image.max() < 120
    assert truth.visible == 0
    assert np.isnan(truth.keypoints).all()
    assert np.isnan(truth.size_px)


def test_there_is_no_second_person_outside_the_photo(person):
    image, _ = next(clip(person, shot(6, centre=(300.0, 65.0))).frames())
    assert image.max() < 40


def test_shots_follow_each_other_in_time(person):
    cut = clip(person, shot(3), shot(2, scene="empty"), shot(1))
    assert [time_s for _, time_s in cut.frames()] == pytest.approx(np.arange(6) / 30)
    assert [truth.visible for truth in cut.truths()] == [1, 1, 1, 0, 0, 1]
    assert len(cut) == 6


def test_the_same_seed_gives_the_same_pixels(person):
    noisy = replace(CLEAN, noise=4.0)
    first, again = (list(clip(person, shot(6), camera=noisy, seed=7).frames()) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, again, strict=True))


def test_noise_is_new_in_each_frame_and_of_the_given_strength(person):
    noisy = replace(CLEAN, noise=4.0)
    one, two = list(clip(person, shot(6, centre=(300.0, 65.0)), camera=noisy).frames())[:2]
    difference = one[0].astype(float) - two[0]
    assert difference.std() == pytest.approx(4 * np.sqrt(2), rel=0.1)


def test_frames_come_one_by_one(person):
    frames = clip(person, shot(100_000)).frames()
    assert next(frames)[0].shape == (120, 160, 3)


def test_a_missing_photo_is_a_clear_error(person, tmp_path):
    lost = replace(person, path=tmp_path / "lost.jpg")
    with pytest.raises(DataError, match=r"lost\.jpg"):
        next(clip(lost, shot(3)).frames())


@pytest.mark.parametrize("content", [b"", b"no photo"])
def test_a_file_that_is_no_photo_is_a_clear_error(person, tmp_path, content):
    (tmp_path / "fake.jpg").write_bytes(content)
    with pytest.raises(DataError, match=r"fake\.jpg"):
        next(clip(replace(person, path=tmp_path / "fake.jpg"), shot(3)).frames())


@pytest.mark.parametrize("wrong", [{"seconds": 0.05}, {"width": 0}, {"rate_hz": 0.0}])
def test_a_video_without_pixels_or_frames_is_an_error(wrong):
    with pytest.raises(DataError, match="three frames"):
        replace(CLEAN, **wrong)
