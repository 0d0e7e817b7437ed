"""The figure of `movenet explain` shows what is computed, and is legible."""

import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from typer.testing import CliRunner

from movenet.cli import app
from movenet.engine import ScriptedEngine
from movenet.errors import DataError, MediaError, ModelError
from movenet.estimator import Estimator
from movenet.estimator.views import View, run_views, to_pose
from movenet.explain import draw_figure, explain, most_instructive, write_figure
from movenet.explain.strip import PYRAMID_SLABS, backbone_slabs
from movenet.installation import install_command
from movenet.media import read_photo
from movenet.models import DATA, MODELS
from movenet.networks.movenet import MobileNetV2, Pyramid
from movenet.pose import KEYPOINTS

GRID = 48
CHANNELS = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34}
WRIST = KEYPOINTS.index("left_wrist")


@pytest.fixture(scope="module")
def lightning():
    return Estimator("lightning")


@pytest.fixture(scope="module")
def astronaut():
    return read_photo(DATA / "astronaut.jpg")


@pytest.fixture(scope="module")
def explained(lightning, astronaut):
    return explain(astronaut, lightning)


@pytest.fixture(scope="module")
def squat(shared):
    return explain(read_photo(shared / "media" / "squat.bmp"), Estimator("thunder"))


def scripted(peaks):
    """Return an estimator of method "whole" with peaks [(keypoint, y, x, logit)] and a person center in the middle."""
    heads = {name: np.zeros((1, count, GRID, GRID), np.float32) for name, count in CHANNELS.items()}
    heads["center"] -= 20
    heads["center"][0, 0, GRID // 2, GRID // 2] = 5
    heads["heatmap"] -= 20
    for k, y, x, logit in peaks:
        heads["heatmap"][0, k, y, x] = logit
    return Estimator(ScriptedEngine(MODELS["lightning"], lambda squares: heads), method="whole")


def grey(height=60, width=80):
    return np.full((height, width, 3), 127, np.uint8)


def texts_of(figure):
    return [text for artist in (figure, *figure.axes) for text in artist.texts]


def text_of(figure):
    return "\n".join(text.get_text() for text in texts_of(figure))


def test_the_steps_give_the_same_result_as_the_decoder(explained, lightning):
    view = View(explained.image, explained.crop, explained.guide)
    votes = run_views(lightning.engine, [view], lightning.settings.distance_offset_cells)
    pose = to_pose(votes, view, KEYPOINTS)
    in_photo = explained.crop.points_to_image(explained.points / GRID)
    np.testing.assert_allclose(in_photo, pose.keypoints, atol=1e-3)
    np.testing.assert_array_equal(explained.scores, pose.scores)


def test_the_pose_is_that_of_the_estimator(explained, lightning, astronaut):
    (pose,) = lightning(astronaut)
    np.testing.assert_array_equal(explained.pose.keypoints, pose.keypoints)
    assert explained.pose.score == pose.score


def test_the_cells_are_where_the_maps_shown_are_highest(explained):
    for k, (y, x) in enumerate(explained.cells):
        assert explained.heatmaps_weighted[k, y, x] == explained.heatmaps_weighted[k].max()
        assert explained.heatmaps[k, y, x] == explained.scores[k]
    y, x = explained.center
    assert explained.center_weighted[y, x] == explained.center_weighted.max()


def test_the_keypoints_are_where_the_votes_of_the_cells_around_agree(explained):
    y, x = np.mgrid[-2:3, -2:3].reshape(2, -1)
    for k, cell in enumerate(explained.cells):
        rows, columns = (cell[:, None] + (y, x)).clip(0, GRID - 1)
        inside = ((cell[:, None] + (y, x)) == (rows, columns)).all(axis=0)
        votes = explained.positions[rows, columns, k]
        away = np.square(votes - explained.points[k]).sum(axis=1) / explained.bandwidths[k] ** 2
        weights = inside * explained.heatmaps_weighted[k, rows, columns] * np.exp(-away / 2)
        mean = (weights[:, None] * votes).sum(axis=0) / weights.sum()
        np.testing.assert_allclose(explained.points[k], mean, atol=0.05)


def test_the_result_of_one_square_is_blended_with_the_detection(explained):
    detected, in_square = explained.chosen.pose, explained.crop.points_to_image(explained.points / GRID)
    steps = np.linalg.norm(explained.pose.keypoints - in_square, axis=1)
    apart = np.linalg.norm(detected.keypoints - in_square, axis=1)
    assert (steps <= apart + 1e-3).all()
    assert steps.max() > 0.1


def test_the_starts_lie_between_the_regression_and_the_guide(explained):
    share = explained.guide.weight
    between = (1 - share) * explained.regressed + share * explained.guide.keypoints * GRID
    np.testing.assert_allclose(explained.starts, between, atol=1e-4)


def test_the_most_prominent_person_is_chosen(explained):
    assert explained.chosen.prominence == max(detection.prominence for detection in explained.people)


def test_method_whole_uses_the_whole_photo_and_its_middle(astronaut, lightning):
    once = explain(astronaut[:300], Estimator(lightning.engine, method="whole"))
    assert (once.detector, once.people, once.chosen, once.guide) == (None, (), None, None)
    assert (once.crop.left, once.crop.top, once.crop.width) == (0, -106, 512)
    np.testing.assert_array_equal(once.focus, [24, 24])
    np.testing.assert_array_equal(once.starts, once.regressed)


def test_a_photo_without_a_person_is_explained_as_such(lightning):
    without_person = explain(grey(), lightning)
    assert without_person.pose is None
    assert "no person found" in text_of(draw_figure(without_person))
    assert "No person:" in text_of(draw_figure(without_person))


def test_without_a_detection_the_crop_is_the_whole_photo(explained):
    without_person = replace(explained, people=(), chosen=None, guide=None, pose=None)
    assert "the detector found no person" in text_of(draw_figure(without_person))


def test_a_model_that_is_no_movenet_of_17_keypoints_is_an_error():
    for card in (
        replace(MODELS["lightning"], keypoints=21),
        replace(MODELS["lightning"], heads=("heatmap",)),
    ):
        with pytest.raises(ModelError, match="MoveNet of 17 keypoints"):
            explain(grey(), Estimator(ScriptedEngine(card, lambda squares: {}), method="whole"))


def test_a_visible_keypoint_with_a_second_peak_is_the_most_instructive():
    knee = KEYPOINTS.index("right_knee")
    seen = [(k, 20, 20, 3) for k in range(17)]
    assert most_instructive(explain(grey(), scripted([*seen, (knee, 20, 40, 2)]))) == knee


def test_a_second_peak_of_a_hidden_keypoint_or_of_the_face_is_less_instructive():
    seen = [(WRIST, 20, 20, 3), (0, 20, 20, 5), (0, 40, 40, 5), (16, 30, 20, -3), (16, 30, 40, -3)]
    assert most_instructive(explain(grey(), scripted(seen))) == WRIST


def test_if_only_a_face_is_visible_it_is_explained():
    assert KEYPOINTS[most_instructive(explain(grey(), scripted([(0, 20, 20, 3)])))] == "nose"


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_the_strip_shows_the_channels_of_the_network(name):
    slabs = backbone_slabs(MODELS[name].width)
    channels = MobileNetV2(MODELS[name].width).channels
    assert tuple(slab.channels for slab in slabs) == channels
    merged = [merge.pointwise.out_channels for merge in Pyramid(channels).merge]
    assert [slab.channels for slab in PYRAMID_SLABS] == merged[::-1]


def test_titles_name_the_head_and_its_shape(explained, squat):
    assert "heatmap 48 × 48 × 17 → left wrist" in text_of(draw_figure(explained, "left_wrist"))
    text = text_of(draw_figure(squat, "right knee"))
    assert "heatmap 64 × 64 × 17 → right knee" in text
    for line in ("input 256 × 256 × 3", "center 64 × 64 × 1", "regress 64 × 64 × 34", "64 × 64\n× 40"):
        assert line in text


def test_the_numbers_are_those_of_the_pose(explained):
    text = text_of(draw_figure(explained, "nose"))
    x, y, score = explained.pose["nose"]
    assert f"{x:8.1f} {y:8.1f}" in text
    assert f"{score:8.2f}" in text


def test_all_shows_three_panels_of_every_keypoint(explained):
    one, all_keypoints = draw_figure(explained, "nose"), draw_figure(explained, "all")
    assert len(all_keypoints.axes) >= len(one.axes) + 3 * 16 - 2
    assert all(name.replace("_", " ") in text_of(all_keypoints) for name in KEYPOINTS)


@pytest.mark.parametrize("keypoint", ["right_shoulder", "all"])
def test_no_text_leaves_the_sheet_or_overlaps_another(explained, keypoint):
    figure = draw_figure(explained, keypoint)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.texts]
    for box in boxes:
        assert figure.bbox.padded(-0.2 * figure.dpi).containsx(box.x1), box
        assert box.y0 > 0, box
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3)])
def test_photos_of_any_shape_give_a_figure_2400_pixels_wide(shape, lightning, tmp_path):
    write_figure(tmp_path / "figure.png", draw_figure(explain(grey(*shape), lightning)))
    height, width, _ = cv2.imread(str(tmp_path / "figure.png")).shape
    assert width == 2400
    assert 3000 < height < 4200


def test_drawing_does_not_change_the_explanation(explained):
    before = explained.image.copy(), explained.square.copy(), explained.heatmaps.copy()
    draw_figure(explained, "all")
    for kept, now in zip(before, (explained.image, explained.square, explained.heatmaps), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_the_same_photo_gives_the_same_pixels_whatever_the_users_own_settings(explained, tmp_path):
    write_figure(tmp_path / "plain.png", draw_figure(explained))
    with matplotlib.rc_context({"image.origin": "lower", "savefig.dpi": 40, "font.size": 30}):
        write_figure(tmp_path / "own.png", draw_figure(explained))
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "plain.png").read_bytes() == (tmp_path / "own.png").read_bytes()


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".PDF", b"%PDF"), (".svg", b"<?xml")])
def test_the_suffix_chooses_the_format(suffix, start, tmp_path):
    write_figure(tmp_path / f"figure{suffix}", Figure((1, 1)))
    assert (tmp_path / f"figure{suffix}").read_bytes().startswith(start)
    assert len([*tmp_path.iterdir()]) == 1


def test_another_suffix_is_an_error(tmp_path):
    with pytest.raises(MediaError, match=r"\.pdf, \.png, \.svg"):
        write_figure(tmp_path / "figure.jpg", Figure((1, 1)))


def test_the_error_for_an_unknown_keypoint_lists_the_known_ones(explained):
    with pytest.raises(DataError, match=r"left_wrist.*got 'thumb'"):
        draw_figure(explained, "thumb")


def test_names_of_keypoints_can_be_written_with_spaces(explained):
    assert "→ left wrist" in text_of(draw_figure(explained, "Left Wrist"))


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


SETUP = "import numpy as np, sys; from movenet import Estimator; from movenet.explain import draw_figure, explain; "


def test_without_matplotlib_the_error_names_the_command_that_installs_it():
    text = run_python(
        SETUP + "sys.modules['matplotlib'] = None\n"
        "walk = explain(np.zeros((9, 9, 3), np.uint8), Estimator(method='whole'))\n"
        "try:\n    draw_figure(walk)\nexcept Exception as error:\n    print(type(error).__name__, error)"
    )
    assert text.startswith("MissingExtraError")
    assert install_command("explain") in text


def test_neither_torch_nor_pyplot_is_loaded():
    text = run_python(
        SETUP + "draw_figure(explain(np.zeros((9, 9, 3), np.uint8), Estimator(method='whole')))\n"
        "print('torch' in sys.modules, 'matplotlib.pyplot' in sys.modules)"
    )
    assert text.split() == ["False", "False"]


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["explain", *map(str, arguments)])


def test_by_default_the_figure_is_written_to_the_current_folder(invoke, tmp_path):
    result = invoke(DATA / "astronaut.jpg")
    assert result.exit_code == 0
    assert cv2.imread(str(tmp_path / "astronaut.explained.png")).shape[1] == 2400


@pytest.mark.parametrize("options", [("-o", "a.txt"), ("--keypoint", "thumb")])
def test_wrong_options_are_an_error_before_the_photo_is_read(options, invoke):
    result = invoke("missing.jpg", *options)
    assert result.exit_code == 1
    assert "expected" in str(result.exception)
