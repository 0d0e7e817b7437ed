"""Many people are followed through a video, each by an id, on a stage where it is known who stands where."""

from collections import defaultdict

import numpy as np
import pytest

from movenet.errors import MediaError, ModelError
from movenet.estimator import Estimator
from movenet.synthetic.camera import Filming
from movenet.synthetic.many_people import SCRIPTS, make_scenes
from movenet.video import FollowSettings, VideoEstimator, smooth_recording
from movenet.video.tracks import TrackSettings
from movenet.video_evaluation.crowds import follow_scene
from movenet.video_evaluation.identities import identify
from stage import BLUE, GREEN, RED, YELLOW, Stage, keypoints, scene

RATE_HZ = 30
ANN = (100, 60, 90, 240, RED)
BEN = (450, 120, 60, 160, GREEN)


@pytest.fixture
def stage():
    return Stage()


def follower(stage, **settings):
    return VideoEstimator(stage.estimator(people="many"), **{"smoothing": None} | settings)


def at(person, x):
    return (round(x), *person[1:])


def play(stream, films, start_s=0.0):
    """Return for each frame who is seen: their poses by id. A film is a list of people for each frame."""
    return [
        {pose.id: pose for pose in stream(scene(*people), start_s + i / RATE_HZ)}
        for i, people in enumerate(films)
    ]


def is_on(pose, person):
    return np.abs(pose.keypoints - keypoints(person)).max() < person[3] / 15


def test_everybody_gets_an_id_in_the_first_frame(stage):
    (seen,) = play(follower(stage).stream(), [[ANN, BEN]])
    assert sorted(seen) == [1, 2]
    assert sorted(is_on(pose, ANN) for pose in seen.values()) == [False, True]
    assert sorted(is_on(pose, BEN) for pose in seen.values()) == [False, True]


def test_two_who_cross_keep_their_ids(stage):
    walks = [[at(ANN, 60 + 8 * i), at((450, 60, 90, 240, GREEN), 500 - 8 * i)] for i in range(60)]
    seen = play(follower(stage).stream(), walks)
    assert {who for poses in seen for who in poses} == {1, 2}
    assert is_on(seen[-1][1], walks[-1][0]) != is_on(seen[-1][1], walks[-1][1])
    first_is_ann = is_on(seen[0][1], walks[0][0])
    assert is_on(seen[-1][1 if first_is_ann else 2], walks[-1][0])
    assert is_on(seen[-1][2 if first_is_ann else 1], walks[-1][1])


def test_one_who_leaves_and_comes_back_within_a_second_keeps_the_id(stage):
    xs = [*range(200, -100, -20), *[-100] * 20, *range(-90, 200, 20)]
    seen = play(follower(stage).stream(), [[BEN, at(ANN, x)] for x in xs])
    ann = next(who for who, pose in seen[0].items() if is_on(pose, at(ANN, 200)))
    assert ann not in seen[20]
    assert is_on(seen[-1][ann], at(ANN, xs[-1]))


def test_another_who_comes_in_where_one_left_a_moment_ago_gets_a_new_id(stage):
    xs = [*range(200, -100, -20), *[-100] * 20]
    cat = (0, 60, 90, 240, BLUE)
    films = [[BEN, at(ANN, x)] for x in xs] + [[BEN, at(cat, x)] for x in range(-90, 200, 10)]
    seen = play(follower(stage).stream(), films)
    assert set(seen[-1]) - set(seen[0]) == {3}
    assert is_on(seen[-1][3], at(cat, 190))


def test_an_id_is_never_given_again(stage):
    settings = TrackSettings(missing_s=0.2)
    films = [[ANN]] * 5 + [[]] * 20 + [[ANN]] * 5 + [[]] * 20 + [[BEN]] * 5
    seen = play(follower(stage, tracks=settings).stream(), films)
    assert [set(seen[i]) for i in (0, 29, -1)] == [{1}, {2}, {3}]


def test_one_hidden_for_a_while_is_found_again_by_the_same_id(stage):
    wall = (240, 0, 160, 360, YELLOW)
    walks = [[wall, at(BEN, 40 + 8 * i)] if not 25 <= i < 45 else [wall] for i in range(65)]
    seen = play(follower(stage).stream(), walks)
    ben = next(who for who, pose in seen[0].items() if is_on(pose, walks[0][1]))
    assert ben not in seen[35]
    assert is_on(seen[-1][ben], walks[-1][1])


def test_a_newcomer_is_found_at_the_next_search(stage):
    settings = FollowSettings(check_every_s=0.3)
    seen = play(follower(stage, settings=settings).stream(), [[ANN]] * 10 + [[ANN, BEN]] * 10)
    assert all(len(poses) == 2 for poses in seen[19:])


def test_people_who_are_sure_cost_a_look_each_and_a_search_now_and_then(stage):
    settings = FollowSettings(check_every_s=0.5)
    play(follower(stage, settings=settings).stream(), [[ANN, BEN]] * 61)
    assert stage.crop_runs == 122
    assert stage.detector_runs <= 5


def test_an_empty_scene_costs_a_search_a_frame_and_no_look(stage):
    assert play(follower(stage).stream(), [[]] * 10) == [{}] * 10
    assert (stage.detector_runs, stage.crop_runs) == (10, 0)


def test_after_a_gap_in_time_people_are_found_by_a_search_and_keep_their_ids(stage):
    stream = follower(stage).stream()
    (before,) = play(stream, [[ANN, BEN]])
    (after,) = play(stream, [[at(ANN, 130), BEN]], start_s=1.0)
    assert set(before) == set(after)


def test_when_the_size_of_the_picture_changes_nobody_is_known_but_no_id_comes_again(stage):
    stream = follower(stage).stream()
    play(stream, [[ANN]] * 3)
    (pose,) = stream(scene((50, 30, 45, 120, RED), width=320, height=180), 1 / 5)
    assert pose.id == 2


def test_a_step_leaves_the_memory_it_was_given_as_it_was(stage):
    video = follower(stage)
    memory, _ = video.step(None, scene(ANN), 0.0)
    once, _ = video.step(memory, scene(ANN, BEN), 0.5)
    again, _ = video.step(memory, scene(ANN, BEN), 0.5)
    assert (memory.next_id, once.next_id, again.next_id) == (2, 3, 3)
    assert len(memory.tracks) == 1


def test_time_that_does_not_go_on_is_an_error(stage):
    stream = follower(stage).stream()
    play(stream, [[ANN]])
    with pytest.raises(MediaError, match="later than the last one"):
        stream(scene(ANN), 0.0)


def test_each_is_smoothed_alone(stage):
    together = [[at(ANN, 100 + 3 * i), BEN] for i in range(12)]
    both = play(follower(stage, smoothing=VideoEstimator(stage.estimator()).smoothing).stream(), together)
    raw = play(follower(stage).stream(), together)
    lag = {who: np.abs(both[-1][who].keypoints - raw[-1][who].keypoints).max() for who in raw[-1]}
    moving = next(who for who, pose in raw[-1].items() if is_on(pose, together[-1][0]))
    assert lag[moving] > 0.5
    assert lag[3 - moving] < 0.5
    assert both[-1][moving].box == pytest.approx(both[-1][moving].bounds())


def test_a_recording_is_smoothed_person_by_person(stage):
    films = [[at(ANN, 100 + 3 * i), at(BEN, 450 - 3 * i)] for i in range(30)]
    seen = play(follower(stage).stream(), films)
    times_s = [i / RATE_HZ for i in range(30)]
    poses = [[*found.values()][:: -1 if i % 2 else 1] for i, found in enumerate(seen)]
    together = smooth_recording(times_s, poses)
    alone = smooth_recording(times_s, [[found[1]] for found in seen])
    for i, (found, (one,)) in enumerate(zip(together, alone, strict=True)):
        assert [pose.id for pose in found] == [pose.id for pose in poses[i]]
        np.testing.assert_array_equal(next(p for p in found if p.id == 1).keypoints, one.keypoints)


def test_a_lock_is_for_one_person(stage):
    with pytest.raises(ModelError, match="one person"):
        follower(stage, lock="largest")


def test_an_estimator_that_never_looks_at_each_cannot_follow(stage):
    with pytest.raises(ModelError, match="top-down"):
        VideoEstimator(stage.estimator(people="many", method="bottom-up"))


def test_auto_follows_those_in_front(stage):
    small = (600, 10, 12, 30, GREEN)
    video = VideoEstimator(stage.estimator(people="auto"), smoothing=None)
    assert len(video.stream()(scene(ANN, small), 0.0)) == 1
    assert len(follower(stage).stream()(scene(ANN, small), 0.0)) == 2


@pytest.mark.parametrize("kind", ["cross", "leave"])
def test_people_cut_out_of_photos_who_cross_or_leave_never_get_each_other_s_ids(kind, shared):
    coco = shared / "data" / "coco-train-small"
    scenes = make_scenes(coco / "train.json", coco / "images", len(SCRIPTS), 5, Filming(seconds=3))
    chosen = next(scene for scene in scenes if scene.name.startswith(kind))
    video = VideoEstimator(Estimator("lightning", people="many", settings="fast"))
    found = identify([follow_scene(chosen, {"ours": video.stream})["ours"]])
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
