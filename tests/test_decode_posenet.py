"""PoseNet's heads are decoded as by Google's JavaScript."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from movenet.decode.posenet import (
    STRIDE,
    TREE,
    MultiPoseSettings,
    decode_bodies,
    decode_many,
    decode_one,
    find_roots,
)
from movenet.engine import Runtime, open_engine
from movenet.errors import EngineError
from movenet.pose import KEYPOINTS

GOLDEN = json.loads((Path(__file__).parent / "data" / "tfjs_posenet.json").read_text())
CHAIN = """nose left_eye, left_eye left_ear, nose right_eye, right_eye right_ear, nose left_shoulder,
    left_shoulder left_elbow, left_elbow left_wrist, left_shoulder left_hip, left_hip left_knee, left_knee left_ankle,
    nose right_shoulder, right_shoulder right_elbow, right_elbow right_wrist, right_shoulder right_hip,
    right_hip right_knee, right_knee right_ankle"""
"""Google's poseChain."""


@pytest.fixture(scope="module")
def answers(shared):
    """Our heads of the golden pictures, and their height and width in pixels."""
    pictures = np.load(shared / "golden" / "movenet-multipose.npz")
    engine = open_engine("posenet", Runtime(precision="fp32"))
    inputs = {name: pictures[f"{name}/input"] for name in GOLDEN["pictures"]}
    return {name: (engine(picture), picture.shape[1:3]) for name, picture in inputs.items()}


@pytest.mark.parametrize("name", GOLDEN["pictures"])
def test_one_person_is_found_where_googles_javascript_finds_them(name, answers):
    heads, size = answers[name]
    expected = np.array(GOLDEN["pictures"][name]["single"]["keypoints"])
    ours = decode_one(heads)[0]
    assert np.abs(ours[:, :2] * size - expected[:, :2]).max() < 0.05  # pixels: the weights are halved
    assert np.abs(ours[:, 2] - expected[:, 2]).max() < 0.002


@pytest.mark.parametrize("name", GOLDEN["pictures"])
def test_many_people_are_found_where_googles_javascript_finds_them(name, answers):
    heads, size = answers[name]
    expected = GOLDEN["pictures"][name]["multi"]
    people = decode_many(
        heads, MultiPoseSettings(GOLDEN["threshold"], GOLDEN["radius_px"], max_people=GOLDEN["most"])
    )[0]
    theirs = np.array([person["keypoints"] for person in expected])
    moved = np.abs(people.keypoints[..., :2] * size - theirs[..., :2]).max(axis=-1)
    assert np.quantile(moved, 0.99) < 0.05  # pixels; where a place lies between two cells, it may flip
    assert np.abs(people.keypoints[..., 2] - theirs[..., 2]).max() < 0.005
    assert np.abs(people.scores - [person["score"] for person in expected]).max() < 0.001


def test_the_bones_are_those_of_googles_chain():
    chain = [tuple(KEYPOINTS.index(name) for name in bone.split()) for bone in CHAIN.split(",")]
    assert chain == list(TREE)


def random_heads(seed, rows=9, columns=7):
    rng = np.random.default_rng(seed)
    channels = {"heatmap": 17, "offset": 34, "outward": 32, "inward": 32}
    spread = {"heatmap": 2.0, "offset": 0.7, "outward": 2.0, "inward": 2.0}
    return {
        name: rng.normal(0, spread[name], (1, count, rows, columns)).astype(np.float32)
        for name, count in channels.items()
    }


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


class SlowDecoder:
    """Google's multi_pose, line by line: one point at a time, in pixels."""

    def __init__(self, heads, settings):
        self.heads = {name: head[0].astype(float) for name, head in heads.items()}
        self.rows, self.columns = heads["heatmap"].shape[2:]
        self.settings = settings

    def score(self, keypoint, y, x):
        return sigmoid(self.heads["heatmap"][keypoint, y, x])

    def pair(self, head, index, y, x):
        return self.heads[head][2 * index : 2 * index + 2, y, x] * STRIDE

    def queue(self):
        parts = []
        for y in range(self.rows):
            for x in range(self.columns):
                for keypoint in range(17):
                    score = self.score(keypoint, y, x)
                    around = [
                        self.score(keypoint, yy, xx)
                        for yy in range(max(y - 1, 0), min(y + 2, self.rows))
                        for xx in range(max(x - 1, 0), min(x + 2, self.columns))
                    ]
                    if score >= self.settings.min_root_score and max(around) <= score:
                        parts.append((score, keypoint, y, x))
        return sorted(parts, reverse=True)

    def cell(self, place):
        return (
            min(max(math.floor(place[0] / STRIDE + 0.5), 0), self.rows - 1),
            min(max(math.floor(place[1] / STRIDE + 0.5), 0), self.columns - 1),
        )

    def image_coordinates(self, keypoint, y, x):
        return np.array([y, x]) * STRIDE + self.pair("offset", keypoint, y, x)

    def traverse(self, head, bone, source, target):
        place = source + self.pair(head, bone, *self.cell(source))
        for _ in range(2):
            place = self.image_coordinates(target, *self.cell(place))
        return place, self.score(target, *self.cell(place))

    def pose(self, score, keypoint, y, x):
        found = {keypoint: (self.image_coordinates(keypoint, y, x), score)}
        for bone in reversed(range(16)):
            target, source = TREE[bone]
            if source in found and target not in found:
                found[target] = self.traverse("inward", bone, found[source][0], target)
        for bone in range(16):
            source, target = TREE[bone]
            if source in found and target not in found:
                found[target] = self.traverse("outward", bone, found[source][0], target)
        return [found[k] for k in range(17)]

    def near(self, poses, keypoint, place):
        return any(math.dist(pose[keypoint][0], place) <= self.settings.nms_radius_px for pose in poses)

    def decode(self):
        poses, scores = [], []
        for root in self.queue():
            if self.near(poses, root[1], self.image_coordinates(*root[1:])):
                continue
            pose = self.pose(*root)
            new = [score for k, (place, score) in enumerate(pose) if not self.near(poses, k, place)]
            scores.append(sum(new) / 17)
            poses.append(pose)
        return poses, scores


@pytest.mark.parametrize("min_score", [0.5, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_many_people_are_decoded_as_by_the_slow_version(seed, min_score):
    heads, settings = random_heads(seed), MultiPoseSettings(min_score)
    poses, scores = SlowDecoder(heads, settings).decode()
    people = decode_many(heads, settings)[0]
    size = np.array(heads["heatmap"].shape[2:]) * STRIDE - STRIDE
    expected = [[(*place / size, score) for place, score in pose] for pose in poses]
    np.testing.assert_allclose(people.keypoints, expected, atol=1e-5)
    np.testing.assert_allclose(people.scores, scores, atol=1e-5)


def put(head, channels, cell, value):
    head[0, channels, cell[0], cell[1]] = value


def drawn(*bodies, rows=17, columns=17):
    """Heads that show bodies (17, 2), positions in cells, each with only its right wrist visible."""
    channels = {"heatmap": 17, "offset": 34, "outward": 32, "inward": 32}
    heads = {name: np.zeros((1, count, rows, columns), np.float32) for name, count in channels.items()}
    heads["heatmap"][:] = -9
    for body in bodies:
        cells = np.rint(body).astype(int)
        put(heads["heatmap"], 10, cells[10], 3)
        for k, (place, cell) in enumerate(zip(body, cells, strict=True)):
            put(heads["offset"], [2 * k, 2 * k + 1], cell, place - cell)
        for bone, (inner, outer) in enumerate(TREE):
            step, pair = body[outer] - body[inner], [2 * bone, 2 * bone + 1]
            put(heads["outward"], pair, cells[inner], step)
            put(heads["inward"], pair, cells[outer], -step)
    return heads


def test_one_visible_keypoint_is_enough_to_decode_the_whole_body():
    rng = np.random.default_rng(0)
    bodies = rng.uniform(0, 7, (17, 2)), rng.uniform(9, 16, (17, 2))
    people = decode_many(drawn(*bodies))[0]
    found = sorted(people.keypoints[..., :2] * 16, key=lambda body: body[0, 0])
    np.testing.assert_allclose(found, bodies, atol=1e-5)


def test_a_body_whose_keypoints_are_all_visible_is_one_person():
    body = np.random.default_rng(1).uniform(2, 14, (17, 2))
    heads = drawn(body)
    for k in range(17):
        put(heads["heatmap"], k, np.rint(body[k]).astype(int), 2)
    assert len(decode_many(heads)[0]) == 1


def test_the_box_goes_around_the_keypoints_and_the_center_is_its_middle():
    body = np.random.default_rng(2).uniform(2, 14, (17, 2))
    people = decode_many(drawn(body))[0]
    low, high = body.min(axis=0) / 16, body.max(axis=0) / 16
    np.testing.assert_allclose(people.boxes, [[*low, *high]], atol=1e-5)
    np.testing.assert_allclose(people.centers, [(low + high) / 2], atol=1e-5)


def test_a_picture_without_people_gives_empty_arrays():
    people = decode_many(drawn())[0]
    shapes = people.keypoints.shape, people.boxes.shape, people.scores.shape, people.centers.shape
    assert (len(people), shapes) == (0, ((0, 17, 3), (0, 4), (0,), (0, 2)))


@pytest.mark.parametrize("max_people", [0, 1, 2])
def test_max_people_limits_the_number_of_people(max_people):
    people = decode_many(random_heads(0), MultiPoseSettings(max_people=max_people))[0]
    everybody = decode_many(random_heads(0))[0]
    np.testing.assert_array_equal(people.keypoints, everybody.keypoints[:max_people])


def test_a_batch_is_decoded_as_its_pictures_one_by_one():
    first, second = random_heads(1), random_heads(2)
    both = {name: np.concatenate([first[name], second[name]]) for name in first}
    for alone, people in zip((first, second), decode_many(both), strict=True):
        np.testing.assert_array_equal(people.keypoints, decode_many(alone)[0].keypoints)
    np.testing.assert_array_equal(decode_one(both)[1], decode_one(second)[0])


def test_nan_and_infinity_in_the_heads_give_finite_keypoints():
    heads = random_heads(3)
    for head in heads.values():
        head[0, :, 4, 3] = np.nan
        head[0, :, 2, 2] = np.inf if head is not heads["heatmap"] else np.nan
    assert np.isfinite(decode_one(heads)).all()
    assert np.isfinite(decode_many(heads)[0].keypoints).all()


def test_the_root_of_the_highest_score_comes_first():
    roots, scores = find_roots(random_heads(0)["heatmap"][0], MultiPoseSettings(0.2))
    assert (np.diff(scores) <= 0).all()
    assert len(decode_bodies(random_heads(0), roots)) == len(roots)


@pytest.mark.parametrize("missing", ["heatmap", "offset", "outward", "inward"])
def test_a_missing_head_is_named(missing):
    heads = random_heads(0)
    del heads[missing]
    with pytest.raises(EngineError, match=f"a head called '{missing}'"):
        decode_many(heads)


def test_heads_that_do_not_fit_are_refused():
    heads = random_heads(0)
    with pytest.raises(EngineError, match="'inward' of shape"):
        decode_many({**heads, "inward": heads["offset"]})
    five = {"heatmap": heads["heatmap"][:, :5], "offset": heads["offset"][:, :10]}
    bones = {name: heads[name][:, :8] for name in ("outward", "inward")}
    with pytest.raises(EngineError, match="17 keypoints"):
        decode_many({**five, **bones})
    assert decode_one(five).shape == (1, 5, 3)
    with pytest.raises(EngineError, match="2 × 2 cells"):
        decode_one({name: head[:, :, :1] for name, head in heads.items()})
