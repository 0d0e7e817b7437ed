"""Data association from poses, appearances and times alone."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from movenet.pose import Pose
from movenet.video.appearance import Appearance
from movenet.video.association import (
    Association,
    Observation,
    Track,
    TrackSettings,
    affinity,
    assign_ids,
    is_id_switch,
    linear_assignment,
    match_missing,
    suppress_duplicates,
    update_tracks,
)
from stage import PLACES

SETTINGS = TrackSettings()
SIZE = (640, 360)


def pose(x, y=100.0, height=200.0, score=0.8, who=None):
    points = (np.array([x, y]) + PLACES * (height / 2.5, height)).astype(np.float32)
    made = Pose(points, np.full(17, score, np.float32), score, id=who)
    return replace(made, box=made.bounds())


def wearing_only(colour):
    shares = np.zeros((2, 64))
    shares[:, colour] = 1
    return Appearance(shares)


UNSEEN = Appearance(np.full((2, 64), np.nan))
RED, BLUE = wearing_only(48), wearing_only(3)


def track(x, who=None, wearing=RED, last_seen_s=0.0, **changes):
    made = Track.start(Observation(pose(x, who=who), wearing), last_seen_s)
    return replace(made, **changes)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
        elements=st.floats(0, 2),
    )
)
def test_linear_assignment_has_the_lowest_total_cost(costs):
    limit = 1.0

    def total(pairs):
        return sum(costs[i, j] - limit for i, j in pairs)

    wide = costs if costs.shape[0] <= costs.shape[1] else costs.T
    best = min(
        sum(min(wide[i, j] - limit, 0) for i, j in enumerate(order))
        for order in permutations(range(wide.shape[1]), wide.shape[0])
    )
    found = linear_assignment(costs, limit)
    assert all(costs[i, j] <= limit for i, j in found)
    assert total(found) == pytest.approx(best, abs=1e-6)


def test_without_costs_nothing_is_assigned():
    assert linear_assignment(np.zeros((0, 3)), 1.0) == []


def test_affinity_is_one_with_the_same_pose_and_zero_with_a_distant_one():
    found = affinity([pose(100)], [pose(100), pose(400)])
    np.testing.assert_allclose(found, [[1, 0]], atol=1e-6)


def test_of_two_poses_of_one_person_the_one_with_the_higher_priority_stays():
    poses = [pose(100), pose(103), pose(300)]
    assert sorted(suppress_duplicates(poses, [0.5, 0.9, 0.1], SETTINGS)) == [1, 2]


def test_the_prediction_follows_from_the_velocity():
    walking = (
        track(100)
        .update(Observation(pose(110), RED), 0.1, SETTINGS)
        .update(Observation(pose(120), RED), 0.2, SETTINGS)
    )
    assert walking.velocity[0] == pytest.approx(75, rel=0.01)
    predicted = walking.predict(0.3)
    assert predicted.keypoints[0, 0] - walking.pose.keypoints[0, 0] == pytest.approx(7.5, rel=0.01)


def test_the_prediction_of_a_missing_track_slows_down_and_stays_in_the_picture():
    gone = track(300, who=1, mean_velocity=np.array([100, 0], np.float32))
    x = [
        gone.predict_missing(t, SIZE, SETTINGS).keypoints[0, 0] - gone.pose.keypoints[0, 0]
        for t in (0.1, 1, 10)
    ]
    assert 8 < x[0] < 10
    assert x[1] < x[2] < 51
    fast = replace(gone, mean_velocity=np.array([9000, 0], np.float32))
    left, _, width, _ = fast.predict_missing(1.0, SIZE, SETTINGS).bounds()
    assert left + width / 2 == pytest.approx(640, abs=0.01)


@pytest.mark.parametrize(
    ("tentative", "matches"),
    [
        (track(120, last_seen_s=0.5), True),
        (track(120, last_seen_s=0.5, wearing=BLUE), False),
        (track(500, last_seen_s=0.5), False),
        (track(120, last_seen_s=0.5, wearing=UNSEEN), False),
        (track(120, last_seen_s=0.5, wearing=UNSEEN, first_seen_s=-0.5), True),
        (track(120, last_seen_s=0.5, size_px=20.0), False),
    ],
)
def test_a_missing_track_matches_a_tentative_one_inside_the_gate_of_like_appearance_and_size(
    tentative, matches
):
    found = match_missing([track(100, who=1)], [tentative], 0.5, SIZE, SETTINGS)
    assert found == ([(0, 0)] if matches else [])


def test_the_gate_grows_with_the_time_a_track_is_missing():
    missing, tentative = track(100, who=1), track(250, last_seen_s=1.5)
    assert match_missing([missing], [tentative], 0.1, SIZE, SETTINGS) == []
    assert match_missing([missing], [tentative], 1.5, SIZE, SETTINGS) == [(0, 0)]


def test_an_observation_with_the_appearance_of_an_overlapping_track_is_an_id_switch():
    ann, ben = track(100, who=1), track(140, who=2, wearing=BLUE)
    assert is_id_switch(ann, Observation(pose(130), BLUE), [ann, ben], SETTINGS)
    assert not is_id_switch(
        ann, Observation(pose(130), wearing_only(12)), [ann, track(500, who=2, wearing=BLUE)], SETTINGS
    )
    assert not is_id_switch(ann, Observation(pose(130), RED), [ann, ben], SETTINGS)


def test_a_new_observation_that_matches_a_missing_track_keeps_its_id():
    after = update_tracks(
        [track(100, who=7)], Association({}, unmatched=[Observation(pose(120), RED)]), 0.5, SIZE, SETTINGS
    )
    assert [(t.id, t.last_seen_s) for t in after] == [(7, 0.5)]


def test_a_tentative_track_that_is_not_observed_is_deleted():
    assert update_tracks([track(100)], Association({}), 0.1, SIZE, SETTINGS) == []


def test_a_tentative_track_of_high_score_gets_its_id_at_once():
    (confirmed,), next_id = assign_ids([track(100)], 5, 0.0, SIZE, SETTINGS)
    assert (confirmed.id, next_id) == (5, 6)


def test_a_tentative_track_of_low_score_gets_its_id_after_a_second_detection_and_a_while():
    low = replace(track(100), pose=pose(100, score=0.2))
    later = replace(low, last_seen_s=1.0)
    assert assign_ids([low], 1, 0.0, SIZE, SETTINGS)[1] == 1
    assert assign_ids([later], 1, 1.0, SIZE, SETTINGS)[1] == 1
    assert assign_ids([replace(later, is_redetected=True)], 1, 1.0, SIZE, SETTINGS)[1] == 2


def test_a_tentative_track_of_another_appearance_inside_the_gate_gets_its_id_half_a_second_later():
    missing, tentative = track(100, who=1), track(110, wearing=BLUE, last_seen_s=0.5)
    assert assign_ids([missing, tentative], 2, 0.5, SIZE, SETTINGS)[1] == 2
    assert assign_ids([missing, replace(tentative, last_seen_s=1.0)], 2, 1.0, SIZE, SETTINGS)[1] == 3


def test_an_occluded_tentative_track_inside_the_gate_of_a_missing_one_gets_no_id():
    missing, tentative = track(100, who=1), track(110, wearing=BLUE, last_seen_s=1.2, first_seen_s=0.1)
    hider = track(120, who=2, last_seen_s=1.2)
    assert assign_ids([missing, tentative, hider], 3, 1.2, SIZE, SETTINGS)[1] == 3
    assert assign_ids([missing, tentative], 3, 1.2, SIZE, SETTINGS)[1] == 4
