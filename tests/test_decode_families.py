"""Every model of the table has a decoder."""

import numpy as np
import pytest

from movenet.crop import MODEL_SHIFT_PX
from movenet.decode import Guide
from movenet.decode.families import DECODERS
from movenet.engine import open_engine
from movenet.models import MODELS

BLACK = np.zeros((2, 64, 96, 3), np.uint8)


@pytest.mark.parametrize("name", MODELS)
def test_one_person_is_decoded_from_the_heads_of_every_model(name):
    answer = DECODERS[MODELS[name].family].decode_one(open_engine(name)(BLACK), None)
    assert answer.shape == (2, 17, 3)


@pytest.mark.parametrize("name", ["multipose", "posenet"])
def test_multi_person_models_find_nobody_in_black_pictures(name):
    people = DECODERS[MODELS[name].family].decode_many(open_engine(name)(BLACK), 0.5)
    assert [len(found) for found in people] == [0, 0]


def test_guides_do_not_change_posenets_keypoints():
    heads, decode = open_engine("posenet")(BLACK), DECODERS["posenet"].decode_one
    guide = Guide(np.array([0.2, 0.3], np.float32), np.full((17, 2), 0.4, np.float32), weight=1.0)
    np.testing.assert_array_equal(decode(heads, [guide, guide]), decode(heads, None))


def test_movenet_counts_pixels_from_a_corner_and_posenet_from_a_center():
    assert (DECODERS["movenet"].shift_px, DECODERS["posenet"].shift_px) == (MODEL_SHIFT_PX, 0.5)
