"""One person is followed through a video, on a stage where it is known who stands where."""

from dataclasses import replace

import numpy as np
import pytest

from films import Film
from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator
from movenet.models import DATA
from movenet.video import CALM, FollowSettings, VideoEstimator, smooth_recording, watch
from stage import Stage, keypoints, scene

RATE_HZ = 30
ADA = (100, 60, 90, 240, 230)
BOB = (450, 120, 60, 160, 200)


@pytest.fixture
def stage():
    return Stage()


def follower(stage, **settings):
    return VideoEstimator(stage.estimator(), **{"smoothing": None} | settings)


def short_sighted(stage, min_score):
    """Return a follower whose search sees only people it is so sure of."""
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
    assert is_on(follower(stage).stream()(scene(person, width=1600, height=400), 0.0), person)


def test_after_a_cut_the_person_is_found_in_the_same_frame(stage):
    there, elsewhere = at(ADA, 40), at(ADA, 1400)
    people = [there] * 5 + [elsewhere] * 5
    found = play(follower(stage).stream(), [scene(p, width=1600, height=400) for p in people])
    assert all(is_on(poses, p) for poses, p in zip(found, people, strict=True))


def test_one_who_enters_is_found_as_soon_as_the_search_sees_them(stage):
    found = play(follower(stage).stream(), [scene()] * 10 + [scene(ADA)])
    assert found[:10] == [[]] * 10
    assert is_on(found[10], ADA)


def test_an_empty_scene_costs_a_search_a_frame_and_no_look(stage):
    found = play(follower(stage).stream(), [scene()] * 20)
    assert found == [[]] * 20
    assert (stage.searches, stage.looks) == (20, 0)


def test_a_sure_track_costs_a_look_a_frame_and_a_search_now_and_then(stage):
    settings = FollowSettings(check_every_s=0.5)
    play(follower(stage, settings=settings).stream(), [scene(ADA)] * 61)
    assert stage.looks == 61
    assert stage.searches == 5


def test_no_frame_costs_more_than_a_search_and_two_looks(stage):
    stream = follower(stage).stream()
    rng = np.random.default_rng(3)
    for i in range(60):
        before = (stage.searches, stage.looks)
        people = [
            dim(at(ADA, int(rng.integers(500))), int(rng.integers(40, 255))) for _ in range(rng.integers(3))
        ]
        stream(scene(*people), i / RATE_HZ)
        assert stage.searches - before[0] <= 1
        assert stage.looks - before[1] <= 2


@pytest.mark.parametrize("speed_px", [1, 4, 8])
def test_a_walking_person_is_followed_without_a_search(stage, speed_px):
    people = [at(ADA, 20 + speed_px * i) for i in range(50)]
    found = play(
        follower(stage, settings=FollowSettings(check_every_s=10)).stream(), [scene(p) for p in people]
    )
    assert all(is_on(poses, p) for poses, p in zip(found, people, strict=True))
    assert stage.searches == 1


def test_a_second_person_who_is_more_prominent_does_not_take_over(stage):
    found = play(follower(stage).stream(), [scene(BOB)] + [scene(BOB, ADA)] * 40)
    assert all(is_on(poses, BOB) for poses in found)


def test_when_the_one_followed_leaves_the_other_is_followed(stage):
    found = play(follower(stage).stream(), [scene(BOB), scene(BOB, ADA), scene(ADA)])
    assert is_on(found[2], ADA)


def test_a_sure_track_that_the_search_overlooks_goes_on_until_somebody_surer_is_found(stage):
    fair = dim(BOB, 140)
    stream = follower(stage).stream()
    play(stream, [scene(fair)] * 3)
    stream.estimator = short_sighted(stage, 0.5)
    alone = play(stream, [scene(fair)] * 30, start_s=0.1)
    assert all(is_on(poses, fair) for poses in alone)
    both = play(stream, [scene(fair, ADA)] * 15, start_s=1.1)
    assert is_on(both[0], fair)
    assert is_on(both[-1], ADA)


def test_somebody_a_little_surer_does_not_take_over_from_a_sure_track_that_the_search_overlooks(stage):
    fair, fairer = dim(BOB, 170), ADA
    stream = follower(stage).stream()
    play(stream, [scene(fair)] * 3)
    stream.estimator = short_sighted(stage, 0.6)
    assert all(is_on(poses, fair) for poses in play(stream, [scene(fair, fairer)] * 20, start_s=0.1))


def test_an_unsure_track_that_the_search_overlooks_ends(stage):
    faint = dim(BOB, 90)
    stream = follower(stage).stream()
    assert is_on(stream(scene(faint), 0.0), faint)
    stream.estimator = short_sighted(stage, 0.9)
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
def test_one_can_choose_whom_to_follow(stage, lock, chosen):
    found = play(follower(stage, lock=lock).stream(), [scene(ADA, BOB)] * 20)
    assert all(is_on(poses, chosen) for poses in found)


def test_a_lock_on_a_point_waits_until_somebody_is_there(stage):
    stream = follower(stage, lock=(480.0, 200.0)).stream()
    assert play(stream, [scene(ADA)] * 3) == [[]] * 3
    assert is_on(stream(scene(ADA, BOB), 1.0), BOB)


def test_a_lock_on_a_point_goes_with_the_person_and_not_back_to_the_point(stage):
    stream = follower(stage, lock=(480.0, 200.0)).stream()
    walk = [at(BOB, 450 - 6 * i) for i in range(40)]
    play(stream, [scene(bob) for bob in walk])
    stranger = at(ADA, 440)
    assert is_on(stream(scene(walk[-1], stranger), 2.0), walk[-1])


def test_one_locked_on_is_waited_for_where_they_were_last_seen_even_over_a_gap(stage):
    stream = follower(stage, lock=(480.0, 200.0)).stream()
    walk = [at(BOB, 450 - 6 * i) for i in range(30)]
    play(stream, [scene(bob) for bob in walk])
    assert stream(scene(at(ADA, 450)), 9.0) == []
    assert is_on(stream(scene(at(ADA, 450), walk[-1]), 18.0), walk[-1])


def test_an_unknown_lock_is_refused(stage):
    with pytest.raises(ModelError, match="prominent, largest, central"):
        follower(stage, lock="left")


def test_an_estimator_that_looks_once_cannot_follow(stage):
    with pytest.raises(ModelError, match="top-down"):
        VideoEstimator(Estimator(stage.estimator().engine, method="whole"))


@pytest.mark.parametrize("time_s", [1.0, 0.5, -1.0, np.nan, np.inf])
def test_time_that_does_not_go_on_is_an_error(stage, time_s):
    stream = follower(stage).stream()
    stream(scene(ADA), 1.0)
    with pytest.raises(MediaError, match="later than the last one"):
        stream(scene(ADA), time_s)


def test_after_an_error_the_stream_goes_on_as_if_nothing_had_been(stage):
    stream = follower(stage).stream()
    stream(scene(ADA), 1.0)
    with pytest.raises(MediaError):
        stream(scene(BOB), 1.0)
    assert is_on(stream(scene(ADA), 1.1), ADA)


def test_what_is_no_picture_is_an_error(stage):
    with pytest.raises(MediaError, match="picture"):
        follower(stage).stream()(np.zeros((10, 10)), 0.0)


def test_the_first_frame_may_have_any_time(stage):
    assert is_on(follower(stage).stream()(scene(ADA), -50.0), ADA)


def test_after_a_gap_the_whole_frame_is_searched_and_smoothing_starts_afresh(stage):
    video = VideoEstimator(stage.estimator(), settings=FollowSettings(check_every_s=100))
    stream = video.stream()
    play(stream, [scene(ADA)] * 5)
    moved = at(ADA, 110)
    assert stage.searches == 1
    (calm,) = stream(scene(moved), 4 / RATE_HZ + 0.6)
    assert stage.searches == 2
    (fresh,) = video.stream()(scene(moved), 0.0)
    np.testing.assert_array_equal(calm.keypoints, fresh.keypoints)


def test_when_the_size_of_the_picture_changes_the_person_is_found_anew(stage):
    stream = follower(stage).stream()
    play(stream, [scene(ADA)] * 3)
    half = (50, 30, 45, 120, 230)
    assert is_on(stream(scene(half, width=320, height=180), 1 / 5), half)


def test_streams_that_share_an_estimator_do_not_meet(stage):
    video = VideoEstimator(stage.estimator())
    films = [
        [scene(at(who, 20 + step * i)) for i in range(12)] for who, step in ((ADA, 3), (BOB, 7), (ADA, 11))
    ]
    alone = [play(video.stream(), film) for film in films]
    streams = [video.stream() for _ in films]
    together = [[] for _ in films]
    for i in range(12):
        for stream, film, poses in zip(streams, films, together, strict=True):
            poses.append(stream(film[i], i / RATE_HZ))
    for one, other in zip(alone, together, strict=True):
        for (a,), (b,) in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.keypoints, b.keypoints)


def test_a_step_leaves_the_memory_it_was_given_as_it_was(stage):
    video = VideoEstimator(stage.estimator())
    memory, _ = video.step(None, scene(ADA), 0.0)
    once, (first,) = video.step(memory, scene(at(ADA, 110)), 0.1)
    again, (second,) = video.step(memory, scene(at(ADA, 110)), 0.1)
    assert memory.time_s == 0.0
    assert once.time_s == again.time_s == 0.1
    np.testing.assert_array_equal(first.keypoints, second.keypoints)


def test_smoothing_is_on_by_default_and_the_box_goes_with_the_keypoints(stage):
    people = [at(ADA, 100), at(ADA, 112)]
    calm = play(VideoEstimator(stage.estimator()).stream(), [scene(p) for p in people])[1][0]
    raw = play(follower(stage).stream(), [scene(p) for p in people])[1][0]
    assert (calm.keypoints[:, 0] < raw.keypoints[:, 0] - 0.5).all()
    assert calm.box == pytest.approx(calm.bounds())


def test_one_lost_for_a_moment_and_found_where_they_were_stays_smoothed(stage):
    stream = VideoEstimator(stage.estimator()).stream()
    play(stream, [scene(dim(ADA, 230))] * 10)
    before = stream.memory.smooth
    jumped = scene(at(ADA, 130))
    stream(jumped, 10 / RATE_HZ)
    assert stream.memory.smooth.last_confident_s[0] > before.last_confident_s[0]
    assert np.abs(stream.memory.smooth.smoothed - stream.memory.pose.keypoints).max() > 0.5


def test_the_sample_clip_is_watched_to_its_end():
    seen = list(watch(DATA / "sample.mp4"))
    assert [frame.index for frame, _ in seen] == list(range(len(seen)))
    assert all(len(poses) == 1 for _, poses in seen)


def test_a_follower_set_up_by_hand_can_watch(stage, tmp_path):
    film = Film(count=5, size=(640, 360), draw=lambda i, *_: scene(ADA)).write(tmp_path / "ada.mp4")
    seen = list(watch(film, follower(stage)))
    assert [frame.index for frame, _ in seen] == list(range(5))
    assert all(is_on(poses, ADA) for _, poses in seen)


class TestSmoothingARecording:
    times_s = np.arange(60) / RATE_HZ

    def poses(self, stage):
        """A person who walks, trembling; nobody in frames 20 to 29."""
        noise = np.random.default_rng(1).normal(0, 3, (60, 17, 2)).astype(np.float32)
        ((pose,),) = play(follower(stage).stream(), [scene(ADA)])
        steps = np.arange(60, dtype=np.float32)[:, None, None] * np.float32([3, 0])
        walk = [replace(pose, keypoints=points) for points in pose.keypoints + steps + noise]
        return pose, [[] if 20 <= i < 30 else [p] for i, p in enumerate(walk)]

    def test_it_trembles_less_and_is_not_late(self, stage):
        pose, raw = self.poses(stage)
        calm = smooth_recording(self.times_s, raw)

        def errors(poses):
            return np.array([p[0].keypoints - pose.keypoints - (3 * i, 0) for i, p in enumerate(poses) if p])

        assert np.abs(np.diff(errors(calm), axis=0)).mean() < np.abs(np.diff(errors(raw), axis=0)).mean() / 3
        assert np.abs(errors(calm).mean()) < 0.3

    def test_frames_without_anybody_stay_empty(self, stage):
        _, raw = self.poses(stage)
        calm = smooth_recording(self.times_s, raw)
        assert [len(p) for p in calm] == [len(p) for p in raw]

    def test_the_boxes_go_with_the_keypoints(self, stage):
        _, raw = self.poses(stage)
        for (pose,) in filter(None, smooth_recording(self.times_s, raw)):
            assert pose.box == pytest.approx(pose.bounds())

    def test_a_recording_of_nobody_is_nothing(self):
        assert smooth_recording([0.0, 1.0], [[], []]) == [[], []]
        assert smooth_recording([], []) == []


def test_the_default_smoothing_is_the_one_of_a_stream(stage):
    assert VideoEstimator(stage.estimator()).smoothing is CALM
