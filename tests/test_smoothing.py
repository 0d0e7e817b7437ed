import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.smoothing import TFJS, OneEuro, SoftLimit
from movenet.video_evaluation.motion import jitter, lag_s

CONFIDENT = np.ones(17)
STEP_S = 1 / 30


def person(size=200.0):
    """Return 17 keypoints of a person `size` pixels tall, fixed."""
    points = np.random.default_rng(5).uniform(0, size, (17, 2))
    points[0], points[16] = (0, 0), (size / 3, size)
    return points + 50


def play(settings, keypoints, scores=None, times=None, picture=None):
    """Return all frames smoothed one after the other: (T, K, 2)."""
    state, out = None, []
    for t, points in enumerate(keypoints):
        score = np.ones(len(points)) if scores is None else scores[t]
        state, smoothed = settings.step(
            state, t * STEP_S if times is None else times[t], points, score, picture
        )
        out.append(smoothed)
    return np.array(out)


def noisy(frames, sigma=2.0, seed=0):
    return person() + np.random.default_rng(seed).normal(0, sigma, (frames, 17, 2))


def jitter_of(keypoints):
    return jitter(keypoints, np.broadcast_to(person(), keypoints.shape), 200.0, STEP_S)


class TestTfjs:
    @pytest.fixture
    def golden(self):
        return json.loads((Path(__file__).parent / "data" / "tfjs_one_euro.json").read_text())

    def test_the_preset_gives_the_results_of_the_published_filter(self, golden):
        state = None
        picture = (golden["width"], golden["height"])
        frames = zip(golden["microseconds"], golden["keypoints"], golden["smoothed"], strict=True)
        for microseconds, came, expected in frames:
            state, _ = TFJS.step(state, microseconds * 1e-6, came, np.ones(len(came)), picture)
            np.testing.assert_allclose(state.smoothed, expected, rtol=0, atol=1e-9)

    def test_the_preset_has_the_published_constants(self, golden):
        published = golden["config"]
        assert TFJS.min_cutoff_hz == published["minCutOff"]
        assert TFJS.beta == published["beta"]
        assert TFJS.derivative_cutoff_hz == published["derivateCutOff"]
        assert TFJS.soft_limit == SoftLimit(
            base=published["thresholdCutOff"], speed_factor=published["thresholdBeta"]
        )

    def test_the_preset_requires_the_size_of_the_picture(self):
        with pytest.raises(DataError, match="width and height"):
            TFJS.step(None, 0.0, person(), CONFIDENT)


class TestOneEuro:
    def test_the_first_frame_is_unchanged(self):
        _, smoothed = OneEuro().step(None, 3.0, person(), CONFIDENT)
        np.testing.assert_array_equal(smoothed, person().astype(np.float32))

    def test_results_equal_a_scalar_implementation_of_the_paper(self):
        settings = OneEuro(1.2, 3.0, 0.8, soft_limit=None, unit="picture")
        values = np.random.default_rng(1).normal(0, 30, 40).cumsum()
        times = np.random.default_rng(2).uniform(0.01, 0.08, 40).cumsum()
        smoothed = play(settings, values[:, None, None].repeat(2, 2), times=times, picture=(100, 100))

        def alpha(cutoff, step):
            return 1 / (1 + 1 / (2 * np.pi * cutoff) / step)

        hat, speed = values[0], 0.0
        for t in range(1, 40):
            step = times[t] - times[t - 1]
            speed += alpha(0.8, step) * ((values[t] - values[t - 1]) / 100 / step - speed)
            hat += alpha(1.2 + 3.0 * abs(speed), step) * (values[t] - hat)
            assert smoothed[t, 0] == pytest.approx([hat, hat], rel=1e-6)

    def test_the_jitter_of_a_still_person_is_more_than_halved(self):
        assert jitter_of(play(OneEuro(), noisy(90))) < 0.5 * jitter_of(noisy(90))

    def test_a_fast_move_lags_under_one_frame(self):
        way = 100 * np.sin(2 * np.pi * np.arange(120) * STEP_S)
        truth = person() + np.stack([way, 0 * way], axis=1)[:, None]
        assert lag_s(play(OneEuro(), truth), truth, STEP_S) < STEP_S

    def test_smoothing_is_independent_of_the_persons_size(self):
        near = play(OneEuro(), 2 * noisy(40))
        np.testing.assert_allclose(near, 2 * play(OneEuro(), noisy(40)), rtol=1e-5)

    def test_each_keypoint_is_filtered_by_itself(self):
        scores = np.ones((20, 17))
        changed = noisy(20)
        changed[10:, 3] = np.nan
        together = play(OneEuro(unit="picture"), noisy(20), scores, picture=(640, 360))
        apart = play(OneEuro(unit="picture"), changed, scores, picture=(640, 360))
        others = np.arange(17) != 3
        np.testing.assert_array_equal(together[:, others], apart[:, others])

    def test_an_unconfident_keypoint_hardly_moves_its_filter(self):
        points, scores = np.repeat(person()[None], 30, axis=0), np.ones((30, 17))
        points[10:13, 9] += 150
        scores[10:13, 9] = 0.02
        smoothed = play(OneEuro(), points, scores)
        assert np.abs(smoothed[:, 9] - person()[9]).max() < 2

    def test_a_confident_jump_is_followed_within_a_quarter_of_a_second(self):
        points = np.repeat(person()[None], 30, axis=0)
        points[10:] += 150
        smoothed = play(OneEuro(), points)
        np.testing.assert_allclose(smoothed[18], points[18], atol=15)

    def test_an_unknown_keypoint_stays_unknown(self):
        points = noisy(5)
        points[2:4, 7] = np.nan
        smoothed = play(OneEuro(), points)
        assert np.isnan(smoothed[2:4, 7]).all()
        assert np.isfinite(smoothed[4]).all()

    def test_a_keypoint_missing_for_a_moment_continues_from_its_last_position(self):
        points = np.repeat(person()[None], 20, axis=0)
        points[10:12, 7] = np.nan
        points[12:, 7] += 20
        assert 0 < np.abs(play(OneEuro(), points)[12, 7] - person()[7]).max() < 19

    def test_a_keypoint_missing_for_long_restarts_at_its_next_position(self):
        points = np.repeat(person()[None], 60, axis=0)
        points[10:40, 7] = np.nan
        points[40:, 7] += 80
        np.testing.assert_allclose(play(OneEuro(), points)[40, 7], points[40, 7])

    def test_a_keypoint_unconfident_for_long_restarts_where_it_is_confident_again(self):
        points, scores = np.repeat(person()[None], 60, axis=0), np.ones((60, 17))
        scores[10:40, 7] = 0.05
        points[40:, 7] += 80
        np.testing.assert_allclose(play(OneEuro(), points, scores)[40, 7], points[40, 7])

    def test_a_long_gap_in_time_restarts_all_keypoints(self):
        settings = OneEuro(max_gap_s=0.5)
        state, _ = settings.step(None, 0.0, person(), CONFIDENT)
        _, smoothed = settings.step(state, 0.6, person() + 30, CONFIDENT)
        np.testing.assert_allclose(smoothed, person() + 30, rtol=1e-6)

    @pytest.mark.parametrize("time_s", [1.0, 0.9, np.nan, np.inf])
    def test_time_must_advance(self, time_s):
        state, _ = OneEuro().step(None, 1.0, person(), CONFIDENT)
        with pytest.raises(DataError, match=r"after 1\.0 s"):
            OneEuro().step(state, time_s, person(), CONFIDENT)

    def test_a_step_does_not_change_the_previous_state(self):
        state, _ = OneEuro().step(None, 0.0, person(), CONFIDENT)
        first = OneEuro().step(state, STEP_S, person() + 9, CONFIDENT)[1]
        again = OneEuro().step(state, STEP_S, person() + 9, CONFIDENT)[1]
        np.testing.assert_array_equal(first, again)

    def test_another_number_of_keypoints_is_an_error(self):
        state, _ = OneEuro().step(None, 0.0, person(), CONFIDENT)
        with pytest.raises(DataError, match="expected 17 keypoints"):
            OneEuro().step(state, 1.0, person()[:5], CONFIDENT[:5])

    def test_scores_must_fit_keypoints(self):
        with pytest.raises(DataError, match=r"\(17, 2\) and \(16,\)"):
            OneEuro().step(None, 0.0, person(), CONFIDENT[1:])

    def test_a_single_keypoint_is_hardly_smoothed(self):
        points = np.cumsum(np.full((20, 1, 2), 7.0), axis=0)
        np.testing.assert_allclose(play(OneEuro(soft_limit=None), points), points, atol=0.5)

    def test_only_unknown_keypoints_are_no_error(self):
        smoothed = play(OneEuro(), np.full((3, 17, 2), np.nan))
        assert np.isnan(smoothed).all()

    @pytest.mark.parametrize(
        "wrong", [{"min_cutoff_hz": 0}, {"derivative_cutoff_hz": -1}, {"beta": -1}, {"max_gap_s": -0.1}]
    )
    def test_invalid_settings_are_errors(self, wrong):
        with pytest.raises(DataError, match="cutoffs above zero"):
            replace(OneEuro(), **wrong)

    def test_a_limit_of_zero_at_rest_is_an_error(self):
        with pytest.raises(DataError, match="above zero"):
            SoftLimit(speed_factor=1.0)
