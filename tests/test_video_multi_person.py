"""Many people are tracked through a video, on a scripted engine whose people are at known positions."""

from collections import defaultdict

import numpy as np
import pytest

from movenet.engine import Runtime
from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator
from movenet.synthetic.camera import CameraSettings
from movenet.synthetic.many_people import SCENARIOS, make_scenes
from movenet.video import FollowSettings, VideoEstimator, smooth_recording
from movenet.video.association import TrackSettings
from movenet.video_evaluation import run_methods
from movenet.video_evaluation.multi_person_metrics import measure_ids
from stage import BLUE, GREEN, RED, YELLOW, Stage, keypoints, scene

RATE_HZ = 30
ANN = (100, 60, 90, 240, RED)
BEN = (450, 120, 60, 160, GREEN)


@pytest.fixture
def stage():
    return Stage()


def tracker(stage, **settings):
    return VideoEstimator(stage.estimator(people="many"), **{"smoothing": None} | settings)


def at(person, x):
    return (round(x), *person[1:])


def play(stream, frames, start_s=0.0):
    """Return the poses of each frame by id; `frames` lists the people in each."""
    return [
        {pose.id: pose for pose in stream(scene(*people), start_s + i / RATE_HZ)}
        for i, people in enumerate(frames)
    ]


def is_on(pose, person):
    return np.abs(pose.keypoints - keypoints(person)).max() < person[3] / 15


def test_each_person_gets_an_id_in_the_first_frame(stage):
    (seen,) = play(tracker(stage).stream(), [[ANN, BEN]])
    assert sorted(seen) == [1, 2]
    assert sorted(is_on(pose, ANN) for pose in seen.values()) == [False, True]
    assert sorted(is_on(pose, BEN) for pose in seen.values()) == [False, True]


def test_two_people_who_cross_keep_their_ids(stage):
    walks = [[at(ANN, 60 + 8 * i), at((450, 60, 90, 240, GREEN), 500 - 8 * i)] for i in range(60)]
    seen = play(tracker(stage).stream(), walks)
    assert {who for poses in seen for who in poses} == {1, 2}
    assert is_on(seen[-1][1], walks[-1][0]) != is_on(seen[-1][1], walks[-1][1])
    first_is_ann = is_on(seen[0][1], walks[0][0])
    assert is_on(seen[-1][1 if first_is_ann else 2], walks[-1][0])
    assert is_on(seen[-1][2 if first_is_ann else 1], walks[-1][1])


def test_a_person_who_leaves_and_comes_back_within_a_second_keeps_the_id(stage):
    xs = [*range(200, -100, -20), *[-100] * 20, *range(-90, 200, 20)]
    seen = play(tracker(stage).stream(), [[BEN, at(ANN, x)] for x in xs])
    ann = next(who for who, pose in seen[0].items() if is_on(pose, at(ANN, 200)))
    assert ann not in seen[20]
    assert is_on(seen[-1][ann], at(ANN, xs[-1]))


def test_another_person_who_enters_where_one_left_a_moment_ago_gets_a_new_id(stage):
    xs = [*range(200, -100, -20), *[-100] * 20]
    cat = (0, 60, 90, 240, BLUE)
    frames = [[BEN, at(ANN, x)] for x in xs] + [[BEN, at(cat, x)] for x in range(-90, 200, 10)]
    seen = play(tracker(stage).stream(), frames)
    assert set(seen[-1]) - set(seen[0]) == {3}
    assert is_on(seen[-1][3], at(cat, 190))


def test_an_id_is_never_used_again(stage):
    settings = TrackSettings(max_missing_s=0.2)
    frames = [[ANN]] * 5 + [[]] * 20 + [[ANN]] * 5 + [[]] * 20 + [[BEN]] * 5
    seen = play(tracker(stage, tracks=settings).stream(), frames)
    assert [set(seen[i]) for i in (0, 29, -1)] == [{1}, {2}, {3}]


def test_a_person_hidden_for_a_while_keeps_the_id(stage):
    wall = (240, 0, 160, 360, YELLOW)
    walks = [[wall, at(BEN, 40 + 8 * i)] if not 25 <= i < 45 else [wall] for i in range(65)]
    seen = play(tracker(stage).stream(), walks)
    ben = next(who for who, pose in seen[0].items() if is_on(pose, walks[0][1]))
    assert ben not in seen[35]
    assert is_on(seen[-1][ben], walks[-1][1])


def test_a_new_person_is_tracked_from_the_next_detection_on(stage):
    settings = FollowSettings(detect_every_s=0.3)
    seen = play(tracker(stage, settings=settings).stream(), [[ANN]] * 10 + [[ANN, BEN]] * 10)
    assert all(len(poses) == 2 for poses in seen[19:])


def test_confident_tracks_cost_one_pose_estimation_each_and_a_detection_at_intervals(stage):
    settings = FollowSettings(detect_every_s=0.5)
    play(tracker(stage, settings=settings).stream(), [[ANN, BEN]] * 61)
    assert stage.crop_runs == 122
    assert stage.detector_runs <= 5


def test_an_empty_scene_costs_one_detection_a_frame_and_no_pose_estimation(stage):
    assert play(tracker(stage).stream(), [[]] * 10) == [{}] * 10
    assert (stage.detector_runs, stage.crop_runs) == (10, 0)


def test_after_a_gap_in_time_people_are_detected_and_keep_their_ids(stage):
    stream = tracker(stage).stream()
    (before,) = play(stream, [[ANN, BEN]])
    (after,) = play(stream, [[at(ANN, 130), BEN]], start_s=1.0)
    assert set(before) == set(after)


def test_a_change_of_the_frame_size_ends_all_tracks_and_no_id_is_used_again(stage):
    stream = tracker(stage).stream()
    play(stream, [[ANN]] * 3)
    (pose,) = stream(scene((50, 30, 45, 120, RED), width=320, height=180), 1 / 5)
    assert pose.id == 2


def test_a_step_does_not_change_the_state_it_is_given(stage):
    video = tracker(stage)
    state, _ = video.step(None, scene(ANN), 0.0)
    once, _ = video.step(state, scene(ANN, BEN), 0.5)
    again, _ = video.step(state, scene(ANN, BEN), 0.5)
    assert (state.next_id, once.next_id, again.next_id) == (2, 3, 3)
    assert len(state.tracks) == 1


def test_a_time_that_does_not_rise_is_an_error(stage):
    stream = tracker(stage).stream()
    play(stream, [[ANN]])
    with pytest.raises(MediaError, match="later than the last one"):
        stream(scene(ANN), 0.0)


def test_each_person_is_smoothed_separately(stage):
    together = [[at(ANN, 100 + 3 * i), BEN] for i in range(12)]
    both = play(tracker(stage, smoothing=VideoEstimator(stage.estimator()).smoothing).stream(), together)
    raw = play(tracker(stage).stream(), together)
    lag = {who: np.abs(both[-1][who].keypoints - raw[-1][who].keypoints).max() for who in raw[-1]}
    moving = next(who for who, pose in raw[-1].items() if is_on(pose, together[-1][0]))
    assert lag[moving] > 0.5
    assert lag[3 - moving] < 0.5
    assert both[-1][moving].box == pytest.approx(both[-1][moving].bounds())


def test_a_recording_is_smoothed_person_by_person(stage):
    frames = [[at(ANN, 100 + 3 * i), at(BEN, 450 - 3 * i)] for i in range(30)]
    seen = play(tracker(stage).stream(), frames)
    times_s = [i / RATE_HZ for i in range(30)]
    poses = [[*found.values()][:: -1 if i % 2 else 1] for i, found in enumerate(seen)]
    together = smooth_recording(times_s, poses)
    alone = smooth_recording(times_s, [[found[1]] for found in seen])
    for i, (found, (one,)) in enumerate(zip(together, alone, strict=True)):
        assert [pose.id for pose in found] == [pose.id for pose in poses[i]]
        np.testing.assert_array_equal(next(p for p in found if p.id == 1).keypoints, one.keypoints)


def test_a_lock_is_for_one_person(stage):
    with pytest.raises(ModelError, match="one person"):
        tracker(stage, lock="largest")


def test_a_bottom_up_estimator_cannot_track(stage):
    with pytest.raises(ModelError, match="top-down"):
        VideoEstimator(stage.estimator(people="many", method="bottom-up"))


def test_auto_tracks_the_prominent_people(stage):
    small = (600, 10, 12, 30, GREEN)
    video = VideoEstimator(stage.estimator(people="auto"), smoothing=None)
    assert len(video.stream()(scene(ANN, small), 0.0)) == 1
    assert len(tracker(stage).stream()(scene(ANN, small), 0.0)) == 2


@pytest.mark.parametrize("kind", ["cross", "leave"])
def test_people_in_synthetic_scenes_who_cross_or_leave_never_get_each_other_s_ids(kind, shared):
    coco = shared / "data" / "coco-train-small"
    scenes = make_scenes(coco / "train.json", coco / "images", len(SCENARIOS), 5, CameraSettings(seconds=3))
    chosen = next(scene for scene in scenes if scene.name.startswith(kind))
    estimator = Estimator("lightning", people="many", settings="fast", runtime=Runtime(precision="fp32"))
    video = VideoEstimator(estimator)
    found = measure_ids([run_methods(chosen, {"ours": video.stream})["ours"]])
    assert found.shared_ids == 0
    assert found.idf1 > 0.85


def test_the_three_people_of_a_real_clip_keep_three_ids(shared):
    from movenet.media import open_source

    seen = defaultdict(int)
    stream = VideoEstimator(Estimator("lightning", people="many", settings="fast")).stream()
    with open_source(shared / "media" / "pose2sim_Demo_MultiPerson_cam01.mp4") as source:
        for frame in source:
            for pose in stream(frame.image, frame.time_s):
                seen[pose.id] += 1
    assert set(seen) == {1, 2, 3}
    assert min(seen.values()) >= 95
