"""The table of models, and cards read from files."""

import shutil
from dataclasses import replace

import pytest

from movenet.errors import ModelError
from movenet.models import MODELS, find_model, read_card
from movenet.pose import KEYPOINTS


@pytest.mark.parametrize("card", MODELS.values(), ids=MODELS)
def test_every_file_of_the_table_exists_and_is_undamaged(card):
    card.check()


def test_a_damaged_file_is_refused(tmp_path):
    card = MODELS["lightning"]
    copy = tmp_path / "lightning.onnx"
    shutil.copy(card.path, copy)
    with copy.open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\1\2\3")
    with pytest.raises(ModelError, match="damaged"):
        replace(card, path=copy).check()


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="missing"):
        replace(MODELS["lightning"], path=tmp_path / "none.onnx").check()


def test_an_unknown_model_is_refused_with_the_names_of_the_known_ones():
    with pytest.raises(ModelError, match="lightning, thunder, multipose"):
        find_model("lightening")


def test_a_path_is_found_as_the_users_own_model(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"x")
    assert find_model(path) == path


def test_only_multipose_is_a_multi_person_model():
    assert [name for name, card in MODELS.items() if card.is_multi_person] == ["multipose", "multipose-int8"]


def test_a_card_with_a_property_that_is_no_number_is_refused(tmp_path):
    properties = dict.fromkeys(("name", "width", "heads", "keypoints", "source", "licence"), "1") | {
        "side": "x"
    }
    with pytest.raises(ModelError, match="written by movenet"):
        read_card(tmp_path, {f"movenet.{k}": v for k, v in properties.items()})


@pytest.fixture
def custom(tmp_path):
    """Return a function that reads the card of a model with so many keypoints and other properties."""
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"x")
    values = dict.fromkeys(("name", "width", "heads", "source", "licence"), "1") | {"side": "192"}

    def read(keypoints, **properties):
        properties = values | {"keypoints": str(keypoints)} | properties
        return read_card(path, {f"movenet.{name}": value for name, value in properties.items()})

    return read


def test_a_card_has_the_keypoint_names_of_its_file(custom):
    assert custom(3, names="nose withers tail").keypoint_names == ("nose", "withers", "tail")


def test_without_names_17_keypoints_are_those_of_coco_and_others_have_none(custom):
    assert custom(17).keypoint_names == KEYPOINTS
    assert custom(3).keypoint_names == ()


@pytest.mark.parametrize("names", ["nose tail", "nose nose tail", "left ear right ear", ""])
def test_names_that_do_not_fit_the_keypoints_are_ignored(custom, names):
    assert custom(3, names=names).keypoint_names == ()


def test_official_models_have_the_names_of_coco():
    assert {card.keypoint_names for card in MODELS.values()} == {KEYPOINTS}
