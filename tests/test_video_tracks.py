"""Who is who, told from poses and times alone."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from movenet.pose import Pose
from movenet.video.appearance import Clothes
from movenet.video.tracks import (
    Look,
    Seen,
    Track,
    TrackSettings,
    affinity,
    captured,
    name,
    one_a_body,
    pair,
    pair_missing,
    settle,
)
from stage import PLACES

RULE = TrackSettings()
SIZE = (640, 360)


def pose(x, y=100.0, height=200.0, score=0.8, who=None):
    points = (np.array([x, y]) + PLACES * (height / 2.5, height)).astype(np.float32)
    made = Pose(points, np.full(17, score, np.float32), score, id=who)
    return replace(made, box=made.bounds())


def clothes(colour):
    shares = np.zeros((2, 64))
    shares[:, colour] = 1
    return Clothes(shares)


UNSEEN = Clothes(np.full((2, 64), np.nan))
RED, BLUE = clothes(48), clothes(3)


def track(x, who=None, wearing=RED, seen_s=0.0, **changes):
    made = Track.new(Look(pose(x, who=who), wearing), seen_s)
    return replace(made, **changes)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 4)),
        elements=st.floats(0, 2),
    )
)
def test_pairs_cost_the_least_that_any_pairs_do(costs):
    limit = 1.0

    def total(pairs):
        return sum(costs[i, j] - limit for i, j in pairs)

    wide = costs if costs.shape[0] <= costs.shape[1] else costs.T
    best = min(
        sum(min(wide[i, j] - limit, 0) for i, j in enumerate(order))
        for order in permutations(range(wide.shape[1]), wide.shape[0])
    )
    found = pair(costs, limit)
    assert all(costs[i, j] <= limit for i, j in found)
    assert total(found) == pytest.approx(best, abs=1e-6)


def test_nobody_pairs_with_nobody():
    assert pair(np.zeros((0, 3)), 1.0) == []


def test_a_pose_goes_wholly_with_itself_and_not_with_one_elsewhere():
    found = affinity([pose(100)], [pose(100), pose(400)])
    np.testing.assert_allclose(found, [[1, 0]], atol=1e-6)


def test_of_two_poses_on_one_body_the_one_with_the_higher_claim_stays():
    poses = [pose(100), pose(103), pose(300)]
    assert sorted(one_a_body(poses, [0.5, 0.9, 0.1], RULE)) == [1, 2]


def test_where_somebody_is_next_follows_from_how_they_moved():
    walking = track(100).again(Look(pose(110), RED), 0.1, RULE).again(Look(pose(120), RED), 0.2, RULE)
    assert walking.motion[0] == pytest.approx(75, rel=0.01)
    expected = walking.expected(0.3)
    assert expected.keypoints[0, 0] - walking.pose.keypoints[0, 0] == pytest.approx(7.5, rel=0.01)


def test_somebody_missing_goes_on_ever_more_slowly_and_not_out_of_the_picture():
    gone = track(300, who=1, drift=np.array([100, 0], np.float32))
    x = [gone.awaited(t, SIZE, RULE).keypoints[0, 0] - gone.pose.keypoints[0, 0] for t in (0.1, 1, 10)]
    assert 8 < x[0] < 10
    assert x[1] < x[2] < 51
    fast = replace(gone, drift=np.array([9000, 0], np.float32))
    left, _, width, _ = fast.awaited(1.0, SIZE, RULE).bounds()
    assert left + width / 2 == pytest.approx(640, abs=0.01)


@pytest.mark.parametrize(
    ("stranger", "is_them"),
    [
        (track(120, seen_s=0.5), True),
        (track(120, seen_s=0.5, wearing=BLUE), False),
        (track(500, seen_s=0.5), False),
        (track(120, seen_s=0.5, wearing=UNSEEN), False),
        (track(120, seen_s=0.5, wearing=UNSEEN, since_s=-0.5), True),
        (track(120, seen_s=0.5, size_px=20.0), False),
    ],
)
def test_somebody_missing_is_whoever_is_in_reach_in_their_clothes_and_as_large(stranger, is_them):
    found = pair_missing([track(100, who=1)], [stranger], 0.5, SIZE, RULE)
    assert found == ([(0, 0)] if is_them else [])


def test_the_longer_somebody_is_missing_the_farther_they_may_be():
    missing, stranger = track(100, who=1), track(250, seen_s=1.5)
    assert pair_missing([missing], [stranger], 0.1, SIZE, RULE) == []
    assert pair_missing([missing], [stranger], 1.5, SIZE, RULE) == [(0, 0)]


def test_a_look_that_shows_a_neighbour_s_clothes_is_the_neighbour():
    ann, ben = track(100, who=1), track(140, who=2, wearing=BLUE)
    assert captured(ann, Look(pose(130), BLUE), [ann, ben], RULE)
    assert not captured(ann, Look(pose(130), clothes(12)), [ann, track(500, who=2, wearing=BLUE)], RULE)
    assert not captured(ann, Look(pose(130), RED), [ann, ben], RULE)


def test_a_stranger_who_is_somebody_missing_goes_on_under_their_id():
    after = settle([track(100, who=7)], Seen({}, newcomers=[Look(pose(120), RED)]), 0.5, SIZE, RULE)
    assert [(t.id, t.seen_s) for t in after] == [(7, 0.5)]


def test_a_stranger_without_an_id_who_is_not_seen_is_forgotten():
    assert settle([track(100)], Seen({}), 0.1, SIZE, RULE) == []


def test_a_sure_newcomer_is_named_at_once():
    (named,), next_id = name([track(100)], 5, 0.0, SIZE, RULE)
    assert (named.id, next_id) == (5, 6)


def test_an_unsure_newcomer_is_named_when_a_second_search_saw_them_and_time_has_passed():
    unsure = replace(track(100), pose=pose(100, score=0.2))
    later = replace(unsure, seen_s=1.0)
    assert name([unsure], 1, 0.0, SIZE, RULE)[1] == 1
    assert name([later], 1, 1.0, SIZE, RULE)[1] == 1
    assert name([replace(later, is_confirmed=True)], 1, 1.0, SIZE, RULE)[1] == 2


def test_one_in_other_clothes_where_somebody_is_missing_is_named_half_a_second_later():
    missing, stranger = track(100, who=1), track(110, wearing=BLUE, seen_s=0.5)
    assert name([missing, stranger], 2, 0.5, SIZE, RULE)[1] == 2
    assert name([missing, replace(stranger, seen_s=1.0)], 2, 1.0, SIZE, RULE)[1] == 3


def test_one_half_hidden_where_somebody_is_missing_is_not_named():
    missing, stranger = track(100, who=1), track(110, wearing=BLUE, seen_s=1.2, since_s=0.1)
    hider = track(120, who=2, seen_s=1.2)
    assert name([missing, stranger, hider], 3, 1.2, SIZE, RULE)[1] == 3
    assert name([missing, stranger], 3, 1.2, SIZE, RULE)[1] == 4
