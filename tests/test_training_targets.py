"""Targets are the inverse of `decode`, and have weight 0 where the labels are unknown."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.crop import Crop
from movenet.decode import MultiPoseSettings, decode_many, decode_one
from movenet.networks.movenet import MULTI_HEADS, SINGLE_HEADS
from movenet.training.dataset import MAX_PEOPLE, Sample
from movenet.training.targets import TargetSettings, centroid, make_targets

SETTINGS = TargetSettings()


def sample(people, grid=16, count=3, **more):
    """Return a batch of one square; people are lists of (y, x) in cells, None where not labelled."""
    keypoints, labelled = np.zeros((1, MAX_PEOPLE, count, 2)), np.zeros((1, MAX_PEOPLE, count), bool)
    for p, person in enumerate(people):
        for k, point in enumerate(person):
            if point is not None:
                keypoints[0, p, k], labelled[0, p, k] = np.array(point) / grid, True
    fields = {
        "image": torch.zeros(1, 4 * grid, 4 * grid, 3, dtype=torch.uint8),
        "keypoints": torch.tensor(keypoints, dtype=torch.float32),
        "labelled": torch.from_numpy(labelled),
        "person_masks": torch.zeros(1, MAX_PEOPLE, grid, grid, dtype=torch.bool),
        "ignored": torch.zeros(1, grid, grid, dtype=torch.bool),
        "teacher_image": torch.zeros(1, 0, dtype=torch.uint8),
    }
    return Sample(**(fields | more))


def to_heads(targets):
    """Return the heads of a network whose output equals its targets."""
    logits = {name: torch.logit(targets[name].value, 1e-6) for name in ("center", "heatmap")}
    displacements = {name: target.value for name, target in targets.items()}
    return {name: head.numpy().astype(np.float32) for name, head in (displacements | logits).items()}


points = st.tuples(*[st.floats(0.125, 15.875, width=32)] * 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(points, min_size=3, max_size=3), st.integers(0, 4))
def test_decoded_targets_are_the_keypoints(person, radius):
    targets = make_targets(sample([person]), SINGLE_HEADS, TargetSettings(radius_cells=radius))
    decoded = decode_one(to_heads(targets))[0]
    np.testing.assert_allclose(decoded[:, :2] * 16, person, atol=1e-3)


def test_targets_through_a_crop_are_decoded_to_the_keypoints_in_the_image():
    crop, points = Crop(10, 20, 128, 128, 64, 64), np.array([[30.0, 40], [100, 90], [60, 60]])
    targets = make_targets(sample([crop.to_decoded(points) * 16]), SINGLE_HEADS, SETTINGS)
    found, _ = crop.decoded_to_image(decode_one(to_heads(targets))[0])
    np.testing.assert_allclose(found, points, atol=1e-3)


def test_of_two_people_the_one_nearest_to_the_centre_is_decoded():
    near, far = [(7, 7), (9, 8), (8, 9)], [(2.5, 2), (1, 4), (3, 3)]
    decoded = decode_one(to_heads(make_targets(sample([near, far]), SINGLE_HEADS, SETTINGS)))[0]
    np.testing.assert_allclose(decoded[:, :2] * 16, near, atol=1e-3)


def test_all_people_and_boxes_are_decoded_by_the_multi_person_decoder():
    people = [[(8, 8.5), (11, 9), (9, 11)], [(2.5, 2), (1, 4), (3, 3)]]
    heads = to_heads(make_targets(sample(people), MULTI_HEADS, SETTINGS))
    found = decode_many(heads, MultiPoseSettings(min_score=0.5))[0]
    for keypoints, box in zip(found.keypoints, found.boxes, strict=True):
        person = min(people, key=lambda p, k=keypoints: np.abs(np.array(p) - k[:, :2] * 16).sum())
        np.testing.assert_allclose(keypoints[:, :2] * 16, person, atol=1e-3)
        np.testing.assert_allclose(box * 16, [*np.min(person, axis=0), *np.max(person, axis=0)], atol=1e-3)


def test_the_centre_is_the_mean_of_the_labelled_keypoints():
    batch = sample([[(2, 2), None, (4, 8)]])
    assert centroid(batch.keypoints * 16, batch.labelled)[0, 0].tolist() == [3, 5]


def test_a_keypoint_outside_the_square_has_a_displacement_but_no_peak():
    targets = make_targets(sample([[(8, 8), (8, 20), (8, 4)]]), SINGLE_HEADS, SETTINGS)
    assert targets["heatmap"].value[0, 1].max() < 1
    assert targets["center"].value[0, 0, 8, 6] == 1  # the mean of those inside
    assert targets["regress"].value[0, 3, 8, 6] == 14
    assert targets["regress"].weight[0, 3, 8, 6] == 1


def test_the_heat_map_of_an_unlabelled_keypoint_is_ignored_where_its_person_is():
    mask = torch.zeros(1, MAX_PEOPLE, 16, 16, dtype=torch.bool)
    mask[0, 0, 4:9] = True
    targets = make_targets(sample([[(5, 5), None, (6, 6)]], person_masks=mask), SINGLE_HEADS, SETTINGS)
    weight = targets["heatmap"].weight[0]
    assert weight[1, 4:9].sum() == 0
    assert weight[1, :4].min() == weight[1, 9:].min() == 1
    assert weight[0].min() == weight[2].min() == 1
    assert targets["offset"].weight[0, 2:4].sum() == targets["regress"].weight[0, 2:4].sum() == 0


def test_in_an_ignored_region_only_peaks_count():
    targets = make_targets(
        sample([[(5, 5), (5, 7), (5, 6)]], ignored=torch.ones(1, 16, 16, dtype=torch.bool)),
        SINGLE_HEADS,
        SETTINGS,
    )
    for name in ("center", "heatmap"):
        assert torch.equal(targets[name].weight > 0, targets[name].value == 1)


def test_without_people_heat_maps_are_empty_and_count():
    targets = make_targets(sample([]), SINGLE_HEADS, SETTINGS)
    assert {name: float(target.value.abs().max()) for name, target in targets.items()} == dict.fromkeys(
        targets, 0.0
    )
    assert targets["heatmap"].weight.min() == 1
    assert targets["offset"].weight.max() == targets["regress"].weight.max() == 0


@pytest.mark.parametrize("radius", [0, 2])
def test_offsets_are_trained_in_all_cells_within_the_radius(radius):
    weight = make_targets(
        sample([[(8, 8), (3, 3), (12, 5)]]), SINGLE_HEADS, TargetSettings(radius_cells=radius)
    )["offset"].weight
    assert weight[0, 0].sum() == (2 * radius + 1) ** 2
