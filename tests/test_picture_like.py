"""Pictures in every type that programs hold become the same RGB array."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from movenet.drawing import draw
from movenet.errors import DataError, MediaError
from movenet.estimator import estimate
from movenet.media.picture_like import to_picture
from movenet.models import DATA
from movenet.planar import Colours, PlanarImage
from servers import Http, serving
from stage import Stage, scene

PERSON = (200, 60, 120, 240, 230)


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)


@pytest.fixture
def file(image, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(image).save(path)
    return path


def same(got, expected):
    return got.dtype == np.uint8 and got.flags.c_contiguous and np.array_equal(got, expected)


def test_a_path_a_string_an_address_of_a_file_and_its_bytes(image, file):
    data = file.read_bytes()
    for value in (file, str(file), file.as_uri(), data, bytearray(data), memoryview(data)):
        assert same(to_picture(value), image)


def test_an_array_and_planes_are_taken_as_they_are(image):
    assert to_picture(image) is image
    planes = PlanarImage(
        np.zeros((4, 4), np.uint8), *(np.zeros((2, 2), np.uint8) for _ in "uv"), Colours(matrix=1)
    )
    assert to_picture(planes) is planes


def test_grey_arrays_get_three_equal_channels(image):
    grey = image[..., 0]
    for value in (grey, grey[..., None]):
        assert same(to_picture(value), np.stack([grey] * 3, axis=2))


def test_transparent_pixels_are_blended_over_white():
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [100, 0, 255, 128]]], np.uint8)
    got = to_picture(rgba)
    assert got[0].tolist() == [[10, 20, 30], [255, 255, 255], [177, 127, 255]]


def test_bgr_is_chosen_by_name(image):
    assert same(to_picture(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), "bgr"), image)
    bgra = cv2.cvtColor(image, cv2.COLOR_RGB2BGRA)
    assert same(to_picture(bgra, "bgr"), image)
    with pytest.raises(MediaError, match="expected channels 'rgb' or 'bgr', got 'gbr'"):
        to_picture(image, "gbr")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1", "LA", "I;16"])
def test_pillow_images_of_any_mode(mode):
    plain = Image.new("RGB", (6, 4), (200, 200, 200))
    picture = Image.new("I;16", (6, 4), 200 << 8) if mode == "I;16" else plain.convert(mode)
    got = to_picture(picture)
    assert got.shape == (4, 6, 3)
    assert mode == "1" or np.abs(got.astype(int) - 200).max() <= 5


def test_a_pillow_image_is_turned_upright(image):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise
    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", exif=exif)
    opened = Image.open(io.BytesIO(data.getvalue()))
    assert same(to_picture(opened), np.ascontiguousarray(np.rot90(image, -1)))
    opened.close()


def test_torch_tensors_of_both_layouts_and_both_ranges(image):
    torch = pytest.importorskip("torch")
    whole = torch.from_numpy(image)
    first = whole.permute(2, 0, 1)
    for value in (whole, first, first.float() / 255, (first.float() / 255).requires_grad_()):
        assert same(to_picture(value), image)
    with pytest.raises(MediaError, match="values from 0 to 1"):
        to_picture(first.float())


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        (np.zeros((4, 5, 3)), r"pass \(255 \* image\)"),
        (np.zeros((3, 40, 50), np.uint8), r"pass image.transpose\(1, 2, 0\)"),
        (np.zeros((2, 4, 5, 3), np.uint8), r"pass list\(images\)"),
        (np.zeros((0, 5, 3), np.uint8), "got uint8 of shape"),
        (np.zeros((4, 5, 2), np.uint8), "got uint8 of shape"),
        (0, "expected a path, an address, .* got int"),
        (None, "got NoneType"),
        ("missing.jpg", "missing.jpg does not exist"),
        ("7", "movenet.watch takes cameras"),
        ("rtsp://127.0.0.1/x", "movenet.watch takes videos"),
        (b"no picture", "not a supported picture"),
        (b"", "is empty"),
    ],
)
def test_the_error_names_the_remedy(value, remedy):
    with pytest.raises(MediaError, match=remedy):
        to_picture(value)


def test_an_estimator_takes_one_or_a_list():
    estimator = Stage().estimator()
    image = scene(PERSON)
    (pose,) = estimator(image)
    found = estimator([image, Image.fromarray(image), np.zeros_like(image)])
    assert [len(poses) for poses in found] == [1, 1, 0]
    assert np.array_equal(found[1][0].keypoints, pose.keypoints)
    with pytest.raises(DataError, match=r"batch\(images, boxes="):
        estimator([image], [[0, 0, 9, 9]])


def test_the_address_of_a_photo():
    data = (DATA / "astronaut.jpg").read_bytes()
    with serving(lambda _: iter([data]), Http) as server:
        address = f"http://127.0.0.1:{server.port}/photo.jpg"
        assert len(estimate(address)) == 1
        assert to_picture(address).shape == (512, 512, 3)


def test_draw_takes_what_an_estimator_takes_and_one_pose_or_many(file, image):
    (pose,) = Stage().estimator()(scene(PERSON))
    assert np.array_equal(draw(file, []), image)
    assert np.array_equal(draw(scene(PERSON), pose), draw(scene(PERSON), [pose]))
    with pytest.raises(DataError, match="expected a pose or a list of them, got list in the list"):
        draw(image, [[pose]])


def test_an_estimator_prints_what_it_is():
    assert repr(Stage().estimator(min_score=0.2)) == (
        "Estimator('lightning', people='one', method='top-down', detector='multipose', min_score=0.2, "
        "precision='fp32')"
    )
