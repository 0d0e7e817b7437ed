"""Votes of cells for the position of a keypoint, and the place where most of them agree."""

import numpy as np
import pytest

from movenet.decode import Guide, decode_one
from movenet.decode.votes import VOTE_RADIUS_CELLS, Votes, cast_votes, distance_offsets, find_modes
from movenet.pose import SIGMAS

SIDE = 16


def heads_of(cells):
    """Return the heads of one keypoint from (cell, score, position) triples; a person's center is in the middle."""
    shape = (1, 1, SIDE, SIDE)
    heads = {"center": np.full(shape, -9, np.float32), "heatmap": np.full(shape, -20, np.float32)}
    heads |= {name: np.zeros((1, 2, SIDE, SIDE), np.float32) for name in ("regress", "offset")}
    heads["center"][0, 0, SIDE // 2, SIDE // 2] = 3
    for (y, x), score, position in cells:
        heads["heatmap"][0, 0, y, x] = np.log(score / (1 - score))
        heads["offset"][0, :, y, x] = np.subtract(position, (y, x))
    return heads


def votes_of(points, weights, keypoint=None, score=0.5):
    """Return votes for one keypoint."""
    points = np.float32(points)
    keypoint = points[:1] if keypoint is None else np.float32([keypoint])
    return Votes(keypoint, np.float32([score]), points[None], np.float32(weights)[None])


def test_each_cell_around_the_best_one_votes_with_its_own_offset():
    votes = cast_votes(heads_of([((8, 8), 0.6, (8.5, 8.5)), ((8, 9), 0.3, (8.5, 8.8))]))
    assert votes.points.shape == (1, 1, (2 * VOTE_RADIUS_CELLS + 1) ** 2, 2)
    best, second = np.argsort(-votes.weights[0, 0])[:2]
    np.testing.assert_allclose(votes.points[0, 0, best] * SIDE, [8.5, 8.5], atol=1e-5)
    np.testing.assert_allclose(votes.points[0, 0, second] * SIDE, [8.5, 8.8], atol=1e-5)
    np.testing.assert_allclose(votes.weights[0, 0, [best, second]], [0.6 / 1.8, 0.3 / 2.8], atol=1e-5)


def test_the_start_and_the_score_are_those_of_the_decode_of_one_cell():
    heads = heads_of([((8, 8), 0.6, (8.5, 8.5)), ((8, 9), 0.3, (8.5, 8.8)), ((3, 3), 0.9, (3, 3))])
    votes = cast_votes(heads)
    np.testing.assert_allclose(votes.keypoints[0, 0], decode_one(heads)[0, 0, :2], atol=1e-6)
    np.testing.assert_allclose(votes.scores[0, 0], decode_one(heads)[0, 0, 2], atol=1e-6)


def test_cells_beyond_the_edge_have_no_vote():
    votes = cast_votes(
        heads_of([((0, 15), 0.6, (0.25, 15.5))]),
        [Guide(np.float32([0.5, 0.5]), np.float32([[0, 1]]), weight=1.0)],
    )
    assert (votes.weights > 0).sum() == (VOTE_RADIUS_CELLS + 1) ** 2


def test_the_distance_offset_is_the_keypoints_oks_width_if_the_scale_is_known():
    heatmap = np.zeros((2, 17, SIDE, SIDE), np.float32)
    guide = Guide(np.zeros(2, np.float32), np.zeros((17, 2), np.float32), scale=0.5)
    offsets = distance_offsets([guide, None], heatmap, None)
    np.testing.assert_allclose(offsets[0], 2 * np.array(SIGMAS) * 0.5 * SIDE, rtol=1e-6)
    np.testing.assert_allclose(offsets[1], 1.8)
    np.testing.assert_allclose(distance_offsets([guide, None], heatmap, 4.0), 4.0)


def test_the_mode_is_the_weighted_mean_of_votes_that_agree():
    places, scores = find_modes([votes_of([(1, 1), (1.2, 1), (9, 9)], [2, 1, 2])], np.array([1.0]))
    np.testing.assert_allclose(places[0], [1.0667, 1], atol=0.01)
    assert scores.tolist() == [0.5]


def test_of_two_squares_that_disagree_the_one_with_more_votes_wins_and_scores_are_averaged():
    first = votes_of([(1, 1), (5, 5.1)], [1, 0.9], score=0.4)
    second = votes_of([(5, 5)], [0.9], score=0.8)
    places, scores = find_modes([first, second], np.array([0.5]))
    np.testing.assert_allclose(places[0], [5, 5.05], atol=0.01)
    np.testing.assert_allclose(scores, 0.6, atol=1e-6)


def test_without_any_weight_the_place_of_the_first_square_remains():
    places, _ = find_modes([votes_of([(1, 2), (3, 4)], [0, 0])], np.array([1.0]))
    np.testing.assert_allclose(places[0], [1, 2])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_invalid_heads_give_finite_votes(value):
    heads = {name: np.full_like(head, value) for name, head in heads_of([]).items()}
    votes = cast_votes(heads)
    assert np.isfinite(votes.points).all()
    assert np.isfinite(votes.weights).all()
    assert np.isfinite(find_modes([votes[0]], np.array([1e-3]))[0]).all()
