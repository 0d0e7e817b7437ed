"""Temporal fusion: the votes of the last frame count in this one."""

import numpy as np

from movenet.crop import Crop
from movenet.decode.votes import Votes
from movenet.estimator.views import View
from movenet.pose import KEYPOINTS
from movenet.video import FollowSettings, VideoEstimator
from movenet.video.temporal import fuse_with_previous, motion
from stage import Stage, keypoints, scene

ADA = (200, 60, 90, 240, 230)
VIEW = View(np.zeros((192, 192, 3), np.uint8), Crop(0.0, 0.0, 192.0, 192.0, 192, 192))
RNG = np.random.default_rng(0)


def votes(points, score=0.8):
    points = np.asarray(points, np.float32)
    scores = np.full(len(points), score, np.float32)
    return Votes(points, scores, points[:, None], np.ones((len(points), 1), np.float32))


def test_a_person_who_moves_as_a_whole_is_not_delayed():
    before = RNG.uniform(20, 150, (17, 2))
    now = before + np.array([12, -5])
    pose = fuse_with_previous([votes(now)], [votes(before)], 1.0, VIEW, KEYPOINTS)
    np.testing.assert_allclose(pose.keypoints, now, atol=1e-3)


def test_noise_of_two_frames_is_averaged():
    truth = RNG.uniform(20, 150, (17, 2))
    now, before = (truth + RNG.normal(0, 0.5, truth.shape) for _ in range(2))
    pose = fuse_with_previous([votes(now)], [votes(before)], 1.0, VIEW, KEYPOINTS)
    assert np.square(pose.keypoints - truth).sum() < 0.8 * np.square(now - truth).sum()


def test_a_limb_that_moves_far_stays_where_this_frame_sees_it():
    before = RNG.uniform(20, 150, (17, 2))
    now = before.copy()
    now[9] += (60, 0)
    pose = fuse_with_previous([votes(now)], [votes(before)], 0.7, VIEW, KEYPOINTS)
    np.testing.assert_allclose(pose.keypoints[9], now[9], atol=0.5)


def test_the_scores_are_those_of_this_frame():
    points = RNG.uniform(20, 150, (17, 2))
    pose = fuse_with_previous([votes(points, 0.4)], [votes(points, 0.8)], 1.0, VIEW, KEYPOINTS)
    np.testing.assert_allclose(pose.scores, 0.4)


def test_without_visible_keypoints_in_both_frames_the_motion_is_unknown():
    points = RNG.uniform(20, 150, (17, 2))
    assert motion(votes(points, 0.1), votes(points, 0.8)) is None
    pose = fuse_with_previous([votes(points, 0.1)], [votes(points + 9)], 1.0, VIEW, KEYPOINTS)
    np.testing.assert_allclose(pose.keypoints, points, atol=1e-3)


def test_a_stream_with_the_last_frames_votes_follows_a_person():
    video = VideoEstimator(
        Stage().estimator(), settings=FollowSettings(previous_frame_weight=0.7), smoothing=None
    )
    stream = video.stream()
    for number in range(6):
        person = (ADA[0] + 8 * number, *ADA[1:])
        (pose,) = stream(scene(person), number / 30)
        assert np.abs(pose.keypoints - keypoints(person)).max() < 12
    assert stream.state.votes
    assert stream(scene(), 1.0) == []
    assert stream.state.votes == ()
