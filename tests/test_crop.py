"""The map between picture and square: it is the same both ways, and where the pixels say it is."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.crop import MIN_SIDE_PX, MODEL_SHIFT_PX, Crop, check_image, check_picture
from movenet.errors import MediaError, MoveNetError
from movenet.planar import LEFT_SITED, Colours, PlanarImage

places = st.floats(-1e4, 1e4)
sizes = st.floats(1, 2e4)
outputs = st.integers(1, 1024)
crops = st.builds(Crop, places, places, sizes, sizes, outputs, outputs)
points = st.tuples(places, places)


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8)


def white(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


def dot(width: int, height: int, at: tuple[float, float], sigma: float) -> np.ndarray:
    """A Gaussian spot on black whose centre is `at` (x, y)."""
    x = np.exp(-((np.arange(width) + 0.5 - at[0]) ** 2) / (2 * sigma**2))
    y = np.exp(-((np.arange(height) + 0.5 - at[1]) ** 2) / (2 * sigma**2))
    return np.repeat(np.rint(255 * y[:, None] * x)[..., None], 3, axis=2).astype(np.uint8)


def centroid(image: np.ndarray) -> np.ndarray:
    """The x, y of the middle of all light, pixel i having its centre at i + ½."""
    light = image[..., 0].astype(float)
    x, y = np.arange(image.shape[1]) + 0.5, np.arange(image.shape[0]) + 0.5
    return np.array([light.sum(axis=0) @ x, light.sum(axis=1) @ y]) / light.sum()


# The map


@given(crops, points)
def test_a_point_maps_to_the_output_and_back(crop, point):
    back = crop.to_output(crop.to_image(point))
    np.testing.assert_allclose(back, point, atol=1e-3)


@given(crops)
def test_the_corners_of_the_output_are_the_corners_of_the_region(crop):
    corners = crop.to_image([[0, 0], [crop.out_width, crop.out_height]])
    expected = [[crop.left, crop.top], [crop.left + crop.width, crop.top + crop.height]]
    np.testing.assert_allclose(corners, expected, atol=1e-6)


def test_points_may_have_any_number_of_axes():
    crop = Crop(10, 20, 96, 96, 192, 192)
    grid = np.arange(24.0).reshape(2, 6, 2)
    assert crop.to_image(grid).shape == crop.to_output(grid).shape == crop.to_decoded(grid).shape == (2, 6, 2)
    np.testing.assert_array_equal(crop.to_image(grid)[1, 3], crop.to_image(grid[1, 3]))


def test_the_middle_of_the_output_is_the_middle_of_the_region_plus_the_models_shift():
    crop = Crop(100, 50, 384, 384, 192, 192)
    keypoints, _ = crop.decoded_to_image(np.array([[0.5, 0.5, 0.9]]))
    np.testing.assert_allclose(keypoints, [[292 + 2 * MODEL_SHIFT_PX, 242 + 2 * MODEL_SHIFT_PX]])


def test_decoded_points_are_y_first_and_keypoints_are_x_first():
    crop = Crop(0, 0, 192, 192, 192, 192)
    keypoints, _ = crop.decoded_to_image(np.array([[0.25, 0.75, 0.9]]))
    np.testing.assert_allclose(keypoints - MODEL_SHIFT_PX, [[144, 48]], atol=1e-4)


def test_scores_are_unchanged_and_do_not_share_memory_with_the_decoded_array():
    decoded = np.random.default_rng(0).random((2, 17, 3), np.float32)
    keypoints, scores = Crop(0, 0, 50, 50, 192, 192).decoded_to_image(decoded)
    assert (keypoints.shape, keypoints.dtype, scores.dtype) == ((2, 17, 2), np.float32, np.float32)
    np.testing.assert_array_equal(scores, decoded[..., 2])
    assert not np.shares_memory(scores, decoded)


@given(crops, st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_to_decoded_is_the_inverse_of_decoded_to_image(crop, decoded):
    keypoints, _ = crop.decoded_to_image(np.array([[*decoded, 1.0]], np.float64))
    rounding = 2e-7 * np.abs(keypoints).max() / min(crop.width, crop.height)
    np.testing.assert_allclose(crop.to_decoded(keypoints), [decoded], atol=1e-6 + rounding)


def test_to_decoded_applies_the_shift_of_the_model():
    crop = Crop(100, 50, 384, 192, 192, 96)
    decoded = np.array([[0.25, 0.75], [0.5, 0.1]], np.float32)
    np.testing.assert_allclose(crop.to_decoded(crop.points_to_image(decoded, 3.0), 3.0), decoded, atol=1e-6)


def test_a_box_maps_as_its_corners():
    crop = Crop(-40, 30, 512, 320, 256, 160)
    corners, _ = crop.decoded_to_image(np.array([[0.1, 0.2, 1], [0.6, 0.9, 1]]))
    boxes = crop.boxes_to_image(np.array([[0.1, 0.2, 0.6, 0.9]]))
    np.testing.assert_allclose(boxes, [[*corners[0], *(corners[1] - corners[0])]], rtol=1e-6)


def test_decoded_points_map_as_decoded_keypoints():
    crop = Crop(-40, 30, 512, 320, 256, 160)
    decoded = np.random.default_rng(0).random((17, 3), np.float32)
    keypoints, _ = crop.decoded_to_image(decoded)
    np.testing.assert_allclose(crop.points_to_image(decoded[:, :2]), keypoints, rtol=1e-6)


def test_a_nan_point_stays_nan():
    assert np.isnan(Crop(0, 0, 9, 9, 9, 9).to_decoded([np.nan, np.nan])).all()


def test_no_boxes_map_to_no_boxes():
    assert Crop(0, 0, 9, 9, 9, 9).boxes_to_image(np.zeros((0, 4))).shape == (0, 4)


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_a_region_without_a_finite_size_above_0_is_refused(bad):
    with pytest.raises(MoveNetError, match="size above 0"):
        Crop(0, 0, bad, 10, 192, 192)
    with pytest.raises(MoveNetError, match="size above 0"):
        Crop(0, 0, 10, bad, 192, 192)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_region_without_a_finite_position_is_refused(bad):
    with pytest.raises(MoveNetError, match="finite"):
        Crop(bad, 0, 10, 10, 192, 192)


def test_an_output_above_the_largest_side_is_refused():
    with pytest.raises(MoveNetError, match=r"at most 16384 px a side, got 320000 × 32 px"):
        Crop(0, 0, 10, 10, 320000, 32).cut(np.zeros((8, 8, 3), np.uint8))


def test_an_output_without_pixels_is_refused():
    with pytest.raises(MoveNetError, match="at least 1 × 1"):
        Crop(0, 0, 10, 10, 0, 192)


# The pixels


def spots() -> list:
    """Picture size, crop and a point in both: every kind of crop, many scales and aspect ratios."""
    return [
        pytest.param((640, 480), Crop.whole(640, 480, 192), (171.3, 322.8), id="whole, 3.3 × smaller"),
        pytest.param((333, 777), Crop.whole(333, 777, 256), (101.1, 607.4), id="tall and odd"),
        pytest.param((1280, 300), Crop.whole(1280, 300, 192), (1011.7, 77.2), id="wide, 6.7 × smaller"),
        pytest.param((1000, 900), Crop.whole(1000, 900, 64), (411.7, 400.2), id="15.6 × smaller"),
        pytest.param((900, 506), Crop.letterbox(900, 506, 256), (700.3, 90.6), id="letterbox"),
        pytest.param((640, 480), Crop(200.3, 99.7, 192, 192, 192, 192), (301.2, 177.7), id="same size"),
        pytest.param((640, 480), Crop(200.3, 99.7, 61.8, 61.8, 192, 192), (219.9, 130.1), id="3.1 × larger"),
        pytest.param(
            (640, 480), Crop(-80.1, -55.5, 300, 300, 192, 192), (33.3, 41.9), id="leaves at top left"
        ),
        pytest.param(
            (641, 481), Crop(400.2, 300.6, 555, 555, 192, 192), (600.1, 440.4), id="leaves at the end"
        ),
        pytest.param(
            (480, 640), Crop(11.1, 22.2, 383.9, 383.9, 192, 192), (99.9, 222.2), id="just below 2 ×"
        ),
        pytest.param((480, 640), Crop(11.1, 22.2, 300, 200, 192, 256), (99.9, 122.2), id="two scales"),
    ]


@pytest.mark.parametrize(("size", "crop", "at"), spots())
def test_a_dot_in_the_picture_appears_in_the_output_where_it_maps_to(size, crop, at):
    scale = max(crop.width / crop.out_width, crop.height / crop.out_height)
    found = centroid(crop.cut(dot(*size, at, sigma=1.5 * max(scale, 1))))
    np.testing.assert_allclose(found, crop.to_output(at), atol=0.05)
    # In the source's pixels too, until the rounding to 8 bits shows: about 0.006 px of the output.
    np.testing.assert_allclose(crop.to_image(found), at, atol=0.05 * max(1, scale / 7))


@settings(max_examples=50, deadline=None)
@given(
    at=st.tuples(st.floats(60, 340), st.floats(60, 240)),
    edge=st.floats(40, 900),
    within=st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)),
)
def test_a_dot_is_found_from_any_square_around_it(at, edge, within):
    crop = Crop(at[0] - within[0] * edge, at[1] - within[1] * edge, edge, edge, 96, 96)
    found = centroid(crop.cut(dot(400, 300, at, sigma=1.5 * max(edge / 96, 1))))
    np.testing.assert_allclose(found, crop.to_output(at), atol=0.05)


def test_a_region_of_the_outputs_size_on_whole_pixels_is_copied():
    image = noise(64, 48)
    np.testing.assert_array_equal(Crop(5, 7, 32, 32, 32, 32).cut(image), image[7:39, 5:37])


def test_shrinking_to_a_quarter_is_the_mean_of_every_16_pixels():
    image = noise(64, 48)
    means = image.reshape(12, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(Crop(0, 0, 64, 48, 16, 12).cut(image) - means).max() <= 1


def test_an_odd_last_row_and_column_are_averaged_with_black():
    square = Crop(0, 0, 4, 4, 2, 2).cut(np.full((3, 3, 3), 200, np.uint8))
    np.testing.assert_array_equal(square[..., 0], [[200, 100], [100, 50]])


def test_a_checkerboard_shrinks_to_grey_and_not_to_a_pattern():
    rows, columns = np.indices((700, 700))
    image = np.repeat(255 * ((rows + columns) % 2)[..., None], 3, axis=2).astype(np.uint8)
    square = Crop(3.7, 9.1, 640, 640, 192, 192).cut(image)
    assert 127 <= square.min() <= square.max() <= 128


@pytest.mark.parametrize("edge", [20.0, 150.3, 192.0, 250.5, 420.9, 900.1])
def test_a_square_inside_the_picture_has_no_dark_rim(edge):
    assert Crop(7.3, 9.8, edge, edge, 192, 192).cut(white(1000, 1000)).min() == 255


@pytest.mark.parametrize("edge", [31.7, 300.0, 411.1])
def test_the_mirrored_picture_on_the_mirrored_square_is_the_mirrored_cut(edge):
    image = noise(320, 240)
    crop = Crop(20.3, -30.4, edge, edge, 96, 96)
    mirrored = Crop(320 - 20.3 - edge, -30.4, edge, edge, 96, 96)
    difference = mirrored.cut(image[:, ::-1]).astype(int) - crop.cut(image)[:, ::-1]
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("place", [(-300, 0), (700, 0), (0, -300), (0, 500), (1e6, -1e6)])
@pytest.mark.parametrize("edge", [10, 290])
def test_a_region_outside_the_picture_is_black(place, edge):
    assert not Crop(*place, edge, edge, 64, 64).cut(white(640, 480)).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (2, 3), (8, 40_001)])
def test_the_whole_of_an_extreme_picture_lies_in_the_middle(size):
    square = Crop.whole(*size, 192).cut(white(*size))
    assert square.shape == (192, 192, 3)
    np.testing.assert_allclose(centroid(square), 96, atol=1)


def test_a_thin_picture_keeps_its_brightness():
    square = Crop.whole(300, 10_000, 192).cut(white(300, 10_000))
    width_px = square[96, :, 0].sum() / 255 * 10_000 / 192
    assert width_px == pytest.approx(300, rel=0.05)


@pytest.mark.parametrize("size", [(1, 10_000), (2001, 1501)])
def test_cutting_allocates_less_than_the_picture_and_no_padded_square(size):
    image, crop = white(*size), Crop.whole(*size, 192)
    tracemalloc.start()
    crop.cut(image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.75 * image.nbytes + 4 * 192 * 192 * 3


@pytest.mark.parametrize("scale", [1e-6, 1e3, 1e9, 1e30, 1e300])
def test_extreme_scales_do_not_crash(scale):
    assert Crop(-scale, -scale, 4 * scale, 4 * scale, 32, 32).cut(noise(50, 40)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    "view",
    [
        lambda image: image[:, ::-1],
        lambda image: image[::-1],
        lambda image: image[..., ::-1],
        lambda image: image[1::2, 1::3],
        lambda image: np.dstack([image, image])[..., :3],
        lambda image: image.transpose(1, 0, 2),
    ],
    ids=["mirrored", "upside down", "BGR", "strided", "of four channels", "transposed"],
)
@pytest.mark.parametrize(
    "crop", [Crop.whole(200, 150, 64), Crop(20, 10, 50, 50, 64, 64)], ids=["whole", "part"]
)
def test_a_view_is_cut_like_its_copy(view, crop):
    image = view(noise(200, 150))
    np.testing.assert_array_equal(crop.cut(image), crop.cut(np.ascontiguousarray(image)))


def test_a_read_only_picture_is_cut_and_unchanged():
    image = noise(200, 150)
    before = image.copy()
    image.flags.writeable = False
    Crop.whole(200, 150, 64).cut(image)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (np.full((4, 4, 3), np.nan), "float64 of shape"),
        (np.zeros((4, 4, 3), np.uint16), "uint16"),
        (np.zeros((4, 4, 3), bool), "bool"),
        (np.zeros((4, 4), np.uint8), r"\(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"\(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        ([[[0, 0, 0]]], "list"),
        (None, "NoneType"),
    ],
)
def test_an_argument_that_is_no_picture_is_refused_with_its_type(bad, got):
    with pytest.raises(MediaError, match=rf"expected a picture as a uint8 .*, got .*{got}"):
        check_image(bad)
    with pytest.raises(MediaError):
        Crop(0, 0, 4, 4, 4, 4).cut(bad)


# Constructors


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_the_whole_picture_is_centred_in_a_square_that_touches_its_long_edges(width, height):
    crop = Crop.whole(width, height, 192)
    assert crop.width == crop.height == max(width, height)
    np.testing.assert_allclose(crop.to_output([width / 2, height / 2]), 96)


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(1, 24))
def test_a_letterbox_is_the_smallest_in_multiples_of_32_with_the_picture_at_the_top_left(
    width, height, tiles
):
    crop = Crop.letterbox(width, height, 32 * tiles)
    assert (crop.left, crop.top) == (0, 0)
    assert crop.out_width % 32 == crop.out_height % 32 == 0
    assert max(crop.out_width, crop.out_height) == 32 * tiles
    assert crop.width / crop.out_width == pytest.approx(crop.height / crop.out_height)
    spare = np.array([crop.out_width, crop.out_height]) - crop.to_output([width, height])
    assert spare.min() > -1e-6
    assert spare.max() < 32


def test_a_letterbox_of_an_odd_length_is_refused():
    with pytest.raises(MoveNetError, match="multiple of 32 px, got 250"):
        Crop.letterbox(640, 480, 250)


def test_a_letterbox_of_an_empty_picture_is_refused():
    with pytest.raises(MoveNetError, match="at least 1 × 1 px, got 640 × 0"):
        Crop.letterbox(640, 0, 256)


def test_a_square_around_points_is_centred_on_their_extent():
    crop = Crop.around([[10, 100], [30, 200], [12, 110]], 1.5, 192)
    assert crop == Crop(20 - 75, 150 - 75, 150, 150, 192, 192)


def test_a_square_around_a_box_is_centred_on_it():
    assert Crop.around_box((10, 100, 20, 100), 1.2, 256) == Crop(20 - 60, 150 - 60, 120, 120, 256, 256)


def test_a_square_around_one_point_has_the_smallest_side():
    assert Crop.around([[50, 60]], 1.2, 192).width == MIN_SIDE_PX


def test_a_square_around_no_points_is_refused():
    with pytest.raises(MoveNetError, match="at least one point"):
        Crop.around(np.zeros((0, 2)), 1.2, 192)


def test_a_square_around_a_nan_point_is_refused():
    with pytest.raises(MoveNetError, match="finite"):
        Crop.around([[50, 60], [np.nan, 60]], 1.2, 192)


# Planes of YUV


def smooth(width: int, height: int) -> np.ndarray:
    """A picture whose colours change so slowly that halved chroma shows the same."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 37 + i) * np.cos(y / 29 + i) for i in range(3)]
    return np.rint(128 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def in_planes(rgb: np.ndarray, colours: Colours, shift: tuple[float, float] = (0.0, 0.0)) -> PlanarImage:
    """The picture in planes; chroma samples are means of 2 × 2 pixels."""
    yuv = colours.from_rgb(rgb)
    height, width = rgb.shape[:2]
    even = np.pad(yuv, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").astype(float)
    cells = even.reshape(-(-height // 2), 2, -(-width // 2), 2, 3).mean(axis=(1, 3)).round().astype(np.uint8)
    return PlanarImage(yuv[..., 0], cells[..., 1], cells[..., 2], colours, shift)


@pytest.mark.parametrize("colours", [Colours(1), Colours(6), Colours(5, full_range=True)])
@pytest.mark.parametrize("size", [(200, 160), (201, 161)])
def test_planes_give_the_square_that_rgb_gives(colours, size):
    rgb = smooth(*size)
    planar = in_planes(rgb, colours)
    for crop in (Crop.whole(*size, 64), Crop.letterbox(*size, 96), Crop(20.3, 10.7, 100, 100, 192, 192)):
        difference = np.abs(crop.cut(planar).astype(int) - crop.cut(rgb))
        assert difference.mean() < 1.5
        assert np.quantile(difference, 0.97) <= 4


@pytest.mark.parametrize("size", [(7, 5), (2, 1), (1, 1)])
def test_the_smallest_planes_give_what_rgb_gives(size):
    rgb = white(*size)
    for crop in (Crop.whole(*size, 64), Crop(-1, -1, 200, 200, 32, 32)):
        np.testing.assert_allclose(crop.cut(in_planes(rgb, Colours(1))), crop.cut(rgb), atol=2)


@pytest.mark.parametrize("colours", [Colours(1), Colours(1, full_range=True)])
def test_beyond_the_edges_of_planes_is_black(colours):
    planar = in_planes(white(20, 20), colours)
    assert Crop(-40, -40, 20, 20, 8, 8).cut(planar).max() == 0
    assert Crop(-20, 0, 40, 20, 64, 32).cut(planar)[:, :28].max() == 0


@pytest.mark.parametrize("shift", [(0.0, 0.0), LEFT_SITED, (0.5, 0.5)])
def test_chroma_is_cut_where_its_samples_lie(shift):
    chroma = dot(60, 40, ((61.3 + shift[0]) / 2, (37.8 + shift[1]) / 2), 2.5)[..., 0] // 4 + 128
    planar = PlanarImage(np.full((80, 120), 128, np.uint8), chroma, np.full_like(chroma, 128), Colours(1))
    crop = Crop(20, 10, 80, 60, 160, 120)
    square = crop.cut(replace(planar, chroma_shift=shift)).astype(float)
    blue = square[..., 2:] - square[..., 2].min()
    np.testing.assert_allclose(crop.to_image(centroid(blue)), (61.3, 37.8), atol=0.1)


def test_planes_are_pictures():
    planar = in_planes(white(4, 4), Colours(1))
    assert check_picture(planar) is planar
    with pytest.raises(MediaError, match="PlanarImage"):
        check_image(planar)
