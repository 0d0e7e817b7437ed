"""A recording tracked in segments is joined as if it had been tracked in one go."""

from pathlib import Path

import numpy as np
import pytest

from movenet import Estimator, Runtime, VideoEstimator, open_source
from movenet.errors import MediaError
from movenet.oks import area, similarity
from movenet.pose import Pose
from movenet.video import workers
from movenet.video.multi_person import MultiPersonState
from movenet.video.segments import Segment, TrackedFrame, join_segments, plan_segments, track_frames
from movenet.video.workers import TrackingPool

SIZE = (640, 480)


def person(x, person_id=None):
    rng = np.random.default_rng(3)
    keypoints = rng.uniform((0, 0), (60, 150), (17, 2)).astype(np.float32) + np.float32([x, 100])
    return Pose(keypoints, np.full(17, 0.9, np.float32), 0.9, id=person_id)


def frames(start, end, people):
    """Return frames start … end - 1 at one a second; `people` maps a frame number to {id: x}."""
    return [
        TrackedFrame(k - start, float(k), *SIZE, tuple(person(x, i) for i, x in people(k).items()))
        for k in range(start, end)
    ]


def segment(start, end, people, next_id=9):
    return Segment(frames(start, end, people), MultiPersonState(float(end - 1), SIZE, next_id=next_id))


def never(state):
    raise AssertionError("nothing has to be tracked again")
    yield


def found(joined):
    return [(frame.index, frame.time_s, [pose.id for pose in frame.poses]) for frame in joined]


def test_ids_of_later_segments_are_those_of_the_first():
    first = segment(0, 6, lambda k: {1: 0, 2: 300}, next_id=3)
    second = segment(4, 10, lambda k: {1: 300, 2: 0}, next_id=3)
    third = segment(8, 12, lambda k: {5: 0, 6: 300}, next_id=7)
    joined = list(join_segments([first, second, third], never))
    # The second segment lists its people in the order of its own ids.
    assert [(k, float(k)) for k in range(12)] == [(frame.index, frame.time_s) for frame in joined]
    for frame in joined:
        assert {pose.id: round(float(pose.keypoints[0, 0])) for pose in frame.poses} == {
            1: round(float(person(0).keypoints[0, 0])),
            2: round(float(person(300).keypoints[0, 0])),
        }


def test_a_new_person_of_a_later_segment_gets_an_id_that_nobody_had():
    first = segment(0, 6, lambda k: {1: 0, 4: 300}, next_id=5)
    second = segment(4, 10, lambda k: {1: 0, 2: 300} | ({3: 500} if k > 7 else {}), next_id=4)
    third = segment(8, 12, lambda k: {7: 500, 8: 0, 9: 300}, next_id=10)
    joined = list(join_segments([first, second, third], never))
    assert {pose.id for frame in joined[8:] for pose in frame.poses} == {1, 4, 5}
    assert joined[-1].poses[0].id == 5


def test_where_segments_disagree_the_frames_are_tracked_again_until_they_agree():
    first = segment(0, 6, lambda k: {1: 0}, next_id=2)
    second = segment(4, 10, lambda k: {1: 300 if k < 8 else 0}, next_id=2)
    again = []

    def go_on(state):
        for frame in frames(6, 30, lambda k: {1: 0}):
            again.append(frame.time_s)
            yield frame, MultiPersonState(frame.time_s, SIZE, next_id=2)

    joined = list(join_segments([first, second], go_on))
    assert again == [6.0, 7.0, 8.0]
    assert found(joined) == [(k, float(k), [1]) for k in range(10)]


def test_segments_that_never_agree_are_tracked_again_as_a_whole():
    def go_on(state):
        for frame in frames(int(state.time_s) + 1, 14, lambda k: {1: 0}):
            yield frame, MultiPersonState(frame.time_s, SIZE, next_id=2)

    first = segment(0, 6, lambda k: {1: 0}, next_id=2)
    others = [segment(4, 10, lambda k: {1: 300}), segment(8, 14, lambda k: {1: 400})]
    joined = list(join_segments([first, *others], go_on))
    assert found(joined) == [(k, float(k), [1]) for k in range(14)]
    assert all(frame.poses[0].keypoints[0, 0] < 100 for frame in joined)


def test_a_segment_that_cannot_be_read_is_an_error_after_the_frames_before_it():
    broken = Segment(frames(0, 3, lambda k: {1: 0}), None, error=MediaError("broken"))
    joined = join_segments([broken], never)
    assert [next(joined).time_s for _ in range(3)] == [0, 1, 2]
    with pytest.raises(MediaError, match="broken"):
        next(joined)


def test_segments_beyond_the_end_of_a_recording_that_is_shorter_than_it_says_are_left_out():
    def go_on(state):
        yield from ()

    first = segment(0, 6, lambda k: {1: 0}, next_id=2)
    nothing = Segment((), None, error=MediaError("has no picture"))
    assert found(join_segments([first, nothing, nothing, nothing], go_on)) == [
        (k, float(k), [1]) for k in range(6)
    ]


def test_a_short_recording_is_one_segment():
    assert plan_segments(0.0, 10) == [(0.0, float("inf"))]
    assert plan_segments(14.0, 10) == [(0.0, float("inf"))]
    assert plan_segments(40.0, 20) == [(0.0, 20.0), (20.0, float("inf"))]


@pytest.mark.parametrize(
    ("clip", "people", "segment_s", "overlap_s"),
    [("pose2sim_Demo_MultiPerson_cam01.mp4", "many", 0.6, 0.4), ("tfjs_pose_squats.mp4", "one", 3.0, 1.0)],
)
def test_real_clips_give_the_same_people_in_segments_as_in_one_go(
    clip, people, segment_s, overlap_s, shared, monkeypatch
):
    monkeypatch.setattr(workers, "SEGMENT_S", (segment_s, segment_s))
    monkeypatch.setattr(workers, "OVERLAP_S", overlap_s)
    path = Path(shared) / "media" / clip
    runtime = Runtime(threads=1)
    trackers = [VideoEstimator(Estimator("lightning", people=people, runtime=runtime)) for _ in range(2)]
    with open_source(path) as source:
        expected = [frame for frame, _ in track_frames(source, trackers[0])]
    with TrackingPool(trackers) as pool:
        recording = pool.start(path)
        assert len(recording.segments) > 1
        joined = list(recording.frames())
    assert [(f.index, f.time_s) for f in joined] == [(f.index, f.time_s) for f in expected]
    likeness = []
    for ours, theirs in zip(joined, expected, strict=True):
        own = {pose.id: pose for pose in ours.poses}
        other = {pose.id: pose for pose in theirs.poses}
        likeness += [oks(own[i], other[i]) if i in own and i in other else 0.0 for i in own | other]
    assert np.quantile(likeness, 0.05) > 0.9
    assert np.mean(likeness) > 0.98


def oks(pose, other):
    return similarity(pose.keypoints[None], other.keypoints[None], [max(area(pose), area(other))])[0, 0]


def test_a_pool_that_is_closed_stops_what_it_tracks(shared):
    path = Path(shared) / "media" / "sports2d_demo.mp4"
    trackers = [VideoEstimator(Estimator("lightning", runtime=Runtime(threads=1))) for _ in range(2)]
    with TrackingPool(trackers) as pool:
        recording = pool.start(path)
    assert all(future.done() for future in recording.segments)
