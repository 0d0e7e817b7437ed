"""A file appears under its own name only when it is whole."""

import os
import stat
from pathlib import Path

import pytest

from movenet.atomic import PendingFile, written_whole
from movenet.errors import MediaError


def test_the_file_appears_only_after_the_block(tmp_path):
    with written_whole(tmp_path / "a.txt") as path:
        path.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(tmp_path / "a.txt") as path:
        path.write_text(str(1 / 0))
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_error_of_the_disk_becomes_a_media_error(tmp_path):
    with pytest.raises(MediaError, match=r"a\.txt"), written_whole(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaError, match="nowhere does not exist"):
        PendingFile(tmp_path / "nowhere" / "a.txt")


def test_a_folder_is_never_replaced(tmp_path):
    with pytest.raises(MediaError, match="already there"):
        PendingFile(tmp_path)


def test_a_device_is_never_replaced():
    with pytest.raises(MediaError, match="already there"):
        PendingFile(os.devnull)


def test_publishing_through_a_link_replaces_the_file_it_points_to(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with written_whole(tmp_path / "link.txt") as path:
        path.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_a_file_written_twice_at_once_is_the_last_one_published(tmp_path):
    first, second = PendingFile(tmp_path / "a.txt"), PendingFile(tmp_path / "a.txt")
    first.temporary.write_text("first")
    second.temporary.write_text("second")
    first.publish()
    second.publish()
    assert (tmp_path / "a.txt").read_text() == "second"


def test_publishing_again_changes_nothing(tmp_path):
    pending = PendingFile(tmp_path / "a.txt")
    pending.publish()
    pending.publish()
    assert (tmp_path / "a.txt").exists()


def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain.txt").touch()
    with written_whole(tmp_path / "a.txt") as path:
        path.write_text("x")
    assert _mode(tmp_path / "a.txt") == _mode(tmp_path / "plain.txt")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_temporary_name_keeps_the_suffix_so_that_encoders_know_the_format(tmp_path):
    pending = PendingFile(tmp_path / "clip.mp4")
    assert pending.temporary.suffix == ".mp4"
    pending.discard()
