"""Settings are read strictly, and an error says where."""

import pytest

from movenet.errors import DataError
from movenet.skeleton import BODY
from movenet.training.settings import read_settings

DATA = '[[data]]\nimages = "pictures"\nannotations = "labels.json"\n'


def read(tmp_path, text=DATA, *overrides):
    (tmp_path / "run.toml").write_text(text)
    return read_settings(tmp_path / "run.toml", overrides)


def test_paths_are_relative_to_the_file_and_the_run_is_named_after_it(tmp_path):
    settings = read(tmp_path)
    assert settings.data[0].images == tmp_path / "pictures"
    assert settings.out == tmp_path / "run"
    assert settings.skeleton == BODY


def test_a_skeleton_is_named_in_the_file(tmp_path):
    text = DATA + '[skeleton]\nnames = ["left", "right"]\npairs = [["left", "right"]]\nsigmas = [0.1, 0.2]\n'
    skeleton = read(tmp_path, text).skeleton
    assert (skeleton.mirror, skeleton.sigmas) == ((1, 0), (0.1, 0.2))


def test_a_single_setting_can_be_given_over_the_files(tmp_path):
    settings = read(tmp_path, DATA, "training.rate=3e-4", "model.start=scratch", "training.steps=7")
    assert (settings.training.rate, settings.model.start, settings.training.steps) == (3e-4, "scratch", 7)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (DATA + "[training]\nspeed = 3\n", "no setting 'training.speed': expected some of steps"),
        (DATA + '[training]\nrate = "fast"\n', "expected 'training.rate' to be of type float, got 'fast'"),
        (DATA + "[training]\nsteps = true\n", "expected 'training.steps' to be of type int, got True"),
        (
            DATA + '[training]\nprecision = "f16"\n',
            "expected 'training.precision' to be auto or f32 or bf16, got 'f16'",
        ),
        (DATA + "[training]\nbatch = 0\n", "to be at least 1"),
        (DATA + "[model]\nside = 100\n", "multiple of 32"),
        ("[[data]]\nannotations = 'a.json'\n", "'data.images' is missing"),
        ("[[data]]\nimages = 'a'\n", r"or a \[teacher\]"),
        ("data = []", r"at least one \[\[data\]\]"),
        ("data = 3", "a list of tables, got 3"),
        ("[skeleton]\nnames = ['a']\nlegs = ['b']\n" + DATA, "legs"),
        ("[data", "is not TOML"),
    ],
)
def test_what_is_wrong_is_said(text, told, tmp_path):
    with pytest.raises(DataError, match=told):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the settings .*gone\.toml"):
        read_settings(tmp_path / "gone.toml")


def test_a_setting_without_a_value_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"such as training\.rate"):
        read(tmp_path, DATA, "training.rate")
