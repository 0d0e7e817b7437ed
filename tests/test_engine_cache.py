"""Compiled models are cached between runs, and used only if they are undamaged and belong to the user."""

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
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX permissions")


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def heads(model="lightning", **runtime):
    return open_engine(model, Runtime(**runtime))(SQUARE)


def assert_same(heads, other):
    for name, head in other.items():
        np.testing.assert_array_equal(heads[name], head, err_msg=name)


def compilations(monkeypatch):
    """Return a list that grows whenever a network is read in order to compile it."""
    read = OpenVinoEngine._network
    seen = []

    def counted(self, shape):
        seen.append(self.path)
        return read(self, shape)

    monkeypatch.setattr(OpenVinoEngine, "_network", counted)
    return seen


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("model", ["lightning", "lightning-int8"])
def test_a_second_start_compiles_nothing_and_computes_the_same_bits(model, precision, folder, monkeypatch):
    first = heads(model, precision=precision)
    compiled = compilations(monkeypatch)
    assert_same(heads(model, precision=precision), first)
    assert compiled == []


@pytest.mark.parametrize("model", ["lightning", "lightning-int8"])
def test_flipped_bits_in_every_cached_model_change_no_head(model, folder):
    first = heads(model)
    rng = random.Random(9)
    for path in folder.glob("*.compiled"):
        content = bytearray(path.read_bytes())
        for _ in range(20):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    assert_same(heads(model), first)


@pytest.mark.parametrize("left", [b"", b"x" * 10, b"\0" * 100_000])
def test_a_damaged_cached_model_is_replaced(left, folder, monkeypatch):
    first = heads()
    (path,) = folder.glob("*.compiled")
    path.write_bytes(left)
    assert_same(heads(), first)
    # Its length may differ from the first one's: OpenVINO numbers names through the life of a process.
    assert path.read_bytes() != left
    compiled = compilations(monkeypatch)
    assert_same(heads(), first)
    assert compiled == []


def test_a_cached_model_under_the_name_of_another_is_not_used(folder):
    first = heads()
    (one,) = folder.glob("*.compiled")
    heads(threads=1)
    (other,) = set(folder.glob("*.compiled")) - {one}
    one.write_bytes(other.read_bytes())
    cache_key_of_one_is_not_that_of_other = one.read_bytes()
    assert_same(heads(), first)
    assert one.read_bytes() != cache_key_of_one_is_not_that_of_other


def test_a_cached_model_that_openvino_cannot_import_is_compiled_again(folder, monkeypatch):
    first = heads()
    stored = []
    monkeypatch.setattr("movenet.engine.openvino_engine.read_compiled", lambda key: b"no model")
    monkeypatch.setattr("movenet.engine.openvino_engine.store_compiled", lambda key, data: stored.append(key))
    assert_same(heads(), first)
    assert len(stored) == 1


@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE", "SSE41"])
def test_another_limit_of_instruction_sets_gives_another_compiled_model(limit, folder, monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    heads()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    heads()
    assert len(list(folder.glob("*.compiled"))) == 2


def test_a_model_of_the_users_own_is_cached_by_its_content(folder, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(MODELS["lightning"].path.read_bytes())
    first = heads(path)
    path.write_bytes(MODELS["thunder"].path.read_bytes())
    assert open_engine(path).card.name == "thunder"
    assert heads(path)["heatmap"].tobytes() != first["heatmap"].tobytes()


def test_the_least_recently_used_models_are_removed(folder, monkeypatch):
    monkeypatch.setattr(cache, "MAX_FILES", 3)
    for i in range(5):
        cache.store_compiled(str(i), b"model")
        for age, path in enumerate(sorted(folder.glob("*.compiled"), key=lambda p: p.stat().st_mtime)):
            os.utime(path, (1000 + age, 1000 + age))
    kept = [i for i in range(5) if cache.read_compiled(str(i))]
    assert kept == [2, 3, 4]


def test_the_folder_contains_only_complete_models(folder):
    heads()
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
    heads()
    stored = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    folder.chmod(mode)
    compiled = compilations(monkeypatch)
    heads()
    heads(threads=1)
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


def test_a_cache_folder_that_cannot_be_made_is_reported(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MOVENET_CACHE", str(tmp_path / "file" / "cache"))
    assert cache_state()[0] is None
    assert "compiled at every start" in cache_state()[1]
    assert heads()["center"].shape == (1, 1, 48, 48)
