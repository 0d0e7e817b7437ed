import numpy as np
import pytest

from movenet.planar import LEFT_SITED, Colours
from movenet.surface import Surface, text_width_px

COLOURS = Colours(1)
ORANGE, GREY = (255, 159, 28), 120
ENDS = np.array([[[20.0, 15.0], [70.3, 44.6]]])


def surfaces():
    """Return a grey RGB picture and grey planes, each with its surface."""
    rgb = np.full((60, 90, 3), GREY, np.uint8)
    luma = int(COLOURS.from_rgb(rgb[:1, :1])[0, 0, 0])
    planes = [np.full(shape, value, np.uint8) for shape, value in (((60, 90), luma), *[((30, 45), 128)] * 2)]
    return rgb, Surface.on_rgb(rgb), planes, Surface.on_planes(planes, COLOURS, (0.0, 0.0))


def shapes(surface):
    surface.bars(ENDS, np.array([4.0]), [ORANGE])
    surface.discs(ENDS[0], np.array([7.0, 3.0]), [ORANGE, ORANGE])
    surface.line(ENDS[0] + (8, -4), 6.0, ORANGE)
    surface.text("#12", (30, 55), 0.5, ORANGE)


def test_shapes_on_planes_are_those_on_rgb():
    rgb, on_rgb, planes, on_planes = surfaces()
    shapes(on_rgb)
    shapes(on_planes)
    expected = COLOURS.from_rgb(rgb).astype(float)
    assert np.abs(planes[0] - expected[..., 0]).max() <= 2
    for plane, wanted in zip(planes[1:], (expected[..., 1], expected[..., 2]), strict=True):
        mean = wanted.reshape(30, 2, 45, 2).mean(axis=(1, 3))
        assert np.abs(plane - mean).mean() < 2
        assert np.abs(plane - mean)[np.abs(mean - 128) < 1].mean() < 0.3  # no coloured fringe


def test_a_disc_on_planes_has_its_place_and_colour():
    _, _, planes, surface = surfaces()
    surface.discs(np.array([[40.0, 30.0]]), np.array([12.0]), [ORANGE])
    assert [int(plane[at]) for plane, at in zip(planes, [(30, 40), (15, 20), (15, 20)], strict=True)] == list(
        COLOURS.from_rgb(np.array([[ORANGE]], np.uint8))[0, 0]
    )


@pytest.mark.parametrize("shift", [(0.0, 0.0), LEFT_SITED, (0.5, 0.5)])
def test_chroma_is_drawn_where_its_samples_lie(shift):
    _, _, planes, _ = surfaces()
    Surface.on_planes(planes, COLOURS, shift).discs(np.array([[40.0, 30.0]]), np.array([12.0]), [ORANGE])
    weight = np.abs(planes[1].astype(float) - 128)
    rows, columns = np.mgrid[:30, :45] + 0.5
    centre = np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()
    assert centre * 2 - shift == pytest.approx([40.5, 30.5], abs=0.1)


def test_the_size_is_that_of_the_picture():
    _, on_rgb, _, on_planes = surfaces()
    assert {(surface.width, surface.height) for surface in (on_rgb, on_planes)} == {(90, 60)}


def test_longer_text_is_wider():
    assert text_width_px("#10", 0.5) > text_width_px("#1", 0.5) > 0
