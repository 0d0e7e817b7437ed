"""Object keypoint similarity against a slow version, and NMS."""

import math

import numpy as np

from movenet.oks import SOFT_NMS_OKS, SOFT_NMS_VARIANCE, nms, similarity, soft_nms
from movenet.pose import SIGMAS


def test_similarity_equals_the_formula():
    rng = np.random.default_rng(0)
    a, b, areas = rng.uniform(0, 100, (3, 17, 2)), rng.uniform(0, 100, (2, 17, 2)), rng.uniform(500, 5000, 3)
    for i in range(3):
        for j in range(2):
            terms = [
                math.exp(-((a[i, k] - b[j, k]) ** 2).sum() / (2 * areas[i] * (2 * SIGMAS[k]) ** 2))
                for k in range(17)
            ]
            assert math.isclose(similarity(a, b, areas)[i, j], sum(terms) / 17, rel_tol=1e-9)


def test_the_similarity_of_a_pose_with_itself_is_one():
    pose = np.random.default_rng(1).uniform(0, 100, (1, 17, 2))
    assert similarity(pose, pose, [1000.0])[0, 0] == 1.0


def test_without_poses_the_results_are_empty():
    none = np.zeros((0, 17, 2))
    assert similarity(none, none, np.zeros((0, 0))).shape == (0, 0)
    assert nms(none, np.zeros(0), np.zeros(0), 0.6) == []


def test_of_duplicates_nms_keeps_the_highest_score():
    person = np.random.default_rng(2).uniform(0, 100, (17, 2))
    keypoints = np.stack([person, person + 1, person + 300])
    assert nms(keypoints, np.array([0.5, 0.9, 0.1]), np.full(3, 5000.0), 0.6) == [1, 2]


def test_a_pose_similar_only_to_a_suppressed_one_is_kept():
    person = np.random.default_rng(3).uniform(0, 100, (17, 2))
    keypoints = np.stack([person, person + 8, person + 16])
    oks = similarity(keypoints, keypoints, np.full(3, 5000.0))
    limit = (oks[0, 1] + oks[0, 2]) / 2
    assert nms(keypoints, np.array([0.9, 0.8, 0.7]), np.full(3, 5000.0), limit) == [0, 2]


def test_soft_nms_lowers_the_scores_of_poses_similar_to_a_better_one():
    rng = np.random.default_rng(2)
    pose = rng.uniform(0, 100, (17, 2))
    poses = np.stack([pose, pose + 1, pose + 300])
    scores = soft_nms(poses, np.array([0.5, 0.8, 0.4]), np.full(3, 5000.0))
    oks = similarity(pose[None], pose[None] + 1, [5000.0])[0, 0]
    assert oks > 0.9
    expected = 0.5 * np.exp(-((oks - SOFT_NMS_OKS) ** 2) / SOFT_NMS_VARIANCE)
    np.testing.assert_allclose(scores, [expected, 0.8, 0.4], rtol=1e-9)


def test_soft_nms_counts_with_the_scores_lowered_so_far():
    pose = np.random.default_rng(2).uniform(0, 100, (17, 2))
    scores = soft_nms(np.stack([pose, pose, pose + 300]), np.array([0.9, 0.8, 0.1]), np.full(3, 5000.0))
    assert scores[1] < scores[2] == 0.1
    assert scores[0] == 0.9


def test_soft_nms_of_nobody_is_empty():
    assert soft_nms(np.zeros((0, 17, 2)), np.zeros(0), np.zeros(0)).shape == (0,)
