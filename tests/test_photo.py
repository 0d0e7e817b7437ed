"""Photos from files of every kind, and what is said of files that are none."""

import contextlib
import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from movenet.errors import MediaError
from movenet.installation import install_command
from movenet.media.photo import decode_photo, find_photos, read_photo, write_photo

pillow_heif.register_heif_opener()  # for the pictures that the tests make
CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
KINDS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "AVIF", "HEIF")
LOSSLESS = {
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "HEIF": {"quality": -1, "chroma": 444},
}
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def quarters(width=60, height=40):
    """A picture whose four quarters are red, green, blue and yellow: no turn or mirror leaves it alone."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = CORNERS[:2]
    image[height // 2 :, : width // 2], image[height // 2 :, width // 2 :] = CORNERS[2:]
    return image


def file_of(picture, kind, **options):
    file = io.BytesIO()
    exact = (LOSSLESS | {"JPEG": {"quality": 98, "subsampling": 0}}).get(kind, {})
    Image.fromarray(np.asarray(picture)).save(file, kind, **(exact | options))
    return file.getvalue()


def noise(height=120, width=160):
    small = np.random.default_rng(3).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def with_alpha(image, alpha):
    return np.dstack([image, np.full(image.shape[:2], alpha, np.uint8)])


# --- every kind of picture ---


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_as_upright_rgb(kind):
    image = decode_photo(file_of(quarters(), kind))
    assert image.shape == (40, 60, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - quarters()).max() <= 4


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_exif_orientation_is_respected(kind, turn, channels):
    if kind == "JPEG":
        channels = 3
    exif = Image.Exif()
    exif[0x0112] = turn
    options = {"tiffinfo": exif} if kind == "TIFF" else {"exif": exif}
    data = file_of(with_alpha(quarters(), 255)[..., :channels], kind, **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    image = decode_photo(data)
    assert image.shape == expected.shape
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - expected).max() <= 4


def test_a_broken_exif_block_means_upright():
    data = file_of(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode_photo(data).shape == (40, 60, 3)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind):
    file = io.BytesIO()
    Image.fromarray(quarters()).convert("CMYK").save(file, kind)
    image = decode_photo(file.getvalue())
    assert np.abs(image[[5, 5, 35, 35], [5, 55, 5, 55]].astype(int) - CORNERS).max() <= 4


@pytest.mark.parametrize("kind", KINDS)
def test_grey_becomes_three_equal_channels(kind):
    grey = np.asarray(Image.fromarray(quarters()).convert("L"))
    image = decode_photo(file_of(grey, kind))
    assert np.abs(image.astype(int) - grey[..., None]).max() <= 4


@pytest.mark.parametrize("mode", ["P", "1"])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_palettes_and_single_bits_become_rgb(kind, mode):
    small = Image.fromarray(quarters()).convert(mode)
    file = io.BytesIO()
    small.save(file, kind)
    assert np.array_equal(decode_photo(file.getvalue()), np.asarray(small.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_transparent_pixels_lie_over_white(kind, alpha):
    image = decode_photo(file_of(with_alpha(quarters(), alpha), kind, exact=True))
    expected = quarters() * (alpha / 255) + 255 - alpha
    assert np.abs(image - expected).max() <= 2


def test_grey_with_alpha_lies_over_white():
    file = io.BytesIO()
    Image.merge("LA", (Image.new("L", (8, 8), 100), Image.new("L", (8, 8), 51))).save(file, "PNG")
    assert np.abs(decode_photo(file.getvalue()).astype(int) - (20 + 204)).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_becomes_white(kind):
    picture = Image.fromarray(np.repeat(np.array([[0, 1, 2]], np.uint8), 5, axis=0))
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    file = io.BytesIO()
    picture.save(file, kind, transparency=1)
    assert decode_photo(file.getvalue())[2].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_upper_eight_bits(kind):
    wide = np.arange(60 * 40, dtype=np.uint16).reshape(40, 60) * 27
    image = decode_photo(file_of(wide, kind))
    assert np.array_equal(image, np.repeat((wide >> 8).astype(np.uint8)[..., None], 3, axis=2))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colour_keeps_its_upper_eight_bits(suffix, channels):
    import cv2

    wide = with_alpha(quarters()[..., ::-1], 255)[..., :channels].astype(np.uint16) * 257
    assert np.array_equal(decode_photo(cv2.imencode(suffix, wide)[1].tobytes()), quarters())


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_many_pictures_the_first_is_read(kind):
    others = [Image.fromarray(np.ascontiguousarray(quarters()[::-1])) for _ in range(3)]
    data = file_of(quarters(), kind, save_all=True, append_images=others)
    assert np.array_equal(decode_photo(data), quarters())


def test_the_content_counts_and_not_the_name(tmp_path):
    (tmp_path / "really.jpg").write_bytes(file_of(quarters(), "PNG"))
    assert np.array_equal(read_photo(tmp_path / "really.jpg"), quarters())


def test_names_beyond_ascii_work_both_ways(tmp_path):
    write_photo(tmp_path / "사진 ünï.png", quarters())
    assert np.array_equal(read_photo(tmp_path / "사진 ünï.png"), quarters())


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (7680, 4320)])
def test_tiny_long_and_8k_pictures_are_read(size):
    data = file_of(np.full((size[1], size[0], 3), 90, np.uint8), "JPEG")
    assert decode_photo(data).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("name", ["image2.jpeg", "image3.jpeg", "squat.bmp", "tfjs_combined_squat_dance.gif"])
def test_real_files_read_as_another_library_reads_them(shared, name):
    with Image.open(shared / "media" / name) as file:
        expected = np.asarray(file.convert("RGB"))
    assert np.abs(read_photo(shared / "media" / name).astype(int) - expected).mean() < 0.5


# --- what is no picture ---


def message_of(path):
    with pytest.raises(MediaError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    assert "does not exist" in message_of(tmp_path / "none.jpg")


def test_a_folder_is_no_picture(tmp_path):
    assert "folder" in message_of(tmp_path)


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "a.jpg").touch()
    assert "empty" in message_of(tmp_path / "a.jpg")


def test_text_named_jpg_is_no_picture(tmp_path):
    (tmp_path / "a.jpg").write_text("hello, I am a text")
    assert "expected JPEG, PNG, BMP, WebP, TIFF, GIF, AVIF or HEIC" in message_of(tmp_path / "a.jpg")


def test_without_the_package_for_heic_the_extra_that_installs_it_is_named(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(file_of(quarters(), "HEIF"))
    code = (
        "import sys\n"
        "sys.modules['pillow_heif'] = None\n"
        "import movenet\n"
        "try: movenet.read_photo(sys.argv[1])\n"
        "except movenet.errors.MissingExtraError as problem: print(problem)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert (
        f"reading HEIC needs the package 'pillow-heif': install it with  {install_command('heif')}"
        in run.stdout
    )


def test_a_name_no_system_allows_is_an_error():
    assert "null" in message_of("a\0.jpg")


def test_a_file_we_may_not_read_is_an_error(tmp_path):
    path = tmp_path / "a.png"
    write_photo(path, quarters())
    path.chmod(0)
    code = (
        "import os, sys, cv2, encodings.idna\n"
        "from movenet.media.photo import MediaError, read_photo\n"
        "os.geteuid() or os.seteuid(65534)\n"
        "try: read_photo(sys.argv[1])\n"
        "except MediaError as problem: print(problem)\n"
    )
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert run.stdout == f"{path} cannot be read: Permission denied\n"


@pytest.mark.parametrize("share", [0.002, 0.05, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", [*KINDS, "progressive JPEG", "lossy WEBP", "LZW TIFF"])
def test_a_file_cut_short_is_an_error_and_nothing_is_printed(kind, share, capfd):
    variant, _, kind = kind.rpartition(" ")
    options = {
        "progressive": {"progressive": True},
        "lossy": {"lossless": False},
        "LZW": {"compression": "tiff_lzw"},
    }.get(variant, {})
    data = file_of(noise(), kind, **options)
    with pytest.raises(MediaError, match=r"short|not a supported picture"):
        decode_photo(data[: max(int(len(data) * share), 1)])
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_without_its_last_bytes_is_cut_short():
    with pytest.raises(MediaError, match="cut short"):
        decode_photo(file_of(noise(), "JPEG")[:-20])


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "TIFF"])
def test_damage_never_prints_and_never_raises_anything_else(kind, capfd):
    random = np.random.default_rng(8)
    data = file_of(noise(), kind)
    for _ in range(30):
        broken = np.frombuffer(data, np.uint8).copy()
        broken[random.integers(0, len(data), 6)] ^= random.integers(1, 256, 6, dtype=np.uint8)
        with contextlib.suppress(MediaError):
            assert decode_photo(broken.tobytes()).ndim == 3
    assert capfd.readouterr() == ("", "")


def png_claiming(width, height):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def claiming(kind, width, height):
    """A file of 60 x 40 pixels whose header is changed to say something else."""
    data = bytearray(file_of(quarters(), kind))
    if kind == "JPEG":
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    elif kind == "BMP":
        struct.pack_into("<ii", data, 18, width, height)
    elif kind == "GIF":
        struct.pack_into("<HH", data, 6, width, height)
    elif kind == "TIFF":
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HHI", tag, 4, 1))
            struct.pack_into("<I", data, at + 8, value)
    return bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "GIF", "TIFF", "PNG"])
def test_a_picture_too_large_is_refused_before_it_is_decoded(kind):
    data = png_claiming(20_000, 20_000) if kind == "PNG" else claiming(kind, 20_000, 20_000)
    with pytest.raises(MediaError, match=r"of at most 1[0-9]{2}000000 pixels, got 20000 x 20000"):
        decode_photo(data)


@pytest.mark.parametrize("kind", ["JPEG", "BMP", "TIFF", "PNG"])
def test_a_picture_of_no_pixels_is_refused(kind):
    with pytest.raises(MediaError, match="cannot be decoded"):
        decode_photo(png_claiming(0, 0) if kind == "PNG" else claiming(kind, 0, 0))


def test_a_gif_without_a_size_has_that_of_its_first_picture():
    assert np.array_equal(decode_photo(claiming("GIF", 0, 0)), decode_photo(file_of(quarters(), "GIF")))


def test_of_a_limit_that_is_given_the_picture_may_have_as_many_pixels_and_no_more():
    data = file_of(quarters(), "PNG")
    assert decode_photo(data, max_pixels=2400).shape == (40, 60, 3)
    with pytest.raises(MediaError, match="expected the picture of at most 2399 pixels, got 60 x 40"):
        decode_photo(data, max_pixels=2399)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "PNG"])
def test_a_header_that_promises_more_than_the_file_holds_is_an_error(kind):
    data = png_claiming(3000, 2000) if kind == "PNG" else claiming(kind, 3000, 2000)
    with pytest.raises(MediaError, match="cannot be decoded"):
        decode_photo(data)


def test_decoding_leaves_the_log_level_of_opencv_as_it_was():
    import cv2

    before = cv2.utils.logging.getLogLevel()
    decode_photo(file_of(quarters(), "PNG"))
    assert cv2.utils.logging.getLogLevel() == before


# --- writing ---


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_reads_back(tmp_path, suffix):
    write_photo(tmp_path / f"a{suffix}", noise())
    difference = read_photo(tmp_path / f"a{suffix}").astype(int) - noise()
    assert np.abs(difference).mean() < (4 if suffix in (".jpg", ".jpeg", ".webp") else 1e-9)


def test_the_suffix_is_what_it_says_in_capitals_too(tmp_path):
    write_photo(tmp_path / "A.PNG", quarters())
    assert (tmp_path / "A.PNG").read_bytes().startswith(b"\x89PNG")


def test_views_and_read_only_pictures_can_be_written(tmp_path):
    view = quarters()[::-1, ::2]
    view.flags.writeable = False
    write_photo(tmp_path / "a.png", view)
    assert np.array_equal(read_photo(tmp_path / "a.png"), view)


@pytest.mark.parametrize("name", ["a.xyz", "a", "a.gif", "a.mp4"])
def test_an_unknown_suffix_names_the_known_ones(tmp_path, name):
    with pytest.raises(MediaError, match=r"\.bmp \.jpeg \.jpg \.png \.tif \.tiff \.webp"):
        write_photo(tmp_path / name, quarters())


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        None,
    ],
    ids=["grey", "five channels", "float", "empty", "nothing"],
)
def test_what_is_no_rgb_picture_is_not_written(tmp_path, image):
    with pytest.raises(
        MediaError, match=r"expected a picture as a uint8 RGB array of shape \(height, width, 3\), got"
    ):
        write_photo(tmp_path / "a.png", image)
    assert not list(tmp_path.iterdir())


def test_a_missing_folder_is_not_made(tmp_path):
    with pytest.raises(MediaError, match="create it first"):
        write_photo(tmp_path / "none" / "a.png", quarters())


def test_what_a_format_cannot_hold_is_an_error_and_leaves_nothing(tmp_path, capfd):
    with pytest.raises(MediaError, match=r"20000 x 2 pixels do not fit \.webp"):
        write_photo(tmp_path / "a.webp", np.zeros((2, 20_000, 3), np.uint8))
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")


# --- finding ---


@pytest.fixture
def album(tmp_path):
    for name in ("img10.jpg", "img2.JPG", "img1.png", "notes.txt", ".hidden.jpg", "deep/img3.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_a_folder_gives_its_pictures_in_counting_order(album):
    assert names(find_photos([album])) == ["img1.png", "img2.JPG", "img10.jpg"]


def test_a_glob_gives_its_pictures_in_counting_order(album):
    assert names(find_photos([f"{album}/img*"])) == ["img1.png", "img2.JPG", "img10.jpg"]


def test_two_stars_include_subfolders(album):
    assert names(find_photos([f"{album}/**/*.webp"])) == ["img3.webp"]


def test_a_plain_name_is_passed_on_as_it_is(album):
    assert find_photos([album / "notes.txt", "none.jpg"]) == [album / "notes.txt", Path("none.jpg")]


def test_a_file_whose_name_has_brackets_is_no_glob(album):
    (album / "img[1].jpg").touch()
    assert names(find_photos([album / "img[1].jpg"])) == ["img[1].jpg"]


def test_each_picture_is_listed_once(album):
    assert names(find_photos([album / "img2.JPG", album])) == ["img2.JPG", "img1.png", "img10.jpg"]


def test_a_relative_glob_stays_relative(album):
    here = Path.cwd()
    os.chdir(album)
    try:
        assert find_photos(["deep/*"]) == [Path("deep/img3.webp")]
    finally:
        os.chdir(here)


@pytest.mark.parametrize("pattern", ["empty", "*.gif"])
def test_a_folder_or_glob_without_pictures_is_an_error(tmp_path, pattern):
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match="no pictures in"):
        find_photos([tmp_path / pattern])
