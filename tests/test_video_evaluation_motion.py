import numpy as np
import pytest

from movenet.errors import DataError
from movenet.video_evaluation.motion import jitter, lag_s, longest_loss_s, stretches

STEP_S = 1 / 30
SECONDS = np.arange(150) * STEP_S
KEYPOINTS = np.random.default_rng(4).uniform(0, 100, (17, 2))


def wandering(seconds):
    """Return (T, 17, 2): a person moved by slow and quicker waves."""
    x = 40 * np.sin(1.5 * seconds) + 5 * np.sin(9 * seconds + 1)
    y = 10 * np.cos(2.0 * seconds) + 3 * np.sin(14 * seconds)
    return KEYPOINTS + np.stack([x, y], axis=1)[:, None]


def noise(sigma, seed=0):
    return np.random.default_rng(seed).normal(0, sigma, (150, 17, 2))


class TestJitter:
    truth = wandering(SECONDS)

    def test_the_ground_truth_has_none(self):
        assert jitter(self.truth, self.truth, 200.0, STEP_S) == 0

    def test_a_constant_offset_is_none(self):
        assert jitter(self.truth + 7, self.truth, 200.0, STEP_S) == pytest.approx(0, abs=1e-9)

    def test_a_steady_drift_is_none(self):
        drift = np.arange(150)[:, None, None] * np.ones(2)
        assert jitter(self.truth + drift, self.truth, 200.0, STEP_S) == pytest.approx(0, abs=1e-9)

    def test_an_error_that_alternates_by_one_pixel_has_four_pixels_per_step_squared(self):
        alternating = np.zeros((150, 17, 2))
        alternating[::2, :, 0], alternating[1::2, :, 0] = 1, -1
        found = jitter(self.truth + alternating, self.truth, 200.0, STEP_S)
        assert found == pytest.approx(4 / 200 * 30**2)

    def test_white_noise_has_the_jitter_of_the_formula(self):
        found = jitter(self.truth + noise(2.0), self.truth, 200.0, STEP_S)
        assert found == pytest.approx(np.sqrt(12) * 2 / 200 * 30**2, rel=0.03)

    def test_it_counts_in_person_sizes(self):
        sizes = np.linspace(100, 300, 150)
        errors = noise(0.01) * sizes[:, None, None]
        found = jitter(self.truth + errors, self.truth, sizes, STEP_S)
        assert found == pytest.approx(np.sqrt(12) * 0.01 * 30**2, rel=0.03)

    def test_unknown_keypoints_do_not_count(self):
        estimate = self.truth + noise(2.0)
        alone = jitter(estimate[:, :5], self.truth[:, :5], 200.0, STEP_S)
        estimate[:, 5:11], truth = np.nan, self.truth.copy()
        truth[:, 11:] = np.nan
        assert jitter(estimate, truth, 200.0, STEP_S) == pytest.approx(alone)

    def test_it_is_nan_where_never_three_frames_are_known(self):
        estimate = self.truth.copy()
        estimate[::3] = np.nan
        assert np.isnan(jitter(estimate, self.truth, 200.0, STEP_S))

    def test_shapes_must_be_equal(self):
        with pytest.raises(DataError, match="alike"):
            jitter(self.truth[1:], self.truth, 200.0, STEP_S)


class TestLag:
    truth = wandering(SECONDS)

    @pytest.mark.parametrize("delay_s", [0.04, 0.0, 0.0166, 0.1, -0.025])
    def test_the_lag_of_a_delayed_sequence_is_its_delay(self, delay_s):
        assert lag_s(wandering(SECONDS - delay_s), self.truth, STEP_S) == pytest.approx(delay_s, abs=0.001)

    def test_the_lag_of_a_noisy_delayed_sequence_is_its_delay(self):
        estimate = wandering(SECONDS - 0.04) + noise(2.0)
        assert lag_s(estimate, self.truth, STEP_S) == pytest.approx(0.04, abs=0.002)

    def test_constant_offsets_do_not_matter(self):
        estimate = wandering(SECONDS - 0.04) + noise(20.0)[:1]
        assert lag_s(estimate, self.truth, STEP_S) == pytest.approx(0.04, abs=0.001)

    def test_frames_in_which_nothing_was_found_do_not_matter(self):
        estimate = wandering(SECONDS - 0.04)
        estimate[60:70], estimate[::7, 3] = np.nan, np.nan
        assert lag_s(estimate, self.truth, STEP_S) == pytest.approx(0.04, abs=0.001)

    def test_a_cut_to_another_place_does_not_matter(self):
        estimate, truth = wandering(SECONDS - 0.04), self.truth.copy()
        estimate[80:] += 300
        truth[80:] += 300
        truth[60:80] = np.nan
        assert lag_s(estimate, truth, STEP_S) == pytest.approx(0.04, abs=0.002)

    def test_a_still_scene_has_none(self):
        still = np.repeat(self.truth[:1], 150, axis=0)
        assert np.isnan(lag_s(still, still, STEP_S))

    def test_a_lag_beyond_the_range_is_unknown(self):
        assert np.isnan(lag_s(wandering(SECONDS - 0.5), self.truth, STEP_S, longest_s=0.2))

    def test_too_short_a_sequence_has_none(self):
        assert np.isnan(lag_s(self.truth[:12], self.truth[:12], STEP_S, longest_s=0.2))


class TestLoss:
    def test_the_longest_loss_counts_only_while_present(self):
        present = np.array([0, 0, 0, 1, 1, 1, 1, 1], bool)
        found = np.array([0, 0, 0, 1, 0, 0, 1, 0], bool)
        assert longest_loss_s(found, present, 0.1) == pytest.approx(0.2)

    def test_a_person_never_lost_has_a_loss_of_zero(self):
        assert longest_loss_s([True, True], [True, True], 0.1) == 0

    def test_stretches_are_half_open(self):
        assert list(stretches([1, 1, 0, 1])) == [(0, 2), (3, 4)]
