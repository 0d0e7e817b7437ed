"""The page's crops and its decode, in Node, against Python's on random pictures and random heads of the networks."""

import cv2
import numpy as np
import pytest

from javascript import ask_node
from movenet.crop import Crop
from movenet.engine import ScriptedEngine
from movenet.estimator import Estimator
from movenet.live.models_table import WebModel
from movenet.live.site import PAGE
from movenet.models import MODELS, STRIDE

WIDTH, HEIGHT = 301, 233
CROPS = (
    (0, 0, 301, 240.5, 256, 192),
    (-40.3, 20.7, 190.2, 190.2, 192, 192),
    (250.4, 180.1, 100.9, 100.9, 192, 192),
    (-200.5, -150.25, 700.4, 700.4, 128, 128),
    (10.5, -33.3, 270.9, 270.9, 64, 64),
    (120.2, 60.6, 17.3, 17.3, 192, 192),
    (400.0, 10.0, 50.0, 50.0, 32, 32),
)
"""left, top, width, height, out_width, out_height: inside, across each edge, halved, enlarged, outside."""
SIZES = {
    "single": [(128, 128), (160, 160), (192, 192), (256, 256)],
    "detector": [(256, 224), (640, 512)],
}
"""Sizes (width, height) of the inputs of both networks."""
CHANNELS = {"center": 1, "heatmap": 17, "regress": 34, "offset": 34, "box_scale": 2, "box_offset": 2}


def test_crops_have_the_pixels_of_python(tmp_path):
    """OpenCV interpolates at places rounded to 1/32 of a pixel."""
    noise = np.random.default_rng(1).normal(0, 1, (HEIGHT, WIDTH, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    image = np.clip(128 + 45 / smooth.std() * smooth, 0, 255).astype(np.uint8)
    file, result = tmp_path / "picture.rgba", tmp_path / "crops.rgb"
    file.write_bytes(np.dstack([image, np.full((HEIGHT, WIDTH), 255, np.uint8)]).tobytes())
    request = {"page": str(PAGE), "file": str(file), "width": WIDTH, "height": HEIGHT, "result": str(result)}
    ask_node(tmp_path, "cut.mjs", {**request, "crops": CROPS})
    rest = np.fromfile(result, np.uint8)
    for numbers in CROPS:
        crop = Crop(*numbers)
        expected = crop.cut(image).astype(int)
        ours, rest = rest[: expected.size].reshape(expected.shape), rest[expected.size :]
        # Where the picture ends, the steps to black are high, and the rounding of places counts more.
        assert np.abs(ours - expected).max() <= 5, numbers
        assert np.abs(ours - expected).mean() < 0.2, numbers
    assert not rest.size


def random_heads(rng, part, width, height):
    """Return heads for an input of a size: logits, of which few are high, and distances in cells."""
    grid = (height // STRIDE, width // STRIDE)
    normal = {"center": (-7, 1.5), "heatmap": (-3, 2), "regress": (0, 5), "box_scale": (25, 8)}
    return {
        name: rng.normal(*normal.get(name, (0, 1)), (1, channels, *grid)).astype(np.float32)
        for name, channels in CHANNELS.items()
        if part == "detector" or not name.startswith("box")
    }


def save_heads(heads, folder, name):
    """Write heads as estimate.mjs reads them, and return what it is told of them."""
    listed = {}
    for head, values in heads.items():
        file = folder / f"{name}-{head}.f32"
        file.write_bytes(values.tobytes())
        listed[head] = {"file": str(file), "dims": values.shape}
    return listed


def scripted(card, heads):
    """Return an engine that gives every picture of a size the same heads."""

    def answer(squares):
        height, width = squares.shape[1:3]
        return {name: head.repeat(len(squares), axis=0) for name, head in heads[width, height].items()}

    return ScriptedEngine(card, answer)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("model", "people"),
    [("lightning", "one"), ("thunder", "one"), ("lightning", "many"), ("thunder", "many")],
)
def test_poses_of_random_heads_are_those_of_python(model, people, seed, tmp_path):
    rng = np.random.default_rng(seed)
    heads = {part: {size: random_heads(rng, part, *size) for size in sizes} for part, sizes in SIZES.items()}
    single, detector = (
        scripted(MODELS[name], heads[part]) for part, name in (("single", model), ("detector", "multipose"))
    )
    expected = Estimator(single, people=people, detector=detector)(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    request = {
        "page": str(PAGE),
        "width": WIDTH,
        "height": HEIGHT,
        "choice": WebModel(model, MODELS[model], people).describe(""),
        "models": {
            part: {
                f"{width}x{height}": save_heads(found, tmp_path, f"{part}-{width}x{height}")
                for (width, height), found in heads[part].items()
            }
            for part in heads
        },
    }
    found = ask_node(tmp_path, "estimate.mjs", request)
    assert [pose["score"] for pose in found] == pytest.approx([pose.score for pose in expected], abs=1e-5)
    for ours, theirs in zip(found, expected, strict=True):
        assert np.array(ours["keypoints"])[:, :2] == pytest.approx(theirs.keypoints, abs=0.01)
        assert ours["box"] == pytest.approx(theirs.box, abs=0.01)
