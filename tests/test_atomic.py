"""A file appears under its own name only when it is whole."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from movenet.atomic import (
    ABANDONED_S,
    LOCK,
    MACHINE,
    PendingFile,
    TemporaryFolder,
    atomic_write,
    remove_abandoned,
    temporary_folder,
)
from movenet.errors import FileError, MediaError


def test_the_file_appears_only_after_the_block(tmp_path):
    with atomic_write(tmp_path / "a.txt") as path:
        path.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / "a.txt") as path:
        path.write_text(str(1 / 0))
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_an_error_of_the_disk_becomes_a_file_error(tmp_path):
    with pytest.raises(FileError, match=r"a\.txt"), atomic_write(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileError, match="nowhere does not exist"):
        PendingFile(tmp_path / "nowhere" / "a.txt")


def test_a_folder_is_never_replaced(tmp_path):
    with pytest.raises(FileError, match="already there"):
        PendingFile(tmp_path)


def test_a_device_is_never_replaced():
    with pytest.raises(FileError, match="already there"):
        PendingFile(os.devnull)


def test_publishing_through_a_link_replaces_the_file_it_points_to(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with atomic_write(tmp_path / "link.txt") as path:
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
    with atomic_write(tmp_path / "a.txt") as path:
        path.write_text("x")
    assert _mode(tmp_path / "a.txt") == _mode(tmp_path / "plain.txt")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_temporary_name_keeps_the_suffix_so_that_encoders_know_the_format(tmp_path):
    pending = PendingFile(tmp_path / "clip.mp4")
    assert pending.temporary.suffix == ".mp4"
    pending.discard()


def test_the_error_has_the_requested_class(tmp_path):
    with pytest.raises(MediaError, match="create it first"):
        PendingFile(tmp_path / "nowhere" / "a.jpg", MediaError)


def test_a_temporary_folder_is_empty_and_is_removed_with_its_content(tmp_path):
    with temporary_folder(tmp_path / "a.xml") as folder:
        assert not list(folder.iterdir())
        (folder / "a.xml").touch()
        (folder / "scraps").mkdir()
        (folder / "a.xml").replace(tmp_path / "a.xml")
    assert names(tmp_path) == ["a.xml"]


# --- what killed processes leave behind ---

LEFTOVER = f".movenet-{MACHINE}-0123abcd.part"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def writer(folder):
    """Start a process that writes a file in a folder and does not end; return it once it holds its lock."""
    code = (
        "import sys, time; from movenet.atomic import PendingFile; PendingFile(sys.argv[1]); "
        "print('writing', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, folder / "theirs.txt"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "writing\n"
    return process


def leave(folder, name, *, age_s=0.0, lock=LOCK):
    """Make a temporary folder that nobody holds."""
    (folder / name / "work").mkdir(parents=True)
    (folder / name / lock).touch()
    for path in (*(folder / name).iterdir(), folder / name):
        seen = path.stat().st_mtime - age_s
        os.utime(path, (seen, seen))
    return folder / name


def write(folder):
    with atomic_write(folder / "a.txt") as path:
        path.write_text("whole")


def test_the_next_file_written_in_a_folder_removes_the_work_of_a_killed_process(tmp_path):
    process = writer(tmp_path)
    assert len(names(tmp_path)) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    write(tmp_path)
    assert names(tmp_path) == ["a.txt"]


def test_the_work_of_a_running_process_stays(tmp_path):
    process = writer(tmp_path)
    (theirs,) = tmp_path.iterdir()
    for path in (theirs / LOCK, theirs / "work", theirs):
        os.utime(path, (0, 0))
    remove_abandoned(tmp_path)
    assert (theirs / "work" / "theirs.txt").is_file()
    process.kill()
    process.communicate()


def test_the_work_of_this_process_stays(tmp_path):
    pending = PendingFile(tmp_path / "a.txt")
    remove_abandoned(tmp_path)
    pending.publish()
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_without_a_lock_is_removed_only_if_it_is_empty(tmp_path):
    (tmp_path / LEFTOVER).mkdir()
    kept = leave(tmp_path, LEFTOVER.replace("0123", "4567"), lock="other.lock")
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize(("age_s", "stays"), [(ABANDONED_S - 3600, True), (ABANDONED_S + 3600, False)])
def test_the_work_of_another_machine_is_removed_after_a_week_without_a_change(tmp_path, age_s, stays):
    theirs = leave(tmp_path, ".movenet-00000000-0123abcd.part", age_s=age_s)
    remove_abandoned(tmp_path)
    assert theirs.exists() == stays


@pytest.mark.parametrize(
    "name", [".a.0123abcd.part", f".movenet-{MACHINE}-0123abcd.part.bak", f"movenet-{MACHINE}-0123abcd.part"]
)
def test_a_folder_of_another_name_stays(tmp_path, name):
    foreign = leave(tmp_path, name, age_s=2 * ABANDONED_S)
    remove_abandoned(tmp_path)
    assert foreign.exists()


def test_a_file_and_a_link_of_that_name_stay(tmp_path):
    target = leave(tmp_path, "precious")
    (tmp_path / LEFTOVER).symlink_to(target)
    (tmp_path / LEFTOVER.replace("0123", "4567")).touch()
    before = names(tmp_path)
    remove_abandoned(tmp_path)
    assert names(tmp_path) == before
    assert (target / LOCK).exists()


def test_a_process_removes_abandoned_work_in_a_folder_once(tmp_path):
    write(tmp_path)
    left = leave(tmp_path, LEFTOVER)
    write(tmp_path)
    assert left.exists()


def test_on_a_disk_without_locks_files_are_written_and_only_old_work_is_removed(tmp_path, monkeypatch):
    def refuse(file):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("movenet.atomic._lock", refuse)
    young, old = leave(tmp_path, LEFTOVER), leave(tmp_path, LEFTOVER.replace("0123", "4567"), age_s=9e6)
    write(tmp_path)
    assert young.exists()
    assert not old.exists()
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_a_new_folder_that_another_process_removes_is_created_again(tmp_path, monkeypatch):
    from movenet import atomic

    swept, lock = [], atomic._lock

    def remove_first(file):
        if not swept:
            swept.extend(tmp_path.glob(".movenet-*"))
            (swept[0] / LOCK).unlink()
        lock(file)

    monkeypatch.setattr("movenet.atomic._lock", remove_first)
    place = TemporaryFolder(tmp_path / "a.txt")
    assert place.folder.is_dir()
    assert place.folder.parent not in swept
    place.clear()


def test_the_lock_file_goes_last_so_that_a_kill_leaves_what_others_may_remove(tmp_path, monkeypatch):
    removed, rmtree = [], shutil.rmtree

    def record(path, **how):
        removed.append(Path(path).name)
        rmtree(path, **how)

    monkeypatch.setattr("movenet.atomic.shutil.rmtree", record)
    with atomic_write(tmp_path / "a.txt") as temporary:
        temporary.write_text("a")
    assert removed[0] == "work"
