"""What a file holds is told from its first bytes, whatever its name."""

import io
import random
import struct

import av
import cv2
import numpy as np
import pytest

from movenet.errors import MediaError
from movenet.media.file_type import FileType, file_type, type_of
from movenet.media.listing import list_media
from video_files import VideoFile, picture


def encoded(suffix, index=0):
    return cv2.imencode(suffix, picture(index, 64, 48)[..., ::-1])[1].tobytes()


def animated(path, frames):
    animation = cv2.Animation()
    animation.durations = np.full(frames, 100, np.int32)
    animation.frames = [cv2.cvtColor(picture(i, 64, 48), cv2.COLOR_RGB2BGRA) for i in range(frames)]
    cv2.imwriteanimation(str(path), animation)
    return path.read_bytes()


def kind(data):
    return type_of(io.BytesIO(data))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".gif"])
def test_a_picture_file_is_a_photo(suffix):
    assert kind(encoded(suffix)) is FileType.PHOTO


@pytest.mark.parametrize(("suffix", "expected"), [(".gif", FileType.GIF), (".webp", FileType.WEBP)])
def test_several_pictures_are_an_animation_and_one_is_a_photo(tmp_path, suffix, expected):
    assert kind(animated(tmp_path / f"two{suffix}", 2)) is expected
    assert kind(animated(tmp_path / f"one{suffix}", 1)) is FileType.PHOTO


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("frames", "before", "expected"),
    [(2, True, FileType.APNG), (1, True, FileType.PHOTO), (2, False, FileType.PHOTO)],
)
def test_a_png_moves_if_its_acTL_stands_before_the_pixels_and_counts_several(frames, before, expected):  # noqa: N802
    png = encoded(".png")
    at = png.index(b"IDAT") - 4 if before else len(png) - 12
    assert kind(png[:at] + chunk(b"acTL", struct.pack(">II", frames, 0)) + png[at:]) is expected


def test_jpegs_one_after_the_other_are_a_video():
    assert kind(b"".join(encoded(".jpg", i) for i in range(3))) is FileType.MJPEG


def segment(marker, data):
    return b"\xff" + marker + struct.pack(">H", len(data) + 2) + data


def test_a_jpeg_within_a_jpeg_is_a_preview():
    jpeg = encoded(".jpg")
    preview = segment(b"\xe1", encoded(".jpg") * 2)
    assert kind(jpeg[:2] + preview + jpeg[2:]) is FileType.PHOTO


def test_a_jpeg_behind_a_jpeg_that_lists_it_is_a_part_of_the_photo():
    jpeg = encoded(".jpg")
    assert kind(jpeg[:2] + segment(b"\xe2", b"MPF\0II*\0") + jpeg[2:] + encoded(".jpg")) is FileType.PHOTO


@pytest.mark.parametrize(
    ("brand", "expected"),
    [
        (b"heic", FileType.PHOTO),
        (b"mif1", FileType.PHOTO),
        (b"avif", FileType.PHOTO),
        (b"avis", FileType.VIDEO),
        (b"hevc", FileType.VIDEO),
        (b"isom", FileType.VIDEO),
        (b"M4A ", FileType.UNKNOWN),
    ],
)
def test_the_main_brand_tells_heif_pictures_from_videos_and_songs(brand, expected):
    assert kind(struct.pack(">I", 24) + b"ftyp" + brand + bytes(12)) is expected


@pytest.mark.parametrize("form", ["mp4", "mov", "matroska", "avi", "mpegts", "mpeg", "flv"])
def test_a_video_is_known_by_its_container(tmp_path, form):
    video = VideoFile(codec="mpeg2video", ticks=25) if form == "mpeg" else VideoFile()
    video.format = form
    assert file_type(video.write(tmp_path / "video")) is FileType.VIDEO


@pytest.mark.parametrize("data", [b"BMW is a car, Gauss a man.", b"Dear diary", bytes(1000), b"G" * 7])
def test_text_and_noise_are_unknown(data):
    assert kind(data) is FileType.UNKNOWN


def test_an_empty_or_missing_file_is_an_error(tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(MediaError, match="empty: expected a photo or a video, got 0 bytes"):
        file_type(tmp_path / "empty")
    with pytest.raises(MediaError, match="No such file"):
        file_type(tmp_path / "none")


def test_damaged_bytes_have_a_type_and_are_read_within_bounds(tmp_path):
    chance = random.Random(7)
    seeds = [encoded(".jpg") * 2, animated(tmp_path / "a.gif", 3), encoded(".png"), encoded(".webp")]
    for turn in range(400):
        data = bytearray(seeds[turn % 4])
        for _ in range(chance.choice((1, 5, 40))):
            data[chance.randrange(min(len(data), 600))] = chance.randrange(256)
        assert kind(bytes(data[: chance.randrange(1, len(data))])) in FileType


def test_a_folder_lists_photos_and_videos_by_content_and_passes_over_the_rest(tmp_path):
    (tmp_path / "b2.jfif").write_bytes(encoded(".jpg"))
    (tmp_path / "b10").write_bytes(encoded(".png"))
    VideoFile(count=2).write(tmp_path / "a.mp4")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "damaged.jpg").write_text("no picture either")
    listed = [(path.name, kind) for path, kind in list_media(tmp_path)]
    assert listed == [
        ("a.mp4", FileType.VIDEO),
        ("b2.jfif", FileType.PHOTO),
        ("b10", FileType.PHOTO),
        ("damaged.jpg", FileType.PHOTO),
    ]


def test_annotated_copies_are_listed_only_if_asked_for(tmp_path):
    for name in ("a.jpg", "a.pose.jpg", "a-2.pose.jpg"):
        (tmp_path / name).write_bytes(encoded(".jpg"))
    assert [path.name for path, _ in list_media(tmp_path)] == ["a.jpg"]
    assert [path.name for path, _ in list_media(tmp_path / "*.jpg")] == ["a.jpg"]
    assert [path.name for path, _ in list_media(tmp_path / "*.pose.jpg")] == ["a-2.pose.jpg", "a.pose.jpg"]


def test_the_type_of_a_video_names_its_reader():
    names = {kind.ffmpeg_format for kind in FileType} - {None}
    assert names <= set(av.formats_available)
