"""Blurred faces and people, people cut out, skeletons on black and on nothing, steady keypoints, labels and boxes."""

from dataclasses import replace

import numpy as np
import pytest

from movenet.drawing import SteadyKeypoints, Style, blur, crop_people, draw
from movenet.errors import DataError
from movenet.media import read_photo, write_photo
from movenet.media.picture_like import as_rgb
from movenet.media.planes import from_rgb
from movenet.overlays import HeatMap
from movenet.planar import Colours, PlanarImage
from test_drawing import GREY, STANDING, changed, person

HEAD, KNEE = (50, 150), (210, 168)
"""Row and column of the head and of a knee of the standing person."""
NOISE = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)


def roughness(image, row, column, reach=8):
    """The mean difference of neighbouring pixels around a place."""
    part = image[row - reach : row + reach, column - reach : column + reach].astype(float)
    return np.abs(np.diff(part, axis=1)).mean()


def planar(image):
    return from_rgb(image, Colours(6))


def test_a_blurred_face_has_no_details_and_the_body_keeps_its_own():
    blurred = blur(NOISE, [person()])
    assert roughness(blurred, *HEAD) < 0.1 * roughness(NOISE, *HEAD)
    np.testing.assert_array_equal(blurred[120:], NOISE[120:])


def test_a_blurred_person_has_no_details_and_the_rest_keeps_its_own():
    blurred = blur(NOISE, [person()], "person")
    assert all(roughness(blurred, *place) < 0.1 * roughness(NOISE, *place) for place in (HEAD, KNEE))
    np.testing.assert_array_equal(blurred[:, :40], NOISE[:, :40])


@pytest.mark.parametrize("part", ["face", "person"])
def test_planes_are_blurred_as_rgb_is(part):
    smooth = np.repeat(np.repeat(NOISE[::20, ::20], 20, axis=0), 20, axis=1)
    drawn = blur(planar(smooth), [person()], part)
    assert isinstance(drawn, PlanarImage)
    difference = np.abs(as_rgb(drawn).astype(int) - blur(as_rgb(planar(smooth)), [person()], part))
    assert np.quantile(difference, 0.99) < 25


def test_a_face_that_is_seen_from_the_side_or_barely_at_all_is_covered():
    for seen in ("nose", "left_ear"):
        scores = np.full(17, 0.9, np.float32)
        scores[:5] = [
            0.12 if name == seen else 0.0
            for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
        ]
        blurred = blur(NOISE, [replace(person(), scores=scores)])
        assert changed(blurred, NOISE)[45:75, 140:165].mean() > 0.95


def test_nobody_or_people_outside_the_picture_change_nothing():
    for poses in ([], [person(STANDING + 1000)], [person(scores=0.0)]):
        for part in ("face", "person"):
            np.testing.assert_array_equal(blur(NOISE, poses, part), NOISE)


def test_an_unknown_part_or_skeleton_is_an_error():
    with pytest.raises(DataError, match="expected a part out of"):
        blur(GREY, [], "hands")
    with pytest.raises(DataError, match="17 keypoints to find a face"):
        blur(GREY, [person(STANDING[:3])])


def test_each_person_is_cut_out_with_a_margin():
    left = person(STANDING / 2)
    crops = crop_people(NOISE, [person(), left, person(STANDING + 1000)])
    # 100 x 194 px, and .15 x 194 px on each side
    assert [crop.shape for crop in crops] == [(252, 158, 3), (127, 80, 3), (0, 0, 3)]
    np.testing.assert_array_equal(crops[0], NOISE[27:279, 71:229])


def test_on_black_only_the_skeleton_is_left_on_rgb_and_on_planes():
    style = Style(background="black")
    on_rgb = draw(NOISE, [person()], style)
    np.testing.assert_array_equal(on_rgb, draw(np.zeros_like(NOISE), [person()]))
    on_planes = as_rgb(draw(planar(NOISE), [person()], style))
    assert np.abs(on_planes.astype(int) - on_rgb).mean() < 3
    assert as_rgb(draw(planar(NOISE), [], style)).max() <= 1


def test_a_transparent_drawing_laid_over_a_picture_is_the_picture_drawn_on():
    drawn = draw(NOISE, [person(id=3)], Style(background="transparent"))
    assert drawn.shape == (300, 300, 4)
    opacity = drawn[..., 3:] / 255
    laid_over = GREY * (1 - opacity) + drawn[..., :3] * opacity
    assert np.abs(laid_over - draw(GREY, [person(id=3)])).max() <= 3


def test_transparent_pixels_are_written_and_jpeg_names_the_formats_that_can(tmp_path):
    drawn = draw(NOISE, [person()], Style(background="transparent"))
    write_photo(tmp_path / "drawn.png", drawn)
    assert (read_photo(tmp_path / "drawn.png")[0, 0] == 255).all()  # over white


@pytest.mark.parametrize(
    ("labels", "id_", "is_drawn"), [(("id",), None, False), (("score",), None, True), ((), 3, False)]
)
def test_labels_are_those_asked_for(labels, id_, is_drawn):
    drawn = draw(GREY, [person(id=id_)], Style(labels=labels))
    assert changed(drawn)[:45].any() == is_drawn


def test_a_box_lies_around_the_person():
    drawn = draw(GREY, [person()], Style(boxes=True))
    edges = changed(drawn, draw(GREY, [person()]))
    assert edges.mean() < 0.05
    assert edges[60:125, 99:102].any(axis=1).all()
    assert edges[54:58, 105:130].any(axis=0).all()


@pytest.mark.parametrize("wrong", [{"labels": ("name",)}, {"labels": "id"}, {"background": "white"}])
def test_an_unknown_label_or_background_is_refused(wrong):
    with pytest.raises(DataError, match="expected"):
        Style(**wrong)


def test_a_keypoint_whose_score_wavers_around_the_threshold_does_not_blink():
    steady = SteadyKeypoints(Style(min_score=0.3))
    scores = [0.25, 0.31, 0.27, 0.31, 0.22, 0.19, 0.25, 0.29, 0.35]
    shown = [bool(steady([person(scores=score, id=1)])[0].scores[0] >= 0.3) for score in scores]
    assert shown == [False, True, True, True, True, False, False, False, True]


def test_people_blink_on_their_own():
    steady = SteadyKeypoints()
    steady([person(scores=0.5, id=1)])
    one, other = steady([person(scores=0.25, id=1), person(scores=0.25, id=2)])
    assert (one.scores >= 0.3).all()
    assert not (other.scores >= 0.3).any()
    steady([])
    assert not (steady([person(scores=0.25, id=1)])[0].scores >= 0.3).any()


def test_the_heat_map_is_red_where_people_were_longest_and_nothing_far_away():
    heat_map, image = HeatMap(), GREY.copy()
    for x in [0] * 20 + [0, 20, 40]:
        image = GREY.copy()
        heat_map.draw(image, [person(STANDING[:7] * 0.3 + (x, 0))])
    red, _, blue = image[22, 45].astype(int)
    assert red > blue
    assert not changed(image)[250:, 250:].any()


def test_nobody_gives_no_heat():
    image = GREY.copy()
    HeatMap().draw(image, [person(scores=0.0), person(STANDING * np.nan)])
    np.testing.assert_array_equal(image, GREY)
