"""One person is tracked through a video, on a scripted engine whose people are at known positions."""

from dataclasses import replace

import numpy as np
import pytest

from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator
from movenet.models import DATA
from movenet.video import ONE_EURO, FollowSettings, VideoEstimator, smooth_recording, watch
from stage import BLUE, RED, Stage, keypoints, scene
from video_files import VideoFile

RATE_HZ = 30
ADA = (100, 60, 90, 240, 230)
BOB = (450, 120, 60, 160, 200)
RED_ADA = (*ADA[:4], RED)


@pytest.fixture
def stage():
    return Stage()


def tracker(stage, **settings):
    return VideoEstimator(stage.estimator(), **{"smoothing": None} | settings)


def with_detection_score(stage, min_score):
    """Return a tracker whose detector finds only people of at least this score."""
    estimator = stage.estimator()
    settings = replace(estimator.settings, min_detection_score=min_score)
    return VideoEstimator(
        Estimator(estimator.engine, settings=settings, detector=estimator.detector), smoothing=None
    )


def at(person, x, y=None):
    return (x, person[1] if y is None else y, *person[2:])


def dim(person, brightness):
    return (*person[:4], brightness)


def play(stream, images, start_s=0.0):
    """Return the poses of each picture, at 30 a second."""
    return [stream(image, start_s + i / RATE_HZ) for i, image in enumerate(images)]


def is_on(poses, person):
    """Tell whether the one pose is this person's, to a twentieth of their height."""
    if len(poses) != 1:
        return False
    return np.abs(poses[0].keypoints - keypoints(person)).max() < person[3] / 20


@pytest.mark.parametrize("x", [0, 300, 780, 1500])
def test_a_person_is_found_in_the_first_frame_anywhere_in_a_wide_one(stage, x):
    person = at(ADA, x)
    assert is_on(tracker(stage).stream()(scene(person, width=1600, height=400), 0.0), person)


def test_after_a_cut_the_person_is_found_in_the_same_frame(stage):
    there, elsewhere = at(ADA, 40), at(ADA, 1400)
    people = [there] * 5 + [elsewhere] * 5
    found = play(tracker(stage).stream(), [scene(p, width=1600, height=400) for p in people])
    assert all(is_on(poses, p) for poses, p in zip(found, people, strict=True))


def test_a_person_who_enters_is_tracked_as_soon_as_they_are_detected(stage):
    found = play(tracker(stage).stream(), [scene()] * 10 + [scene(ADA)])
    assert found[:10] == [[]] * 10
    assert is_on(found[10], ADA)


def test_an_empty_scene_costs_one_detection_a_frame_and_no_pose_estimation(stage):
    found = play(tracker(stage).stream(), [scene()] * 20)
    assert found == [[]] * 20
    assert (stage.detector_runs, stage.crop_runs) == (20, 0)


def test_a_confident_track_costs_one_pose_estimation_a_frame_and_a_detection_at_intervals(stage):
    settings = FollowSettings(detect_every_s=0.5)
    play(tracker(stage, settings=settings).stream(), [scene(ADA)] * 61)
    assert stage.crop_runs == 61
    assert stage.detector_runs == 5


def test_no_frame_costs_more_than_one_detection_and_two_pose_estimations(stage):
    stream = tracker(stage).stream()
    rng = np.random.default_rng(3)
    for i in range(60):
        before = (stage.detector_runs, stage.crop_runs)
        people = [
            dim(at(ADA, int(rng.integers(500))), int(rng.integers(40, 255))) for _ in range(rng.integers(3))
        ]
        stream(scene(*people), i / RATE_HZ)
        assert stage.detector_runs - before[0] <= 1
        assert stage.crop_runs - before[1] <= 2


@pytest.mark.parametrize("speed_px", [1, 4, 8])
def test_a_walking_person_is_tracked_without_a_detection(stage, speed_px):
    people = [at(ADA, 20 + speed_px * i) for i in range(50)]
    found = play(
        tracker(stage, settings=FollowSettings(detect_every_s=10)).stream(), [scene(p) for p in people]
    )
    assert all(is_on(poses, p) for poses, p in zip(found, people, strict=True))
    assert stage.detector_runs == 1


def test_a_second_person_who_is_more_prominent_does_not_take_over(stage):
    found = play(tracker(stage).stream(), [scene(BOB)] + [scene(BOB, ADA)] * 40)
    assert all(is_on(poses, BOB) for poses in found)


def test_when_the_person_tracked_leaves_another_one_is_tracked_after_a_wait_under_the_next_id(stage):
    settings = FollowSettings(wait_s=0.5)
    images = [scene(BOB)] + [scene(BOB, RED_ADA)] * 19 + [scene(RED_ADA)] * 25
    found = play(tracker(stage, settings=settings).stream(), images)
    times_s = [i / RATE_HZ for i, poses in enumerate(found) if poses]
    gap_s = times_s[20] - times_s[19]
    assert 0.5 < gap_s < 0.6
    assert all(is_on(poses, RED_ADA) for poses in found[-3:])
    assert [found[0][0].id, found[-1][0].id] == [1, 2]


def test_a_person_who_comes_back_while_they_are_waited_for_keeps_the_id(stage):
    back = at(BOB, 40)
    images = [scene(BOB)] * 25 + [scene(RED_ADA)] * 20 + [scene(RED_ADA, back)] * 3
    found = play(tracker(stage).stream(), images)
    assert found[25:45] == [[]] * 20
    assert all(is_on(poses, back) and poses[0].id == 1 for poses in found[45:])


def test_a_person_is_waited_for_no_longer_than_they_were_followed(stage):
    found = play(tracker(stage).stream(), [scene(BOB)] * 4 + [scene(RED_ADA)] * 6)
    assert is_on(found[-1], RED_ADA)


def test_after_a_gap_between_frames_nobody_is_waited_for(stage):
    stream = tracker(stage).stream()
    play(stream, [scene(BOB)] * 40)
    (pose,) = stream(scene(RED_ADA), 2.0)
    assert pose.id == 2


def test_a_person_in_other_clothes_who_takes_the_place_of_the_person_is_not_them(stage):
    found = play(tracker(stage).stream(), [scene(BOB)] * 40 + [scene((*BOB[:4], BLUE))] * 30)
    assert found[-1] == []


def test_a_person_who_changes_their_clothes_slowly_stays_the_same(stage):
    shades = [scene(dim(BOB, 230 - i)) for i in range(110)]
    assert {pose.id for poses in play(tracker(stage).stream(), shades) for pose in poses} == {1}


def test_ids_go_on_when_the_size_of_the_frames_changes(stage):
    stream = tracker(stage).stream()
    play(stream, [scene(BOB)] * 3)
    (pose,) = stream(scene(BOB, width=800), 1.0)
    assert pose.id == 2


def test_a_confident_track_that_the_detector_misses_is_kept_until_a_person_of_higher_score_is_detected(stage):
    fair = dim(BOB, 140)
    stream = tracker(stage).stream()
    play(stream, [scene(fair)] * 3)
    stream.estimator = with_detection_score(stage, 0.5)
    alone = play(stream, [scene(fair)] * 30, start_s=0.1)
    assert all(is_on(poses, fair) for poses in alone)
    both = play(stream, [scene(fair, RED_ADA)] * 15, start_s=1.1)
    assert all(is_on(poses, fair) for poses in both)
    undetected_s = FollowSettings().undetected_s
    later = play(stream, [scene(fair, RED_ADA)] * 15, start_s=1.1 + undetected_s)
    assert is_on(later[-1], RED_ADA)


def test_a_person_of_slightly_higher_score_does_not_replace_a_confident_track_that_the_detector_misses(stage):
    fair, fairer = dim(BOB, 170), ADA
    stream = tracker(stage).stream()
    play(stream, [scene(fair)] * 3)
    stream.estimator = with_detection_score(stage, 0.6)
    assert all(is_on(poses, fair) for poses in play(stream, [scene(fair, fairer)] * 20, start_s=0.1))


def test_a_track_of_low_score_that_the_detector_misses_ends(stage):
    faint = dim(BOB, 90)
    stream = tracker(stage).stream()
    assert is_on(stream(scene(faint), 0.0), faint)
    stream.estimator = with_detection_score(stage, 0.9)
    assert is_on(stream(scene(faint), 0.3), faint)
    assert stream(scene(faint), 0.5) == []


@pytest.mark.parametrize(
    ("lock", "chosen"),
    [
        ("prominent", ADA),
        ("largest", ADA),
        ("central", BOB),
        ((475.0, 200.0), BOB),
        ((130.0, 100.0), ADA),
        ((440.0, 110.0, 80.0, 180.0), BOB),
    ],
)
def test_the_lock_chooses_the_person_tracked(stage, lock, chosen):
    found = play(tracker(stage, lock=lock).stream(), [scene(ADA, BOB)] * 20)
    assert all(is_on(poses, chosen) for poses in found)


def test_a_lock_on_a_point_waits_until_a_person_is_there(stage):
    stream = tracker(stage, lock=(480.0, 200.0)).stream()
    assert play(stream, [scene(ADA)] * 3) == [[]] * 3
    assert is_on(stream(scene(ADA, BOB), 1.0), BOB)


def test_a_lock_on_a_point_moves_with_the_person_and_not_back_to_the_point(stage):
    stream = tracker(stage, lock=(480.0, 200.0)).stream()
    walk = [at(BOB, 450 - 6 * i) for i in range(40)]
    play(stream, [scene(bob) for bob in walk])
    stranger = at(ADA, 440)
    assert is_on(stream(scene(walk[-1], stranger), 2.0), walk[-1])


def test_a_locked_person_is_expected_where_they_were_last_seen_even_after_a_gap(stage):
    stream = tracker(stage, lock=(480.0, 200.0)).stream()
    walk = [at(BOB, 450 - 6 * i) for i in range(30)]
    play(stream, [scene(bob) for bob in walk])
    assert stream(scene(at(ADA, 450)), 9.0) == []
    assert is_on(stream(scene(at(ADA, 450), walk[-1]), 18.0), walk[-1])


def test_an_unknown_lock_is_refused(stage):
    with pytest.raises(ModelError, match="prominent, largest, central"):
        tracker(stage, lock="left")


def test_an_estimator_of_whole_pictures_cannot_track(stage):
    with pytest.raises(ModelError, match="top-down"):
        VideoEstimator(Estimator(stage.estimator().engine, method="whole"))


@pytest.mark.parametrize("time_s", [1.0, 0.5, -1.0, np.nan, np.inf])
def test_a_time_that_does_not_rise_is_an_error(stage, time_s):
    stream = tracker(stage).stream()
    stream(scene(ADA), 1.0)
    with pytest.raises(MediaError, match="later than the last one"):
        stream(scene(ADA), time_s)


def test_an_error_leaves_the_state_of_the_stream_as_it_was(stage):
    stream = tracker(stage).stream()
    stream(scene(ADA), 1.0)
    with pytest.raises(MediaError):
        stream(scene(BOB), 1.0)
    assert is_on(stream(scene(ADA), 1.1), ADA)


def test_what_is_no_picture_is_an_error(stage):
    with pytest.raises(MediaError, match="picture"):
        tracker(stage).stream()(np.zeros((10, 10)), 0.0)


def test_the_first_frame_may_have_any_time(stage):
    assert is_on(tracker(stage).stream()(scene(ADA), -50.0), ADA)


def test_after_a_gap_the_detector_runs_and_smoothing_starts_afresh(stage):
    video = VideoEstimator(stage.estimator(), settings=FollowSettings(detect_every_s=100))
    stream = video.stream()
    play(stream, [scene(ADA)] * 5)
    moved = at(ADA, 110)
    assert stage.detector_runs == 1
    (after,) = stream(scene(moved), 4 / RATE_HZ + 0.6)
    assert stage.detector_runs == 2
    (fresh,) = video.stream()(scene(moved), 0.0)
    np.testing.assert_array_equal(after.keypoints, fresh.keypoints)


def test_when_the_size_of_the_picture_changes_the_person_is_found_anew(stage):
    stream = tracker(stage).stream()
    play(stream, [scene(ADA)] * 3)
    half = (50, 30, 45, 120, 230)
    assert is_on(stream(scene(half, width=320, height=180), 1 / 5), half)


def test_streams_that_share_an_estimator_are_independent(stage):
    video = VideoEstimator(stage.estimator())
    videos = [
        [scene(at(who, 20 + step * i)) for i in range(12)] for who, step in ((ADA, 3), (BOB, 7), (ADA, 11))
    ]
    alone = [play(video.stream(), frames) for frames in videos]
    streams = [video.stream() for _ in videos]
    together = [[] for _ in videos]
    for i in range(12):
        for stream, frames, poses in zip(streams, videos, together, strict=True):
            poses.append(stream(frames[i], i / RATE_HZ))
    for one, other in zip(alone, together, strict=True):
        for (a,), (b,) in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_a_step_does_not_change_the_state_it_is_given(stage):
    video = VideoEstimator(stage.estimator())
    state, _ = video.step(None, scene(ADA), 0.0)
    once, (first,) = video.step(state, scene(at(ADA, 110)), 0.1)
    again, (second,) = video.step(state, scene(at(ADA, 110)), 0.1)
    assert state.time_s == 0.0
    assert once.time_s == again.time_s == 0.1
    np.testing.assert_array_equal(first.keypoints, second.keypoints)


def test_smoothing_is_on_by_default_and_the_box_fits_the_smoothed_keypoints(stage):
    people = [at(ADA, 100), at(ADA, 112)]
    smooth = play(VideoEstimator(stage.estimator()).stream(), [scene(p) for p in people])[1][0]
    raw = play(tracker(stage).stream(), [scene(p) for p in people])[1][0]
    assert (smooth.keypoints[:, 0] < raw.keypoints[:, 0] - 0.5).all()
    assert smooth.box == pytest.approx(smooth.bounds())


def test_smoothing_continues_when_a_person_lost_for_a_moment_is_detected_in_place(stage):
    stream = VideoEstimator(stage.estimator()).stream()
    play(stream, [scene(dim(ADA, 230))] * 10)
    before = stream.state.smooth
    jumped = scene(at(ADA, 130))
    stream(jumped, 10 / RATE_HZ)
    assert stream.state.smooth.last_confident_s[0] > before.last_confident_s[0]
    assert np.abs(stream.state.smooth.smoothed - stream.state.pose.keypoints).max() > 0.5


def test_watch_yields_every_frame_of_the_sample_clip():
    seen = list(watch(DATA / "sample.mp4"))
    assert [frame.index for frame, _ in seen] == list(range(len(seen)))
    # In the back-flip that begins after 3 s the arithmetic of some processors loses the man for a while.
    assert all(len(poses) == 1 for frame, poses in seen if frame.time_s < 3)
    assert {pose.id for _, poses in seen for pose in poses} == {1}


def test_watch_takes_a_video_estimator(stage, tmp_path):
    video = VideoFile(count=5, size=(640, 360), draw=lambda i, *_: scene(ADA)).write(tmp_path / "ada.mp4")
    seen = list(watch(video, tracker(stage)))
    assert [frame.index for frame, _ in seen] == list(range(5))
    assert all(is_on(poses, ADA) for _, poses in seen)


class TestSmoothingARecording:
    times_s = np.arange(60) / RATE_HZ

    def poses(self, stage):
        """Poses of a walking person with noise; none in frames 20 to 29."""
        noise = np.random.default_rng(1).normal(0, 3, (60, 17, 2)).astype(np.float32)
        ((pose,),) = play(tracker(stage).stream(), [scene(ADA)])
        steps = np.arange(60, dtype=np.float32)[:, None, None] * np.float32([3, 0])
        walk = [replace(pose, keypoints=points) for points in pose.keypoints + steps + noise]
        return pose, [[] if 20 <= i < 30 else [p] for i, p in enumerate(walk)]

    def test_it_has_less_jitter_and_no_lag(self, stage):
        pose, raw = self.poses(stage)
        smooth = smooth_recording(self.times_s, raw)

        def errors(poses):
            return np.array([p[0].keypoints - pose.keypoints - (3 * i, 0) for i, p in enumerate(poses) if p])

        assert (
            np.abs(np.diff(errors(smooth), axis=0)).mean() < np.abs(np.diff(errors(raw), axis=0)).mean() / 3
        )
        assert np.abs(errors(smooth).mean()) < 0.3

    def test_frames_without_a_pose_stay_empty(self, stage):
        _, raw = self.poses(stage)
        smooth = smooth_recording(self.times_s, raw)
        assert [len(p) for p in smooth] == [len(p) for p in raw]

    def test_the_boxes_fit_the_smoothed_keypoints(self, stage):
        _, raw = self.poses(stage)
        for (pose,) in filter(None, smooth_recording(self.times_s, raw)):
            assert pose.box == pytest.approx(pose.bounds())

    def test_a_recording_without_poses_stays_empty(self):
        assert smooth_recording([0.0, 1.0], [[], []]) == [[], []]
        assert smooth_recording([], []) == []


def test_the_default_smoothing_is_the_one_of_a_stream(stage):
    assert VideoEstimator(stage.estimator()).smoothing is ONE_EURO


def test_watch_takes_the_number_of_people_or_an_estimator(stage, tmp_path):
    video = VideoFile(count=2).write(tmp_path / "video.mp4")
    assert len(list(watch(video, stage.estimator()))) == 2
    with pytest.raises(ModelError, match="people='many' is for the name of a model"):
        next(watch(video, stage.estimator(), people="many"))


def test_everybody_in_a_video_has_an_id():
    frames = watch(DATA / "sample.mp4", people="many")
    _, poses = next(frames)
    frames.close()
    assert [pose.id for pose in poses] == list(range(1, len(poses) + 1)) != []


def test_an_estimator_of_videos_prints_what_it_is(stage):
    assert repr(tracker(stage)).startswith("VideoEstimator(Estimator('lightning', people='one'")
    assert repr(tracker(stage)).endswith(", lock='prominent', smoothing off)")
