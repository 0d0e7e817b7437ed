import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.installation import install_command
from movenet.smoothing import Butterworth, SavitzkyGolay, ZeroPhase
from movenet.video_evaluation.motion import jitter, lag_s

STEP_S = 1 / 30
TIMES = np.arange(120) * STEP_S


def person():
    """Return 17 keypoints of a person 200 pixels tall, fixed."""
    points = np.random.default_rng(5).uniform(0, 200, (17, 2))
    points[0], points[16] = (0, 0), (70, 200)
    return points + 50


def noisy(frames, sigma=2.0):
    return person() + np.random.default_rng(0).normal(0, sigma, (frames, 17, 2))


def jitter_of(keypoints):
    return jitter(keypoints, np.broadcast_to(person(), keypoints.shape), 200.0, STEP_S)


def swaying(hertz, size_px=20.0, times=None):
    """Return (T, 17, 2): a person swaying sideways."""
    t = TIMES if times is None else times
    way = size_px * np.sin(2 * np.pi * hertz * t)
    return person() + np.stack([way, 0 * way], axis=1)[:, None]


def smooth(keypoints, scores=None, times=None, settings=None):
    times = TIMES[: len(keypoints)] if times is None else times
    scores = np.ones(keypoints.shape[:2]) if scores is None else scores
    return (settings or ZeroPhase()).smooth(times, keypoints, scores)


@pytest.mark.parametrize("form", [Butterworth(), SavitzkyGolay()])
def test_it_has_no_lag(form):
    truth = swaying(1.0)
    smoothed, _ = smooth(truth, settings=ZeroPhase(form))
    assert abs(lag_s(smoothed, truth, STEP_S)) < 0.001


def test_butterworth_halves_the_power_at_its_cutoff():
    times = np.arange(400) / 60
    smoothed, _ = smooth(
        swaying(5.0, times=times),
        times=times,
        settings=ZeroPhase(Butterworth(5.0), outlier_sigmas=np.inf),
    )
    kept = np.ptp(smoothed[100:300, 0, 0]) / 40
    assert kept == pytest.approx(np.sqrt(0.5), abs=0.01)


@pytest.mark.parametrize("form", [Butterworth(), SavitzkyGolay()])
def test_the_jitter_of_a_still_person_is_less_than_a_fifth(form):
    smoothed, _ = smooth(noisy(120), settings=ZeroPhase(form))
    assert jitter_of(smoothed) < 0.2 * jitter_of(noisy(120))


def test_an_outlier_is_removed():
    points = noisy(60, sigma=0.5)
    points[30, 9] += 120
    smoothed, scores = smooth(points)
    assert np.abs(smoothed[25:36, 9] - person()[9]).max() < 2
    assert scores[30, 9] == 1


def test_a_fast_swing_is_no_outlier():
    swing = swaying(2.0, size_px=60.0)
    smoothed, _ = smooth(swing)
    assert np.ptp(smoothed[30:90, 0, 0]) > 0.95 * np.ptp(swing[30:90, 0, 0])


def test_an_outlier_in_the_last_frame_keeps_its_position_and_gets_score_zero():
    points = np.repeat(person()[None], 60, axis=0)
    points[59, 9] += 120
    smoothed, scores = smooth(points)
    np.testing.assert_allclose(smoothed[59, 9], points[59, 9], rtol=1e-6)
    assert scores[59, 9] == 0


def test_a_short_gap_is_filled():
    points = swaying(0.5)
    scores = np.ones((120, 17))
    points[50:55, 9] = np.nan
    scores[50, 9], scores[49, 9], scores[55, 9] = 0.0, 0.6, 0.8
    smoothed, filled = smooth(points, scores)
    np.testing.assert_allclose(smoothed[:, 9], swaying(0.5)[:, 9], atol=1.0)
    assert (filled[50:55, 9] > 0.6).all()


def test_a_long_gap_is_not_filled():
    points = swaying(0.5)
    points[50:80, 9] = np.nan
    smoothed, _ = smooth(points)
    assert np.isnan(smoothed[50:80, 9]).all()
    assert np.isfinite(smoothed[:50, 9]).all()


def test_unconfident_samples_between_confident_ones_are_replaced():
    points, scores = swaying(0.5), np.ones((120, 17))
    points[50:53, 9] += 200
    scores[50:53, 9] = 0.05
    smoothed, _ = smooth(points, scores)
    np.testing.assert_allclose(smoothed[:, 9], swaying(0.5)[:, 9], atol=1.0)


def test_samples_unconfident_for_long_are_smoothed_like_others():
    points, scores = noisy(120), np.ones((120, 17))
    scores[30:90, 9] = 0.1
    smoothed, kept = smooth(points, scores)
    assert np.diff(smoothed[40:80, 9], 2, axis=0).std() < 0.3 * np.diff(points[40:80, 9], 2, axis=0).std()
    np.testing.assert_allclose(kept[40:80, 9], 0.1, rtol=1e-6)


def test_a_varying_frame_rate_gives_the_same_motion():
    times = TIMES + np.random.default_rng(3).uniform(0, 0.5 * STEP_S, 120)
    smoothed, _ = smooth(swaying(1.0, times=times), times=times)
    np.testing.assert_allclose(smoothed, swaying(1.0, times=times), atol=1.0)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_up_to_two_frames_are_unchanged(frames):
    smoothed, scores = smooth(noisy(frames))
    np.testing.assert_allclose(smoothed, noisy(frames), rtol=1e-6)
    assert scores.shape == (frames, 17)


@pytest.mark.parametrize("frames", range(3, 9))
@pytest.mark.parametrize("form", [Butterworth(), SavitzkyGolay()])
def test_a_few_frames_at_rest_stay_at_rest(form, frames):
    smoothed, _ = smooth(np.repeat(person()[None], frames, axis=0), settings=ZeroPhase(form))
    np.testing.assert_allclose(smoothed, np.repeat(person()[None], frames, axis=0), rtol=1e-5)


def test_a_frame_rate_too_low_to_smooth_changes_nothing():
    times = np.arange(20) / 5
    smoothed, _ = smooth(noisy(20), times=times, settings=ZeroPhase(outlier_sigmas=np.inf, max_gap_s=1))
    np.testing.assert_allclose(smoothed, noisy(20), rtol=1e-5)


def test_only_unknown_keypoints_are_no_error():
    smoothed, _ = smooth(np.full((10, 17, 2), np.nan), np.zeros((10, 17)))
    assert np.isnan(smoothed).all()


def test_the_arguments_are_not_changed():
    points, scores = noisy(60), np.ones((60, 17))
    smooth(points, scores)
    np.testing.assert_array_equal(points, noisy(60))


@pytest.mark.parametrize("times", [[0, 1, 1], [0, 2, 1], [0, np.nan, 1]])
def test_times_must_ascend(times):
    with pytest.raises(DataError, match="ascend"):
        ZeroPhase().smooth(times, noisy(3), np.ones((3, 17)))


def test_shapes_must_fit():
    with pytest.raises(DataError, match=r"\(3,\), \(4, 17, 2\) and \(4, 17\)"):
        ZeroPhase().smooth([0, 1, 2], noisy(4), np.ones((4, 17)))


@pytest.mark.parametrize("wrong", [Butterworth, SavitzkyGolay])
def test_a_filter_of_no_width_is_an_error(wrong):
    with pytest.raises(DataError, match="above zero"):
        wrong(0)


def test_negative_settings_are_errors():
    with pytest.raises(DataError, match="negative"):
        replace(ZeroPhase(), max_gap_s=-1)


def test_without_scipy_the_error_names_the_remedy():
    program = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy as np; from movenet.smoothing import ZeroPhase\n"
        "try: ZeroPhase().smooth([0.0], np.zeros((1, 17, 2)), np.ones((1, 17)))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtraError")
    assert install_command("smooth") in done.stdout
