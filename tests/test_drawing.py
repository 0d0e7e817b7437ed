"""Drawn skeletons, checked by their pixels."""

from dataclasses import replace

import numpy as np
import pytest

from movenet.drawing import PALETTES, PERSON_COLOURS, Style, draw, draw_on
from movenet.errors import DataError, MediaError
from movenet.planar import Colours, PlanarImage
from movenet.pose import KEYPOINTS, Pose

# A person 200 px high, facing us, in the middle of a 300 x 300 picture; left is on the viewer's right.
STANDING = np.array(
    [
        *((150, 60), (154, 56), (146, 56), (160, 58), (140, 58)),
        *((175, 90), (125, 90), (195, 130), (105, 130), (200, 170), (100, 170)),
        *((165, 165), (135, 165), (168, 210), (132, 210), (170, 250), (130, 250)),
    ],
    np.float32,
)
GREY = np.full((300, 300, 3), 128, np.uint8)


def person(points=STANDING, scores=0.9, **others):
    points = np.asarray(points, np.float32)
    return Pose(points, np.broadcast_to(np.float32(scores), len(points)).copy(), 0.9, **others)


def only(*shown):
    """Return the standing person with only these keypoints visible."""
    scores = np.array([0.9 if name in shown else 0.0 for name in KEYPOINTS], np.float32)
    return replace(person(), scores=scores)


def halfway(image, a, b):
    """The pixel in the middle of the bone between two keypoints of the standing person."""
    x, y = (STANDING[KEYPOINTS.index(a)] + STANDING[KEYPOINTS.index(b)]) / 2
    return tuple(image[int(y), int(x)].tolist())


def changed(image, before=GREY):
    return (image != before).any(axis=2)


def centre(image, before=GREY):
    """The centre x, y of what was drawn, from the picture's corner, pixels weighted by their change."""
    weight = np.abs(image.astype(float) - before).sum(axis=2)
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]] + 0.5
    return (x * weight).sum() / weight.sum(), (y * weight).sum() / weight.sum()


def test_no_poses_give_an_equal_copy():
    out = draw(GREY, [])
    assert np.array_equal(out, GREY)
    assert not np.shares_memory(out, GREY)


def test_draw_does_not_change_the_given_picture():
    image = GREY.copy()
    draw(image, [person()])
    assert np.array_equal(image, GREY)


def test_drawing_on_a_picture_equals_drawing_a_copy():
    image = GREY.copy()
    draw_on(image, [person()])
    assert np.array_equal(image, draw(GREY, [person()]))


@pytest.mark.parametrize("palette", ["clear", "classic"])
def test_left_middle_and_right_have_the_palettes_colours(palette):
    out = draw(GREY, [person()], Style(palette=palette))
    assert halfway(out, "left_shoulder", "left_elbow") == PALETTES[palette].left
    assert halfway(out, "right_shoulder", "right_elbow") == PALETTES[palette].right
    assert halfway(out, "left_hip", "right_hip") == PALETTES[palette].middle


def test_the_two_sides_differ_in_brightness_too_when_both_colours_look_grey():
    for palette in PALETTES.values():
        middle, *sides = (np.dot(c, (0.299, 0.587, 0.114)) for c in (palette.middle, *palette[::2]))
        assert min(abs(middle - side) for side in sides) > 40


def test_lines_have_a_dark_edge_so_that_they_show_on_white():
    white = np.full_like(GREY, 255)
    out = draw(white, [only("left_hip", "right_hip")])
    column = out[155:176, 150].max(axis=1)
    assert column.min() < 100
    assert column[len(column) // 2] > 230


def test_lines_are_antialiased():
    out = draw(GREY, [only("left_shoulder", "left_elbow")], Style(line_width_px=6))
    assert len(np.unique(out.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("at", [(30.5, 20.5), (30.0, 20.0), (30.75, 20.25), (31.3, 19.9)])
def test_a_dot_lies_where_the_keypoint_is_to_a_fraction_of_a_pixel(at):
    pose = replace(only("nose"), keypoints=np.full((17, 2), at, np.float32))
    out = draw(GREY, [pose], Style(line_width_px=8))
    assert centre(out) == pytest.approx(at, abs=0.1)


def test_keypoints_of_low_scores_and_their_bones_are_not_drawn():
    out = draw(GREY, [only("left_hip", "left_ankle")])
    assert not changed(out)[205:215].any()


def test_min_score_decides_which_keypoints_are_drawn():
    weak = person(scores=0.2)
    assert not changed(draw(GREY, [weak])).any()
    assert changed(draw(GREY, [weak], Style(min_score=0.2))).any()


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_a_keypoint_that_is_not_finite_is_not_drawn(nothing):
    points = STANDING.copy()
    points[KEYPOINTS.index("left_wrist"), 0] = nothing
    scores = np.where(np.array(KEYPOINTS) == "left_wrist", 0, 0.9)
    expected = draw(GREY, [person(scores=scores)])
    assert np.array_equal(draw(GREY, [person(points)]), expected)


def test_keypoints_of_nan_scores_are_not_drawn():
    assert not changed(draw(GREY, [person(scores=np.nan)])).any()


def stroke(scale):
    """Width of the line across the hips of the standing person made `scale` times as large."""
    image = np.full((int(300 * scale), int(300 * scale), 3), 128, np.uint8)
    out = draw(image, [person(STANDING * scale)])
    return changed(out, image)[int(155 * scale) : int(175 * scale), int(150 * scale)].sum()


def test_lines_grow_with_the_person():
    assert 2 <= stroke(0.3) < stroke(1) < stroke(4) / 2.5


def test_lines_do_not_grow_with_the_picture():
    large = np.full((1200, 1200, 3), 128, np.uint8)
    assert np.array_equal(draw(large, [person()])[:300, :300], draw(GREY, [person()]))


def test_a_line_width_can_be_given():
    out = draw(GREY, [only("left_hip", "right_hip")], Style(line_width_px=10))
    white = (out[:, 150] == PALETTES["clear"].middle).all(axis=1).sum()
    assert 9 <= white <= 11


def test_a_larger_person_is_drawn_in_front():
    small = person(STANDING * 0.5 + [75, 92.5])
    together = draw(GREY, [person(), small])
    assert np.array_equal(together, draw(draw(GREY, [small]), [person()]))


def test_a_person_partly_outside_is_drawn_inside():
    out = draw(GREY, [person(STANDING + np.array([150, 0]))])
    wide = np.full((300, 600, 3), 128, np.uint8)
    whole = draw(wide, [person(STANDING + np.array([150, 0]))])[:, :300]
    # OpenCV cuts a line before it smooths it, so the last columns may differ by a shade.
    assert np.array_equal(out[:, :297], whole[:, :297])
    assert np.abs(out.astype(int) - whole).max() < 30


@pytest.mark.parametrize("shift", [1000, -1000, 1e9, -1e9])
def test_a_person_outside_the_picture_changes_nothing(shift):
    assert not changed(draw(GREY, [person(STANDING + shift)])).any()


def test_a_point_far_outside_does_not_widen_the_lines():
    points = STANDING.copy()
    points[KEYPOINTS.index("left_ankle")] = (1e8, 1e8)
    assert changed(draw(GREY, [person(points, id=4)])).mean() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 1), (4320, 7680)])
def test_pictures_of_any_size_are_drawn_on(size):
    image = np.zeros((*size, 3), np.uint8)
    points = STANDING / 300 * size[::-1]
    assert draw(image, [person(points, id=1)]).any()


def test_ids_are_labelled_above_the_head_in_their_own_colour():
    for number in (0, 3, 12):
        out = draw(GREY, [person(id=number)])
        label = out[:50].reshape(-1, 3)
        colour = PERSON_COLOURS[number % len(PERSON_COLOURS)]
        assert (label == colour).all(axis=1).sum() > 40


def test_without_an_id_there_is_no_label():
    assert not changed(draw(GREY, [person()]))[:50].any()


def test_a_label_stays_inside_the_picture():
    out = draw(GREY, [person(STANDING - [140, 55], id=3)])
    assert (out == PERSON_COLOURS[3]).all(axis=2).sum() > 40


def test_a_person_outside_the_picture_has_no_label():
    assert not changed(draw(GREY, [person(STANDING + np.array([400, 0]), id=3)])).any()


def test_a_person_without_visible_keypoints_has_no_label():
    assert not changed(draw(GREY, [person(scores=0.1, id=3)])).any()


def test_the_person_palette_gives_an_id_the_same_colour_in_every_picture():
    style = Style(palette="person")
    one, two = person(id=1), person(STANDING + np.array([0, 400]), id=2)
    alone = draw(GREY, [one], style)
    assert halfway(alone, "left_hip", "right_hip") == PERSON_COLOURS[1]
    assert np.array_equal(draw(GREY, [two, one], style), alone)


def test_the_person_palette_gives_people_without_ids_different_colours():
    apart = np.full((300, 600, 3), 128, np.uint8)
    out = draw(apart, [person(), person(STANDING + np.array([300, 0]))], Style(palette="person"))
    assert halfway(out, "left_hip", "right_hip") != halfway(out[:, 300:], "left_hip", "right_hip")


def test_a_custom_skeleton_is_drawn_as_dots():
    out = draw(GREY, [person([(50, 50), (100, 80), (200, 220)])])
    assert changed(out)[[50, 80, 220], [50, 100, 200]].all()
    assert not changed(out)[60:70].any()


def test_read_only_pictures_and_views_are_copied():
    view = np.zeros((300, 600, 3), np.uint8)[:, ::2]
    view.flags.writeable = False
    assert draw(view, [person()]).any()


def test_the_error_of_draw_on_names_draw_as_the_remedy():
    frozen = GREY.copy()
    frozen.flags.writeable = False
    for image in (frozen, np.zeros((300, 600, 3), np.uint8)[:, ::2]):
        with pytest.raises(MediaError, match="use draw, which copies"):
            draw_on(image, [person()])


@pytest.mark.parametrize("image", [GREY.astype(np.float32), np.zeros((9, 9, 2), np.uint8), 7, "photo.jpg"])
def test_an_argument_that_is_no_picture_is_refused(image):
    with pytest.raises(MediaError, match=r"^expected a |does not exist"):
        draw(image, [person()])


@pytest.mark.parametrize(
    "wrong",
    [
        {"palette": "nice"},
        {"min_score": 1.5},
        {"min_score": float("nan")},
        {"line_width_px": 0.0},
        {"line_width_px": float("inf")},
    ],
)
def test_an_invalid_style_is_refused(wrong):
    with pytest.raises(DataError, match="expected"):
        Style(**wrong)


def test_draw_on_accepts_padded_rows():
    padded = np.zeros((120, 130, 3), np.uint8)
    pose = Pose(
        np.random.default_rng(0).uniform(10, 90, (17, 2)).astype(np.float32), np.ones(17, np.float32), 1.0
    )
    draw_on(padded[:, :100], [pose])
    np.testing.assert_array_equal(padded[:, :100], draw(np.zeros((120, 100, 3), np.uint8), [pose]))
    assert not padded[:, 100:].any()


# Planes of YUV


def in_planes(colours, height=300, width=300):
    """A grey picture of the brightness of GREY."""
    grey = int(colours.from_rgb(GREY[:1, :1])[0, 0, 0])
    half = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    return PlanarImage(np.full((height, width), grey, np.uint8), half, half, colours, (0.0, 0.0))


@pytest.mark.parametrize("colours", [Colours(1), Colours(6, full_range=True)])
@pytest.mark.parametrize("style", [Style(), Style("classic"), Style("person"), Style(line_width_px=2)])
def test_a_skeleton_on_planes_looks_as_on_rgb(colours, style):
    poses = [person(id=3), person(STANDING * 0.4, id=7), person(STANDING[:5])]
    expected = colours.from_rgb(draw(GREY, poses, style)).astype(float)
    drawn = draw(in_planes(colours), poses, style)
    assert np.abs(drawn.y - expected[..., 0]).mean() < 0.05
    cells = expected.reshape(150, 2, 150, 2, 3).mean(axis=(1, 3))
    for plane, wanted in zip((drawn.u, drawn.v), (cells[..., 1], cells[..., 2]), strict=True):
        assert np.abs(plane - wanted).mean() < 0.8


def test_planes_drawn_on_are_a_copy_and_without_people_the_same():
    planar = in_planes(Colours(1), 299, 301)
    drawn = draw(planar, [person()])
    assert (planar.y == planar.y[0, 0]).all()
    assert drawn.shape == planar.shape
    assert not (drawn.y == planar.y).all()
    assert draw(planar, []) is planar


def test_planes_cannot_be_drawn_on_in_place():
    with pytest.raises(MediaError, match="PlanarImage"):
        draw_on(in_planes(Colours(1)), [person()])
