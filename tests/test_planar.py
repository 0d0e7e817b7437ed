import numpy as np
import pytest

from movenet.errors import MediaError
from movenet.planar import LUMA_WEIGHTS, Colours, PlanarImage

RED = np.array([[[255, 0, 0]]], np.uint8)
RANGES = pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])


def planes(height, width):
    y = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    u, v = (np.full(((height + 1) // 2, (width + 1) // 2), value, np.uint8) for value in (100, 150))
    return PlanarImage(y, u, v, Colours(1))


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        (Colours(1), (63, 102, 240)),
        (Colours(6), (81, 90, 240)),
        (Colours(5, full_range=True), (76, 85, 255)),
        (Colours(9), (74, 97, 240)),
    ],
    ids=["BT.709", "BT.601", "JPEG", "BT.2020"],
)
def test_red_has_the_samples_that_the_standard_states(colours, expected):
    assert np.abs(colours.from_rgb(RED)[0, 0].astype(int) - expected).max() <= 1


@RANGES
def test_black_and_white_fill_the_range(full_range):
    colours = Colours(1, full_range)
    ends = colours.from_rgb(np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8))[0].tolist()
    assert ends == [[0, 128, 128], [255, 128, 128]] if full_range else [[16, 128, 128], [235, 128, 128]]
    assert ends[0][0] == colours.black


@pytest.mark.parametrize("matrix", LUMA_WEIGHTS)
@RANGES
def test_colours_survive_the_way_there_and_back(matrix, full_range):
    rgb = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    colours = Colours(matrix, full_range)
    assert np.abs(colours.to_rgb(colours.from_rgb(rgb)).astype(int) - rgb).max() <= 3


def test_a_matrix_that_is_no_luma_and_chroma_is_refused():
    with pytest.raises(MediaError, match="colour matrix"):
        Colours(8)


def test_planes_have_the_shape_of_the_picture_and_half_its_bytes():
    image = planes(5, 7)
    assert image.shape == (5, 7, 3)
    assert image.nbytes == 5 * 7 + 2 * 3 * 4


def test_planes_cannot_be_changed_but_the_arrays_given_can():
    y, half = np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.uint8)
    image = PlanarImage(y, half, half, Colours(1))
    with pytest.raises(ValueError, match="read-only"):
        image.y[:] = 1
    y[:] = 1


@pytest.mark.parametrize(
    ("y", "u"),
    [((4, 4), (4, 4)), ((5, 5), (2, 2)), ((0, 0), (0, 0)), ((4, 4, 3), (2, 2))],
    ids=["4:4:4", "odd", "empty", "three channels"],
)
def test_planes_that_do_not_fit_together_are_refused(y, u):
    with pytest.raises(MediaError, match="planes of YUV 4:2:0"):
        PlanarImage(np.zeros(y, np.uint8), np.zeros(u, np.uint8), np.zeros(u, np.uint8), Colours(1))


def test_planes_of_another_type_are_refused():
    y, half = np.zeros((4, 4), np.uint16), np.zeros((2, 2), np.uint8)
    with pytest.raises(MediaError, match="uint8 planes"):
        PlanarImage(y, half, half, Colours(1))


def test_single_pixels_have_the_chroma_of_their_cell():
    colours = Colours(1)
    half = np.array([[60, 200]], np.uint8)
    image = PlanarImage(np.full((2, 4), 120, np.uint8), half, half, colours)
    found = image.pixels(np.array([0, 1]), np.array([1, 2]))
    expected = colours.to_rgb(np.array([[[120, 60, 60], [120, 200, 200]]], np.uint8))[0]
    assert found.tolist() == expected.tolist()
