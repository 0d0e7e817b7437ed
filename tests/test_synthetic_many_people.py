"""Scenes of several people: what happens in them is known without rendering any."""

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.synthetic.many_people import SCENARIOS, make_scenes
from test_synthetic_one_person import annotation, write


@pytest.fixture
def scenes(tmp_path):
    people = [annotation(i) for i in range(6)]
    return make_scenes(write(tmp_path, *people), tmp_path, 10, seed=4)


def visible(scene):
    """Return (T, P): how much of each person is visible in each frame."""
    return np.array([[truth.visible for truth in truths] for truths in scene.truths()])


def of(kind, scenes):
    return [visible(scene) for scene in scenes if scene.name.startswith(kind)]


def test_the_scenarios_take_turns_and_no_person_is_twice_in_a_scene(scenes):
    assert [scene.name.split("-")[0] for scene in scenes] == [*SCENARIOS, *SCENARIOS]
    for scene in scenes:
        assert len({walker.person.path for walker in scene.walkers}) == len(scene.walkers)


def test_people_who_cross_are_visible_at_first_and_at_the_end_and_one_is_occluded_between(scenes):
    for seen in of("cross", scenes):
        assert (seen[[10, -10]] > 0.9).all()
        assert seen.min() < 0.5


def test_a_person_who_leaves_is_outside_the_picture_for_less_than_a_second(scenes):
    for seen in of("leave", scenes):
        assert 5 <= (seen[:, 0] == 0).sum() < 30
        assert (seen[[0, -1], 0] > 0.9).all()


def test_in_a_relay_one_is_there_at_first_and_the_other_at_the_end(scenes):
    for seen in of("relay", scenes):
        np.testing.assert_array_equal(seen[[0, -1]] > 0.5, np.eye(2, dtype=bool))


def test_the_same_seed_gives_the_same_scenes(tmp_path):
    file = write(tmp_path, *(annotation(i) for i in range(5)))
    one, same, other = (make_scenes(file, tmp_path, 1, seed)[0].truths()[50][0].box for seed in (1, 1, 2))
    assert one == same != other


def test_too_few_photos_are_an_error(tmp_path):
    with pytest.raises(DataError, match="expected 4 photos"):
        make_scenes(write(tmp_path, annotation(1)), tmp_path, 1, seed=0)
