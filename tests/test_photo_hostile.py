"""Pictures made to mislead, to cost time or memory, or damaged: refused, cheaply and in silence."""

import functools
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from fuzz_photos import damaged_photo
from fuzzing import Limits, mutate_bytes, run_campaign
from movenet.errors import MediaError, MoveNetError
from movenet.media.photo import decode_photo
from movenet.media.picture_file import PictureFile

pillow_heif.register_heif_opener()  # for the pictures that the tests make

SIDE = 1600
"""Of the pictures whose memory is measured."""
PICTURE_MB = SIDE * SIDE * 3 / 2**20


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name, body=b""):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def ihdr(width, height):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def png(*chunks):
    """A PNG of 8 x 8 pixels with these chunks before its pixels."""
    pixels = chunk(b"IDAT", zlib.compress(bytes(8 * 25)))
    return b"\x89PNG\r\n\x1a\n" + ihdr(8, 8) + b"".join(chunks) + pixels + chunk(b"IEND")


def jpeg(*segments, **options):
    """A JPEG of 8 x 8 pixels with these segments at its beginning."""
    data = saved(Image.new("RGB", (8, 8)), "JPEG", **options)
    return data[:2] + b"".join(segments) + data[2:]


def sof(width, height):
    """A frame header of a JPEG (ITU-T T.81, B.2.2)."""
    return b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"


def webp(*chunks):
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(data)) + data for name, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8l(width, height):
    return b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\x88\x88\x08\x00\x00"


def gif(canvas, picture, extension=b""):
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + extension
    return head + b"," + struct.pack("<HHHHB", 0, 0, *picture, 0) + b"\x02\x02\x44\x01\0;"


def tiff(body, *more):
    """A grey TIFF of 8 x 8 pixels whose directory has these more tags, (tag, type, count, value)."""
    tags = sorted([(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (262, 3, 1, 1), *more])
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + body


def rst_bomb():
    """A JPEG that is 8 x 8 to those who give a restart marker a length, and 20000 x 20000 to libjpeg."""
    inner = sof(8, 8)
    segment = b"\xff\xe1" + struct.pack(">H", 6 + len(inner)) + b"AAAA" + inner
    return b"\xff\xd8\xff\xd0\x00\x0a" + segment + sof(20_000, 20_000) + b"\xff\xda" + bytes(200)


TILES = (322, 4, 1, 20_000), (323, 4, 1, 20_000), (324, 4, 1, 134), (325, 4, 1, 99), (259, 3, 1, 8)
RLE = struct.pack("<IiiHHIIiiII", 40, 9000, 9000, 1, 8, 1, 8, 0, 0, 2, 2) + bytes(8)
HOSTILE = {
    "VP8X behind VP8L": webp(vp8l(16_000, 15_000), (b"VP8X", bytes([0, 0, 0, 0, 7, 0, 0, 7, 0, 0]))),
    "VP8X of other size": webp((b"VP8X", bytes([0, 0, 0, 0, 7, 0, 0, 7, 0, 0])), vp8l(16_000, 15_000)),
    "restart markers": rst_bomb(),
    "second frame header": jpeg(sof(9000, 9000)),
    "large frame header last": b"\xff\xd8" + sof(8, 8) + rst_bomb()[2:],
    "second IHDR": png(ihdr(16_000, 16_000)),
    "GIF of 35 bytes": gif((14_000, 14_000), (14_000, 14_000)),
    "GIF picture beyond its canvas": gif((8, 8), (60_000, 60_000)),
    "empty chunks before the pixels": png(chunk(b"abCd") * 87_000),
    "empty IDAT": png(chunk(b"IDAT") * 87_000),
    "empty chunks behind the pixels": png()[:-12] + chunk(b"abCd") * 87_000 + chunk(b"IEND"),
    "empty segments": jpeg(b"\xff\xe3\0\2" * (1 << 18)),
    "fill bytes": jpeg(b"\xff" * (1 << 20)),
    "endless EXIF": jpeg((b"\xff\xe1\xff\xffExif\0\0" + bytes(65527)) * 16),
    "GIF comments": gif((8, 8), (8, 8), b"!\xfe\x01a\0" * (1 << 18)),
    "text bomb": png(chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(8 << 20)))),
    "profile bomb": png(chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(8 << 20)))),
    "TIFF strips": tiff(bytes(1 << 20), (273, 3, 500_000, 134)),
    "TIFF tiles": tiff(bytes(1 << 20), (324, 4, 200_000, 134), (322, 4, 1, 8), (323, 4, 1, 8)),
    "TIFF tags": tiff(b"", *((tag, 7, 2**31, 0) for tag in range(300, 60_000))),
    "TIFF samples": tiff(b"", (277, 3, 1, 60_000)),
    "TIFF tile larger than the picture": tiff(zlib.compress(bytes(8 << 20)), *TILES),
    "run-length encoded BMP": b"BM" + struct.pack("<IHHI", 0, 0, 0, 62) + RLE + b"\1\0\0\0" * 5000,
}
"""Each costs much where it is taken for what it says."""


def refuse(index):
    """Decode a hostile file in a campaign."""
    decode_photo([*HOSTILE.values()][index])
    return "read"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name):
    with pytest.raises(MediaError):
        decode_photo(HOSTILE[name])


def test_hostile_files_take_no_memory_before_they_are_refused():
    assert str(run_campaign(refuse, range(len(HOSTILE)), Limits(memory_mb=24))).endswith("\n0 faults")


def test_empty_chunks_of_a_webp_cost_nothing():
    data = saved(Image.new("RGB", (8, 8)), "WEBP")
    data = data[:4] + struct.pack("<I", len(data) - 8 + (1 << 20)) + data[8:] + b"ABCD\0\0\0\0" * (1 << 17)
    assert decode_photo(data).shape == (8, 8, 3)


@pytest.mark.parametrize("name", ["png_second_ihdr_end.png", "webp_vp8x_after.webp"])
def test_files_that_once_passed_the_limit_are_refused_for_their_size(shared, name):
    with pytest.raises(MediaError, match=r"pixels, got 16000 x 16000|too many pixels"):
        decode_photo((shared / "cases" / "hostile" / name).read_bytes())


def test_a_video_behind_a_photo_does_not_count_as_scans():
    assert decode_photo(jpeg() + b"\xff\xda" * 100).shape == (8, 8, 3)


@pytest.mark.parametrize("options", [{"progressive": True}, {"progressive": True, "subsampling": 0}])
def test_a_jpeg_of_endless_scans_is_refused(options):
    data = jpeg(**options)
    scan = data[data.rindex(b"\xff\xda") : -2]
    assert decode_photo(data[:-2] + scan * 9 + data[-2:]).shape == (8, 8, 3)
    with pytest.raises(MediaError, match="at most 32 scans"):
        decode_photo(data[:-2] + scan * 40 + data[-2:])


def test_exif_written_twice_is_read():
    exif = Image.Exif()
    exif[0x0112] = 3
    block = exif.tobytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block
    assert decode_photo(jpeg(segment, segment)).shape == (8, 8, 3)


def test_a_png_may_name_its_orientation_behind_its_pixels():
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = saved(Image.new("RGB", (8, 5)), "PNG")
    data = wide[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + wide[-12:]
    assert decode_photo(data).shape == (8, 5, 3)
    assert PictureFile(data, "a").upright_size == (5, 8)


# --- memory ---


@functools.cache
def noise():
    small = np.random.default_rng(1).integers(0, 256, (SIDE // 50, SIDE // 50, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((SIDE, SIDE))


SMALL = {
    "a.jpg": lambda: saved(noise(), "JPEG"),
    "b.jpg": lambda: saved(noise().convert("CMYK"), "JPEG"),
    "c.jpg": lambda: saved(noise(), "JPEG", progressive=True, subsampling=2),
    "d.png": lambda: saved(noise(), "PNG", compress_level=1),
    "e.png": lambda: saved(noise().convert("RGBA"), "PNG", compress_level=1),
    "f.gif": lambda: saved(noise().convert("P"), "GIF"),
    "g.bmp": lambda: saved(noise(), "BMP"),
    "h.tif": lambda: saved(noise(), "TIFF"),
    "i.tif": lambda: saved(noise(), "TIFF", compression="tiff_lzw", tiffinfo={278: SIDE}),
    "j.jpg": lambda: saved(
        noise(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    ),
}
LARGE = {
    "a.jpg": lambda: saved(noise(), "JPEG", progressive=True, subsampling=0),
    "b.jpg": lambda: saved(noise().convert("CMYK"), "JPEG", progressive=True),
    "c.webp": lambda: saved(noise(), "WEBP", method=0),
    "d.webp": lambda: saved(noise().convert("RGBA"), "WEBP", lossless=True, method=0),
    "e.avif": lambda: saved(noise(), "AVIF", speed=10, subsampling="4:4:4"),
    "f.heic": lambda: saved(noise(), "HEIF", quality=30),
    "g.tif": lambda: saved(noise(), "TIFF", compression="tiff_lzw", tiffinfo={278: SIDE, 274: 6}),
}


@functools.lru_cache(maxsize=1)
def bytes_of(path):
    return path.read_bytes()


def decode_of(folder, step):
    """Read a file of a folder in a campaign, and in the next step, whose memory does not count the file, decode it."""
    index, decoded = divmod(step, 2)
    data = bytes_of(sorted(Path(folder).iterdir())[index])
    if decoded:
        decode_photo(data)
    return "decoded" if decoded else "read"


def most_memory_of(files, folder):
    """Return the memory of the most expensive of these files, in sizes of the picture."""
    for name, make in files.items():
        (folder / name).write_bytes(make())
    report = run_campaign(functools.partial(decode_of, folder), range(2 * len(files)))
    assert (report.outcomes["decoded"], report.faults) == (len(files), [])
    return report.most_memory_mb[0] / PICTURE_MB


def test_decoding_takes_at_most_three_times_the_memory_of_the_picture(tmp_path):
    assert most_memory_of(SMALL, tmp_path) <= 3


def test_kinds_with_a_lower_limit_of_pixels_take_at_most_six_times_and_a_half(tmp_path):
    # Pillow's WebP takes 18 bytes per pixel, whatever we do: such pictures have a lower limit of pixels.
    assert most_memory_of(LARGE, tmp_path) <= 6.5


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: saved(Image.new("L", (12_000, 12_000)), "JPEG", quality=5), 140),
        (lambda: saved(Image.new("RGB", (100, 100)), "JPEG", progressive=True, subsampling=0), 99),
        (lambda: webp(vp8l(9000, 9000)), 55),
    ],
    ids=["JPEG", "progressive JPEG", "WebP"],
)
def test_the_limit_of_pixels_is_lower_where_a_kind_takes_more_memory(make, most):
    data = bytearray(make())
    if b"\xff\xc2" in data:
        struct.pack_into(">HH", data, data.index(b"\xff\xc2") + 5, 12_000, 12_000)
    with pytest.raises(MediaError, match=f"of at most {most}000000 pixels"):
        decode_photo(bytes(data))


# --- silence, and the settings of others ---

DECODE_ALL = """
import logging, pathlib, sys, warnings
from PIL import Image, ImageFile
from movenet.media.photo import MediaError, decode_photo
Image.MAX_IMAGE_PIXELS = 1500
before = [*warnings.filters], [*logging.getLogger("PIL").handlers]
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try: decode_photo(path.read_bytes())
    except MediaError as problem: print(problem)
assert before == ([*warnings.filters], [*logging.getLogger("PIL").handlers])
assert "HEIF" not in Image.OPEN
assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (1500, False)
"""


def decode_folder(folder, *options):
    command = [sys.executable, *options, "-c", DECODE_ALL, folder]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_nothing_that_the_decoders_say_reaches_the_terminal(tmp_path):
    sound = {
        "JPEG": {},
        "PNG": {},
        "WEBP": {},
        "GIF": {},
        "TIFF": {"compression": "tiff_lzw"},
        "AVIF": {},
        "HEIF": {},
    }
    for kind, options in sound.items():
        data = saved(noise().resize((60, 40)), kind, **options)
        for seed in range(8):
            (tmp_path / f"{kind}{seed}").write_bytes(mutate_bytes(data, random.Random(seed)))
    fax = saved(noise().resize((60, 40)).convert("1"), "TIFF", compression="group4")
    (tmp_path / "fax").write_bytes(fax[:60] + bytes(40) + fax[100:])
    (tmp_path / "samples").write_bytes(HOSTILE["TIFF samples"])
    assert decode_folder(tmp_path, "-W", "always").stderr == ""


def test_the_pixel_limit_and_the_warnings_of_pillow_are_the_users_own(tmp_path):
    for kind in ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "AVIF", "HEIF"):
        (tmp_path / kind).write_bytes(saved(noise().resize((60, 40)), kind))
    (tmp_path / "exif").write_bytes(jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\2\0\x12\1\7\0\xff\0\0\0\6\0\0\0"))
    assert decode_folder(tmp_path, "-W", "error").stdout == ""


# --- damage ---


@pytest.mark.parametrize("seed", range(100))
def test_a_damaged_photo_is_read_or_refused(seed):
    try:
        image = decode_photo(damaged_photo(seed))
    except MoveNetError:
        return
    assert (image.ndim, image.dtype) == (3, np.uint8)
