"""Targets are what decoding would have to see: each is undone by `decode`, and says nothing about what is unknown."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.crop import Crop
from movenet.decode import MultiPoseSettings, decode_many, decode_one
from movenet.networks.movenet import MULTI_HEADS, SINGLE_HEADS
from movenet.training.dataset import MOST_PEOPLE, Sample
from movenet.training.targets import TargetRule, make_targets, middle_of

RULE = TargetRule()


def sample(people, grid=16, count=3, **more):
    """Return a batch of one square with people given as lists of (y, x) in cells, None where not labelled."""
    places, labelled = np.zeros((1, MOST_PEOPLE, count, 2)), np.zeros((1, MOST_PEOPLE, count), bool)
    for p, person in enumerate(people):
        for k, place in enumerate(person):
            if place is not None:
                places[0, p, k], labelled[0, p, k] = np.array(place) / grid, True
    fields = {
        "image": torch.zeros(1, 4 * grid, 4 * grid, 3, dtype=torch.uint8),
        "places": torch.tensor(places, dtype=torch.float32),
        "labelled": torch.from_numpy(labelled),
        "bodies": torch.zeros(1, MOST_PEOPLE, grid, grid, dtype=torch.bool),
        "unknown": torch.zeros(1, grid, grid, dtype=torch.bool),
        "clear": torch.zeros(1, 0, dtype=torch.uint8),
    }
    return Sample(**(fields | more))


def to_heads(targets):
    """Return the heads of a network that has learned its targets by heart."""
    logits = {name: torch.logit(targets[name].value, 1e-6) for name in ("center", "heatmap")}
    ways = {name: target.value for name, target in targets.items()}
    return {name: head.numpy().astype(np.float32) for name, head in (ways | logits).items()}


places = st.tuples(*[st.floats(0.125, 15.875, width=32)] * 2)


@settings(max_examples=40, deadline=None)
@given(st.lists(places, min_size=3, max_size=3), st.integers(0, 4))
def test_decoding_targets_gives_the_keypoints_back(person, reach):
    targets = make_targets(sample([person]), SINGLE_HEADS, TargetRule(reach=reach))
    decoded = decode_one(to_heads(targets))[0]
    np.testing.assert_allclose(decoded[:, :2] * 16, person, atol=1e-3)


def test_the_models_own_shift_is_undone_on_the_way_back_to_the_picture():
    crop, points = Crop(10, 20, 128, 128, 64, 64), np.array([[30.0, 40], [100, 90], [60, 60]])
    targets = make_targets(sample([crop.to_decoded(points) * 16]), SINGLE_HEADS, RULE)
    found, _ = crop.decoded_to_image(decode_one(to_heads(targets))[0])
    np.testing.assert_allclose(found, points, atol=1e-3)


def test_of_two_people_the_one_in_the_middle_is_decoded():
    near, far = [(7, 7), (9, 8), (8, 9)], [(2.5, 2), (1, 4), (3, 3)]
    decoded = decode_one(to_heads(make_targets(sample([near, far]), SINGLE_HEADS, RULE)))[0]
    np.testing.assert_allclose(decoded[:, :2] * 16, near, atol=1e-3)


def test_everybody_and_their_boxes_are_decoded_by_the_many_person_decoder():
    people = [[(8, 8.5), (11, 9), (9, 11)], [(2.5, 2), (1, 4), (3, 3)]]
    heads = to_heads(make_targets(sample(people), MULTI_HEADS, RULE))
    found = decode_many(heads, MultiPoseSettings(min_center_score=0.5))[0]
    for keypoints, box in zip(found.keypoints, found.boxes, strict=True):
        person = min(people, key=lambda p, k=keypoints: np.abs(np.array(p) - k[:, :2] * 16).sum())
        np.testing.assert_allclose(keypoints[:, :2] * 16, person, atol=1e-3)
        np.testing.assert_allclose(box * 16, [*np.min(person, axis=0), *np.max(person, axis=0)], atol=1e-3)


def test_the_centre_is_the_mean_of_what_is_labelled():
    batch = sample([[(2, 2), None, (4, 8)]])
    assert middle_of(batch.places * 16, batch.labelled)[0, 0].tolist() == [3, 5]


def test_a_keypoint_outside_the_square_has_no_peak_but_the_way_to_it_is_taught():
    targets = make_targets(sample([[(8, 8), (8, 20), (8, 4)]]), SINGLE_HEADS, RULE)
    assert targets["heatmap"].value[0, 1].max() < 1
    assert targets["center"].value[0, 0, 8, 6] == 1  # the mean of those inside
    assert targets["regress"].value[0, 3, 8, 6] == 14
    assert targets["regress"].weight[0, 3, 8, 6] == 1


def test_where_an_unlabelled_keypoint_may_be_its_map_is_not_told_that_nothing_is_there():
    body = torch.zeros(1, MOST_PEOPLE, 16, 16, dtype=torch.bool)
    body[0, 0, 4:9] = True
    targets = make_targets(sample([[(5, 5), None, (6, 6)]], bodies=body), SINGLE_HEADS, RULE)
    weight = targets["heatmap"].weight[0]
    assert weight[1, 4:9].sum() == 0
    assert weight[1, :4].min() == weight[1, 9:].min() == 1
    assert weight[0].min() == weight[2].min() == 1
    assert targets["offset"].weight[0, 2:4].sum() == targets["regress"].weight[0, 2:4].sum() == 0


def test_in_a_crowd_only_what_is_labelled_counts():
    targets = make_targets(
        sample([[(5, 5), (5, 7), (5, 6)]], unknown=torch.ones(1, 16, 16, dtype=torch.bool)),
        SINGLE_HEADS,
        RULE,
    )
    for name in ("center", "heatmap"):
        assert torch.equal(targets[name].weight > 0, targets[name].value == 1)


def test_without_anybody_the_maps_are_told_that_all_is_empty():
    targets = make_targets(sample([]), SINGLE_HEADS, RULE)
    assert {name: float(target.value.abs().max()) for name, target in targets.items()} == dict.fromkeys(
        targets, 0.0
    )
    assert targets["heatmap"].weight.min() == 1
    assert targets["offset"].weight.max() == targets["regress"].weight.max() == 0


@pytest.mark.parametrize("reach", [0, 2])
def test_offsets_are_taught_in_all_cells_within_reach(reach):
    weight = make_targets(sample([[(8, 8), (3, 3), (12, 5)]]), SINGLE_HEADS, TargetRule(reach=reach))[
        "offset"
    ].weight
    assert weight[0, 0].sum() == (2 * reach + 1) ** 2
