"""Settings are read strictly, and errors name the setting."""

import pytest

from movenet.errors import DataError, FileError
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


def test_an_override_replaces_a_setting_of_the_file(tmp_path):
    settings = read(
        tmp_path, DATA, "training.learning_rate=3e-4", "model.initial_weights=random", "training.steps=7"
    )
    changed = (settings.training.learning_rate, settings.model.initial_weights, settings.training.steps)
    assert changed == (3e-4, "random", 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DATA + "[training]\nspeed = 3\n", "no setting 'training.speed': expected some of steps"),
        (
            DATA + '[training]\nlearning_rate = "fast"\n',
            "expected 'training.learning_rate' to be of type float, got 'fast'",
        ),
        (DATA + "[training]\nsteps = true\n", "expected 'training.steps' to be of type int, got True"),
        (
            DATA + '[training]\nprecision = "f16"\n',
            "expected 'training.precision' to be auto or fp32 or bf16, got 'f16'",
        ),
        (DATA + "[training]\nbatch_size = 0\n", "to be at least 1"),
        (DATA + "[model]\nside = 100\n", "multiple of 32"),
        ("[[data]]\nannotations = 'a.json'\n", "'data.0.images' is missing"),
        ("[[data]]\nimages = 'a'\n", r"or a teacher in \[distillation\]"),
        ("data = []", r"at least one \[\[data\]\]"),
        ("data = 3", "a list of tables, got 3"),
        ("[skeleton]\nnames = ['a']\nlegs = ['b']\n" + DATA, "legs"),
        ("[data", "is not TOML"),
        (f"a = {'[' * 9999}", "is not TOML"),
        ("[skeleton]\nnames = [1, 2]\n" + DATA, "expected 'skeleton.names.0' to be of type str, got 1"),
        ("[skeleton]\nnames = 'a'\n" + DATA, "expected 'skeleton.names' to be a list, got 'a'"),
        (
            "[skeleton]\nnames = ['a']\npairs = [1]\n" + DATA,
            "expected 'skeleton.pairs.0' to be a list, got 1",
        ),
        ("[skeleton]\nnames = ['a']\nsigmas = ['x']\n" + DATA, "'skeleton.sigmas.0' to be of type float"),
        ("skeleton = 3\n" + DATA, r"expected the table \[skeleton\], got 3"),
        ("[skeleton]\n" + DATA, "the setting 'skeleton.names' is missing"),
        (
            f"{DATA}repeat = 1{'0' * 400}\n",
            "expected 'data.0.repeat' to be a finite number of at most 64 bits",
        ),
        (f"{DATA}[training]\nsteps = 1{'0' * 400}\n", "'training.steps' to be a finite number of at most 64"),
        (f"{DATA}[training]\nsteps = 1{'0' * 9000}\n", "is not TOML"),
        (f"{DATA}[training]\nlearning_rate = nan\n", "'training.learning_rate' to be a finite number"),
        (DATA.replace("pictures", "a\\u0000b"), "'data.0.images' to be of type Path"),
    ],
)
def test_a_wrong_setting_is_named(text, message, tmp_path):
    with pytest.raises(DataError, match=message):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"cannot read the settings .*gone\.toml"):
        read_settings(tmp_path / "gone.toml")


def test_a_setting_without_a_value_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"such as training\.learning_rate"):
        read(tmp_path, DATA, "training.learning_rate")


def test_an_error_names_the_file(tmp_path):
    with pytest.raises(DataError, match=r"^.*run\.toml: no setting 'speed'"):
        read(tmp_path, "speed = 3\n" + DATA)


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "run.toml").write_bytes(DATA.encode("utf-16"))
    with pytest.raises(DataError, match=r"run\.toml is not TOML: expected UTF-8"):
        read_settings(tmp_path / "run.toml")


def test_a_byte_order_mark_is_skipped(tmp_path):
    assert read(tmp_path, "\ufeff" + DATA) == read(tmp_path)


def test_an_override_sets_a_table_of_a_list_by_its_index(tmp_path):
    settings = read(tmp_path, DATA + DATA, "data.1.repeat=2")
    assert [data.repeat for data in settings.data] == [1, 2]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.1.repeat=2", "expected a table that has '1', got a list of 1, from 0"),
        ("data.repeat=2", "'repeat' is not in a table"),
        ("data.x.repeat=2", "expected a table that has 'x', got a list of 1"),
        ("training.learning_rate.x=1", "'x' is not in a table"),
        ("training.learning_rate.x.y=1", "expected a table that has 'x', got the value 0.1"),
        ("=1", "no setting ''"),
        ("training..learning_rate=1", "no setting 'training.'"),
        ("training=1", "expected the table"),
        (f"training.steps={'1' * 5000}", "to be of type int"),
    ],
)
def test_an_override_outside_a_table_is_refused(tmp_path, override, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, DATA + "[training]\nlearning_rate = 0.1\n", override)


def test_the_checks_of_a_skeleton_apply_to_the_file(tmp_path):
    with pytest.raises(DataError, match=r"run\.toml: expected 1 sigmas between 0 and 1"):
        read(tmp_path, "[skeleton]\nnames = ['a']\nsigmas = [2.0]\n" + DATA)
