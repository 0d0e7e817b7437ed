"""Every model of the table has somebody who reads its heads."""

import numpy as np
import pytest

from movenet.crop import MODEL_SHIFT_PX
from movenet.decode import Guide
from movenet.decode.families import READERS
from movenet.engine import open_engine
from movenet.models import MODELS

BLACK = np.zeros((2, 64, 96, 3), np.uint8)


@pytest.mark.parametrize("name", MODELS)
def test_one_person_is_read_from_the_heads_of_every_model(name):
    answer = READERS[MODELS[name].family].one(open_engine(name)(BLACK), None, 0)
    assert answer.shape == (2, 17, 3)


@pytest.mark.parametrize("name", ["multipose", "posenet"])
def test_nobody_is_read_from_black_pictures_by_those_who_find_many(name):
    people = READERS[MODELS[name].family].many(open_engine(name)(BLACK), 0.5)
    assert [len(found) for found in people] == [0, 0]


def test_guides_leave_posenet_as_it_is():
    heads, read = open_engine("posenet")(BLACK), READERS["posenet"].one
    guide = Guide(np.array([0.2, 0.3], np.float32), np.full((17, 2), 0.4, np.float32), share=1.0)
    np.testing.assert_array_equal(read(heads, [guide, guide], 1), read(heads, None, 0))


def test_movenet_counts_pixels_from_a_corner_and_posenet_from_a_centre():
    assert (READERS["movenet"].shift_px, READERS["posenet"].shift_px) == (MODEL_SHIFT_PX, 0.5)
