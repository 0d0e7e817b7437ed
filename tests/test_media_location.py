"""What a source means: a path, a camera or an address; and that no password is shown."""

from pathlib import Path

import pytest

from movenet.errors import MediaError
from movenet.media.location import Address, Camera, credentials, locate, without_password


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["2023", "100%.jpg", "12:30:00.mp4", "cam1:take2.mp4", "50%d"])
def test_what_exists_is_a_path_whatever_its_name(here, name):
    (here / name).touch()
    assert locate(name) == Path(name)


def test_digits_that_name_nothing_are_a_camera(here):
    assert locate("2023") == locate(2023) == Camera("2023")


def test_a_path_object_is_always_a_path(here):
    assert locate(Path("0")) == Path("0")
    assert locate(Path("./2023")) == Path("2023")


def test_only_character_devices_under_dev_are_cameras():
    assert locate("/dev/null") == Camera("/dev/null")
    assert locate("/dev/video99") == Camera("/dev/video99")
    assert locate("/dev/shm/clip.mp4") == Path("/dev/shm/clip.mp4")


def test_an_empty_name_is_an_error_and_not_the_current_folder():
    with pytest.raises(MediaError, match="got an empty name"):
        locate("")


def test_a_negative_camera_is_an_error():
    with pytest.raises(MediaError, match="from 0, got -1"):
        locate(-1)


def test_a_file_address_is_decoded_unless_the_file_has_it_in_its_name(here):
    (here / "my clip.mp4").touch()
    (here / "my%20photos").mkdir()
    assert locate(f"file://{here}/my%20clip.mp4") == here / "my clip.mp4"
    assert locate(f"FILE://localhost{here}/my%20clip.mp4") == here / "my clip.mp4"
    assert locate(f"file://{here}/my%20photos") == here / "my%20photos"


SECRETS = [
    ("rtsp://ann:secret@host/video", "rtsp://ann:***@host/video"),
    ("http://ann:se@cret@host:80/a?b", "http://ann:***@host:80/a?b"),
    ("http://ann:sec/ret@host/a", "http://ann:***@host/a"),
    ("http://ann:sec#ret?@host/a", "http://ann:***@host/a"),
    ("http://ann:@secret@host", "http://ann:***@host"),
    ("https://secret@host/a", "https://***@host/a"),
    ("http://:secret@host", "http://:***@host"),
    ("http://ann:secret@[::1]:80/a@b", "http://ann:***@[::1]:80/a@b"),
]


@pytest.mark.parametrize(("address", "shown"), SECRETS)
def test_a_password_is_masked_up_to_the_last_at_before_the_host(address, shown):
    assert without_password(address) == shown
    assert "secret" not in repr(Address(address)) + str(Address(address))


@pytest.mark.parametrize(
    "address", ["http://host/@ann/video", "http://host:8080/a@b", "http://[::1]:8080/a@b", "video.mp4", "a@b"]
)
def test_an_address_without_a_password_is_shown_as_it_is(address):
    assert without_password(address) == address


def test_credentials_are_split_off_and_decoded():
    assert credentials("http://ann:p%40s@s@host:80/a@b") == ("http://host:80/a@b", "ann", "p@s@s")
    assert credentials("http://host/a") == ("http://host/a", "", "")
