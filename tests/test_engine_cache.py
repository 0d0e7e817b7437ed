"""Compiled models are kept between runs, and only believed if they are whole and the user's own."""

import os
import random
import sys

import numpy as np
import pytest

from movenet.engine import Runtime, cache_folder, cache_state, open_engine
from movenet.engine import compiled_cache as cache
from movenet.engine.openvino_engine import OpenVinoEngine
from movenet.models import MODELS

SQUARE = np.random.default_rng(0).integers(0, 256, (1, 192, 192, 3), dtype=np.uint8)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def answer(model="lightning", **runtime):
    return open_engine(model, Runtime(**runtime))(SQUARE)


def assert_same(answer, other):
    for name, head in other.items():
        np.testing.assert_array_equal(answer[name], head, err_msg=name)


def compilations(monkeypatch):
    """Return a list that grows whenever a network is read in order to compile it."""
    read = OpenVinoEngine._network.func
    seen = []

    def counted(self):
        seen.append(self.path)
        return read(self)

    monkeypatch.setattr(OpenVinoEngine, "_network", property(counted))
    return seen


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("model", ["lightning", "lightning-int8"])
def test_a_second_start_compiles_nothing_and_answers_the_same_bits(model, precision, folder, monkeypatch):
    first = answer(model, precision=precision)
    compiled = compilations(monkeypatch)
    assert_same(answer(model, precision=precision), first)
    assert compiled == []


@pytest.mark.parametrize("model", ["lightning", "lightning-int8"])
def test_flipped_bits_in_every_stored_model_change_no_answer(model, folder):
    first = answer(model)
    chance = random.Random(9)
    for path in folder.glob("*.compiled"):
        content = bytearray(path.read_bytes())
        for _ in range(20):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
    assert_same(answer(model), first)


@pytest.mark.parametrize("left", [b"", b"x" * 10, b"\0" * 100_000])
def test_a_damaged_stored_model_is_replaced(left, folder, monkeypatch):
    first = answer()
    (path,) = folder.glob("*.compiled")
    path.write_bytes(left)
    assert_same(answer(), first)
    # Its length may differ from the first one's: OpenVINO numbers names through the life of a process.
    assert path.read_bytes() != left
    compiled = compilations(monkeypatch)
    assert_same(answer(), first)
    assert compiled == []


def test_a_stored_model_under_the_name_of_another_is_not_believed(folder):
    first = answer()
    (one,) = folder.glob("*.compiled")
    answer(threads=1)
    (other,) = set(folder.glob("*.compiled")) - {one}
    one.write_bytes(other.read_bytes())
    cache_key_of_one_is_not_that_of_other = one.read_bytes()
    assert_same(answer(), first)
    assert one.read_bytes() != cache_key_of_one_is_not_that_of_other


def test_what_openvino_refuses_to_read_back_is_compiled_again(folder, monkeypatch):
    first = answer()
    stored = []
    monkeypatch.setattr("movenet.engine.openvino_engine.read_compiled", lambda key: b"no model")
    monkeypatch.setattr("movenet.engine.openvino_engine.store_compiled", lambda key, data: stored.append(key))
    assert_same(answer(), first)
    assert len(stored) == 1


@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE", "SSE41"])
def test_another_limit_of_instructions_is_another_compiled_model(limit, folder, monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    answer()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    answer()
    assert len(list(folder.glob("*.compiled"))) == 2


def test_a_model_of_the_users_own_is_kept_by_its_content(folder, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(MODELS["lightning"].path.read_bytes())
    first = answer(path)
    path.write_bytes(MODELS["thunder"].path.read_bytes())
    assert open_engine(path).card.name == "thunder"
    assert answer(path)["heatmap"].tobytes() != first["heatmap"].tobytes()


def test_the_models_unused_for_the_longest_time_are_removed(folder, monkeypatch):
    monkeypatch.setattr(cache, "MOST_FILES", 3)
    for i in range(5):
        cache.store_compiled(str(i), b"model")
        for age, path in enumerate(sorted(folder.glob("*.compiled"), key=lambda p: p.stat().st_mtime)):
            os.utime(path, (1000 + age, 1000 + age))
    kept = [i for i in range(5) if cache.read_compiled(str(i))]
    assert kept == [2, 3, 4]


def test_nothing_but_whole_models_stays_in_the_folder(folder):
    answer()
    assert {path.suffix for path in folder.iterdir()} == {".compiled"}


@posix
def test_a_new_folder_is_closed_to_others_whatever_the_umask_is(folder):
    before = os.umask(0)
    try:
        assert cache_folder() == folder
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_to_is_neither_read_nor_written(mode, folder, monkeypatch):
    answer()
    stored = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    folder.chmod(mode)
    compiled = compilations(monkeypatch)
    answer()
    answer(threads=1)
    assert compiled
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == stored
    assert cache_state()[0] is None
    assert "other users can write to it" in cache_state()[1]


@posix
def test_a_folder_of_another_user_is_not_used(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert cache_state()[0] is None
    assert "belongs to another user" in cache_state()[1]


def test_the_cache_can_be_moved_and_switched_off(folder, monkeypatch):
    assert cache_state() == (folder, str(folder))
    monkeypatch.setenv("MOVENET_CACHE", "")
    assert cache_folder() is None


def test_a_cache_that_cannot_be_made_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path / "file" / "cache"))
    assert cache_state()[0] is None
    assert "compiled at every start" in cache_state()[1]
    assert answer()["center"].shape == (1, 1, 48, 48)
